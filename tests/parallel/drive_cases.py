"""The jobs of several folders, one after the other on the same ranks: ``drive_cases.py FOLDER...``.

Every rank leaves in each folder what it printed and the exit code, so that one start serves many tests.
"""

import contextlib
import os
import sys
from pathlib import Path

from hpcfit.cli.main import main
from hpcfit.parallel.communicator import world


def run_job(folder, rank):
    os.chdir(folder)
    with (
        Path(f"stdout.{rank}").open("w", encoding="utf-8") as output,
        Path(f"stderr.{rank}").open("w", encoding="utf-8") as errors,
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
    ):
        code = main(["run", "job.xml"])
    Path(f"code.{rank}").write_text(str(code), encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        run_job(name, world().rank)
