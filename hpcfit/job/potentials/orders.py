"""The two orders of a bond between unlike species: a job gives both, or none, their own value.

A parameter of ordered pairs has one value for the bond seen from either atom, ``SiC`` and ``CSi``; so have cut-offs of
ordered triplets, ``SiCC`` and ``CSiSi``. With one of them from a tag and the other from elsewhere, one bond has two
unrelated halves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from lxml import etree

from hpcfit.job.document.tags import Combination, tag_of
from hpcfit.job.document.values import Faults
from hpcfit.records import ParameterForm, ParameterKind

#: The element that gives each combination its value or makes it free.
Speakers = Mapping[Combination, etree._Element]


def other_order(row: ParameterForm, found: Combination) -> Combination | None:
    """Return the combination of the same bond seen from its other atom, None if there is none."""
    centre, bonded = found[0], found[1 % len(found)]
    if centre == bonded:
        return None
    if row.kind is ParameterKind.ORDERED_PAIR:
        return bonded, centre
    is_bond = row.kind is ParameterKind.ORDERED_TRIPLET and row.reach and bonded == found[2]
    return (bonded, centre, centre) if is_bond else None


def check_orders(
    row: ParameterForm,
    given: Speakers,
    degrees: Speakers,
    dependents: Collection[Combination],
    species: Sequence[str],
    faults: Faults,
) -> None:
    """Report a bond with a value for one of its orders alone, and warn of one with one of them free.

    Parameters
    ----------
    row
        The parameter.
    given, degrees
        The elements with its values, and those of ``<fit-dof>``.
    dependents
        Combinations whose value is an expression.
    species
        Chemical symbols of the job.
    faults
        Collects the faults.
    """
    for found in sorted({*given, *degrees}):
        other = other_order(row, found)
        if other is None or found in dependents or other in dependents:
            continue
        tag, missing = tag_of(found, species), tag_of(other, species)
        value, degree = given.get(found), degrees.get(found)
        by_value = next((e for e in (_with_start(degree), value) if _is_tagged(e)), None)
        others = [_with_start(degrees.get(other)), given.get(other)]
        if by_value is not None and not any(map(_is_tagged, others)):
            what = f'<{row.name} tag="{tag}"> without the other order of the bond'
            allowed = f'<{row.name} tag="{missing}"> too'
            faults.add(by_value, what, f"{missing} from elsewhere or nowhere", allowed)
        elif degree is not None and _is_tagged(degree) and _is_free(degree) and other not in degrees:
            what = f"{row.name} is fitted for {tag}, but not for {missing}, the other order of the bond"
            faults.warn(degree, f"{what}; add both, or a constraint")


def _is_tagged(element: etree._Element | None) -> bool:
    return element is not None and "tag" in element.attrib


def _with_start(degree: etree._Element | None) -> etree._Element | None:
    return degree if degree is not None and "start" in degree.attrib else None


def _is_free(degree: etree._Element) -> bool:
    return (degree.get("enabled") or "true").strip().lower() == "true"
