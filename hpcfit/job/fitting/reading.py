"""The ``<fitting>`` of a job: intervals of checkpoints and reports, and the settings of its minimiser."""

from __future__ import annotations

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.fitting.minimisers import Minimisers
from hpcfit.records import Fitting


def read_fitting(element: etree._Element | None, minimisers: Minimisers) -> Fitting | None:
    """Return the settings of the fit, None if it is missing or disabled."""
    if element is None:
        return None
    solver = minimisers.read(element)
    if not values.boolean(element.get("enabled"), True):
        return None
    blocks, interval = element.get("blocks"), element.get("output-interval")
    return Fitting(
        solver=solver,
        blocks=None if blocks is None else values.whole(blocks, 1),
        checkpoint_interval=values.whole(element.get("checkpoint-interval"), 1),
        output_interval=None if interval is None else values.whole(interval, 1),
        assembly=values.line_of_text(element.get("assembly"), "tsqr"),
    )
