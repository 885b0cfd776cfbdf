"""The job's potentials as one function of the solver's variables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from hpcfit.objective.compiled import Compiled, compile_job
from hpcfit.objective.variables import Variables
from hpcfit.potential.batch import Batch
from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.cutoffs import Jump, cutoffs_of, jumps_of
from hpcfit.potential.functions import functions_of, reach
from hpcfit.potential.library import (
    Geometry,
    NotFinite,
    evaluate,
    gradient,
    has_gradient,
    potential_forms,
)
from hpcfit.potential.library_functions import Functions, Scratch
from hpcfit.potential.neighbours import seen_by
from hpcfit.potential.second_derivative import SecondDerivative
from hpcfit.potential.spline import CompiledFunction
from hpcfit.records import Bonds, Cutoff, FloatArray, Job, Potential, PotentialForm, species_tuples


class Model:
    """All potentials of a job, superimposed.

    Parameters
    ----------
    job
        The job; its free parameters or their transforms, in order, form the vector x.
    compiled
        The job's programs, compiled by default.
    """

    def __init__(self, job: Job, compiled: Compiled | None = None) -> None:
        compiled = compiled or compile_job(job)
        forms = {form.name: form for form in potential_forms()}
        scratch = Scratch()
        self._terms: list[_Term] = []
        for number, potential in enumerate(job.potentials):
            programs = (compiled.values[number], compiled.derivatives[number])
            form = forms[potential.form].shaped(potential.sizes)
            self._terms.append(_Term(potential, form, len(job.species), programs, scratch))
        self.species = job.species
        #: whether `second_derivative` is available
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
        self._needs_positions = any(forms[name].needs_positions for name in used)
        self.cutoff = max(term.cutoff for term in self._terms)  #: Angstrom
        #: whether columns are the same at every x and worth keeping, as values follow from them
        self.has_design = (
            self.variables.are_parameters
            and all(forms[p.form].is_linear for p in job.potentials)
            and any(forms[p.form].pairwise for p in job.potentials)
        )
        #: whether `gradient` needs no columns of some potential, or has those that are kept
        self.has_gradient = self.has_design or any(has_gradient(term.kernel) for term in self._terms)
        self._bonds = dict.fromkeys(term.bonds for term in self._terms if not term.bonds.are_all)

    def geometry(self, batch: Batch) -> Geometry:
        """Return the geometry of structures with all neighbours closer than `cutoff`."""
        parts = self.pairwise, self._needs_positions
        made = Geometry(batch, *parts)
        made.by_bonds.update((bonds, Geometry(seen_by(bonds, batch), *parts)) for bonds in self._bonds)
        return made

    def evaluate(
        self, geometry: Geometry, x: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` with energies, forces and virials at `x`, and with their derivatives if it has rows for them.

        Parameters
        ----------
        geometry
            The structures, as `geometry` returns them.
        x
            [n_free].
        columns
            [1, n_rows] for values alone, or [1 + n_free, n_rows]; rows as in `potential.library.evaluate`.
        virials
            Whether the columns include virials.

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
        first_non_finite = self._superimpose(geometry, values, by_parameter, virials)
        columns[0] = by_parameter[0]
        _chain(self.variables.jacobian(x), by_parameter[1:], columns[1:])
        return first_non_finite

    def gradient(self, geometry: Geometry, x: FloatArray, weights: FloatArray, virials: bool) -> FloatArray:
        """Return the derivatives [n_free] at `x` of a weighted sum of energies, forces and virials.

        Potentials without reverse mode compute their columns, one potential at a time.

        Parameters
        ----------
        geometry, x, virials
            As of `evaluate`.
        weights
            [n_rows], one per row of a column.
        """
        values, first = self.variables.parameters(x), 0
        parts: list[FloatArray] = []
        for term in self._terms:
            last = first + term.n_parameters
            parts.append(term.gradient(geometry, values[first:last], weights, virials))
            first = last
        return self.variables.pulled_back(x, np.concatenate(parts))

    @property
    def is_linear(self) -> bool:
        """Whether second derivatives are known to be zero."""
        return self.is_exact and not any(self._seconds)

    def second_derivative(
        self, geometry: Geometry, x: FloatArray, v: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` [1, n_rows] with second derivatives along `v` [n_free] at `x`; see `evaluate`.

        Requires `is_exact`.
        """
        columns[:] = 0.0
        rates, first_non_finite, first = self.variables.along(x, v), None, 0
        for term, second in zip(self._terms, self._seconds, strict=True):
            last = first + term.n_parameters
            if second is not None:
                found = second.evaluate(geometry, rates[:, first:last], columns, virials)
                first_non_finite = first_non_finite or found
            first = last
        return first_non_finite

    @property
    def cutoffs(self) -> list[Cutoff]:
        """The cut-offs of all potentials."""
        return [cutoff for term in self._terms for cutoff in term.cutoffs]

    @cached_property
    def sharp_cutoffs(self) -> list[Cutoff]:
        """Return those of `cutoffs` at which value, slope or curvature jump, at the start or at other parameters.

        What vanishes for the start values alone, as at a strength of 0, is found at two points beside the start.
        """
        waves = np.arange(1.0, self.n_free + 1.0)
        steps = (0.0 * waves, 0.1 * np.sin(waves), 0.1 * np.cos(waves))
        with np.errstate(
            all="ignore"
        ):  # a point outside the bounds may have no values, which counts as a jump
            points = [self.start + step * (np.abs(self.start) + 1.0) for step in steps]
            sharp = {jump.cutoff for x in points for jump in self.jumps(x) if jump.noted}
        return [cutoff for cutoff in self.cutoffs if cutoff in sharp]

    def jumps(self, x: FloatArray) -> list[Jump]:
        """Return what jumps at every one of `cutoffs` at `x`."""
        values, jumps, first = self.variables.parameters(x), [], 0
        for term in self._terms:
            last = first + term.n_parameters
            jumps += term.jumps(values[first:last])
            first = last
        return jumps

    @property
    def embedding(self) -> tuple[str, ...]:
        """The potentials that embed atoms in a density."""
        return tuple(term.id for term in self._terms if term.embeds)

    def densities(self, geometry: Geometry, x: FloatArray) -> list[FloatArray]:
        """Return the densities [n_atoms] of each of `embedding` at `x`, NaN for atoms that it does not embed."""
        values = self.variables.parameters(x)
        ends = np.cumsum([term.n_parameters for term in self._terms])
        pairs = zip(self._terms, np.split(values, ends[:-1]), strict=True)
        return [term.densities(geometry, own) for term, own in pairs if term.embeds]

    def largest_densities(self, geometry: Geometry, x: FloatArray) -> FloatArray:
        """Return the maximum of each of `densities`, -inf without atoms."""
        largest = [np.fmax.reduce(own, initial=-np.inf) for own in self.densities(geometry, x)]
        return np.array(largest, dtype=np.float64)

    def _superimpose(
        self, geometry: Geometry, values: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Fill `columns` with sums over the potentials, and with derivatives by the varying parameters."""
        columns[:] = 0.0
        first_non_finite, first, column = None, 0, 1
        for term in self._terms:
            own = slice(column, column + len(term.varying) if len(columns) > 1 else column)
            target = columns
            if len(self._terms) > 1:
                target = np.zeros((1 + own.stop - own.start, columns.shape[1]))
            parameters = values[first : first + term.n_parameters]
            found = term.evaluate(geometry, parameters, target, virials)
            first_non_finite = first_non_finite or found
            if target is not columns:
                columns[0] += target[0]
                columns[own] += target[1:]
            first, column = first + term.n_parameters, own.stop
        return first_non_finite


def _chain(jacobian: FloatArray, by_parameter: FloatArray, columns: FloatArray) -> None:
    """Convert derivatives by parameters to variables, term by term: sums must not depend on BLAS blocking."""
    columns[:] = 0.0
    for row, derivative in zip(jacobian, by_parameter, strict=True):
        for k in np.flatnonzero(row):
            columns[k] += row[k] * derivative


class _Term:
    """One potential: its varying parameters, their limits, and its functions."""

    def __init__(
        self,
        potential: Potential,
        form: PotentialForm,
        n_species: int,
        programs: tuple[Sequence[CompiledFunction], Sequence[CompiledFunction]],
        scratch: Scratch,
    ) -> None:
        self.id = potential.id
        self._potential, self._form, self._n_species = potential, form, n_species
        self.embeds = any(role.argument == "density" for role in form.roles)
        self.kernel, self._name, self._sizes = form.kernel, form.name, potential.sizes
        self._scratch = scratch
        self._functions: tuple[Functions | None, Functions | None] = (None, None)
        self.n_parameters = len(potential.parameters)
        self._place = np.array(potential.kernel_places, dtype=np.int64)
        varies = np.array([p.varies for p in potential.parameters], dtype=bool)
        self.varying = np.flatnonzero(varies).astype(np.int32)
        self._free = np.flatnonzero(varies[self._place]).astype(np.int32)
        self.lower = np.array([p.minimum for p in potential.parameters], dtype=np.float64)
        self.upper = np.array([p.maximum for p in potential.parameters], dtype=np.float64)
        self.bonds = Bonds()  #: if restricted, the geometry holds the selected ones
        values = np.array(potential.value_places, dtype=np.int64)
        rows = [(row, found) for row in form.parameters for found in species_tuples(row.kind, n_species)]
        if rows:
            np.maximum.at(self.lower, values, [row.lower for row, _ in rows])
            np.minimum.at(self.upper, values, [row.upper for row, _ in rows])
        if form.roles:
            # Its roles define the species for which it has functions.
            self._functions = (functions_of(potential, programs[0]), functions_of(potential, programs[1]))
            self.cutoff = reach(potential, form, n_species)
            return
        self.bonds = potential.bonds
        starts = np.array([p.start for p in potential.parameters])
        self.cutoff = cutoff(form, starts[self._place], n_species)
        seen = np.array([self.bonds.seen(*found) for _, found in rows])
        self._free = self._free[seen[self._free]]

    @cached_property
    def _shares(self) -> bool:
        """Whether several values of the kernel are one parameter, whose derivative is their sum."""
        return not np.array_equal(self._place[self._free], self.varying)

    def evaluate(
        self, geometry: Geometry, parameters: FloatArray, columns: FloatArray, virials: bool
    ) -> NotFinite | None:
        """Add values to the first of `columns`, and derivatives by the varying parameters to the others."""
        with_derivatives = len(columns) > 1
        free = self._free if with_derivatives else self._free[:0]
        shared = with_derivatives and self._shares
        target = np.zeros((1 + len(free), columns.shape[1])) if shared else columns
        first_non_finite = evaluate(
            self.kernel,
            geometry if self.bonds.are_all else geometry.by_bonds[self.bonds],
            parameters[self._place],
            free,
            target,
            virials,
            self._functions[with_derivatives],
            self._scratch,
            sizes=self._sizes,
        )
        if shared:
            columns[0] += target[0]
            for column, derivative in zip(
                np.searchsorted(self.varying, self._place[free]), target[1:], strict=True
            ):
                columns[1 + column] += derivative
        if first_non_finite and self._name != self.kernel:
            message = first_non_finite.message.replace(self.kernel, self._name, 1)
            return replace(first_non_finite, message=message)
        return first_non_finite

    def gradient(
        self, geometry: Geometry, parameters: FloatArray, weights: FloatArray, virials: bool
    ) -> FloatArray:
        """Return the derivatives of a weighted sum of rows by the varying parameters."""
        functions = self._functions[1]
        if functions is not None and has_gradient(self.kernel):
            found, values = np.zeros(len(self.varying)), parameters[self._place]
            by_value = gradient(
                self.kernel, geometry, values, self._free, weights, virials, functions, self._scratch
            )
            np.add.at(found, np.searchsorted(self.varying, self._place[self._free]), by_value)
            return found
        columns = np.zeros((1 + len(self.varying), len(weights)))
        if len(self.varying):
            self.evaluate(geometry, parameters, columns, virials)
        # Row by row, as the sums of a matrix product may depend on alignment.
        return np.array([(column * weights).sum() for column in columns[1:]])

    @property
    def cutoffs(self) -> list[Cutoff]:
        """Its cut-offs."""
        return cutoffs_of(self._potential, self._form, self._n_species)

    def jumps(self, parameters: FloatArray) -> list[Jump]:
        """Return what jumps at its cut-offs."""
        values = parameters[self._place]
        return jumps_of(self._potential, self._form, self._n_species, values, self._functions[0])

    def densities(self, geometry: Geometry, parameters: FloatArray) -> FloatArray:
        """Return the densities [n_atoms] at the atoms, NaN for atoms that are not embedded."""
        found, columns = np.full(geometry.n_atoms, np.nan), np.zeros((1, geometry.n_rows(False)))
        free, functions = self._free[:0], self._functions[0]
        evaluate(
            self.kernel,
            geometry,
            parameters[self._place],
            free,
            columns,
            False,
            functions,
            self._scratch,
            densities=found,
        )
        return found


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
        bonds = self._second.bonds
        return evaluate(
            self._second.form,
            geometry if bonds.are_all else geometry.by_bonds[bonds],
            parameters,
            none,
            columns,
            virials,
            self._functions,
            self._scratch,
            sizes=self._second.sizes,
        )
