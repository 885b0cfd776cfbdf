"""How a function ends at its cut-off c: shifted, shifted in force, or tapered; as syntax trees.

    shift        f(x) - f(c)
    force-shift  f(x) - f(c) - (x - c) f'(c)
    taper        f(x) [1 - u^3 (10 - 15 u + 6 u^2)],  u = (x - c + w)/w between c - w and c, else 0

Derivatives by parameters follow from these formulas as from any other: f(c) and f'(c) depend on the parameters too.
"""

from __future__ import annotations

from collections.abc import Mapping

from hpcfit.potential.expression.syntax import Name, Node, Number, Operation, substituted

#: The operator of a slope at a number: a formula in `BOUND`, and the number; formulas cannot contain it.
SLOPE_AT = "slope at"

#: The variable of the formula of `SLOPE_AT`; formulas cannot contain it.
BOUND = "0 bound"


def ended(tree: Node, ending: str, variable: str, cutoff: float, width: float, names: list[str]) -> Node:
    """Return a function that ends at its cut-off in the given way.

    Parameters
    ----------
    tree
        The function.
    ending
        ``shift``, ``force-shift`` or ``taper``; empty for none.
    variable
        Name of x.
    cutoff, width
        The cut-off, and the width of a taper.
    names
        All names in `tree`.
    """
    if not ending:
        return tree
    x, end = Name(variable), Number(cutoff)
    if ending == "taper":
        return Operation("*", (tree, _taper(x, cutoff, width)))
    known: Mapping[str, Node] = {name: Name(name) for name in names}
    shifted = Operation("-", (tree, substituted(tree, {**known, variable: end})))
    if ending == "shift":
        return shifted
    slope = Operation(SLOPE_AT, (substituted(tree, {**known, variable: Name(BOUND)}), end))
    return Operation("-", (shifted, Operation("*", (Operation("-", (x, end)), slope))))


def _taper(x: Node, cutoff: float, width: float) -> Node:
    u = Operation("/", (Operation("-", (x, Number(cutoff - width))), Number(width)))
    inner = Operation("+", (Number(-15.0), Operation("*", (Number(6.0), u))))
    inner = Operation("+", (Number(10.0), Operation("*", (u, inner))))
    cube = Operation("^", (u, Number(3.0)))
    falling = Operation("-", (Number(1.0), Operation("*", (cube, inner))))
    inside = Operation("<=", (x, Number(cutoff - width)))
    return Operation("?:", (inside, Number(1.0), falling))
