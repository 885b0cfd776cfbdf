"""The atoms of a ``<user-structure>``, inline or from a file."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.species import number_of
from hpcfit.job.document.text_file import alike
from hpcfit.job.document.values import quoted
from hpcfit.job.structures.scope import Scope
from hpcfit.records import Atoms, FloatArray
from hpcfit.translations import cells_away, moved_words

#: Elements that name a file, and the format of the file.
FILES = {"poscar-file": "poscar", "file": ""}

#: A cell is degenerate if its volume is below this fraction of the product of its lengths.
_FLAT = 1e-9


@dataclass(frozen=True)
class Placed:
    """Atoms of a structure, and the forces from its file, if any."""

    atoms: Atoms
    forces: FloatArray | None = None


def read_atoms(element: etree._Element, scope: Scope) -> Placed | None:
    """Return the atoms of a ``<user-structure>``, None with faults."""
    given = [child for child in element if child.tag in ("cell", "atoms", *FILES)]
    files = [child for child in given if child.tag in FILES]
    if len(files) > 1 or (files and len(given) > 1) or not given:
        found = " and ".join(f"<{child.tag}>" for child in given) or "nothing"
        allowed = "<cell> with <atoms>, <atoms>, <poscar-file> or <file>"
        scope.faults.add(element, "atoms of <user-structure> must be given in one way", found, allowed)
        return None
    if files and element.find("pbc") is not None:
        scope.faults.add(element, "<pbc> has no effect on a structure from a file")
    return _from_file(files[0], scope) if files else _inline(element, scope)


def _from_file(element: etree._Element, scope: Scope) -> Placed | None:
    name = values.line_of_text(element.text)
    path = scope.folder / name
    if not name or scope.catalogue is None:
        return None
    if not os.path.isfile(path):
        other = alike(path)
        near = other and str(Path(name).with_name(other))
        scope.faults.add(element, "no such file", quoted(name), nearest=near)
        return None
    if not scope.species:
        return None
    try:
        frame = values.whole(element.get("frame"), 0) if "frame" in element.attrib else None
        atoms, forces = scope.catalogue.read(str(path), FILES[str(element.tag)], scope.species, frame)
    except ValueError as error:
        scope.faults.add(element, str(error).replace(str(path), name))
        return None
    return Placed(atoms, forces)


def _inline(element: etree._Element, scope: Scope) -> Placed | None:
    cell = element.find("cell")
    vectors = np.zeros((3, 3)) if cell is None else _vectors(cell)
    if cell is not None and not _has_volume(vectors):
        scope.faults.add(cell, "cell without volume", allowed="three independent vectors")
        return None
    listed = [*element.iterfind("atoms/atom"), *element.iterfind("cell/atoms/atom")]
    if not listed:
        scope.faults.add(
            element, "<user-structure> without atoms", allowed="<atoms> with <atom type= x= y= z=>"
        )
        return None
    if cell is None:
        for atom in listed:
            if values.boolean(atom.get("reduced"), False):
                scope.faults.add(atom, "reduced coordinates without <cell>")
    species = [number_of(atom, atom.get("type"), scope.species, scope.faults) for atom in listed]
    position = np.array([_coordinates(atom) for atom in listed])
    reduced = np.array([values.boolean(atom.get("reduced"), False) for atom in listed])
    pbc = _periodic(element.find("pbc"), cell, scope)
    if min(species) < 0 or not np.isfinite(position).all() or not np.isfinite(vectors).all():
        return None
    if cell is not None:
        position = _in_cell(cell, vectors, pbc, listed, position, reduced)
    return Placed(Atoms(np.array(species, dtype=np.int32), vectors, pbc, position))


def _in_cell(
    cell: etree._Element,
    vectors: FloatArray,
    pbc: np.ndarray,
    listed: Sequence[etree._Element],
    position: FloatArray,
    reduced: np.ndarray,
) -> FloatArray:
    """Return Cartesian positions; atoms many cells away move back by whole vectors, exactly as the text gives them."""
    cartesian = position.copy()
    with np.errstate(all="ignore"):  # numbers too large are reported with the structure
        cartesian[reduced] = position[reduced] @ vectors
    away = cells_away(vectors, pbc.tolist(), cartesian)
    if not away.any():
        return cartesian
    rows = [row for name in ("a1", "a2", "a3") for row in cell.iterchildren(name)]
    position = moved_words(_words(listed), _words(rows), away, reduced.tolist())
    position[reduced] = position[reduced] @ vectors
    return np.asarray(np.where(away.any(axis=1, keepdims=True), position, cartesian))


def _words(elements: Sequence[etree._Element]) -> list[list[str]]:
    return [[element.get(axis, "0") for axis in "xyz"] for element in elements]


def _periodic(element: etree._Element | None, cell: etree._Element | None, scope: Scope) -> np.ndarray:
    """Return along which vectors a structure is periodic; with a cell the default is all."""
    if element is None:
        return np.full(3, cell is not None)
    pbc = np.array([values.boolean(element.get(axis), False) for axis in "xyz"])
    if cell is None and pbc.any():
        scope.faults.add(element, "periodic without <cell>")
    return pbc


def _vectors(cell: etree._Element) -> FloatArray:
    rows = [cell.find(name) for name in ("a1", "a2", "a3")]
    return np.array([[np.nan] * 3 if row is None else _coordinates(row) for row in rows])


def _coordinates(element: etree._Element) -> list[float]:
    return [values.number(element.get(axis)) for axis in "xyz"]


def _has_volume(vectors: FloatArray) -> bool:
    """Return whether cell vectors span a volume; NaN, which has been reported, counts as true."""
    with np.errstate(all="ignore"):
        directions = vectors / np.abs(vectors).max(axis=1, keepdims=True)
        size = np.prod(np.linalg.norm(directions, axis=1))
        return bool(np.isnan(vectors).any() or abs(np.linalg.det(directions)) > _FLAT * size)


def read_forces(element: etree._Element, n_atoms: int, scope: Scope) -> tuple[float, ...]:
    """Return the forces in ``<atomic-forces>``, row by row, one per atom in order."""
    found: dict[int, etree._Element] = {}
    for force in element.iterfind("force"):
        number = values.whole(force.get("i"), -1)
        if number in found:
            line = scope.faults.line(found[number])
            scope.faults.add(force, f"force on atom {number} twice", f"another in {line}")
        elif number >= n_atoms:
            scope.faults.add(force, "force on an unknown atom", str(number), f"0 .. {n_atoms - 1}")
        else:
            found[number] = force
    missing = [str(number) for number in range(n_atoms) if number not in found]
    if missing:
        what = f"no force on atom {', '.join(missing[:5])} in <atomic-forces>"
        scope.faults.add(element, what, f"{len(found)} of {n_atoms}", "one per atom")
        return (math.nan,) * (3 * n_atoms)
    return tuple(value for number in sorted(found) for value in _coordinates(found[number]))
