"""How functions and pair potentials end at their cut-offs: ``at-cutoff`` and ``taper-width``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.schema import PAIR_FORM
from hpcfit.job.document.tags import tag_of
from hpcfit.job.document.values import Faults
from hpcfit.records import ENDINGS, Function, ParameterKind, Potential, PotentialForm, species_tuples

_VARIABLE = "x"


def has_ending(element: etree._Element) -> bool:
    """Return whether a potential's element asks for another end than a cut."""
    return values.line_of_text(element.get("at-cutoff")) in ENDINGS


def with_ending(element: etree._Element, function: Function, faults: Faults) -> Function:
    """Return a function that ends at its cut-off as an element says.

    Parameters
    ----------
    element
        Of the function, or of its pair potential.
    function
        The function.
    faults
        Collects the faults.
    """
    ending, width = values.line_of_text(element.get("at-cutoff")), element.get("taper-width")
    if ending != "taper" and width is not None:
        faults.add(element, "taper-width has no effect", allowed='with at-cutoff="taper"')
    if ending not in ENDINGS:
        return function
    if math.isinf(function.cutoff):
        faults.add(element, f"no cutoff for <{element.tag}>, where it could {ending}")
        return function
    if ending != "taper":
        return replace(function, ending=ending)
    size = values.number(width)
    if width is None:
        faults.add(element, "no taper-width for a taper", allowed="a length in A below the cutoff")
    elif not size < function.cutoff:
        faults.add(element, "taper-width", f"{size:g}", f"below the cutoff, {function.cutoff:g}")
    else:
        return replace(function, ending=ending, taper_width=size)
    return function


def of_functions(
    element: etree._Element,
    potential: Potential,
    form: PotentialForm,
    pair_form: PotentialForm,
    species: Sequence[str],
    faults: Faults,
) -> Potential:
    """Return a pair potential as functions, one for each pair of species, that end as an element says.

    Parameters
    ----------
    element
        The potential's element.
    potential
        With the parameters of the form's table.
    form
        Its form, with a `pair_formula`.
    pair_form
        The form of the potential of functions.
    species
        Symbols of the job.
    faults
        Collects the faults.
    """
    pairs = species_tuples(ParameterKind.PAIR, len(species))
    table = [potential.parameters[place] for place in potential.value_places]
    rows = {row.name: table[k * len(pairs) : (k + 1) * len(pairs)] for k, row in enumerate(form.parameters)}
    for parameter in dict.fromkeys(rows["cutoff"]):
        if parameter.varies:
            faults.add(element, "cutoff of a potential that ends smoothly", "fitted", "fixed")
    functions: list[Function] = []
    roles: list[int] = []
    names = tuple(name for name in rows if name != "cutoff")
    for number, pair in enumerate(pairs):
        if not potential.bonds.seen(*pair):
            roles.append(-1)
            continue
        roles.append(len(functions))
        function = Function(
            id=f"{form.name}[{tag_of(pair, species)}]",
            form=form.name,
            names=names,
            parameters=tuple(rows[name][number] for name in names),
            formula=form.record.pair_formula,
            variable=_VARIABLE,
            cutoff=rows["cutoff"][number].start,
        )
        functions.append(with_ending(element, function, faults))
    n_places = sum(len(species_tuples(role.kind, len(species))) for role in pair_form.roles)
    return Potential(
        potential.id,
        PAIR_FORM,
        tuple(parameter for function in functions for parameter in function.parameters),
        tuple(functions),
        (*roles, *(-1 for _ in range(n_places - len(roles)))),
        potential.bonds,
        line=potential.line,
    )
