"""Jobs in several files: ``<xi:include href="..."/>`` is replaced by the text of the named file.

The expanded text is parsed, stored and compared by a resumed run; `Origin` gives the source of each of its lines. An
included file occupies lines of its own.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from hpcfit.errors import Fault, InputError
from hpcfit.input_files import MOST_TEXT, read_bytes, size_text
from hpcfit.job.document.parsing import Include, scan
from hpcfit.job.document.text_file import alike
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import Origin

#: Nested includes can double the number of files at every level.
_MOST = 10000

_DECLARATION = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*\?>)?")


def expand(content: bytes, path: str, allow_outside: bool) -> tuple[bytes, tuple[Origin, ...]]:
    """Return a job's text with all includes expanded, and the origins of its lines.

    Parameters
    ----------
    content
        The job file's bytes.
    path
        The job file; an included file is relative to the file that includes it.
    allow_outside
        Whether files outside the job's folder may be included.

    Returns
    -------
    bytes
        `content` itself where nothing is included.
    tuple of Origin
        Empty where nothing is included.

    Raises
    ------
    InputError
        With every file that cannot be included or is not well-formed.
    """
    if b"XInclude" not in content:
        return content, ()  # without this text the namespace cannot be declared
    expander = _Expander(Path(path).absolute().parent, allow_outside)
    expander.file(content, Path(path), (Path(path).resolve(),))
    if expander.faults:
        raise InputError(expander.faults)
    if expander.n_included == 0:
        return content, ()
    return b"".join(expander.parts), tuple(expander.origins)


class _Expander:
    def __init__(self, folder: Path, allow_outside: bool) -> None:
        self._folder = folder.resolve()
        self._allow_outside = allow_outside
        self._line = 1
        self.parts: list[bytes] = []
        self.origins: list[Origin] = []
        self.faults: list[Fault] = []
        self.n_included = 0
        self._n_bytes = 0

    def file(self, content: bytes, path: Path, within: tuple[Path, ...]) -> None:
        """Add a file; `within` is the chain of files that include it."""
        try:
            includes = scan(content, Faults(str(path))).includes
        except InputError as error:
            self.faults.extend(error.faults)
            return
        declaration = _DECLARATION.match(content)
        begun = declaration.end() if declaration and self.parts else 0
        for include in includes:
            self._add(content, begun, include.start, path)
            self._break()
            self._include(include, path, within)
            begun = include.end
        self._add(content, begun, len(content), path)

    def _add(self, content: bytes, begun: int, end: int, path: Path) -> None:
        self.origins.append(Origin(self._line, str(path), content.count(b"\n", 0, begun) + 1))
        self.parts.append(content[begun:end])
        self._line += content.count(b"\n", begun, end)

    def _break(self) -> None:
        self.parts.append(b"\n")
        self._line += 1

    def _include(self, include: Include, path: Path, within: tuple[Path, ...]) -> None:
        where = f"{path}:{include.line}"
        self.n_included += 1
        if self._n_bytes > MOST_TEXT:
            return
        if self.n_included > _MOST:
            if self.n_included == _MOST + 1:
                self.faults.append(Fault(where, "too many files included", allowed=f"{_MOST}"))
            return
        if fault := _shape_fault(include, where):
            self.faults.append(fault)
            return
        name = include.attributes["href"].strip()
        target = path.parent / name
        real = Path(os.path.realpath(target))
        if not self._allow_outside and not real.is_relative_to(self._folder):
            what = "included file is outside the job's folder"
            self.faults.append(Fault(where, what, quoted(name), "inside, or --allow-outside"))
        elif real in within:
            self.faults.append(Fault(where, "file includes itself", quoted(name)))
        elif not os.path.isfile(real):
            fault = Fault(where, "no such file", quoted(name), nearest=alike(target))
            self.faults.append(fault)
        else:
            try:
                content = read_bytes(real)
            except OSError as error:
                self.faults.append(
                    Fault(where, "cannot be read", f"{quoted(name)}, {error.strerror or error}")
                )
                return
            self._n_bytes += len(content)
            if self._n_bytes > MOST_TEXT:
                what, allowed = "included files are too large together", size_text(MOST_TEXT)
                self.faults.append(Fault(where, what, size_text(self._n_bytes), allowed))
                return
            self.file(content, target, (*within, real))
            self._break()


def _shape_fault(include: Include, where: str) -> Fault | None:
    """Return a fault if an include asks for anything but a whole file."""
    if not include.attributes.get("href", "").strip():
        return Fault(where, "missing attribute in <xi:include>", allowed="href")
    for name, value in include.attributes.items():
        if name != "href" and (name, value) != ("parse", "xml"):
            return Fault(where, "attribute not allowed in <xi:include>", f'{name}="{value}"', "href")
    return None if include.empty else Fault(where, "element not allowed in <xi:include>", allowed="none")
