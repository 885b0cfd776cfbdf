"""The files that a job asks for at the end of its run."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from hpcfit.dataset.replacing import replacing
from hpcfit.output.export.exporting import Settings, export
from hpcfit.output.final import final_of_run
from hpcfit.output.result import StoredRun
from hpcfit.records import Job


def write_exports(job: Job, run: StoredRun, log: TextIO) -> None:
    """Write the files of ``<export-eam-file>`` and the like, over earlier ones, and note each in the log.

    Parameters
    ----------
    job
        The job, with its structures.
    run
        Its run, at the end.
    log
        Where the commands that use the files and the errors of tables go.

    Raises
    ------
    InputError
        When a potential cannot be said in its format, or a file cannot be written.
    """
    for wanted in job.exports:
        settings = Settings(wanted.resolution, wanted.rho_range_factor)
        written = export(final_of_run(job, run), wanted.format, wanted.path, wanted.potential, settings)
        with replacing(Path(wanted.path)) as temporary:
            temporary.write_text(written.text, encoding="utf-8")
        log.write(f"\n{wanted.file}, {wanted.format}\n")
        log.writelines(f"  {line}\n" for line in (*written.commands, *written.notes))
