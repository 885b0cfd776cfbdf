"""The files that a job asks for at the end of its run: ``<export-eam-file>`` and the like in a potential."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from hpcfit.job import values
from hpcfit.job.outputs import Outputs
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
    "meam": ExportForm("export-functions", "meam-spline", has_tables=True),
    "lennard-jones": ExportForm("export-potential", "lammps-lj"),
    "morse": ExportForm("export-potential", "lammps-morse"),
    "buckingham": ExportForm("export-potential", "lammps-buck"),
    "born-mayer-huggins": ExportForm("export-potential", "lammps-born"),
    "chebyshev": ExportForm("export-potential", "table"),
    "stillinger-weber": ExportForm("export-potential", "lammps-sw"),
    "tersoff": ExportForm("export-potential", "lammps-tersoff"),
    "abop": ExportForm("export-potential", "lammps-tersoff"),
    "tersoff-mod": ExportForm("export-potential", "lammps-tersoff-mod"),
    "edip": ExportForm("export-potential", "lammps-edip"),
}


def read_exports(potentials: Iterable[etree._Element] | None, outputs: Outputs) -> tuple[ExportFile, ...]:
    """Return the files that potentials of a job ask for, in document order.

    Parameters
    ----------
    potentials
        The elements of the potentials.
    outputs
        Resolves the files' names.
    """
    found: list[ExportFile] = []
    for element, known in _elements(() if potentials is None else potentials):
        potential = element.getparent()
        file = values.line_of_text(element.text)
        identifier = "" if potential is None else values.line_of_text(potential.get("id"))
        resolution, factor = element.get("resolution"), element.get("rho-range-factor")
        found.append(
            ExportFile(
                potential=identifier,
                format=known.format,
                file=file,
                path=outputs.path(element, file),
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
