"""The ``<potentials>`` of a job: start values and bounds of all parameters, for all combinations of species.

The form of a potential defines its parameters; this module reads their values.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.schema import PAIR_FORM, PAIR_POTENTIAL
from hpcfit.job.document.tags import Combination, combination, tag_of
from hpcfit.job.document.values import Faults, quoted
from hpcfit.job.potentials.built import BuiltPotentials
from hpcfit.job.potentials.combinations import read_combinations
from hpcfit.job.potentials.endings import has_ending, of_functions
from hpcfit.job.potentials.fit_parameters import FitParameters
from hpcfit.job.potentials.orders import check_orders
from hpcfit.job.potentials.param_file import Starts, read_param_file
from hpcfit.records import (
    Catalogue,
    Parameter,
    ParameterForm,
    Potential,
    PotentialForm,
    with_functions,
)


def read_potentials(
    parent: etree._Element,
    catalogue: Catalogue,
    species: Sequence[str],
    dependents: Mapping[str, str],
    folder: Path,
    faults: Faults,
) -> tuple[Potential, ...]:
    """Return the potentials in document order; a missing or invalid number is NaN with a fault.

    Parameters
    ----------
    parent
        The ``<potentials>``.
    catalogue
        The known potentials and functions.
    species
        Chemical symbols of the job, at least one.
    dependents
        The expressions of dependent parameters by path.
    folder
        The job file's folder; files of parameters and tables are relative to it.
    faults
        Collects the faults.
    """
    by_name = {form.name: form for form in catalogue.potentials}
    degrees = FitParameters(dependents, faults)
    built = BuiltPotentials(catalogue, species, degrees, folder, faults)
    elements = [element for element in parent if element.tag in by_name or element.tag == PAIR_POTENTIAL]
    values.check_ids(elements, faults)
    found = []
    for element in elements:
        if built.reads(element):
            found.append(built.potential(element))
        else:
            form = by_name[element.tag]
            read = _Reader(element, form, species, folder, degrees, faults).potential()
            if form.record.pair_formula:
                read = _ended(element, read, form, by_name, species, faults)
            found.append(read)
    return tuple(found)


def _ended(
    element: etree._Element,
    read: Potential,
    form: PotentialForm,
    forms: Mapping[str, PotentialForm],
    species: Sequence[str],
    faults: Faults,
) -> Potential:
    """Return a pair potential, as functions if it is to end in another way than by a cut."""
    if has_ending(element) and PAIR_FORM in forms:
        return of_functions(element, read, form, forms[PAIR_FORM], species, faults)
    if element.get("taper-width") is not None:
        faults.add(element, "taper-width has no effect", allowed='with at-cutoff="taper"')
    return read


def _sizes(element: etree._Element, form: PotentialForm, faults: Faults) -> tuple[int, ...]:
    """Return the sizes that a potential's attributes give; the smallest where one is out of range."""
    found = []
    for size in form.sizes:
        given = values.whole(element.get(size.name), size.lower)
        if not size.lower <= given <= size.upper:
            allowed = f"{size.lower} .. {size.upper}"
            faults.add(element, f"{size.name} of <{element.tag}> out of range", str(given), allowed)
            given = min(max(given, size.lower), size.upper)
        found.append(given)
    return tuple(found)


class _Reader:
    """Reads one potential."""

    def __init__(
        self,
        element: etree._Element,
        form: PotentialForm,
        species: Sequence[str],
        folder: Path,
        degrees: FitParameters,
        faults: Faults,
    ) -> None:
        self._element = element
        self._sizes, self._sized = _sizes(element, form, faults), [size.name for size in form.sizes]
        largest = form.shaped(tuple(size.upper for size in form.sizes))
        self._form = form = form.shaped(self._sizes)
        self._species = species
        self._degrees = degrees
        self._faults = faults
        self._id = values.line_of_text(element.get("id"), form.name)
        self._combinations = read_combinations(element, form, species, faults)
        names = [row.name for row in form.parameters]
        # A misspelt name is one fault: its parameter is not reported as missing too.
        self._suspect = {nearest(str(child.tag), names) for child in element if child.tag not in names}
        self._missing: list[str] = []
        self._check_sizes({row.name for row in largest.parameters} - set(names), faults)
        layout, file = form.record.file, element.find("param-file")
        of_file: Starts | None = {}
        if layout is not None and file is not None:
            of_file = read_param_file(file, form, layout, species, folder, faults)
        self._of_file = of_file or {}
        if of_file is None:
            self._suspect.update(names)

    def _check_sizes(self, beyond: Collection[str], faults: Faults) -> None:
        """Report parameters that the given sizes do not include."""
        if None in (self._element.get(name) for name in self._sized):
            return  # the schema has reported that it is missing
        rows = [row.name for row in self._form.parameters]
        for element in [*self._element, *self._element.iterfind("fit-dof/*")]:
            if element.tag in beyond:
                sizes = " ".join(f'{name}="{self._element.get(name)}"' for name in self._sized)
                faults.add(
                    element,
                    f"parameter of <{self._form.name}> beyond {sizes}",
                    str(element.tag),
                    ", ".join(rows),
                )

    def potential(self) -> Potential:
        parameters = tuple(parameter for row in self._form.parameters for parameter in self._parameters(row))
        if self._missing:
            self._faults.add(self._element, f"no value for {', '.join(self._missing)}")
        potential = Potential(
            self._id,
            self._form.name,
            parameters,
            bonds=self._combinations.bonds,
            places=self._combinations.places(self._form.parameters),
            sizes=self._sizes,
            line=values.line_of(self._element),
        )
        return with_functions(potential, self._form, self._species)

    def _parameters(self, row: ParameterForm) -> list[Parameter]:
        given = self._element.findall(row.name)
        degrees = self._element.findall(f"fit-dof/{row.name}")
        for element in given:
            self._check_range(row, element, element.text, "value")
        for element in degrees:
            self._check_degree(row, element)
        given_for = self._speakers(row, given)
        degree_for = self._speakers(row, degrees)
        own = self._combinations.own(row.kind)
        dependents = [found for found in own if self._degrees.depends(self._path(row, found))]
        check_orders(row, given_for, degree_for, dependents, self._species, self._faults)
        return [self._parameter(row, found, given_for.get(found), degree_for.get(found)) for found in own]

    def _parameter(
        self,
        row: ParameterForm,
        found: Combination,
        given: etree._Element | None,
        degree: etree._Element | None,
    ) -> Parameter:
        path = self._path(row, found)
        of_file = self._of_file.get((row.name, found), math.nan)
        if given is None and math.isnan(of_file) and (degree is None or "start" not in degree.attrib):
            self._note_missing(row, path)
        start = values.number(None if given is None else given.text, of_file)
        return self._degrees.parameter(path, row.unit, start, degree)

    def _note_missing(self, row: ParameterForm, path: str) -> None:
        if row.name not in self._suspect:
            self._missing.append(path)

    def _speakers(
        self, row: ParameterForm, elements: list[etree._Element]
    ) -> dict[Combination, etree._Element]:
        """Return the element for each combination: the tagged one, else the one without tag."""
        speakers: dict[tuple[Combination, ...], etree._Element] = {}
        for element in elements:
            covered = self._covered(row, element)
            earlier = speakers.setdefault(covered, element)
            if covered and earlier is not element:
                what = f"<{row.name}> twice for the same species"
                self._faults.add(element, what, f"another in {self._faults.line(earlier)}")
        result: dict[Combination, etree._Element] = {}
        for covered in sorted(speakers, key=len, reverse=True):
            result.update(dict.fromkeys(covered, speakers[covered]))
        return result

    def _covered(self, row: ParameterForm, element: etree._Element) -> tuple[Combination, ...]:
        """Return the combinations that an element covers: all without a tag, none with an invalid one."""
        every = self._combinations.own(row.kind)
        if "tag" not in element.attrib:
            return tuple(every)
        tag = values.line_of_text(element.get("tag"))
        found = combination(tag, row.kind, self._species)
        if found in every:
            return (found,)
        self._suspect.add(row.name)
        if "".join(values.symbols(tag)) == tag:  # otherwise the schema has reported it
            tags = [tag_of(entry, self._species) for entry in every]
            unused = "unknown" if found is None else "unused"
            what = f"{unused} {row.kind.value} in the tag of <{row.name}>"
            self._faults.add(element, what, quoted(tag), ", ".join(tags), nearest(tag, tags))
        return ()

    def _check_degree(self, row: ParameterForm, degree: etree._Element) -> None:
        for name in ("start", "min", "max"):
            self._check_range(row, degree, degree.get(name), name)
        self._degrees.check(degree)

    def _check_range(self, row: ParameterForm, element: etree._Element, text: str | None, which: str) -> None:
        value = values.number(text)
        off_step = row.step > 0 and math.isfinite(value) and (value - row.lower) % row.step != 0
        if value < row.lower or value > row.upper or off_step:
            what = f"{which} of <{row.name}> out of range"
            steps = f" in steps of {row.step}" if row.step > 0 else ""
            self._faults.add(element, what, f"{value}", f"{row.lower} .. {row.upper}{steps}")

    def _path(self, row: ParameterForm, found: Combination) -> str:
        suffix = f"[{tag_of(found, self._species)}]" if len(self._species) > 1 else ""
        return f"{self._id}.{row.name}{suffix}"
