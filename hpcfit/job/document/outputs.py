"""Output files that a job requests."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from hpcfit.job.document.values import Faults, quoted
from hpcfit.job_outputs import is_server


class Outputs:
    """Resolves and checks the names of output files.

    Parameters
    ----------
    folder
        The job file's folder; names are relative to it.
    faults
        Collects the faults.
    allow_outside
        Whether files may be written outside the folder.
    """

    def __init__(self, folder: Path, faults: Faults, allow_outside: bool = False) -> None:
        self._folder = folder
        self._faults = faults
        self._allow_outside = allow_outside
        self._taken: dict[Path, tuple[etree._Element, str]] = {}

    def path(self, element: etree._Element, file: str) -> str:
        """Return the path of a requested file.

        Its folder must exist inside the job's folder, no file may be requested twice, and a symbolic link could lead
        anywhere.
        """
        named = self._folder / file
        path = Path(os.path.realpath(named.parent), named.name)
        if path.name in ("", "..") or "\0" in file:
            self._faults.add(element, "not the name of a file", quoted(file))
            return str(self._folder)
        if file:
            if is_server(file):
                what = "output file has the name of a database server"
                self._faults.add(element, what, quoted(file), "another name")
            elif not self._allow_outside and not path.is_relative_to(os.path.realpath(self._folder)):
                what = "output file is outside the job's folder"
                self._faults.add(element, what, quoted(file), "inside, or --allow-outside")
            elif os.path.islink(path):
                self._faults.add(element, "output file is a symbolic link", quoted(file), "a regular file")
            elif not os.path.isdir(path.parent):
                self._faults.add(element, "folder of the file does not exist", quoted(file))
            elif os.path.isdir(path):
                self._faults.add(element, "output file is a folder", quoted(file))
            if path in self._taken:
                line = self._faults.line(self._taken[path][0])
                self._faults.add(element, "output file is requested twice", f"{quoted(file)}, in {line}")
            self._taken.setdefault(path, (element, file))
        return str(path)

    def refuse(self, inputs: Iterable[str | Path]) -> None:
        """Report output files that the job also reads."""
        read = {Path(os.path.realpath(path)) for path in inputs}
        for path, (element, file) in self._taken.items():
            if path in read:
                self._faults.add(element, "output file is an input of the job", quoted(file))
