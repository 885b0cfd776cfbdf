"""The context of the readers of a job's structures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcfit.job.document.outputs import Outputs
from hpcfit.job.document.values import Faults
from hpcfit.job.structures.tolerances import Tolerances
from hpcfit.records import StructureCatalogue


@dataclass(frozen=True)
class Scope:
    """The context of the readers of a job's structures.

    Parameters
    ----------
    folder
        The job file's folder; files are relative to it.
    species
        Chemical symbols of the job; empty if they have faults.
    catalogue
        Lattices and properties of own structures; None if the job may not have any.
    check_formula
        As in `FunctionCatalogue`.
    tolerances
        Default tolerances.
    outputs
        Resolves names of output files.
    faults
        Collects the faults.
    in_memory
        Whether the caller passes datasets and residual functions, so that their files need not exist.
    allow_python
        Whether residual functions may be in Python files.
    """

    folder: Path
    species: Sequence[str]
    catalogue: StructureCatalogue | None
    check_formula: Callable[[str, Collection[str]], None]
    tolerances: Tolerances
    outputs: Outputs
    faults: Faults
    in_memory: bool = False
    allow_python: bool = False
