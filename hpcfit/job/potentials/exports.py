"""Potential files that a run exports at its end: ``<export-eam-file>`` and similar elements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.outputs import Outputs
from hpcfit.job.potentials.endings import has_ending
from hpcfit.records import ExportElement, ExportFile, PotentialForm

#: The format of a pair potential that does not just end by a cut.
_TABLE = "table"


def read_exports(
    potentials: Iterable[etree._Element] | None, forms: Iterable[PotentialForm], outputs: Outputs
) -> tuple[ExportFile, ...]:
    """Return the requested files in document order.

    Parameters
    ----------
    potentials
        The elements of the potentials.
    forms
        The known potentials.
    outputs
        Resolves the files' names.
    """
    found: list[ExportFile] = []
    for element, known in _elements(() if potentials is None else potentials, forms):
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


def _elements(
    potentials: Iterable[etree._Element], forms: Iterable[PotentialForm]
) -> Iterator[tuple[etree._Element, ExportElement]]:
    by_name = {form.name: form.record.export_element for form in forms}
    for potential in potentials:
        known = by_name.get(str(potential.tag))
        if known is not None and has_ending(potential):
            # A pair style with these parameters would cut the energy.
            known = ExportElement(known.element, _TABLE)
        if known is not None:
            yield from ((element, known) for element in potential.findall(known.element)[:1])
