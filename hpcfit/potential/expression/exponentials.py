"""Exponentials that are integer powers of others, and sums of such powers, at one multiplication each."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy

#: Exponents up to this are computed by multiplications.
_MOST_POWER = 8


def exponential_powers(value: Any, parts: Mapping[Any, Any]) -> dict[Any, tuple[Any, int]]:
    """Return the exponentials of an expression that are integer powers of others, with base and power.

    Derivatives have the exponentials of the value only, so that the result does not depend on the outputs.
    """
    while not value.free_symbols.isdisjoint(parts):
        value = value.xreplace(parts)
    found: dict[Any, tuple[Any, int]] = {}
    exponentials = sorted(value.atoms(sympy.exp), key=sympy.default_sort_key)
    for power, base in itertools.permutations(exponentials, 2):
        whole = _whole_ratio(power.exp, base.exp)
        if 1 < whole <= _MOST_POWER and base not in found:
            found[power] = (base, whole)
    return found


def _whole_ratio(above: Any, below: Any) -> int:
    """Return the integer ratio of two sums of terms, 0 if there is none."""
    terms, others = above.as_coefficients_dict(), below.as_coefficients_dict()
    if terms.keys() != others.keys():
        return 0
    ratios = [float(terms[key] / others[key]) for key in terms]
    whole = round(ratios[0])
    # The constants of a formula are rounded: 2.0000000000000004 is 2.
    return whole if all(abs(ratio - whole) < 1e-15 * whole for ratio in ratios) else 0


@dataclass(frozen=True)
class InPowers:
    """A sum ``factor * (c_0 + c_1 base + c_2 base^2 + ...)``, with uniform coefficients by powers."""

    factor: Any
    base: Any
    coefficients: dict[int, Any]


def in_powers(
    expression: Any, powers: Mapping[Any, tuple[Any, int]], varies: Callable[[Any], bool]
) -> InPowers | None:
    """Return an expression as a sum of powers of one exponential, None if it is not one.

    Parameters
    ----------
    expression
        A sum, or a product of a sum and uniform factors.
    powers
        From `exponential_powers`.
    varies
        Whether a symbol is not uniform.
    """

    def split(product: Any) -> tuple[Any, Any]:
        uniform, rest = product.as_independent(*filter(varies, product.free_symbols), as_Add=False)
        return uniform, rest

    uniform, rest = split(expression)
    if not rest.is_Add:
        return None
    factors, coefficients = set(), {}
    for coefficient, varying in map(split, rest.args):
        found = _power_in(varying, powers)
        if found is None:
            return None
        factor, base, power = found
        factors.add((factor, base))
        coefficients[power] = uniform * coefficient
    if len(factors) > 1 or len(coefficients) < len(rest.args):
        return None
    return InPowers(*factors.pop(), coefficients)


def _power_in(product: Any, powers: Mapping[Any, tuple[Any, int]]) -> tuple[Any, Any, int] | None:
    """Return the factor, the exponential and the power of a product."""
    bases = {base for base, _ in powers.values()}
    for part in sympy.Mul.make_args(product):
        if part in powers or part in bases:
            base, power = powers.get(part, (part, 1))
            return product / part, base, power
    return None
