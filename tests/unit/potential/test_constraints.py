"""Values of functions at one argument, as constraints take them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from hpcfit.potential.constraints import compile_constraints
from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.expression.symbolic import to_sympy
from hpcfit.potential.expression.syntax import Number, substituted
from hpcfit.potential.functions import tree_at
from hpcfit.records import Constraint, ConstraintTerm, Function, Group, Job, Parameter, Potential


def _parameter(path, start):
    return Parameter(path, "", start, -math.inf, math.inf, True)


KNOTS = (0.5, 1.0, 2.5, 3.0)
VALUES = (1.0, -2.0, 0.5, 0.25, 3.0, -1.0)
NAMES = (*(f"node[{k}].y" for k in range(1, 5)), "derivative-left", "derivative-right")
SPLINE = Function(
    "S",
    "spline",
    NAMES,
    tuple(_parameter(f"P.S.{name}", value) for name, value in zip(NAMES, VALUES, strict=True)),
    cutoff=2.9,
    knots=KNOTS,
)
FACTOR = Function("f", "constant", ("const",), (_parameter("P.f.const", 2.0),), screening=SPLINE)


def _job(formula, *terms):
    functions = (SPLINE, FACTOR)
    parameters = tuple(p for function in functions for p in function.all_parameters)
    own = (*parameters[:6], *(replace(p, path=f"P.f.{p.path}") for p in parameters[6:]))
    target = _parameter("T", 0.0)
    nested = replace(SPLINE, parameters=own[7:])
    factor = replace(FACTOR, parameters=own[6:7], screening=nested)
    potential = Potential("P", "eam", (*own, target), (SPLINE, factor))
    return Job(
        path="job.xml",
        text="",
        hash="",
        name="",
        species=("Al",),
        fitting=None,
        potentials=(potential,),
        structures=Group("", 1.0, ()),
        absolute=False,
        constraints=(Constraint("c", "T", formula, terms),),
    )


def _outputs(job):
    (constraint,) = compile_constraints(job)
    values = [job.parameters[place].start for place in constraint.arguments]
    return constraint, run(constraint.program, values, np.zeros(1))[:, 0]


@pytest.mark.parametrize("x", [0.5, 0.7, 1.0, 2.4, 2.89])
def test_spline_and_its_derivatives(x):
    constraint, outputs = _outputs(_job("3*a", ConstraintTerm("a", "P.S", x)))
    ends = ((1, VALUES[4]), (1, VALUES[5]))
    assert outputs[0] == pytest.approx(3 * CubicSpline(KNOTS, VALUES[:4], bc_type=ends)(x), rel=1e-14)
    # The value is linear in the parameters.
    assert outputs[1:] @ VALUES == pytest.approx(outputs[0], rel=1e-13)
    assert constraint.arguments.tolist() == [0, 1, 2, 3, 4, 5]
    assert constraint.dependent == 13


def test_natural_spline():
    names = ["a", "b", "c", "d"]
    tree = tree_at(replace(SPLINE, names=NAMES[:4], parameters=SPLINE.parameters[:4]), names, 1.7)
    known = {name: Number(value) for name, value in zip(names, VALUES, strict=False)}
    value = to_sympy(substituted(tree, known))
    assert float(value) == pytest.approx(CubicSpline(KNOTS, VALUES[:4], bc_type="natural")(1.7), rel=1e-14)


def test_screening_multiplies():
    _, alone = _outputs(_job("a", ConstraintTerm("a", "P.S", 1.3)))
    _, screened = _outputs(_job("a", ConstraintTerm("a", "P.f", 1.3)))
    assert screened[0] == pytest.approx(2 * alone[0], rel=1e-14)


def test_beyond_the_reach_is_zero():
    _, outputs = _outputs(_job("1 + a", ConstraintTerm("a", "P.S", 2.9)))
    assert outputs.tolist() == [1.0] + [0.0] * 6


def test_outside_the_nodes_is_refused():
    job = _job("a", ConstraintTerm("a", "P.S", 0.4))
    with pytest.raises(
        ValueError, match=r"constraint 'c': value of a spline outside its nodes, found 0.4, allowed 0.5"
    ):
        compile_constraints(job)


def test_product_and_sum_join_their_children():
    one, two = (
        Function(name, "constant", ("const",), (_parameter(name, 1.0),), cutoff=c)
        for name, c in (("a", 2), ("b", 3))
    )
    both = Function("s", "sum", (), (), children=(one, two))
    assert str(tree_at(both, ["p", "q"], 2.5)).count("Name") == 1
    assert str(tree_at(both, ["p", "q"], 1.5)).count("Name") == 2
