"""The job's potentials as one function of the solver's vector of free parameters."""

from __future__ import annotations

import numpy as np

from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.library import Geometry, NotFinite, evaluate, potential_forms
from hpcfit.records import FloatArray, Job, Potential, PotentialForm, species_tuples


class Model:
    """All potentials of a job, superimposed.

    Parameters
    ----------
    job
        The job; its free parameters, in order, are the model's vector x.
    """

    def __init__(self, job: Job) -> None:
        forms = {form.name: form for form in potential_forms()}
        n_species = len(job.species)
        self._terms: list[_Term] = []
        for potential in job.potentials:
            column = self._terms[-1].column + len(self._terms[-1].free) if self._terms else 1
            self._terms.append(_Term(potential, forms[potential.form], n_species, column))
        self.start = np.array([p.start for p in job.free])  #: [n_free]
        self.lower = np.concatenate(
            [t.lower for t in self._terms]
        )  #: [n_free], of job and potential together
        self.upper = np.concatenate([t.upper for t in self._terms])  #: [n_free]
        self.n_free = len(self.start)
        self.cutoff = max(t.cutoff for t in self._terms)  #: Angstrom

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
        with_derivatives = len(columns) > 1
        columns[:] = 0.0
        trouble = None
        for term in self._terms:
            own = slice(term.column, term.column + len(term.free)) if with_derivatives else slice(0, 0)
            free = term.free if with_derivatives else term.free[:0]
            alone = len(self._terms) == 1
            target = columns if alone else np.zeros((1 + len(free), columns.shape[1]))
            found = evaluate(term.form, geometry, term.at(x), free, target, virials)
            trouble = trouble or found
            if not alone:
                columns[0] += target[0]
                columns[own] += target[1:]
        return trouble


class _Term:
    """One potential: its parameter vector, and which of its entries are free."""

    def __init__(self, potential: Potential, form: PotentialForm, n_species: int, column: int) -> None:
        self.form = form.name
        self.column = column
        self.values = np.array([p.start for p in potential.parameters])
        self.free = np.array([k for k, p in enumerate(potential.parameters) if p.free], dtype=np.int32)
        self.cutoff = cutoff(form, self.values, n_species)
        rows = [row for row in form.parameters for _ in species_tuples(row.kind, n_species)]
        limits = list(zip(potential.parameters, rows, strict=True))
        self.lower = np.array([max(p.minimum, row.lower) for p, row in limits])[self.free]
        self.upper = np.array([min(p.maximum, row.upper) for p, row in limits])[self.free]

    def at(self, x: FloatArray) -> FloatArray:
        values = self.values.copy()
        values[self.free] = x[self.column - 1 : self.column - 1 + len(self.free)]
        return values
