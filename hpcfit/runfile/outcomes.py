"""What a run has come to for each of the job's own structures: its properties beside their targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.objective.structures.rows import FAILED
from hpcfit.records import FloatArray

DERIVED = "derived-property"
RELAXED, UNRELAXED = "relaxed", "before relaxation"


@dataclass(frozen=True)
class PropertyOutcome:
    """A property of a structure, in the unit in which it is printed.

    Parameters
    ----------
    name, unit
        As printed.
    fit
        Whether it is fitted; the others, where they have a target, are the validation set.
    style, tolerance
        Of its residual.
    state
        ``relaxed`` for a property that is one of the structure's relaxed freedoms, ``before relaxation`` for one that
        is taken there; empty for others.
    weight
        W, the product of normalised weights; 0 where not fitted.
    minimum, maximum
        Bounds of the relaxation; infinite where there are none.
    all_components
        Whether all components of a vector are printed.
    start
        [n], before the fit.
    value
        [n].
    target
        [n], NaN where there is none.
    """

    name: str
    unit: str
    fit: bool
    style: str
    tolerance: float
    state: str
    weight: float
    minimum: float
    maximum: float
    all_components: bool
    start: FloatArray
    value: FloatArray
    target: FloatArray

    @property
    def has_target(self) -> bool:
        """Whether there is something to compare it with."""
        return not bool(np.isnan(self.target).any())

    @property
    def deviation(self) -> float:
        """The residual before it is weighted, a sum over components; NaN where there is no target.

        What is fitted and has no value counts as in the objective.
        """
        if self.fit and not np.isfinite(self.value).all():
            return FAILED**2 * len(self.value)
        difference = self.value - self.target
        if self.style == "absolute-diff":
            return float(np.abs(difference).sum())
        scale = self.target if self.style == "squared-relative" else self.tolerance
        with np.errstate(over="ignore"):
            return float(((difference / scale) ** 2).sum())

    @property
    def residual(self) -> float:
        """Its part in the sum of squares."""
        return self.weight * self.deviation if self.weight > 0.0 else 0.0


@dataclass(frozen=True)
class StructureOutcome:
    """A structure at the end of a run, or a derived property, which has no atoms.

    Parameters
    ----------
    id, kind
        In the job; `DERIVED` is the kind of a derived property.
    failure
        As in `StructureResult`.
    cell, pbc, symbols, position
        Its atoms after the relaxation, Angstrom.
    properties
        Those that the job lists and those that are computed always.
    """

    id: str
    kind: str
    failure: str
    cell: FloatArray
    pbc: NDArray[np.bool_]
    symbols: tuple[str, ...]
    position: FloatArray
    properties: tuple[PropertyOutcome, ...]
