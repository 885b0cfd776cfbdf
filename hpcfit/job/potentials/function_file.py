"""Functions from LAMMPS files: the ``<param-file>`` of ``eam``, ``adp`` and ``meam``.

A table becomes a tabulated function, a spline stays a spline. With a number of knots, functions become splines with
that many knots, whose values are the start values of a fit; ``free`` or ``fixed`` say which.
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
from hpcfit.job.potentials.fit_parameters import FitParameters
from hpcfit.job.potentials.freed import FreedFunctions
from hpcfit.job.potentials.lammps_tables import READERS, BadFileError, Curve
from hpcfit.records import FloatArray, Function, PotentialForm, species_tuple, species_tuples

#: Points at which a spline is compared with the curve that it approximates.
_N_COMPARED = 2001


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
        self._n_knots = values.whole(element.get("knots"), 0)
        self._start = values.number(element.get("from"), 0.0)

    def read(self, folder: Path) -> tuple[tuple[Function, ...], tuple[int, ...]]:
        """Return functions and, per role and combination of species, the index of one; empty with a fault."""
        if ("knots" in self._element.attrib) != ("from" in self._element.attrib):
            allowed = "both or none"
            self._faults.add(self._element, "knots and from of <param-file>", "one of them", allowed)
        read = READERS[self._form.record.function_file]
        found: list[Curve] = []
        name = self._name
        try:
            for element, name in zip(self._elements, self._names, strict=True):
                text = read_text(element, name, folder, self._faults)
                if text is None or self._n_knots == 1:  # the schema reports it
                    return (), ()
                found += self._new(read(text, self._species), found)
            name = self._name
            curves = list(self._wanted(found))
            are_tables = self._n_knots == 0 and any(curve.slopes is None for curve in curves)
            self._freed.check([curve.name for curve in curves], are_tables)
            functions = tuple(map(self._function, curves))
        except BadFileError as error:
            where = f"{name}:{error.line}" if error.line else name
            self._faults.add_of_file(self._element, Fault(where, error.what, error.found, error.allowed))
            return (), ()
        return functions, tuple(self._roles(curves))

    def _new(self, curves: Sequence[Curve], earlier: Sequence[Curve]) -> Sequence[Curve]:
        """Return curves if no earlier file has one of them."""
        if twice := {curve.name for curve in curves} & {curve.name for curve in earlier}:
            what = "functions are in an earlier <param-file> too"
            raise BadFileError(0, what, ", ".join(sorted(twice)), "each species in one file")
        return curves

    def _wanted(self, curves: Sequence[Curve]) -> Iterator[Curve]:
        """Yield the curves for the job's species."""
        elements = {symbol for curve in curves for symbol in curve.species}
        missing = [symbol for symbol in self._species if symbol not in elements]
        if missing and not (self._is_part and len(missing) < len(self._species)):
            raise BadFileError(
                0, "species of the job are not in the file", ", ".join(missing), ", ".join(sorted(elements))
            )
        yield from (curve for curve in curves if set(curve.species) <= set(self._species))

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
        is_free = curve.name in self._freed
        if (self._n_knots == 0 or not is_free) and curve.slopes is None:
            x, y = (tuple(array.tolist()) for array in (curve.x, curve.y))
            return Function(curve.name, "tabulated", (), (), cutoff=curve.cutoff, knots=x, values=y)
        if self._n_knots == 0 or not is_free:
            return self._spline(curve, curve.x, curve.y, np.array(curve.slopes), is_free)
        start = max(curve.x[0], self._start) if math.isfinite(curve.cutoff) else curve.x[0]
        if start >= curve.x[-1]:
            allowed = f"below {curve.x[-1]:g}"
            raise BadFileError(0, f"{curve.name} ends before the first knot", f"{start:g}", allowed)
        knots = np.linspace(start, curve.x[-1], self._n_knots)
        known = curve.spline()
        function = self._spline(curve, knots, known(knots), known(knots[[0, -1]], 1))
        self._note_error(function, curve)
        return function

    def _note_error(self, function: Function, curve: Curve) -> None:
        y = np.array([p.start for p in function.parameters])
        knots = np.array(function.knots)
        own = Curve("", "", (), knots, y[:-2], math.inf, (y[-2], y[-1])).spline()
        x = np.linspace(knots[0], knots[-1], _N_COMPARED)
        error = float(np.abs(own(x) - curve.spline()(x)).max())
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
