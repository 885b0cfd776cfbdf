"""Functions from LAMMPS files: the ``<param-file>`` of ``eam``, ``adp`` and ``meam``.

A table becomes a tabulated function with LAMMPS's piecewise cubics, a spline stays a spline. With a number of knots,
functions become splines with that many knots, whose values are the start values of a fit; ``free`` or ``fixed`` say
which.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from lxml import etree

from hpcfit.errors import Fault
from hpcfit.job.document import values
from hpcfit.job.document.text_file import read_text
from hpcfit.job.document.values import Faults
from hpcfit.job.potentials.curves import Curve
from hpcfit.job.potentials.fit_parameters import FitParameters
from hpcfit.job.potentials.freed import FreedFunctions
from hpcfit.job.potentials.labels import Labels
from hpcfit.job.potentials.lammps_splines import READERS
from hpcfit.job.potentials.lammps_tables import are_parts_of_one
from hpcfit.job.potentials.lammps_words import BadFileError
from hpcfit.records import GIVEN_SLOPES, FloatArray, Function, PotentialForm, species_tuple, species_tuples

#: Points at which a spline is compared with the curve that it approximates.
_N_COMPARED = 2001

#: A rise behind the end of a table below this part of its second half is not worth a warning.
_NEGLIGIBLE = 1e-9


class FunctionFile:
    """Creates functions and roles from a file.

    Parameters
    ----------
    elements
        The ``<param-file>`` elements, one or more.
    form
        A potential whose functions can come from files.
    identifier
        Id of the potential.
    species
        Chemical symbols of the job.
    degrees
        Creates parameters.
    faults
        Collects the faults.
    is_part
        Whether the job may have functions for species that no file has.
    """

    def __init__(
        self,
        elements: Sequence[etree._Element],
        form: PotentialForm,
        identifier: str,
        species: Sequence[str],
        degrees: FitParameters,
        faults: Faults,
        is_part: bool = False,
    ) -> None:
        self._elements = elements
        self._element = element = elements[0]
        self._is_part = is_part
        self._freed = FreedFunctions(elements, faults)
        self._form = form
        self._identifier = identifier
        self._species = species
        self._degrees = degrees
        self._faults = faults
        self._names = [values.line_of_text(each.text) for each in elements]
        self._name = ", ".join(self._names)
        self._labels = Labels(element, species, faults)
        self._n_knots = values.whole(element.get("knots"), 0)
        self._start = values.number(element.get("from"), 0.0)

    def read(self, folder: Path) -> tuple[tuple[Function, ...], tuple[int, ...]]:
        """Return functions and, per role and combination of species, the index of one; empty with a fault."""
        if ("knots" in self._element.attrib) != ("from" in self._element.attrib):
            allowed = "both or none"
            self._faults.add(self._element, "knots and from of <param-file>", "one of them", allowed)
        texts = [
            read_text(element, name, folder, self._faults)
            for element, name in zip(self._elements, self._names, strict=True)
        ]
        given = [text for text in texts if text is not None]
        if len(given) < len(texts) or self._n_knots == 1:  # the schema reports it
            return (), ()
        try:
            curves = self._wanted(self._curves(given))
            are_tables = self._n_knots == 0 and any(curve.is_table for curve in curves)
            self._freed.check([curve.name for curve in curves], are_tables)
            functions = tuple(map(self._function, curves))
        except BadFileError as error:
            name = self._names[error.file]
            where = f"{name}:{error.line}" if error.line else name
            self._faults.add_of_file(
                self._elements[error.file], Fault(where, error.what, error.found, error.allowed)
            )
            return (), ()
        return functions, tuple(self._roles(curves))

    def _curves(self, texts: Sequence[str]) -> list[Curve]:
        """Return the curves of all files, each in one of them."""
        read = READERS[self._form.record.function_file]
        if are_parts_of_one(texts):
            return read(texts, self._species)
        found: list[Curve] = []
        for number, text in enumerate(texts):
            try:
                curves = read([text], self._species)
                if twice := {curve.name for curve in curves} & {curve.name for curve in found}:
                    what = "functions are in an earlier <param-file> too"
                    raise BadFileError(0, what, ", ".join(sorted(twice)), "each species in one file")
            except BadFileError as error:
                error.file = number
                raise
            found += curves
        return found

    def _wanted(self, curves: Sequence[Curve]) -> list[Curve]:
        """Return the curves for the job's species, with these in place of the file's labels."""
        labels = list(dict.fromkeys(symbol for curve in curves for symbol in curve.species))
        found = self._labels.of_species(labels, self._name)
        missing = [symbol for symbol in self._species if symbol not in found]
        is_part = self._is_part and len(missing) < len(self._species)
        if missing and not is_part and not self._labels.has_faults:
            raise BadFileError(
                0, "species of the job are not in the file", ", ".join(missing), ", ".join(sorted(labels))
            )
        species = {label: symbol for symbol, label in found.items()}
        return [
            replace(
                curve,
                species=(own := tuple(species[label] for label in curve.species)),
                name=f"{curve.name.partition('_')[0]}_{''.join(own)}",
            )
            for curve in curves
            if set(curve.species) <= set(species)
        ]

    def _roles(self, curves: Sequence[Curve]) -> Iterator[int]:
        """Yield the function's index for each role; one with fewer species applies to all central atoms."""
        places = {}
        for place, curve in enumerate(curves):
            numbers = tuple(map(self._species.index, curve.species))
            kind = next(role.kind for role in self._form.roles if role.name == curve.role)
            for every in species_tuples(kind, len(self._species)):
                centred = (
                    species_tuple(kind, *numbers)
                    if len(numbers) == len(every)
                    else (every[0], *sorted(numbers))
                )
                if every == centred:
                    places[curve.role, every] = place
        for role in self._form.roles:
            yield from (
                places.get((role.name, every), -1) for every in species_tuples(role.kind, len(self._species))
            )

    def _function(self, curve: Curve) -> Function:
        self._note_end(curve)
        is_free = curve.name in self._freed
        if self._n_knots == 0 or not is_free:
            if curve.is_table:
                return _table(curve)
            return self._spline(curve, curve.x, curve.y, curve.slopes, is_free)
        start = max(curve.x[0], self._start) if math.isfinite(curve.cutoff) else curve.x[0]
        if start == 0 and curve.over_distance:
            start = curve.x[1]
        if start >= curve.x[-1]:
            allowed = f"below {curve.x[-1]:g}"
            raise BadFileError(0, f"{curve.name} ends before the first knot", f"{start:g}", allowed)
        knots = np.linspace(start, curve.x[-1], self._n_knots)
        value, slope = curve.evaluate(knots)
        function = self._spline(curve, knots, value, slope[[0, -1]])
        self._note_error(function, curve)
        return function

    def _note_end(self, curve: Curve) -> None:
        """Warn of a table of the distance that ends before its cut-off with a slope."""
        last, gap = curve.x[-1], curve.cutoff - curve.x[-1]
        if not (curve.is_table and 0 < gap < math.inf):
            return
        rise = float(abs(curve.slopes[-1]) * gap / (last if curve.over_distance else 1.0))
        if rise > _NEGLIGIBLE * float(np.abs(curve.y[len(curve.y) // 2 :]).max()):
            self._faults.warn(
                self._element,
                f"{self._identifier}.{curve.name}: the table ends at {last:g}, before the cut-off {curve.cutoff:g}; "
                f"it goes on linearly, by up to {rise:.1e}; LAMMPS keeps the energy, but not the force, constant",
            )

    def _note_error(self, function: Function, curve: Curve) -> None:
        y = np.array([p.start for p in function.parameters])
        knots = np.array(function.knots)
        own = replace(curve, x=knots, y=y[:-2], slopes=y[-2:], is_table=False, over_distance=False)
        x = np.linspace(knots[0], knots[-1], _N_COMPARED)
        error = float(np.abs(own.evaluate(x)[0] - curve.evaluate(x)[0]).max())
        what = f"{self._identifier}.{function.id}: {len(knots)} knots differ from {self._name} by up to {error:.1e}"
        self._faults.warn(self._element, f"{what} from {knots[0]:g} to {knots[-1]:g}")

    def _spline(
        self, curve: Curve, knots: FloatArray, y: FloatArray, slopes: FloatArray, is_free: bool = True
    ) -> Function:
        """Return a clamped spline whose values are free, except at a cut-off."""
        n = len(knots)
        names = [*(f"node[{k}].y" for k in range(1, n + 1)), "derivative-left", "derivative-right"]
        n_free = is_free * (n - 1 if math.isfinite(curve.cutoff) else n)
        parameters = []
        for k, (name, start) in enumerate(zip(names, [*y.tolist(), *slopes.tolist()], strict=True)):
            path = f"{self._identifier}.{curve.name}.{name}"
            parameter = self._degrees.parameter(path, "", start, None)
            parameters.append(replace(parameter, free=k < n_free and not parameter.constraint))
        return Function(
            id=curve.name,
            form="spline",
            names=tuple(names),
            parameters=tuple(parameters),
            cutoff=curve.cutoff,
            knots=tuple(knots.tolist()),
        )


def _table(curve: Curve) -> Function:
    """Return a piecewise cubic, divided by the distance if the file has it times the distance."""
    x, y, slopes = (tuple(array.tolist()) for array in (curve.x, curve.y, curve.slopes))
    name = f"{curve.name}.table" if curve.over_distance else curve.name
    cutoff = curve.cutoff
    table = Function(
        name, "tabulated", (), (), cutoff=cutoff, knots=x, values=y, ends=GIVEN_SLOPES, slopes=slopes
    )
    if not curve.over_distance:
        return table
    inverse = Function(f"{curve.name}.inverse", "user-function", (), (), formula="1/r", variable="r")
    return Function(curve.name, "product", (), (), cutoff=cutoff, children=(table, inverse))
