"""The files that a run writes at its end because the job asks for them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from hpcfit.job.document.values import Faults, quoted


class Outputs:
    """Resolves the names of such files, and notes names that cannot be meant.

    Parameters
    ----------
    folder
        The job file's; files are relative to it.
    faults
        Collects what is wrong.
    """

    def __init__(self, folder: Path, faults: Faults) -> None:
        self._folder = folder
        self._faults = faults
        self._taken: dict[Path, tuple[etree._Element, str]] = {}

    def path(self, element: etree._Element, file: str) -> str:
        """Return where the file that an element asks for is to be: in a folder that exists, each file once."""
        path = (self._folder / file).resolve()
        if file:
            if not path.parent.is_dir():
                self._faults.add(element, "folder of the file does not exist", quoted(file))
            elif path.is_dir():
                self._faults.add(element, "file to write is a folder", quoted(file))
            if path in self._taken:
                line = self._faults.line(self._taken[path][0])
                self._faults.add(element, "file to write is another's too", f"{quoted(file)}, in {line}")
            self._taken.setdefault(path, (element, file))
        return str(path)

    def refuse(self, inputs: Iterable[str | Path]) -> None:
        """Note the files to write that the job reads."""
        read = {Path(path).resolve() for path in inputs}
        for path, (element, file) in self._taken.items():
            if path in read:
                self._faults.add(element, "file to write is read by the job", quoted(file))
