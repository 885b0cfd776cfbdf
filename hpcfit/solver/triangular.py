"""Triangular factors of [J r]: of a block of rows, of two blocks combined, and packed for a message.

The condition number is not squared: QR throughout, no J^T J. LAPACK does the work (dgeqrf for many columns, the
triangular-pentagonal dtpqrt for few, for two triangles, and for rows below a triangle).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation

#: Block sizes of LAPACK's blocked codes, and of streaming over rows.
_PANEL, _NARROW = 32, 8

#: Up to this many columns rows are streamed in pieces that stay in the second-level cache: measured 1.5 times (21
#: columns) to 5 times (101) as fast as dgeqrf, which is faster from about 500 on.
_MOST_STREAMED = 256

#: Rows in a piece: at least the first number, and the second times the columns.
_LEAST_ROWS, _ROWS_PER_COLUMN = 512, 4


def factor_rows(rows: FloatArray, residual: int = -1) -> FloatArray:
    """Return the packed triangular factor of [J r].

    Parameters
    ----------
    rows
        [n + 1, n_rows]: the columns of J in order and r.
    residual
        Which of `rows` is r, the first (0) or the last (-1).

    Returns
    -------
    FloatArray
        [(n + 1)(n + 2)/2], the upper triangle column by column; all NaN if `rows` holds a number that is not finite.
    """
    n_columns, n_rows = rows.shape
    if not np.isfinite(rows).all():
        return np.full(n_columns * (n_columns + 1) // 2, np.nan)
    piece = max(n_rows, 1)
    if n_columns <= _MOST_STREAMED:
        piece = max(_LEAST_ROWS, _ROWS_PER_COLUMN * n_columns) // 8 * 8
    scratch = aligned(n_columns * min(piece, n_rows))
    triangle = np.zeros((n_columns, n_columns), order="F")
    for first in range(0, n_rows, piece):
        part = rows[:, first : first + piece]
        copy = scratch[: part.size].reshape(part.shape)
        if residual == 0:
            copy[:-1], copy[-1] = part[1:], part[0]
        else:
            copy[:] = part
        triangle = _below(triangle, copy) if n_columns <= _MOST_STREAMED else _whole(copy)
    return pack(triangle)


def _below(triangle: FloatArray, rows: FloatArray) -> FloatArray:
    """Return the factor of `rows` [n_columns, n_rows] below a triangle; both are overwritten."""
    panel = min(len(rows), _NARROW)
    return np.asarray(lapack.dtpqrt(0, panel, triangle, rows.T, overwrite_a=1, overwrite_b=1)[0])


def _whole(rows: FloatArray) -> FloatArray:
    """Return the factor of `rows` [n_columns, n_rows], which are overwritten."""
    n_columns = len(rows)
    factored = lapack.dgeqrf(rows.T, lwork=_PANEL * n_columns, overwrite_a=1)[0]
    triangle = np.zeros((n_columns, n_columns), order="F")
    n_kept = min(factored.shape)
    triangle[:n_kept] = factored[:n_kept]
    return triangle


def combine_triangles(upper: FloatArray, lower: FloatArray) -> FloatArray:
    """Return the packed factor of two blocks of rows from their packed factors."""
    if not (np.isfinite(upper).all() and np.isfinite(lower).all()):
        return np.full_like(upper, np.nan)
    first, second = unpack(upper), unpack(lower)
    n_columns = len(first)
    panel = min(n_columns, _NARROW if n_columns <= _MOST_STREAMED else _PANEL)
    return pack(lapack.dtpqrt(n_columns, panel, first, second, overwrite_a=1, overwrite_b=1)[0])


def linearisation(packed: FloatArray) -> Linearisation:
    """Return R with a non-negative diagonal, Q^T r and the rest of |r| from the packed factor of all rows of [J r]."""
    triangle = unpack(packed)
    triangle *= np.where(np.diag(triangle) < 0.0, -1.0, 1.0)[:, None]
    return Linearisation(
        np.ascontiguousarray(triangle[:-1, :-1]), triangle[:-1, -1].copy(), rest=float(triangle[-1, -1])
    )


def with_rows(at: Linearisation, jacobian: FloatArray, residual: FloatArray) -> Linearisation:
    """Return a linearisation with further rows of J [n_rows, n] and r [n_rows]."""
    n = len(at.projection)
    triangle = np.zeros((n + 1, n + 1), order="F")
    triangle[:n, :n], triangle[:n, n], triangle[n, n] = at.triangle, at.projection, at.rest
    return linearisation(combine_triangles(pack(triangle), factor_rows(np.vstack([jacobian.T, residual]))))


def aligned(size: int) -> FloatArray:
    """Return `size` numbers aligned to a cache line, so that no sum depends on the alignment."""
    raw = np.empty(size + 8)
    offset = (-raw.ctypes.data // 8) % 8
    return raw[offset : offset + size]


def pack(triangle: FloatArray) -> FloatArray:
    """Return the upper triangle [n, n] column by column; entries below the diagonal are not read."""
    return np.asarray(lapack.dtrttp(triangle)[0])


def unpack(packed: FloatArray) -> FloatArray:
    """Return the upper triangle [n, n] from `pack`, in Fortran order."""
    return np.asarray(lapack.dtpttr(int(np.sqrt(2 * len(packed))), packed)[0])
