"""What the readers of a job's structures need to know of the job around them."""

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
    """What the readers of a job's structures need to know of the job around them.

    Parameters
    ----------
    folder
        The job file's; files are relative to it.
    species
        Symbols of the job; none where they have faults.
    catalogue
        What the job's own structures may be; None where it must not have any.
    check_formula
        As in `FunctionCatalogue`.
    tolerances
        Where the job gives none.
    outputs
        Resolves names of files to write.
    faults
        Collects what is wrong.
    in_memory
        Whether the caller brings datasets and residual functions along, whose files are not looked for then.
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
