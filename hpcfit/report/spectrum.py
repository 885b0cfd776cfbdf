"""How well the data determine the parameters: singular values, and which parameters make up the loose directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.records import FloatArray, Parameter
from hpcfit.report.table import Table
from hpcfit.runfile.run import RunResult

#: A direction is described by the parameters that make up this share of it, at most so many.
_SHARE, _MOST = 0.95, 5

#: A parameter takes part in a loose direction from this component on: less is rounding.
_PART = 1e-4


def spectrum_table(result: RunResult, free: Sequence[Parameter]) -> Table:
    """Return the directions of the free parameters from the best determined to the loosest.

    A singular value counts from the largest one; the share of a parameter is the square of its component.
    """
    values = result.singular_values
    largest = float(values[0]) or 1.0
    rows = tuple(
        (_made_of(direction, free), f"{value:.3e}", f"{value / largest:.3e}")
        for value, direction in zip(values, result.directions, strict=True)
    )
    return Table("spectrum", ("direction", "singular value", "of the largest"), rows)


def loosest(result: RunResult, free: Sequence[Parameter]) -> str:
    """Return what the loosest direction is made of; empty where there are fewer than two."""
    return _made_of(result.directions[-1], free) if len(result.directions) > 1 else ""


def undetermined(
    result: RunResult, parameters: Sequence[Parameter], at_bound: Sequence[bool], n_residuals: int
) -> list[str]:
    """Return the paths of the parameters, of those that vary and are not at a bound, that the data say nothing of.

    Without more residuals than determined directions no variance is known: then free parameters alone are judged, by
    what the loose directions are made of.
    """
    varying = [(p, bound) for p, bound in zip(parameters, at_bound, strict=True) if p.varies]
    unknown = ~np.isfinite(np.diagonal(result.covariance))
    values = result.singular_values
    if len(values) and np.isfinite(values).all():
        rank = int(np.count_nonzero(values > len(values) * np.finfo(float).eps * values[0]))
        if n_residuals <= rank:
            loose = np.linalg.norm(result.directions[rank:], axis=0) >= _PART
            unknown[[p.free for p, _ in varying]] &= loose
            unknown[[not p.free for p, _ in varying]] = False
    return [p.path for (p, bound), lost in zip(varying, unknown, strict=True) if lost and not bound]


def _made_of(direction: FloatArray, free: Sequence[Parameter]) -> str:
    shares = direction**2
    if not np.isfinite(shares).all():
        return "not finite"
    order = np.argsort(-shares, kind="stable")
    n = min(int(np.searchsorted(np.cumsum(shares[order]), _SHARE)) + 1, _MOST)
    # Of the two signs of a direction the one with which its largest part grows.
    sign = np.sign(direction[order[0]])
    parts = [f"{'+' if sign * direction[k] > 0 else '-'}{free[k].path} {shares[k]:.0%}" for k in order[:n]]
    return ", ".join(parts)
