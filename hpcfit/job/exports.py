"""The files that a job asks for at the end of its run: ``<export-eam-file>`` and the like in a potential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from hpcfit.job import values
from hpcfit.job.values import Faults, quoted
from hpcfit.records import ExportFile


@dataclass(frozen=True)
class ExportForm:
    """How a form of potential is exported: the element's name, the format, and whether the file holds tables."""

    element: str
    format: str
    has_tables: bool = False


#: By form of the potential.
EXPORT_FORMS = {
    "eam": ExportForm("export-eam-file", "eam-fs", has_tables=True),
    "adp": ExportForm("export-adp-file", "adp", has_tables=True),
    "lennard-jones": ExportForm("export-potential", "lammps-lj"),
    "stillinger-weber": ExportForm("export-potential", "lammps-sw"),
    "tersoff": ExportForm("export-potential", "lammps-tersoff"),
    "abop": ExportForm("export-potential", "lammps-tersoff"),
    "tersoff-mod": ExportForm("export-potential", "lammps-tersoff-mod"),
    "edip": ExportForm("export-potential", "lammps-edip"),
}


def read_exports(
    potentials: Iterable[etree._Element] | None, folder: Path, faults: Faults
) -> tuple[ExportFile, ...]:
    """Return the files that potentials of a job ask for, in document order.

    Parameters
    ----------
    potentials
        The elements of the potentials.
    folder
        The job file's; files are relative to it.
    faults
        Collects what is wrong: folders that are not there, files that are asked for twice or read.
    """
    found: list[ExportFile] = []
    for element, known in _elements(() if potentials is None else potentials):
        potential = element.getparent()
        file = values.line_of_text(element.text)
        path = (folder / file).resolve()
        if file and not path.parent.is_dir():
            faults.add(element, "folder of the file does not exist", quoted(file))
        read = None if potential is None else potential.find("param-file")
        if read is not None and (folder / values.line_of_text(read.text)).resolve() == path:
            faults.add(element, "file to write is the <param-file>", quoted(file))
        if str(path) in [other.path for other in found]:
            faults.add(element, "file to write is another potential's too", quoted(file))
        identifier = "" if potential is None else values.line_of_text(potential.get("id"))
        resolution, factor = element.get("resolution"), element.get("rho-range-factor")
        found.append(
            ExportFile(
                potential=identifier,
                format=known.format,
                file=file,
                path=str(path),
                resolution=None if resolution is None else values.whole(resolution, 0),
                rho_range_factor=None if factor is None else values.number(factor),
            )
        )
    return tuple(found)


def _elements(potentials: Iterable[etree._Element]) -> Iterator[tuple[etree._Element, ExportForm]]:
    for potential in potentials:
        known = EXPORT_FORMS.get(str(potential.tag))
        if known is not None:
            yield from ((element, known) for element in potential.findall(known.element)[:1])
