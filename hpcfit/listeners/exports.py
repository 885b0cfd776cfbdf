"""The structure and potential files that a job lists, written at the end of its run."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from hpcfit.dataset.replacing import refuse_unsafe, replacing
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
        written = export(final_of_run(job, run), wanted.format, wanted.path, wanted.potential, settings)
        refuse_unsafe(wanted.path, wanted.file, overwrite)
        with replacing(Path(wanted.path)) as temporary:
            temporary.write_text(written.text, encoding="utf-8")
        log.write(f"\n{wanted.file}, {wanted.format}\n")
        log.writelines(f"  {line}\n" for line in (*written.commands, *written.notes))
