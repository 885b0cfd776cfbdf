"""The ``<mapping>`` of a potential: the function for each role and combination of species."""

from __future__ import annotations

import itertools
from collections.abc import Mapping as Mapping_
from collections.abc import Sequence

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.tags import SPECIES_ATTRIBUTES, Combination, tag_of
from hpcfit.job.document.values import Faults, quoted
from hpcfit.records import Function, ParameterKind, RoleForm, species_tuples

#: Number of leading species whose order matters; the rest are neighbours in any order.
_N_ORDERED = {ParameterKind.PAIR: 0, ParameterKind.TRIPLET: 1}


class Mapping:
    """Reads one mapping.

    Parameters
    ----------
    functions
        Functions that may be mapped.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """

    def __init__(self, functions: Sequence[Function], species: Sequence[str], faults: Faults) -> None:
        self._functions = functions
        self._ids = [function.id for function in functions]
        self._species = species
        self._faults = faults

    def role(self, role: RoleForm, mapping: etree._Element) -> list[int]:
        """Return the index of the function for each combination of species, -1 without one.

        An element that names more species takes precedence over one with more ``*``.
        """
        found: dict[Combination, tuple[int, etree._Element]] = {}
        for element in mapping.iterfind(role.name):
            for combination, n_named in self._covered(role.kind, element).items():
                n_earlier, earlier = found.get(combination, (-1, element))
                if n_named == n_earlier:
                    what = f"<{role.name}> twice for {tag_of(combination, self._species)}"
                    self._faults.add(element, what, f"another in {self._faults.line(earlier)}")
                if n_named > n_earlier:
                    found[combination] = (n_named, element)
        self._check_orders(role, found)
        places = {element: self._place(role, element) for element in mapping.iterfind(role.name)}
        every = species_tuples(role.kind, len(self._species))
        return [places[found[entry][1]] if entry in found else -1 for entry in every]

    def _check_orders(self, role: RoleForm, found: Mapping_[Combination, tuple[int, etree._Element]]) -> None:
        """Warn of a function for one order of an ordered pair alone."""
        if role.kind is not ParameterKind.ORDERED_PAIR:
            return
        for (one, other), (_, element) in found.items():
            if one != other and (other, one) not in found:
                own, missing = (tag_of(pair, self._species) for pair in ((one, other), (other, one)))
                self._faults.warn(element, f"<{role.name}> for {own} alone: it is zero for {missing}")

    def _covered(self, kind: ParameterKind, element: etree._Element) -> dict[Combination, int]:
        """Return the combinations that an element covers, and how many species it names."""
        texts = [values.line_of_text(element.get(name), "*") for name in SPECIES_ATTRIBUTES[kind]]
        n_named = sum(text != "*" for text in texts)
        numbers = [self._numbers(element, text) for text in texts]
        n_ordered = _N_ORDERED.get(kind, len(texts))
        return {
            (*choice[:n_ordered], *sorted(choice[n_ordered:])): n_named
            for choice in itertools.product(*numbers)
        }

    def _numbers(self, element: etree._Element, text: str) -> list[int]:
        if text == "*":
            return list(range(len(self._species)))
        if text in self._species:
            return [self._species.index(text)]
        if values.symbols(text) == [text]:  # otherwise the schema has reported it
            what = f"unknown species in <{element.tag}>"
            allowed = ", ".join([*self._species, "*"])
            self._faults.add(element, what, quoted(text), allowed, nearest(text, self._species))
        return []

    def _place(self, role: RoleForm, element: etree._Element) -> int:
        name = values.line_of_text(element.get("function"))
        if name not in self._ids:
            if name:
                what = f"unknown function in <{element.tag}>"
                self._faults.add(
                    element, what, quoted(name), ", ".join(self._ids) or "none", nearest(name, self._ids)
                )
            return -1
        place = self._ids.index(name)
        if role.argument == "distance" and self._functions[place].reach == float("inf"):
            what = f"function '{name}' of a distance has no end"
            self._faults.add(element, what, "no cutoff", "a <cutoff> in the function")
        return place
