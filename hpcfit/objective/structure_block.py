"""One block of structures that the job describes: they relax, and their properties become residual rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.potential.library import NotFinite
from hpcfit.potential.program import Program
from hpcfit.records import DerivedProperty, FloatArray, Structure, StructureResult


@dataclass(frozen=True)
class StructureWork:
    """What one block of structures computes.

    Parameters
    ----------
    structures
        The block's own first, then those that only its derived properties need.
    n_own
        How many are its own.
    weights
        Per own structure and listed property: W, the product of normalised weights; 0 where not fitted.
    derived
        Properties of several structures, of which all are among `structures`.
    derived_weights
        W of each.
    derived_programs
        Of each, value and derivatives by the terms, in the order of the terms.
    masses
        Per species of the job, amu; only phonons need them.
    """

    structures: tuple[Structure, ...]
    n_own: int
    weights: tuple[tuple[float, ...], ...]
    derived: tuple[DerivedProperty, ...] = ()
    derived_weights: tuple[float, ...] = ()
    derived_programs: tuple[Program, ...] = ()
    masses: tuple[float, ...] = ()


class StructureBlock:
    """The residual of a block of structures as a function of the free parameters.

    Parameters
    ----------
    model
        The job's potentials.
    work
        The structures and what is wanted of them.
    """

    def __init__(self, model: Model, work: StructureWork) -> None:
        self.trouble: NotFinite | None = None
        self.n_residuals = 0

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        raise NotImplementedError

    def cost(self, x: FloatArray) -> float:
        """Return the sum of squared residuals at `x` [n_free]."""
        raise NotImplementedError

    def linearise(self, x: FloatArray) -> FloatArray:
        """Return the rows of [r J^T], [1 + n_free, n_rows], residual first; they stay valid until the next call."""
        raise NotImplementedError

    def second_derivative(self, v: FloatArray, h: float) -> FloatArray:
        """Return J^T r'' [n_free] at the point of the last `linearise`, r'' along `v` from one more residual."""
        raise NotImplementedError

    def results(self, x: FloatArray) -> tuple[list[StructureResult], list[float]]:
        """Return what the model makes of the own structures at `x`, and the derived values in their units."""
        raise NotImplementedError

    @property
    def relaxed(self) -> FloatArray:
        """All relaxed degrees of freedom, flat: where the next relaxations start."""
        return np.zeros(0)

    def restore(self, relaxed: FloatArray) -> None:
        """Start the next relaxations from there."""
        raise NotImplementedError
