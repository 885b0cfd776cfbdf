"""Potentials built from functions: the functions, and the mapping of functions to roles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.schema import PAIR_FORM, PAIR_POTENTIAL, PAIR_ROLE
from hpcfit.job.document.values import Faults
from hpcfit.job.potentials.combinations import read_combinations
from hpcfit.job.potentials.fit_parameters import FitParameters
from hpcfit.job.potentials.function_file import FunctionFile
from hpcfit.job.potentials.functions import FunctionReader
from hpcfit.job.potentials.mapping import Mapping
from hpcfit.records import Catalogue, Function, Potential, PotentialForm, species_tuples


class BuiltPotentials:
    """Reads potentials built from functions.

    Parameters
    ----------
    catalogue
        The known potentials and functions.
    species
        Chemical symbols of the job, at least one.
    degrees
        Creates parameters.
    folder
        The job file's folder; files are relative to it.
    faults
        Collects the faults.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        species: Sequence[str],
        degrees: FitParameters,
        folder: Path,
        faults: Faults,
    ) -> None:
        self._forms = {form.name: form for form in catalogue.potentials if form.takes_functions}
        if PAIR_FORM in self._forms:
            self._forms[PAIR_POTENTIAL] = self._forms[PAIR_FORM]
        self._functions = FunctionReader(catalogue.functions, degrees, folder, faults)
        self._species = species
        self._degrees = degrees
        self._folder = folder
        self._faults = faults

    def reads(self, element: etree._Element) -> bool:
        """Return whether an element is a potential built from functions."""
        return element.tag in self._forms

    def potential(self, element: etree._Element) -> Potential:
        """Return the potential that an element describes."""
        form = self._forms[str(element.tag)]
        identifier = values.line_of_text(element.get("id"), form.name)
        bonds = read_combinations(element, form, self._species, self._faults).bonds
        functions, mapped = self._functions_and_roles(element, form, identifier)
        every = [found for role in form.roles for found in species_tuples(role.kind, len(self._species))]
        # A faulty file gives no roles.
        roles = tuple(
            place if bonds.seen(*found) else -1 for place, found in zip(mapped, every, strict=False)
        )
        for place, function in enumerate(functions):
            if place not in roles:
                self._faults.warn(element, f"function '{function.id}' of {identifier} has no role")
        parameters = tuple(p for function in functions for p in function.all_parameters)
        line = values.line_of(element)
        return Potential(identifier, form.name, parameters, functions, roles, bonds, line=line)

    def _functions_and_roles(
        self, element: etree._Element, form: PotentialForm, identifier: str
    ) -> tuple[tuple[Function, ...], tuple[int, ...]]:
        """Return the functions and roles of an element, from itself or from the file that it names."""
        files = element.findall("param-file")
        if element.tag != PAIR_POTENTIAL:
            self._check_parts(element, bool(files))
        if files and form.record.function_file:
            made = FunctionFile(files, form, identifier, self._species, self._degrees, self._faults)
            return made.read(self._folder)
        block = element if element.tag == PAIR_POTENTIAL else element.find("functions")
        functions = () if block is None else self._functions.functions(block, identifier)
        return functions, self._roles(element, form, functions)

    def _check_parts(self, element: etree._Element, has_file: bool) -> None:
        for name in ("mapping", "functions"):
            part = element.find(name)
            if part is not None and has_file:
                self._faults.add(part, f"<{name}> beside a <param-file>", allowed="one of them")
            # An unknown element may be the missing one, misspelt; it has been reported.
            misspelt = any(nearest(str(child.tag), ["mapping", "functions"]) == name for child in element)
            if part is None and not has_file and not misspelt:
                self._faults.add(element, f"missing element in <{element.tag}>", allowed=f"<{name}>")

    def _roles(
        self, element: etree._Element, form: PotentialForm, functions: Sequence[Function]
    ) -> tuple[int, ...]:
        mapping = element.find("mapping")
        if mapping is None:
            mapping = self._for_all_pairs(element, functions)
        reader = Mapping(functions, self._species, self._faults)
        return tuple(
            place
            for role in form.roles
            for place in (
                reader.role(role, mapping)
                if mapping is not None
                else [-1] * len(species_tuples(role.kind, len(self._species)))
            )
        )

    def _for_all_pairs(self, element: etree._Element, functions: Sequence[Function]) -> etree._Element | None:
        """Return the default mapping of a pair potential: its only function, for all pairs."""
        if element.tag != PAIR_POTENTIAL:
            return None  # the schema has reported that it is missing
        if len(functions) > 1:
            what = f"{len(functions)} functions in <{PAIR_POTENTIAL}> without <mapping>"
            self._faults.add(element, what, allowed="one function, or a <mapping>")
            return None
        mapping = etree.SubElement(element, "mapping")
        for function in functions:
            entry = etree.SubElement(mapping, PAIR_ROLE, function=function.id)
            entry.sourceline = values.line_of(element)  # type: ignore[assignment]
        return mapping
