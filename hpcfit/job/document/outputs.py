"""Output files that a job requests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from hpcfit.job.document.values import Faults, quoted


class Outputs:
    """Resolves and checks the names of output files.

    Parameters
    ----------
    folder
        The job file's folder; names are relative to it.
    faults
        Collects the faults.
    """

    def __init__(self, folder: Path, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults
        self._taken: dict[Path, tuple[etree._Element, str]] = {}

    def path(self, element: etree._Element, file: str) -> str:
        """Return the path of a requested file; its folder must exist, and no file may be requested twice."""
        path = (self._folder / file).resolve()
        if file:
            if not path.parent.is_dir():
                self._faults.add(element, "folder of the file does not exist", quoted(file))
            elif path.is_dir():
                self._faults.add(element, "output file is a folder", quoted(file))
            if path in self._taken:
                line = self._faults.line(self._taken[path][0])
                self._faults.add(element, "output file is requested twice", f"{quoted(file)}, in {line}")
            self._taken.setdefault(path, (element, file))
        return str(path)

    def refuse(self, inputs: Iterable[str | Path]) -> None:
        """Report output files that the job also reads."""
        read = {Path(path).resolve() for path in inputs}
        for path, (element, file) in self._taken.items():
            if path in read:
                self._faults.add(element, "output file is an input of the job", quoted(file))
