"""Extended XYZ: a comment line of entries, and a line per atom with the columns in ``Properties``.

Reading follows ASE. ASE's writer prints only eight decimals, so this module writes frames with enough digits to read
every number back exactly.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, TextIO

import numpy as np

from hpcfit.dataset.formats._format import ASYMMETRY, UNREADABLE, DatasetFormat, Frame, SourceFile
from hpcfit.errors import Fault, nearest
from hpcfit.input_files import Bounded, most_inflated
from hpcfit.records import Configurations, FloatArray, Missing

#: Factors on the residuals of energy, forces and stress [3], and on those of each atom's forces [N]: names that no
#: other program uses.
PROPERTY_WEIGHT_KEY = "hpcfit_property_weight"
FORCE_WEIGHT_KEY = "hpcfit_force_weight"

#: Characters of the longest line, and a number of atoms: a file of anything else must not fill the memory.
_LONGEST = 1 << 24
_COUNT = "[0-9]{1,9}"

#: Indices of xx xy xz yx yy yz zx zy zz in xx yy zz yz xz xy.
_FULL = [0, 5, 4, 5, 1, 3, 4, 3, 2]


def _parse_entries(text: str) -> dict[str, Any]:
    """Return the entries of a comment line by name, as ASE reads them."""
    from ase.io.extxyz import key_val_str_to_dict

    entries: dict[str, Any] = key_val_str_to_dict(text)
    return entries


def _read(file: SourceFile) -> Iterator[Frame | Fault]:
    try:
        with file.open() as raw:
            content = _inflated(raw) if file.name.endswith(".gz") else raw
            yield from _frames_of_text(io.TextIOWrapper(content, encoding="utf-8"), file)
    except UNREADABLE as error:
        yield Fault(file.name, "cannot be read", str(error))


def _inflated(raw: BinaryIO) -> BinaryIO:
    size = raw.seek(0, io.SEEK_END)
    raw.seek(0)
    return io.BufferedReader(Bounded(gzip.GzipFile(fileobj=raw), most_inflated(size)))


def _frames_of_text(lines: TextIO, file: SourceFile) -> Iterator[Frame | Fault]:
    # ASE seeks in its file, and silently stops at the first blank line. So each frame is passed to it separately,
    # which also tells which frame is faulty.
    number = 0
    while line := lines.readline(_LONGEST):
        if not line.strip():
            continue
        where = f"{file.name}: frame {number}"
        if not re.fullmatch(_COUNT, line.strip()):
            yield Fault(where, "must start with its number of atoms", repr(line.strip()[:40]))
            return
        n_atoms = int(line)
        body = list(islice(iter(lambda: lines.readline(_LONGEST), ""), n_atoms + 1))
        if any(len(text) == _LONGEST for text in body):
            yield Fault(where, "line is too long", allowed=f"{_LONGEST} characters")
            return
        if len(body) < n_atoms + 1:
            yield Fault(where, "is truncated", f"{max(len(body) - 1, 0)} atoms", f"{n_atoms} atoms")
            return
        yield _frame(where, file.group, "".join([line, *body]))
        number += 1


def _frame(where: str, group: str, text: str) -> Frame | Fault:
    from ase.io.extxyz import read_xyz

    try:
        (atoms,) = read_xyz(io.StringIO(text), slice(None), properties_parser=_parse_comment)
    except KeyError as error:
        return _unknown_species(where, str(error.args[0]))
    except Exception as error:  # ASE's parser raises many kinds
        return Fault(where, "cannot be read", str(error) or type(error).__name__)
    return Frame(where, group, atoms)


def _parse_comment(line: str) -> dict[str, Any]:
    """Parse the comment line as ASE does, and accept KLIFF's ``PBC``."""
    values = _parse_entries(line)
    if "PBC" in values:
        stated = list(values.pop("PBC"))
        if list(values.setdefault("pbc", stated)) != stated:
            raise ValueError("pbc and PBC differ")
    if "stress" in values:
        values[ASYMMETRY] = float(np.abs(values["stress"] - values["stress"].T).max())
    if ":pos:" not in values.get("Properties", ":pos:"):
        raise ValueError("Properties names no column pos")
    return values


def _unknown_species(where: str, symbol: str) -> Fault:
    from ase.data import chemical_symbols

    return Fault(where, "unknown species", symbol, nearest=nearest(symbol, chemical_symbols[1:]))


def _write(
    configurations: Configurations, property_weight: FloatArray | None, wanted: Sequence[int]
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
    """Return a name such that ASE reads the same text; JSON where ASE would read a number."""
    plain = _in_quotes(name)
    read = _parse_entries(f"name={plain}").get("name")
    if "\n" not in name and isinstance(read, str) and read == name:
        return plain
    return _in_quotes(f"_JSON {json.dumps(name)}")


def _in_quotes(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


RECORDS = (
    DatasetFormat(
        name="extxyz",
        suffixes=(".xyz", ".extxyz", ".xyz.gz", ".extxyz.gz"),
        labels=("energy", "forces", "stress", "group", "weight", "weights of properties and atoms"),
        description="extended XYZ, gzipped when the name ends in .gz; KLIFF's Energy=, PBC= and column force are read",
        read=_read,
        write=_write,
        in_folders=True,
    ),
)
