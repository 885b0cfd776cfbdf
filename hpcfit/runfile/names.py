"""Names of run files: by default after the job, and the generation before."""

from __future__ import annotations

import os
from pathlib import Path

#: The default name before it followed from the job.
OLD_DEFAULT = "run.h5"


def default_run(job: str) -> str:
    """Return the default run file of a job, in the current folder: ``silicon.run.h5`` for ``jobs/silicon.xml``."""
    return f"{Path(job).stem}.run.h5"


def run_of(job: str) -> str:
    """Return the run file that a job has by default, under its old name if there is none under the present one."""
    name = default_run(job)
    return OLD_DEFAULT if os.path.exists(OLD_DEFAULT) and not _exists(name) else name


def previous_path(path: str) -> str:
    """Return the name of the previous generation: ``run.previous.h5`` for ``run.h5``."""
    stem, extension = os.path.splitext(path)
    return f"{stem}.previous{extension}"


def _exists(path: str) -> bool:
    return os.path.exists(path) or os.path.exists(previous_path(path))
