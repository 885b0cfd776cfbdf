"""The largest densities of embedded atoms in the log, which the knots of F must cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.objective.single import largest_densities
from hpcfit.records import Atoms, FloatArray
from hpcfit.runfile.header import Style
from hpcfit.runfile.outcomes import DERIVED, StructureOutcome

#: Default number of digits.
_DIGITS = 6


def density_lines(
    species: Sequence[str],
    model: Model,
    x: FloatArray,
    of_blocks: Sequence[FloatArray],
    structures: Sequence[StructureOutcome],
    style: Style,
) -> list[str]:
    """Return a line for every potential with embedded atoms.

    Parameters
    ----------
    species
        Symbols of the job.
    model
        The job's potentials.
    x
        [n_free], the variables.
    of_blocks
        For each block of a dataset the largest densities at `x` [n_embedding].
    structures
        Outcomes of the job's own structures; derived properties do not count.
    style
        Format of numbers.
    """
    atoms = [
        Atoms(
            np.array([species.index(symbol) for symbol in s.symbols], dtype=np.int32),
            s.cell,
            np.asarray(s.pbc, dtype=bool),
            s.position,
        )
        for s in structures
        if s.kind != DERIVED
    ]
    found = [*of_blocks, *([largest_densities(model, x, atoms)] if atoms else [])]
    largest = np.max(found, axis=0, initial=-np.inf) if found else []
    return [
        f"Largest density of {name} over all structures: {style.number(value, _DIGITS)}"
        for name, value in zip(model.embedding, largest, strict=True)
        if value > -np.inf
    ]
