"""The damped linear problem min |A w + b|^2 + lambda |w|^2 for any lambda, and for a given length of w.

A is triangular, with the columns of J divided by D: w = D v. Every lambda takes one QR of [A; sqrt(lambda) I], a
triangle on a diagonal (LAPACK's dtpqrt), so that the condition number is never squared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import blas, lapack

from hpcfit.records import FloatArray

#: Block size of LAPACK's blocked codes.
_PANEL = 32

#: Relative tolerance of |w| (Moré 1978 takes 0.1; the length of a step needs no precision).
_TOLERANCE = 0.05

#: Newton's iteration on the secular equation takes two or three steps; this many only where A is singular.
_MOST_STEPS = 20

#: If A is singular, second-order steps omit directions with smaller singular values, whose squares are as small as the
#: rounding of J^T r''.
_HIDDEN = 1e-6

_EPSILON = float(np.finfo(float).eps)
_TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Solution:
    """The minimiser for one lambda.

    Parameters
    ----------
    damping
        lambda.
    w
        [n].
    factor
        Upper triangular factor of [A; sqrt(lambda) I].
    length
        |w|.
    is_regular
        Whether A has full rank.
    """

    damping: float
    w: FloatArray
    factor: FloatArray
    length: float
    is_regular: bool = True

    def second_order(self, gradient: FloatArray) -> FloatArray:
        """Return the w that solves (A^T A + lambda) w = -gradient, by semi-normal equations with the factor.

        If A is singular and lambda small, null directions would turn the gradient's rounding into steps of any length:
        they are damped, every column in units of its own.
        """
        factor = self.factor
        if not self.is_regular:
            norms = np.sqrt(np.einsum("ij,ij->j", factor, factor))
            hidden = np.asfortranarray(np.diag(_HIDDEN * norms))
            factor = lapack.dtpqrt(len(norms), min(len(norms), _PANEL), factor, hidden)[0]
        return -_solve(factor, _solve(factor, gradient, transposed=True))

    @cached_property
    def condition(self) -> float:
        """Reciprocal condition number of the factor, in the 1-norm."""
        return _reciprocal_condition(self.factor)


class System:
    """A and b of one linearisation, restricted to some components.

    Parameters
    ----------
    augmented
        [n + 1, n + 1] upper triangle of [A b]; its last diagonal element does not matter.
    """

    def __init__(self, augmented: FloatArray) -> None:
        self._augmented = augmented
        self._n = len(augmented) - 1
        self._lower = np.zeros_like(augmented, order="F")

    @classmethod
    def of_columns(cls, columns: FloatArray, target: FloatArray) -> System:
        """Return the system of general columns [m, n], with m >= n, and target [m]."""
        n = columns.shape[1]
        whole = np.empty((len(columns), n + 1), order="F")
        whole[:, :n], whole[:, n] = columns, target
        factored = lapack.dgeqrf(whole, lwork=_PANEL * (n + 1), overwrite_a=1)[0]
        augmented = np.zeros((n + 1, n + 1), order="F")
        augmented[: len(factored)] = np.triu(factored[: n + 1])
        return cls(augmented)

    @property
    def matrix(self) -> FloatArray:
        """A, [n, n]."""
        return self._augmented[: self._n, : self._n]

    @property
    def target(self) -> FloatArray:
        """b, [n]."""
        return self._augmented[: self._n, self._n]

    @cached_property
    def is_regular(self) -> bool:
        """Whether A has full rank to working precision, columns scaled to norm 1."""
        norms = np.sqrt(np.einsum("ij,ij->j", self.matrix, self.matrix))
        if not norms.all():
            return False
        return _reciprocal_condition(self.matrix / norms) > self._n * _EPSILON

    @cached_property
    def undamped(self) -> Solution | None:
        """The Gauss-Newton step; None where A is singular."""
        if not self.is_regular:
            return None
        matrix = np.asfortranarray(self.matrix)
        w = -_solve(matrix, self.target)
        return Solution(0.0, w, matrix, _length(w))

    def damped(self, damping: float) -> Solution:
        """Return the minimiser for lambda = `damping`, above 0."""
        n, lower = self._n, self._lower
        lower[:] = 0.0
        lower.ravel(order="K")[: n * (n + 1) : n + 2] = np.sqrt(damping)
        whole = lapack.dtpqrt(n + 1, min(n + 1, _PANEL), self._augmented, lower)[0]
        factor = np.asfortranarray(whole[:n, :n])
        w = -_solve(factor, whole[:n, n])
        return Solution(damping, w, factor, _length(w), self.is_regular)

    def within(self, radius: float, guess: float) -> Solution:
        """Return the undamped minimiser if it is not longer than `radius`, otherwise the one of that length.

        Moré's iteration: J. J. Moré, Lecture Notes in Mathematics 630, 105 (1978), section 5.

        Parameters
        ----------
        radius
            Above 0.
        guess
            First lambda.
        """
        lower, upper = self._least, _length(self.matrix.T @ self.target) / radius
        enough = 10.0 * lower  # a singular A may have no minimiser of the radius's length
        if self.undamped is not None:
            excess = self.undamped.length - radius
            if excess <= _TOLERANCE * radius:
                return self.undamped
            lower, enough = excess / radius * self._newton(self.undamped), 0.0
        if lower >= upper:
            return self.damped(lower)
        # Ignore a guess outside the bracket.
        damping = guess if lower < guess < upper else max(1e-3 * upper, np.sqrt(lower) * np.sqrt(upper))
        for _ in range(_MOST_STEPS):
            found = self.damped(damping)
            excess = found.length - radius
            if abs(excess) <= _TOLERANCE * radius or (excess < 0.0 and damping <= enough):
                break
            lower, upper = (max(lower, damping), upper) if excess > 0.0 else (lower, min(upper, damping))
            damping += excess / radius * self._newton(found)
            if not lower <= damping <= upper:
                damping = np.sqrt(lower) * np.sqrt(upper)
        return found

    @cached_property
    def _least(self) -> float:
        """The lambda at rounding level: below it, zero singular values would count."""
        squares = np.einsum("ij,ij->j", self.matrix, self.matrix)
        seen = squares[squares > 0.0]
        return float((self._n * _EPSILON) ** 2 * seen.min()) or _TINY if len(seen) else 1.0

    @cached_property
    def settled(self) -> float:
        """Length of the undamped minimiser; of a damped one without the directions at rounding level."""
        return self.undamped.length if self.undamped else self.damped(self._least / self._n / _EPSILON).length

    def _newton(self, found: Solution) -> float:
        """Return |w|^2 / |factor^-T w|^2, which turns the excess over the radius into a step of lambda."""
        length = _length(_solve(found.factor, found.w, transposed=True))
        ratio = found.length / length if length > 0.0 else np.inf
        return ratio * ratio

    def cosine(self, norm: float, cut: float) -> float:
        """Return the length of b in the range of A over `norm`, without singular values below `cut`.

        Parameters
        ----------
        cut
            Relative to the largest singular value of A with columns scaled to norm 1.
        """
        norms = np.sqrt(np.einsum("ij,ij->j", self.matrix, self.matrix))
        kept = norms > 0.0
        if norm == 0.0 or not kept.any():
            return 0.0
        if kept.all() and _reciprocal_condition(self.matrix / norms) > self._n * cut:
            return _length(self.target) / norm
        left, singular, _ = np.linalg.svd(self.matrix[:, kept] / norms[kept], full_matrices=False)
        return _length(left[:, singular > cut * singular[0]].T @ self.target) / norm


def _length(w: FloatArray) -> float:
    return float(blas.dnrm2(w)) if len(w) else 0.0  # without overflow or underflow of squares


def _solve(factor: FloatArray, right: FloatArray, transposed: bool = False) -> FloatArray:
    if len(right) == 0:
        return np.zeros(0)
    return np.asarray(lapack.dtrtrs(factor, right, trans=int(transposed))[0])


def _reciprocal_condition(triangle: FloatArray) -> float:
    return float(lapack.dtrcon(triangle)[0]) if len(triangle) else 1.0
