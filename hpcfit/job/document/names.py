"""Other names of the job's elements: lattices by Strukturbericht symbol and in any case, and names of atomicrex's."""

from __future__ import annotations

from lxml import etree

from hpcfit.records import StructureCatalogue

USER_STRUCTURE = "user-structure"

#: By place in the job, what atomicrex calls otherwise.
_OF_ATOMICREX = {
    "potentials//Extended-Mishin-Cu-F": "extended-Mishin-Cu-F",
    "potentials/tersoff/fit-dof/theta0": "costheta0",
}


def use_own_names(root: etree._Element, catalogue: StructureCatalogue | None) -> None:
    """Rename the elements of a job that have another name, to that of the schema.

    Parameters
    ----------
    root
        The job.
    catalogue
        What the job's own structures may be, if it may have any.
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
