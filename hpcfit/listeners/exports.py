"""The structure and potential files that a job lists, written at the end of its run."""

from __future__ import annotations

import os
from typing import TextIO

from hpcfit.dataset.replacing import refuse_unsafe
from hpcfit.export.exported import write_files
from hpcfit.export.exporting import Settings, export
from hpcfit.export.structure_files import write_structures
from hpcfit.fit import Listener
from hpcfit.records import Job
from hpcfit.runfile.fitted_job import final_of_run
from hpcfit.runfile.run import StoredRun
from hpcfit.runfile.store import MemoryStore


class Exports(Listener):
    """Writes the files at the end of a run; replaces files of other programs only with `overwrite`."""

    def __init__(self, job: Job, store: MemoryStore, log: TextIO, overwrite: bool = False) -> None:
        self._job = job
        self._store = store
        self._log = log
        self._overwrite = overwrite

    def complete(self) -> None:
        """Write the files of structures, then those of potentials."""
        run = self._store.run
        write_structures(self._job, run.result.structures if run.result else (), self._log, self._overwrite)
        write_exports(self._job, run, self._log, self._overwrite)


def write_exports(job: Job, run: StoredRun, log: TextIO, overwrite: bool = False) -> None:
    """Write the files of ``<export-eam-file>`` and the like, replacing earlier ones, and list them in the log.

    Files of other programs are replaced only with `overwrite`.

    Raises
    ------
    InputError
        If a potential cannot be expressed in its format, or a file cannot be written or is not hpcfit's.
    """
    for wanted in job.exports:
        settings = Settings(wanted.resolution, wanted.rho_range_factor)
        path = _from_here(wanted.path)
        exported = export(final_of_run(job, run), wanted.format, path, wanted.potential, settings)
        for path, _ in exported.files:
            refuse_unsafe(path, os.path.join(os.path.dirname(wanted.file), os.path.basename(path)), overwrite)
        write_files(exported.files)
        log.write(f"\n{wanted.file}, {wanted.format}\n")
        log.writelines(f"  {line}\n" for line in (*exported.commands, *exported.notes))


def _from_here(path: str) -> str:
    """Return a path relative to the current folder if it lies inside that."""
    own = os.path.relpath(path)
    return path if own.startswith(os.pardir) else own
