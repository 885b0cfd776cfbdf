"""The normal equations: J^T J is cheaper to sum than a triangular factor, and has the square of its condition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.linalg import lapack

from hpcfit.records import FloatArray
from hpcfit.solver.problem import Linearisation
from hpcfit.solver.triangular import factor_rows, linearisation, pack, unpack

#: (Smallest over largest singular value)^2 of a damped system below which half of a step's digits are rounding.
LEAST_CONDITION = 1e-12


def products_of_rows(rows: FloatArray) -> FloatArray:
    """Return the packed upper triangle of [r J]^T [r J].

    Parameters
    ----------
    rows
        [1 + n, n_rows], r and the columns of J.
    """
    return pack(rows @ rows.T)


def factored(packed: FloatArray) -> Linearisation:
    """Return the linearisation that follows from the products of all rows.

    J^T J with columns scaled to norm 1 (Jacobi scaling) is factored by pivoted Cholesky, which stops at rounding level:
    the remaining directions count as without effect.
    """
    products = unpack(packed)
    n = len(products) - 1
    if not np.isfinite(packed).all():
        return Linearisation(np.full((n, n), np.nan), np.full(n, np.nan), rest=np.nan)
    norms = np.sqrt(np.diag(products)[1:])
    norms[norms == 0.0] = 1.0
    cholesky, pivots, rank, _ = lapack.dpstrf(products[1:, 1:] / np.outer(norms, norms))
    order = pivots - 1
    triangle, projection = np.zeros((n, n)), np.zeros(n)
    triangle[:rank, order] = np.triu(cholesky)[:rank]
    gradient = (products[0, 1:] / norms)[order][:rank]
    if rank:
        projection[:rank] = lapack.dtrtrs(cholesky[:rank, :rank], gradient, trans=1)[0]
    at = linearisation(factor_rows(np.vstack([(triangle * norms).T, projection])))
    rest = products[0, 0] - float(at.projection @ at.projection)
    return replace(at, rest=float(np.sqrt(max(rest, 0.0))))
