"""Helper for the records of this folder."""

from __future__ import annotations

from hpcfit.records import FunctionForm

ATOMICREX = "A. Stukowski et al., Modelling Simul. Mater. Sci. Eng. 25, 055003 (2017)"


def function_form(
    name: str, formula: str, parameters: str, reference: str, **defaults: float
) -> FunctionForm:
    """Return a form; `parameters` is a list of ``name:unit``."""
    pairs = dict(entry.split(":") for entry in parameters.split())
    return FunctionForm(name, " ".join(formula.split()), pairs, reference, defaults)
