"""Singular values of the fit, and the parameters that make up the sloppy directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.records import FloatArray, Parameter
from hpcfit.report.table import Table
from hpcfit.runfile.run import RunResult

#: A direction is described by the parameters that make up this share of it, at most this many.
_SHARE, _MOST = 0.95, 5

#: Mean square of residuals, in tolerances, below which they are rounding errors if no variance is known.
_EXACT = 1e-12

#: A parameter is part of a sloppy direction from this component on; smaller ones are rounding.
_PART = 1e-4


def spectrum_table(result: RunResult, free: Sequence[Parameter]) -> Table:
    """Return the directions of the free parameters, from the best to the worst determined.

    Singular values are also given relative to the largest; the share of a parameter is the square of its component.
    """
    values = result.singular_values
    largest = float(values[0]) or 1.0
    rows = tuple(
        (_made_of(direction, free), f"{value:.3e}", f"{value / largest:.3e}")
        for value, direction in zip(values, result.directions, strict=True)
    )
    return Table("spectrum", ("direction", "singular value", "of the largest"), rows)


def loosest(result: RunResult, free: Sequence[Parameter]) -> str:
    """Return the parameters of the worst determined direction; empty if there are fewer than two directions."""
    return _made_of(result.directions[-1], free) if len(result.directions) > 1 else ""


def undetermined(
    result: RunResult, parameters: Sequence[Parameter], at_bound: Sequence[bool], n_residuals: int
) -> list[str]:
    """Return the paths of varying parameters, not at a bound, that the data do not determine.

    If residuals do not outnumber determined directions, or are rounding errors, no variance is known; then only free
    parameters are judged, by the sloppy directions.
    """
    varying = [(p, bound) for p, bound in zip(parameters, at_bound, strict=True) if p.varies]
    unknown = ~np.isfinite(np.diagonal(result.covariance))
    values = result.singular_values
    if len(values) and np.isfinite(values).all():
        rank = int(np.count_nonzero(values > len(values) * np.finfo(float).eps * values[0]))
        exact = unknown.all() and result.state.cost <= _EXACT * n_residuals
        if n_residuals <= rank or exact:
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
    # Choose the sign of a direction so that its largest component is positive.
    sign = np.sign(direction[order[0]])
    parts = [f"{'+' if sign * direction[k] > 0 else '-'}{free[k].path} {shares[k]:.0%}" for k in order[:n]]
    return ", ".join(parts)
