"""The job's own structures: lattices of the library and user-defined structures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.names import USER_STRUCTURE
from hpcfit.job.document.species import number_of
from hpcfit.job.structures.modifications import read_modifications
from hpcfit.job.structures.properties import FORCES, Holder, read_properties
from hpcfit.job.structures.relaxation import read_degrees_of_freedom
from hpcfit.job.structures.scope import Scope
from hpcfit.job.structures.user_structures import Placed, read_atoms, read_forces
from hpcfit.records import Atoms, LatticeForm, Modification, Structure, StructureFile

#: More is probably a mistake and would fill the memory.
_MOST_ATOMS = 10**6

#: Placeholder for atoms with faults.
_NO_ATOMS = Atoms(np.zeros(0, np.int32), np.zeros((3, 3)), np.zeros(3, dtype=bool), np.zeros((0, 3)))


class OwnStructures:
    """Reads the job's own structures.

    Parameters
    ----------
    scope
        The job's context.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        lattices = scope.catalogue.lattices if scope.catalogue else ()
        self._lattices = {form.element: form for form in lattices}

    @property
    def tags(self) -> Sequence[str]:
        """Names of the elements that define own structures."""
        return (USER_STRUCTURE, *self._lattices) if self._scope.catalogue else ()

    def structure(self, element: etree._Element) -> Structure:
        """Return the structure that an element describes."""
        structure = self._read(element)
        catalogue, faults = self._scope.catalogue, self._scope.faults
        # A check of faulty atoms would repeat their faults.
        if catalogue is not None and len(structure.atoms) and not faults.any_in(element):
            for line, fault in catalogue.check(structure):
                faults.add(line, fault)
        return structure

    def _read(self, element: etree._Element) -> Structure:
        form = self._lattices.get(str(element.tag))
        placed = read_atoms(element, self._scope) if form is None else self._built(element, form)
        start = _start(element, form) if form else {}
        atoms = self._modified(element, placed)
        bare = Structure(
            id=values.line_of_text(element.get("id")),
            line=values.line_of(element),
            relative_weight=values.number(element.get("relative-weight"), 1.0),
            kind=str(element.tag),
            atoms=atoms,
            values=self._kept(element, start, atoms),
            relaxed=(),
            properties=(),
            files=self._files(element),
        )
        bare = replace(
            bare, relaxed=read_degrees_of_freedom(element, bare, self._mirrored(element), self._scope.faults)
        )
        in_fit = values.boolean(element.get("fit"), True)
        holder = Holder(bare, self._forces(element, placed, atoms), in_fit)
        return replace(bare, properties=read_properties(element, holder, self._scope))

    def _built(self, element: etree._Element, form: LatticeForm) -> Placed | None:
        """Return the atoms of a lattice, None if a value or a species has a fault."""
        types = [
            number_of(child, child.text, self._scope.species, self._scope.faults)
            for name in form.types
            for child in element.findall(name)[:1]
        ]
        given = {
            name: values.number(element.findtext(name), default)
            for name, default in {**form.degrees, **form.internal}.items()
        }
        sound = len(types) == len(form.types) and min(types) >= 0
        if not sound or not all(map(math.isfinite, given.values())) or self._scope.catalogue is None:
            return None
        try:
            return Placed(self._scope.catalogue.build(form.name, types, given))
        except ValueError as error:
            self._scope.faults.add(element, str(error))
            return None

    def _modified(self, element: etree._Element, placed: Placed | None) -> Atoms:
        form = self._lattices.get(str(element.tag))
        changes = read_modifications(element, form, self._scope.species, self._scope.faults)
        if placed is None or self._scope.catalogue is None:
            return _NO_ATOMS
        atoms = placed.atoms
        for child, change in changes:
            named = change.species >= 0 or "type" not in child.attrib
            if not named or not all(map(math.isfinite, change.numbers)):
                return _NO_ATOMS  # already reported
            try:
                _check_size(len(atoms), change)
                atoms = self._scope.catalogue.modify(atoms, change)
            except ValueError as error:
                self._scope.faults.add(child, str(error))
                return _NO_ATOMS
        return atoms

    def _kept(self, element: etree._Element, start: Mapping[str, float], atoms: Atoms) -> Mapping[str, float]:
        """Return the values that are still defined for the modified atoms.

        A surface rotates the cell, and vacuum has no lattice; the distance needs exactly two atoms.
        """
        if element.find("surface") is not None or ("atom-distance" in start and len(atoms) not in (0, 2)):
            return {}
        return start

    def _forces(self, element: etree._Element, placed: Placed | None, atoms: Atoms) -> tuple[float, ...]:
        """Return the target forces from the structure's element or its file."""
        inline = element.find(FORCES)
        if inline is not None:
            return read_forces(inline, len(atoms), self._scope) if len(atoms) else ()
        # Only the atoms of the file have known forces.
        unchanged = placed is not None and atoms is placed.atoms
        if placed is None or placed.forces is None or not unchanged:
            return ()
        return tuple(placed.forces.ravel().tolist())

    def _mirrored(self, element: etree._Element) -> dict[str, etree._Element]:
        forms = self._scope.catalogue.properties if self._scope.catalogue else ()
        mirrors = {form.name: form.mirrors for form in forms if form.mirrors}
        listed = element.findall("properties/*")
        return {mirrors[str(prop.tag)]: prop for prop in listed if prop.tag in mirrors}

    def _files(self, element: etree._Element) -> tuple[StructureFile, ...]:
        return tuple(
            StructureFile(
                format=values.line_of_text(child.get("format")),
                file=values.line_of_text(child.get("file")),
                path=self._scope.outputs.path(child, values.line_of_text(child.get("file"))),
            )
            for child in element.findall("output")
        )


def _check_size(n_atoms: int, change: Modification) -> None:
    factors = {"repeat": change.numbers, "surface": change.numbers[3:4]}
    size = n_atoms * math.prod(factors.get(change.kind, ()))
    if size > _MOST_ATOMS:
        raise ValueError(f"too many atoms in a structure, found {size:.0f}, allowed at most {_MOST_ATOMS}")


def _start(element: etree._Element, form: LatticeForm) -> dict[str, float]:
    return {name: values.number(element.findtext(name), default) for name, default in form.degrees.items()}
