"""The catalogue of everything that a job may name, and options of reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpcfit.records.forms import FunctionCatalogue, PotentialForm
from hpcfit.records.losses import RobustLossForm
from hpcfit.records.minimisers import MinimiserForm
from hpcfit.records.structures import StructureCatalogue


@dataclass(frozen=True)
class Catalogue:
    """Everything that a job may name.

    Parameters
    ----------
    potentials
        The potentials with their parameters.
    functions
        The functions that potentials with roles are built from.
    minimisers
        Of ``<fitting>``.
    losses
        The robust losses.
    structures
        Lattices and properties of the job's own structures; None if a job must not have any.
    """

    potentials: Sequence[PotentialForm]
    functions: FunctionCatalogue
    minimisers: Sequence[MinimiserForm]
    losses: Sequence[RobustLossForm]
    structures: StructureCatalogue | None = None


@dataclass(frozen=True)
class ReadOptions:
    """How a job file is read.

    Parameters
    ----------
    allow_outside
        Whether the job may include and write files outside its folder.
    allow_python
        Whether residual functions may be in Python files. Reading a job never runs them.
    structures
        Whether to read structures. Without them datasets need not exist, and the job may have nothing to fit.
    unfinished
        Whether the job may have nothing to fit yet, because a script adds structures later.
    in_memory
        Whether the caller supplies datasets and residual functions in memory: their files are not looked for.
    """

    allow_outside: bool = False
    allow_python: bool = False
    structures: bool = True
    unfinished: bool = False
    in_memory: bool = False
