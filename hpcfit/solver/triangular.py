"""Triangular factors of [J r]: of a block of rows, of two blocks together, and packed for a message.

The condition number is not squared: QR throughout, no J^T J. LAPACK does the work (dgeqrf for rows, the
triangular-pentagonal dtpqrt for two triangles).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation

#: Columns that LAPACK's blocked codes take at once.
_PANEL = 32


def factor_rows(rows: FloatArray) -> FloatArray:
    """Return the packed triangular factor of [J r]; `rows` is overwritten.

    Parameters
    ----------
    rows
        [n + 1, n_rows], C-contiguous: row j is column j of J, the last one r.

    Returns
    -------
    FloatArray
        [(n + 1)(n + 2)/2], the upper triangle row by row; all NaN if `rows` holds a number that is not finite.
    """
    n_columns = len(rows)
    if not np.isfinite(rows).all():
        return np.full(n_columns * (n_columns + 1) // 2, np.nan)
    if rows.shape[1] == 0:
        # LAPACK takes this for a mistake, and says so on standard output.
        return np.zeros(n_columns * (n_columns + 1) // 2)
    factored = lapack.dgeqrf(rows.T, lwork=_PANEL * n_columns, overwrite_a=1)[0]
    triangle = np.zeros((n_columns, n_columns))
    n_kept = min(factored.shape)
    triangle[:n_kept] = np.triu(factored[:n_kept])
    return _pack(triangle)


def combine_triangles(upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Return the packed factor of two blocks of rows from their packed factors."""
    first, second = np.asfortranarray(_unpack(upper)), np.asfortranarray(_unpack(lower))
    n_columns = len(first)
    if not (np.isfinite(upper).all() and np.isfinite(lower).all()):
        return np.full_like(upper, np.nan)
    combined = lapack.dtpqrt(n_columns, min(n_columns, _PANEL), first, second, overwrite_a=1, overwrite_b=1)[
        0
    ]
    return _pack(np.triu(combined))


def linearisation(packed: FloatArray) -> Linearisation:
    """Return R with a non-negative diagonal, Q^T r and the rest of |r| from the packed factor of all rows of [J r]."""
    triangle = _unpack(packed)
    triangle *= np.where(np.diag(triangle) < 0.0, -1.0, 1.0)[:, None]
    return Linearisation(triangle[:-1, :-1].copy(), triangle[:-1, -1].copy(), rest=float(triangle[-1, -1]))


@lru_cache(maxsize=2)
def _upper(n: int) -> NDArray[np.bool_]:
    """Return which elements [n, n] lie in the upper triangle; made anew, it takes longer than the combining."""
    return np.triu(np.ones((n, n), dtype=np.bool_))


def _pack(triangle: FloatArray) -> FloatArray:
    return triangle[_upper(len(triangle))]


def _unpack(packed: FloatArray) -> FloatArray:
    n_columns = int(np.sqrt(2 * len(packed)))
    triangle = np.zeros((n_columns, n_columns))
    triangle[_upper(n_columns)] = packed
    return triangle
