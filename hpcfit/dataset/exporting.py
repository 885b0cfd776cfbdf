"""A dataset back to extxyz, losing nothing: ASE and everything that reads extxyz can go on from there.

ASE's own writer prints eight decimals and takes no format, so the frames are written here, after the rules of
ASE's reader.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

import numpy as np

from hpcfit.dataset.layout import BLOCK
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.replacing import refuse_existing, replacing
from hpcfit.dataset.selection import select
from hpcfit.dataset.sources import parse_entries
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, Missing

#: Where xx xy xz yx yy yz zx zy zz stand in xx yy zz yz xz xy.
_FULL = [0, 5, 4, 5, 1, 3, 4, 3, 2]


def export_extxyz(dataset: Dataset, path: str | Path, selection: str = "", *, overwrite: bool = False) -> int:
    """Write configurations to an extxyz file and return how many.

    Energies in eV, forces in eV/Angstrom, stress in eV/Angstrom^3 with tension positive; every number with
    the digits that give it back to the bit. The group is ``config_type``, the weight ``weight`` where it is
    not 1.

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
    refuse_existing(target, overwrite)
    try:
        chosen = select(dataset.index(), selection)
    except ValueError as error:
        raise InputError([Fault(dataset.name, str(error))]) from error
    with replacing(target) as temporary, _open_text(temporary, target.name.endswith(".gz")) as file:
        for start in range(0, len(dataset), BLOCK):
            stop = min(start + BLOCK, len(dataset))
            wanted = chosen[(chosen >= start) & (chosen < stop)] - start
            if len(wanted):
                file.writelines(_frames(dataset.read(start, stop), wanted.tolist()))
    return len(chosen)


def _open_text(path: Path, compressed: bool) -> TextIO:
    if compressed:
        return gzip.open(path, "wt", encoding="utf-8", compresslevel=6)
    return path.open("w", encoding="utf-8")


def _frames(configurations: Configurations, wanted: list[int]) -> Iterator[str]:
    groups = [_quoted(group) for group in configurations.groups]
    symbols = np.array(configurations.symbols)[configurations.species]
    for k in wanted:
        atoms = slice(configurations.ptr[k], configurations.ptr[k + 1])
        columns = [configurations.position[atoms]]
        if not configurations.mask[k] & Missing.FORCES:
            columns.append(configurations.force[atoms])
        rows = np.hstack(columns).tolist()
        yield f"{len(rows)}\n{_comment(configurations, k, groups)}\n"
        for symbol, row in zip(symbols[atoms], rows, strict=True):
            yield f"{symbol} {_numbers(row)}\n"


def _comment(c: Configurations, k: int, groups: list[str]) -> str:
    properties = "species:S:1:pos:R:3"
    entries = [f'Lattice="{_numbers(c.cell[k].ravel().tolist())}"'] if c.cell[k].any() else []
    if not c.mask[k] & Missing.FORCES:
        properties += ":forces:R:3"
    entries += [f"Properties={properties}", f"config_type={groups[c.group[k]]}"]
    if c.weight[k] != 1.0:
        entries.append(f"weight={float(c.weight[k])!r}")
    if not c.mask[k] & Missing.ENERGY:
        entries.append(f"energy={float(c.energy[k])!r}")
    if not c.mask[k] & Missing.STRESS:
        entries.append(f'stress="{_numbers(c.stress[k, _FULL].tolist())}"')
    entries.append(f'pbc="{" ".join("T" if periodic else "F" for periodic in c.pbc[k])}"')
    return " ".join(entries)


def _numbers(values: Iterable[float]) -> str:
    return " ".join(map(repr, values))


def _quoted(name: str) -> str:
    """Return a name so that ASE reads the same text again; what it would take for a number goes as JSON."""
    plain = _in_quotes(name)
    read = parse_entries(f"name={plain}").get("name")
    if "\n" not in name and isinstance(read, str) and read == name:
        return plain
    return _in_quotes(f"_JSON {json.dumps(name)}")


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
