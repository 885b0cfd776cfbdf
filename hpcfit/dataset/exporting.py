"""Exports a dataset to a foreign format without loss."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from hpcfit.dataset.layout import BLOCK
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.replacing import refuse_existing, replacing
from hpcfit.dataset.selection import select
from hpcfit.dataset.sources import FORMATS, format_of
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, FloatArray


def export_dataset(
    dataset: Dataset, path: str | Path, selection: str = "", *, overwrite: bool = False
) -> int:
    """Write configurations to a file and return how many; its name says its format, extxyz by default.

    Energies are in eV, forces in eV/Angstrom, stress in eV/Angstrom^3 with tension positive; every number has
    enough digits to be read back exactly. In extxyz the group is ``config_type``, the weight ``weight``;
    factors on the residuals of energy, forces and stress, and of each atom's forces, have the keys of
    `hpcfit.dataset.formats.extxyz`; weights of 1 are omitted.

    Parameters
    ----------
    dataset
        Open for reading.
    path
        The file, gzipped when its name ends in ``.gz``; replaced only with `overwrite`.
    selection
        See `hpcfit.dataset.selection`.

    Raises
    ------
    InputError
        When the file exists or cannot be written, the dataset is damaged, or the selection is wrong.
    """
    target = Path(path)
    write = _writer(target.name)
    refuse_existing(target, overwrite)
    index = dataset.index()
    try:
        chosen = select(index, selection)
    except ValueError as error:
        raise InputError([Fault(dataset.name, str(error))]) from error
    with replacing(target) as temporary, _open_text(temporary, target.name.endswith(".gz")) as file:
        for start in range(0, len(dataset), BLOCK):
            stop = min(start + BLOCK, len(dataset))
            wanted = chosen[(chosen >= start) & (chosen < stop)] - start
            if len(wanted):
                weights = None if index.property_weight is None else index.property_weight[start:stop]
                file.writelines(write(dataset.read(start, stop), weights, wanted.tolist()))
    return len(chosen)


def _writer(name: str) -> Callable[[Configurations, FloatArray | None, Sequence[int]], Iterator[str]]:
    form = format_of(name) or next(form for form in FORMATS if form.name == "extxyz")
    if form.write is None:
        allowed = ", ".join(suffix for form in FORMATS if form.write for suffix in form.suffixes)
        raise InputError([Fault(name, f"{form.name} is only imported", allowed=allowed)])
    return form.write


def _open_text(path: Path, compressed: bool) -> TextIO:
    if compressed:
        return gzip.open(path, "wt", encoding="utf-8", compresslevel=6)
    return path.open("w", encoding="utf-8")
