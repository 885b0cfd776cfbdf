"""The functions of potential files whose nodes are fitted: ``free`` and ``fixed`` of ``<param-file>``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document.values import Faults, quoted

_ATTRIBUTES = ("free", "fixed")


class FreedFunctions:
    """The functions that have free nodes: all, those that ``free`` lists, or those that ``fixed`` does not.

    Parameters
    ----------
    elements
        The ``<param-file>`` elements of a potential; the first has the attributes.
    faults
        Collects the faults.
    """

    def __init__(self, elements: Sequence[etree._Element], faults: Faults) -> None:
        self._element = elements[0]
        self._faults = faults
        self._listed = {name: (self._element.get(name) or "").split() for name in _ATTRIBUTES}
        self._given = [name for name in _ATTRIBUTES if name in self._element.attrib]
        if len(self._given) > 1:
            faults.add(self._element, "free and fixed of <param-file>", "both", "one of them")
        for other in elements[1:]:
            for name in ("knots", "from", *_ATTRIBUTES):
                if name in other.attrib:
                    what = f"attribute {name} of another <param-file>"
                    faults.add(other, what, allowed="in the first, for all")

    def __contains__(self, name: str) -> bool:
        """Return whether the nodes of a function are free."""
        if "free" in self._given:
            return name in self._listed["free"]
        return name not in self._listed["fixed"]

    def check(self, names: Iterable[str], are_tables: bool) -> None:
        """Report functions that the files do not have, and attributes without effect.

        Parameters
        ----------
        names
            The functions of the files.
        are_tables
            Whether they are tables, which have no nodes to fit.
        """
        known = list(names)
        for attribute in self._given:
            if are_tables:
                what = f"{attribute} of <param-file> has no effect on tables"
                self._faults.add(self._element, what, allowed="with knots and from")
            for name in self._listed[attribute]:
                if name not in known:
                    what = f"unknown function in {attribute} of <param-file>"
                    self._faults.add(
                        self._element, what, quoted(name), ", ".join(known), nearest(name, known)
                    )
