"""The job's potentials as one function of the solver's variables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.objective.compiled import Compiled, compile_job
from hpcfit.objective.variables import Variables
from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.functions import functions_of, reach
from hpcfit.potential.library import Functions, Geometry, NotFinite, Scratch, evaluate, potential_forms
from hpcfit.potential.second_derivative import SecondDerivative
from hpcfit.potential.spline import CompiledFunction
from hpcfit.records import FloatArray, Job, Potential, PotentialForm, species_tuples


class Model:
    """All potentials of a job, superimposed.

    Parameters
    ----------
    job
        The job; its free parameters, in order, or their transforms, are the model's vector x.
    compiled
        The job's programs, by default compiled here.
    """

    def __init__(self, job: Job, compiled: Compiled | None = None) -> None:
        compiled = compiled or compile_job(job)
        forms = {form.name: form for form in potential_forms()}
        scratch = Scratch()
        self._terms: list[_Term] = []
        for number, potential in enumerate(job.potentials):
            programs = (compiled.values[number], compiled.derivatives[number])
            self._terms.append(_Term(potential, forms[potential.form], len(job.species), programs, scratch))
        #: whether `second_derivative` may be asked for
        self.is_exact = compiled.second is not None
        self._seconds = [_Second(second, scratch) if second else None for second in compiled.second or ()]
        lower = np.concatenate([term.lower for term in self._terms])
        upper = np.concatenate([term.upper for term in self._terms])
        self.variables = Variables(job.parameters, lower, upper, compiled.constraints)
        self.start = self.variables.start  #: [n_free]
        self.lower, self.upper = self.variables.lower, self.variables.upper  #: [n_free]
        self.n_free = len(self.start)
        self.n_species = len(job.species)
        used = [*(p.form for p in job.potentials), *(s.form for s in compiled.second or () if s)]
        self.pairwise = any(forms[name].pairwise for name in used)
        self.cutoff = max(term.cutoff for term in self._terms)  #: Angstrom

    def evaluate(
        self, geometry: Geometry, x: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` with energies, forces and virials at `x`, and their derivatives if there is room for them.

        Parameters
        ----------
        geometry
            The structures.
        x
            [n_free].
        columns
            [1, n_rows] for values alone, or [1 + n_free, n_rows]; rows as in `potential.library.evaluate`.
        virials
            Whether the columns have room for virials.

        Returns
        -------
        NotFinite or None
            The first place where a result is not finite.
        """
        values = self.variables.parameters(x)
        if message := self.variables.out_of_range(values):
            columns[:] = np.nan
            return NotFinite(-1, -1, message)
        if len(columns) == 1 or self.variables.are_parameters:
            return self._superimpose(geometry, values, columns, virials)
        by_parameter = np.zeros((1 + len(self.variables.varying), columns.shape[1]))
        trouble = self._superimpose(geometry, values, by_parameter, virials)
        columns[0] = by_parameter[0]
        _chain(self.variables.jacobian(x), by_parameter[1:], columns[1:])
        return trouble

    @property
    def is_linear(self) -> bool:
        """Whether second derivatives are known to be zero."""
        return self.is_exact and not any(self._seconds)

    def second_derivative(
        self, geometry: Geometry, x: FloatArray, v: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` [1, n_rows] with second derivatives along `v` [n_free] at `x`, else as `evaluate`.

        Only where the model `is_exact`.
        """
        columns[:] = 0.0
        rates, trouble, first = self.variables.along(x, v), None, 0
        for term, second in zip(self._terms, self._seconds, strict=True):
            last = first + term.n_parameters
            if second is not None:
                found = second.evaluate(geometry, rates[:, first:last], columns, virials)
                trouble = trouble or found
            first = last
        return trouble

    def _superimpose(
        self, geometry: Geometry, values: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` with sums over the potentials, and with derivatives by the parameters that vary."""
        columns[:] = 0.0
        trouble, first, column = None, 0, 1
        for term in self._terms:
            own = slice(column, column + len(term.varying) if len(columns) > 1 else column)
            target = columns
            if len(self._terms) > 1:
                target = np.zeros((1 + own.stop - own.start, columns.shape[1]))
            parameters = values[first : first + term.n_parameters]
            found = term.evaluate(geometry, parameters, target, virials)
            trouble = trouble or found
            if target is not columns:
                columns[0] += target[0]
                columns[own] += target[1:]
            first, column = first + term.n_parameters, own.stop
        return trouble


def _chain(jacobian: FloatArray, by_parameter: FloatArray, columns: FloatArray) -> None:
    """Turn derivatives by parameters into those by variables, term by term: no sum may depend on a library's blocks."""
    columns[:] = 0.0
    for row, derivative in zip(jacobian, by_parameter, strict=True):
        for k in np.flatnonzero(row):
            columns[k] += row[k] * derivative


class _Term:
    """One potential: which of its parameters vary, within which limits, and its functions."""

    def __init__(
        self,
        potential: Potential,
        form: PotentialForm,
        n_species: int,
        programs: tuple[Sequence[CompiledFunction], Sequence[CompiledFunction]],
        scratch: Scratch,
    ) -> None:
        self._form = form.name
        self._scratch = scratch
        self._functions: tuple[Functions | None, Functions | None] = (None, None)
        self.n_parameters = len(potential.parameters)
        self.varying = np.array([k for k, p in enumerate(potential.parameters) if p.varies], dtype=np.int32)
        self.lower = np.array([p.minimum for p in potential.parameters], dtype=np.float64)
        self.upper = np.array([p.maximum for p in potential.parameters], dtype=np.float64)
        if form.roles:
            self._functions = (functions_of(potential, programs[0]), functions_of(potential, programs[1]))
            self.cutoff = reach(potential, form, n_species)
            return
        self.cutoff = cutoff(form, np.array([p.start for p in potential.parameters]), n_species)
        rows = [row for row in form.parameters for _ in species_tuples(row.kind, n_species)]
        self.lower = np.maximum(self.lower, [row.lower for row in rows])
        self.upper = np.minimum(self.upper, [row.upper for row in rows])

    def evaluate(
        self, geometry: Geometry, parameters: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Add values to the first of `columns`, and derivatives by the parameters that vary to the others if any."""
        with_derivatives = len(columns) > 1
        return evaluate(
            self._form,
            geometry,
            parameters,
            self.varying if with_derivatives else self.varying[:0],
            columns,
            virials,
            self._functions[with_derivatives],
            self._scratch,
        )


class _Second:
    """The second derivative of one potential along a path of its parameters."""

    def __init__(self, second: SecondDerivative, scratch: Scratch) -> None:
        self._second, self._scratch = second, scratch
        self._functions = (
            Functions(second.functions, second.cutoffs, second.roles) if second.functions else None
        )

    def evaluate(
        self, geometry: Geometry, rates: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Add to `columns` [1, n_rows]; `rates` [3, n_parameters] are parameters, first and second derivatives."""
        parameters = rates.ravel()[self._second.places]
        none = np.zeros(0, dtype=np.int32)
        return evaluate(
            self._second.form, geometry, parameters, none, columns, virials, self._functions, self._scratch
        )
