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

from hpcfit.dataset.frames import FORCE_WEIGHT_KEY, PROPERTY_WEIGHT_KEY
from hpcfit.dataset.layout import BLOCK
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.replacing import refuse_existing, replacing
from hpcfit.dataset.selection import select
from hpcfit.dataset.sources import parse_entries
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, FloatArray, Missing

#: Where xx xy xz yx yy yz zx zy zz stand in xx yy zz yz xz xy.
_FULL = [0, 5, 4, 5, 1, 3, 4, 3, 2]


def export_extxyz(dataset: Dataset, path: str | Path, selection: str = "", *, overwrite: bool = False) -> int:
    """Write configurations to an extxyz file and return how many.

    Energies in eV, forces in eV/Angstrom, stress in eV/Angstrom^3 with tension positive; every number with
    the digits that give it back to the bit. The group is ``config_type``, the weight ``weight``; factors on the
    residuals of energy, forces and stress, and of each atom's forces, stand under the keys of `hpcfit.dataset.frames`;
    all of these weights where they are not 1.

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
                file.writelines(_frames(dataset.read(start, stop), weights, wanted.tolist()))
    return len(chosen)


def _open_text(path: Path, compressed: bool) -> TextIO:
    if compressed:
        return gzip.open(path, "wt", encoding="utf-8", compresslevel=6)
    return path.open("w", encoding="utf-8")


def _frames(
    configurations: Configurations, property_weight: FloatArray | None, wanted: list[int]
) -> Iterator[str]:
    groups = [_quoted(group) for group in configurations.groups]
    symbols = np.array(configurations.symbols)[configurations.species]
    for k in wanted:
        atoms = slice(configurations.ptr[k], configurations.ptr[k + 1])
        columns = {"pos": configurations.position[atoms]}
        if not configurations.mask[k] & Missing.FORCES:
            columns["forces"] = configurations.force[atoms]
        if configurations.force_weight is not None and (configurations.force_weight[atoms] != 1.0).any():
            columns[FORCE_WEIGHT_KEY] = configurations.force_weight[atoms, None]
        rows = np.hstack(list(columns.values())).tolist()
        named = "".join(f":{name}:R:{column.shape[1]}" for name, column in columns.items())
        own = None if property_weight is None else property_weight[k]
        yield f"{len(rows)}\n{_comment(configurations, k, groups, f'species:S:1{named}', own)}\n"
        for symbol, row in zip(symbols[atoms], rows, strict=True):
            yield f"{symbol} {_numbers(row)}\n"


def _comment(
    c: Configurations, k: int, groups: list[str], properties: str, property_weight: FloatArray | None
) -> str:
    entries = [f'Lattice="{_numbers(c.cell[k].ravel().tolist())}"'] if c.cell[k].any() else []
    entries += [f"Properties={properties}", f"config_type={groups[c.group[k]]}"]
    if c.weight[k] != 1.0:
        entries.append(f"weight={float(c.weight[k])!r}")
    if property_weight is not None and (property_weight != 1.0).any():
        entries.append(f'{PROPERTY_WEIGHT_KEY}="{_numbers(property_weight.tolist())}"')
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
