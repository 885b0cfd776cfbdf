"""Aliases of the job's elements: Strukturbericht symbols, any case for lattices, and atomicrex's names."""

from __future__ import annotations

from lxml import etree

from hpcfit.records import StructureCatalogue

USER_STRUCTURE = "user-structure"

#: atomicrex's names, by place in the job.
_OF_ATOMICREX = {
    "potentials//Extended-Mishin-Cu-F": "extended-Mishin-Cu-F",
    "potentials/tersoff/fit-dof/theta0": "costheta0",
}


def use_own_names(root: etree._Element, catalogue: StructureCatalogue | None) -> None:
    """Replace aliases of elements by the names in the schema.

    Parameters
    ----------
    root
        The job.
    catalogue
        The lattices that the job may use; None where it may not have own structures.
    """
    for path, name in _OF_ATOMICREX.items():
        for element in root.findall(path):
            element.tag = name
    names = {
        f"{name}-{form.element.rpartition('-')[2]}".lower(): form.element
        for form in (catalogue.lattices if catalogue else ())
        for name in (form.name, *form.aliases)
    }
    names[USER_STRUCTURE] = USER_STRUCTURE
    for parent in root.iter("structures", "group"):
        for child in parent:
            child.tag = names.get(str(child.tag).lower(), child.tag)
