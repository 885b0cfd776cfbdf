"""Two functions that act on the same pairs, by one program and by two."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.potential.expression.interpreter import run
from hpcfit.potential.expression.operations import Op
from hpcfit.potential.function_program import compile_function, compile_fused_pair
from hpcfit.potential.functions import compile_programs, functions_of
from hpcfit.potential.library import Geometry, evaluate
from hpcfit.potential.program import Program
from hpcfit.potential.spline import CompiledFunction
from hpcfit.records import Function, Parameter, Potential
from tests.physics.oracle_cells import batch_of
from tests.physics.oracle_samples import FORMS, sample_structures

X = np.linspace(0.5, 3.9, 80)


def _function(
    name: str, form: str, values: dict[str, float], cutoff: float, screening: Function | None
) -> Function:
    rows = tuple(Parameter(n, "", value, -np.inf, np.inf, True) for n, value in values.items())
    return Function(name, form, tuple(values), rows, cutoff=cutoff, screening=screening)


def _screening(height: float) -> Function:
    return _function("S", "XpowN-cutoff", {"h": height, "N": 4.0}, 4.0, None)


MORSE = {"D0": 0.2, "r0": 2.2, "alpha": 1.5}
V = _function("V", "morse-A", MORSE, 4.0, _screening(1.0))
RHO = _function("rho", "born-mayer", {"A": 10.0, "rho": 0.7}, 4.0, _screening(1.0))
F = Function("F", "sqrt-embedding", ("D",), (Parameter("D", "", 2.0, -np.inf, np.inf, True),), cutoff=np.inf)
#: Places of the parameters of the screening functions.
FIXED = ((3, 4), (2, 3))


def _starts(function: Function) -> list[float]:
    return [p.start for p in function.all_parameters]


@pytest.mark.parametrize("free", [((), ()), ((0, 1, 2), (0, 1)), ((0, 3), (2, 3))])
def test_rows_are_those_of_both(free: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    both = compile_fused_pair(V, RHO, free[0], (), free[1], ())
    assert both is not None
    alone = [compile_function(f, own, False) for f, own in zip((V, RHO), free, strict=True)]
    wanted = np.concatenate([run(p, _starts(f), X) for p, f in zip(alone, (V, RHO), strict=True)])
    found = run(both, _starts(V) + _starts(RHO), X)
    assert np.abs(found - wanted).max(axis=1) == pytest.approx(0, abs=1e-14 * np.abs(wanted).max())


def test_values_have_the_same_bits_with_and_without_derivatives() -> None:
    values = compile_fused_pair(V, RHO, (), FIXED[0], (), FIXED[1])
    derivatives = compile_fused_pair(V, RHO, (0, 1, 2), FIXED[0], (0, 1), FIXED[1])
    starts = _starts(V) + _starts(RHO)
    assert np.array_equal(run(values, starts, X), run(derivatives, starts, X)[[0, 1, 8, 9]])


def test_the_same_screening_is_worked_out_once() -> None:
    both = compile_fused_pair(V, RHO, (), FIXED[0], (), FIXED[1])
    alone = [compile_function(f, (), False, fixed) for f, fixed in zip((V, RHO), FIXED, strict=True)]
    assert [int(step[0]) for step in both.vector].count(Op.INVERT) == 1
    assert len(both.vector) <= sum(len(program.vector) for program in alone) - 6


def test_no_partner_without_the_same_kind_of_screening() -> None:
    plain = replace(RHO, screening=None)
    assert compile_fused_pair(V, plain, (), (), (), ()) is None
    assert compile_fused_pair(plain, V, (), (), (), ()) is None
    other = _function("S", "user-function", {}, 4.0, None)
    assert compile_fused_pair(V, replace(RHO, screening=other), (), (), (), ()) is None


def _potential(reach: float) -> Potential:
    """Return one for two species; where they are different, only one of the two densities has the partner."""
    weaker = replace(RHO, id="weaker", screening=_screening(1.3))
    functions = V, replace(RHO, cutoff=reach), weaker, F
    parameters = tuple(p for f in functions for p in f.all_parameters)
    return Potential("P", "eam", parameters, functions, (0, 0, 0, 1, 2, 1, 1, 3, 3))


def _columns(
    potential: Potential, free: tuple[int, ...], programs: tuple[CompiledFunction, ...]
) -> np.ndarray:
    geometry = Geometry(batch_of(list(sample_structures("eam", 2).values()), 4.0, 2))
    columns = np.zeros((1 + len(free), geometry.n_rows(True)))
    values, places = np.array([p.start for p in potential.parameters]), np.array(free, dtype=np.int32)
    functions = functions_of(potential, programs)
    assert evaluate("eam", geometry, values, places, columns, True, functions) is None
    return columns


@pytest.mark.parametrize("free", [(), (0, 1, 2, 5, 6, 9)])
@pytest.mark.parametrize("reach", [4.0, 3.2])
def test_a_potential_is_the_same_without_fused_pairs(free: tuple[int, ...], reach: float) -> None:
    potential = _potential(reach)
    programs = compile_programs(potential, FORMS["eam"], 2, free)
    assert isinstance(programs[0], Program)
    assert programs[0].fused is not None
    found = _columns(potential, free, programs)
    wanted = _columns(potential, free, (replace(programs[0], fused=None), *programs[1:]))
    assert np.abs(found).max(axis=1).min() > 0.01
    # Sums over some hundred pairs of numbers that differ in the last place.
    assert np.abs(found - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_derivatives_have_the_same_bits_whether_slopes_are_kept_or_not() -> None:
    potential = _potential(4.0)
    few, many = (
        (5, 6, 9),
        (5, 6, 7, 9, 10, 11),
    )  # those of a density's first two parameters are kept, of three not
    kept, again = (
        _columns(potential, f, compile_programs(potential, FORMS["eam"], 2, f)) for f in (few, many)
    )
    assert np.array_equal(kept, again[[0, 1, 2, 4]])
