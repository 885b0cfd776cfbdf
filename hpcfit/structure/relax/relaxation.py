"""Relaxation of one structure: Newton's method with updated second derivatives.

Second derivatives start as differences of exact gradients, or as those of an earlier point. Symmetric rank-one updates
(Nocedal and Wright, Numerical Optimization, 2nd ed., eq. 6.24) follow, and differences are repeated when steps no
longer lower the energy. Steps go downhill (absolute eigenvalues), stop at bounds, and are at most `_LONGEST` times a
factor that shrinks while energies do not decrease.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpcfit.records import FloatArray
from hpcfit.structure.evaluation_requests import EvaluationRequest, Evaluations, Images, Requests
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom

#: Converged: gradients in eV/Angstrom, by strain over the square root of the number of atoms in eV.
TOLERANCE = 1e-8
#: Steps continue to this gradient while each improves, so that differences of relaxed properties are smooth.
_GOAL = 1e-11
_MOST_STEPS = 200
#: Longest step, in units of `DegreesOfFreedom.scale`, Angstrom or strain times the square root of the number of atoms.
_LONGEST = 0.1
#: Beyond these stretches the cell has left the range of the potential.
_STRETCHES = (0.5, 2.0)
#: Step of the initial second derivatives, which need not be exact.
_STEP = 2e-4
#: Eigenvalues below this fraction of the largest count as zero: rotations of molecules, vacuum.
FLAT = 1e-8


@dataclass(frozen=True)
class Relaxed:
    """The result of a relaxation.

    Parameters
    ----------
    s
        [n].
    at_bound
        [n], whether a degree of freedom is at a bound.
    message
        Why it did not converge, or which bounds are active; empty otherwise.
    failed
        Whether it did not converge.
    """

    s: FloatArray
    at_bound: NDArray[np.bool_]
    message: str = ""
    failed: bool = False


def images_at(key: object, degrees: DegreesOfFreedom, s: FloatArray) -> Images:
    """Return the structure at points `s` [k, n]."""
    cell, position = degrees.place(s)
    return Images((key,), degrees.atoms.species, degrees.atoms.pbc, cell, position)


def gradients_at(
    key: object, degrees: DegreesOfFreedom, s: FloatArray
) -> Requests[tuple[FloatArray, FloatArray]]:
    """Return energies [k] and gradients [k, n] at points `s` [k, n]."""
    evaluations: Evaluations = yield EvaluationRequest((images_at(key, degrees, s),), derivatives=False)
    values = evaluations[0]
    return values.energies[0], degrees.gradient(s, values.forces, values.virials)[0]


def relax(
    key: object, degrees: DegreesOfFreedom, start: FloatArray, hessian: FloatArray | None = None
) -> Requests[Relaxed]:
    """Find the minimum of a structure's energy near a point.

    Parameters
    ----------
    key
        Identifies the structure.
    degrees
        The relaxed degrees of freedom.
    start
        [n]; values out of bounds are moved to the bound.
    hessian
        [n, n], second derivatives of the scaled energy at a nearby point; None to compute them.

    Returns
    -------
    Relaxed
        Depends on the arguments only.
    """
    none = np.zeros(degrees.n, dtype=bool)
    if degrees.n == 0:
        return Relaxed(start, none)
    start = np.clip(start, degrees.lower, degrees.upper)
    search = _Search(degrees, start, hessian)
    energies, gradients = yield from gradients_at(key, degrees, start[None])
    if not np.isfinite(energies[0]) or not np.isfinite(gradients).all():
        return Relaxed(start, none, "energy or force is not finite", failed=True)
    search.begin(energies[0], gradients[0])
    for _ in range(_MOST_STEPS):
        if search.done:
            return search.result()
        if search.hessian is None:
            energies, gradients = yield from gradients_at(key, degrees, search.around())
            search.learn(gradients)
        point = search.propose()
        energies, gradients = yield from gradients_at(key, degrees, point[None])
        search.judge(point, energies[0], gradients[0])
        stretches = degrees.stretches(search.s)
        if stretches.min() < _STRETCHES[0]:
            return Relaxed(start, none, f"cell shrinks below {_STRETCHES[0]} of its start", failed=True)
        if stretches.max() > _STRETCHES[1]:
            return Relaxed(start, none, f"cell grows beyond {_STRETCHES[1]} of its start", failed=True)
    if search.size <= TOLERANCE:
        return search.result()
    return Relaxed(start, none, f"gradient is {search.size:.1e} after {_MOST_STEPS} steps", failed=True)


class _Search:
    """State of a relaxation: point, gradient in units of `DegreesOfFreedom.scale`, second derivatives, step length."""

    def __init__(self, degrees: DegreesOfFreedom, start: FloatArray, hessian: FloatArray | None) -> None:
        self._degrees = degrees
        self.s = start
        self.hessian = hessian
        self._fresh = False
        self._reach = 1.0
        self.done = False

    def begin(self, energy: float, gradient: FloatArray) -> None:
        """Set the first point."""
        self._set(self.s, energy, gradient)
        self.done = self.size <= _GOAL

    def _set(self, s: FloatArray, energy: float, gradient: FloatArray) -> None:
        f = self._degrees
        self.s, self._energy, self._gradient = s, energy, gradient * f.scale
        downhill = -self._gradient
        self._at_bound = ((s <= f.lower) & (downhill < 0)) | ((s >= f.upper) & (downhill > 0))
        self.size = float(np.abs(self._gradient[~self._at_bound]).max(initial=0.0))

    def around(self) -> FloatArray:
        """Return points [n, n] for differences."""
        return self.s + _STEP * np.diag(self._degrees.scale)

    def learn(self, gradients: FloatArray) -> None:
        """Compute second derivatives from the gradients `around`."""
        n = self._degrees.n
        rows = (gradients * self._degrees.scale - self._gradient) / _STEP
        # If a difference is not finite, a gradient step is better than none.
        self.hessian = np.where(np.isfinite(rows), (rows + rows.T) / 2, np.eye(n))
        self._fresh = True

    def propose(self) -> FloatArray:
        """Return the next point [n]."""
        assert self.hessian is not None
        f = self._degrees
        free = np.flatnonzero(~self._at_bound)
        step = np.zeros(f.n)
        step[free] = _downhill(self.hessian[np.ix_(free, free)], self._gradient[free])
        longest = np.abs(step).max(initial=0.0)
        if longest > self._reach * _LONGEST:
            step *= self._reach * _LONGEST / longest
        return np.clip(self.s + f.scale * step, f.lower, f.upper)

    def judge(self, point: FloatArray, energy: float, gradient: FloatArray) -> None:
        """Accept a point if its energy is lower; update the second derivatives in either case."""
        step = (point - self.s) / self._degrees.scale
        # Near convergence energies differ by less than their rounding errors, so steps are accepted.
        rounding = 1e-14 * max(1.0, abs(self._energy)) * len(self._degrees.atoms)
        expected = self._energy + 1e-4 * float(self._gradient @ step) + rounding
        if not (energy <= expected and np.isfinite(gradient).all()):
            # A step of rounding size that does not improve ends the search as well.
            self.done = self.size <= TOLERANCE
            if self._fresh:
                self._reach = 0.25 * float(np.abs(step).max()) / _LONGEST
            else:
                self.hessian = None
            return
        before, change = self.size, gradient * self._degrees.scale - self._gradient
        self._set(point, energy, gradient)
        self._reach = min(1.0, 4.0 * self._reach)
        self.done = self.size <= _GOAL or (self.size <= TOLERANCE and self.size > 0.5 * before)
        if self.size > 0.5 * before and not self.done:
            self.hessian = None
            return
        assert self.hessian is not None
        self.hessian = _updated(self.hessian, step, change)
        self._fresh = False

    def result(self) -> Relaxed:
        """Return the point and its active bounds."""
        ends = ["minimum" if at_lower else "maximum" for at_lower in self.s <= self._degrees.lower]
        at_bound = np.flatnonzero(self._at_bound)
        said = [f"{self._degrees.names[k]} halted at its {ends[k]}" for k in at_bound]
        return Relaxed(self.s, self._at_bound, ", ".join(said))


def _downhill(hessian: FloatArray, gradient: FloatArray) -> FloatArray:
    """Return -|H|^-1 g, with |eigenvalues| raised to `FLAT` times the largest."""
    if len(gradient) == 0:
        return gradient
    values, vectors = np.linalg.eigh(hessian)
    curvature = np.maximum(np.abs(values), max(FLAT * np.abs(values).max(), 1e-300))
    return np.asarray(-vectors @ ((vectors.T @ gradient) / curvature))


def flat_inverse(matrix: FloatArray) -> FloatArray:
    """Return the pseudo-inverse of a symmetric matrix without its nearly flat directions."""
    if len(matrix) == 0:
        return matrix
    values, vectors = np.linalg.eigh(matrix)
    kept = np.abs(values) > FLAT * np.abs(values).max()
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)


def _updated(hessian: FloatArray, step: FloatArray, change: FloatArray) -> FloatArray:
    """Return second derivatives that reproduce a change of the gradient; Nocedal and Wright, eq. 6.24 and 6.26."""
    missing = change - hessian @ step
    product = float(missing @ step)
    if abs(product) <= 1e-8 * float(np.sqrt((step @ step) * (missing @ missing))):
        return hessian
    return np.asarray(hessian + np.outer(missing, missing) / product)
