"""Properties of one relaxed structure, and their exact derivatives by the fitted parameters.

At the relaxed point the gradient g of the energy by the degrees of freedom s is zero for every theta. By the implicit
function theorem

    ds/dtheta = -H^-1 g_theta,    dm/dtheta = m_theta + m_s ds/dtheta

with H the second derivatives of the energy by s and m the moments of the properties. g_theta and m_theta come from the
kernels, H and m_s are differences of exact quantities along s. With fewer parameters than degrees of freedom, moments
of perturbed images are differentiated along ds/dtheta itself. Degrees of freedom at a bound are fixed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.records import Atoms, FloatArray, IntArray, Structure
from hpcfit.structure.evaluation_requests import Requests
from hpcfit.structure.observables._observable import Observable
from hpcfit.structure.perturbations import Point, evaluate_perturbed
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom
from hpcfit.structure.relax.relaxation import Relaxed, flat_inverse, relax
from hpcfit.structure.relax.stencils import OFFSETS, first


@dataclass(frozen=True)
class Task:
    """A property of a structure, and whether it is computed before or after the relaxation."""

    observable: Observable
    relaxed: bool = True


@dataclass(frozen=True)
class Values:
    """The results of tasks.

    Parameters
    ----------
    relaxed
        The relaxation.
    values
        Components per task; empty after a failed relaxation.
    jacobians
        [n_free, components] per task, if requested.
    hessian
        Second derivatives by the degrees of freedom, in units of `DegreesOfFreedom.scale`, if computed.
    """

    relaxed: Relaxed
    values: tuple[FloatArray, ...] = ()
    jacobians: tuple[FloatArray, ...] = ()
    hessian: FloatArray | None = None


class Case:
    """A structure whose properties are computed.

    Parameters
    ----------
    key
        Identifies the structure among those evaluated together.
    structure
        The structure.

    Raises
    ------
    ValueError
        When its degrees of freedom are invalid.
    """

    def __init__(self, key: object, structure: Structure) -> None:
        self.key = key
        self.degrees = DegreesOfFreedom(structure)

    def atoms_at(self, s: FloatArray) -> Atoms:
        """Return the structure at a point [n]."""
        cell, position = self.degrees.place(s[None])
        return Atoms(self.degrees.atoms.species, cell[0], self.degrees.atoms.pbc, position[0])

    def values(
        self, tasks: Sequence[Task], start: FloatArray, hessian: FloatArray | None
    ) -> Requests[Values]:
        """Relax from a point [n], optionally with second derivatives of a nearby point, and compute the properties."""
        relaxed = yield from self._relax(tasks, start, hessian)
        if relaxed.failed:
            return Values(relaxed)
        moments: dict[int, FloatArray] = {}
        for after, s in ((False, self.degrees.start), (True, relaxed.s)):
            own = [k for k, task in enumerate(tasks) if task.relaxed == after]
            if own:
                _, found = yield from self._moments([tasks[k] for k in own], s[None], derivatives=False)
                moments.update(zip(own, (m[0, 0] for m in found), strict=True))
        return Values(relaxed, tuple(task.observable.finish(moments[k]) for k, task in enumerate(tasks)))

    def linearised(self, tasks: Sequence[Task], start: FloatArray) -> Requests[Values]:
        """Relax from a point [n], compute the properties and differentiate; the result depends on them only."""
        relaxed = yield from self._relax(tasks, start, None)
        if relaxed.failed:
            return Values(relaxed)
        before = [k for k, task in enumerate(tasks) if not task.relaxed]
        after = [k for k, task in enumerate(tasks) if task.relaxed]
        moments: dict[int, FloatArray] = {}
        hessian = None
        if before:
            own = [tasks[k] for k in before]
            _, found = yield from self._moments(own, self.degrees.start[None], derivatives=True)
            moments.update(zip(before, (m[:, 0] for m in found), strict=True))
        if after:
            found, hessian = yield from self._response([tasks[k] for k in after], relaxed)
            moments.update(zip(after, found, strict=True))
        finished = [(task.observable, moments[k]) for k, task in enumerate(tasks)]
        return Values(
            relaxed,
            tuple(observable.finish(m[0]) for observable, m in finished),
            tuple(observable.tangent(m[0], m[1:]) for observable, m in finished),
            hessian,
        )

    def _relax(
        self, tasks: Sequence[Task], start: FloatArray, hessian: FloatArray | None
    ) -> Requests[Relaxed]:
        """Relax if a task needs it: from `start`, and if that fails from the job's structure."""
        if not any(task.relaxed for task in tasks):
            return Relaxed(start, np.zeros(self.degrees.n, dtype=bool))
        relaxed = yield from relax(self.key, self.degrees, start, hessian)
        if relaxed.failed and not np.array_equal(start, self.degrees.start):
            relaxed = yield from relax(self.key, self.degrees, self.degrees.start)
        return relaxed

    def _moments(
        self, tasks: Sequence[Task], s: FloatArray, derivatives: bool
    ) -> Requests[tuple[Point, list[FloatArray]]]:
        """Return the evaluations at points [k, n], and the moments [columns, k, m] of every task."""
        cell, position = self.degrees.place(s)
        perturbations = [one for task in tasks for one in task.observable.perturbations]
        point = yield from evaluate_perturbed(
            self.key, self.degrees.atoms, cell, position, perturbations, derivatives
        )
        return point, [task.observable.moments(point) for task in tasks]

    def _response(
        self, tasks: Sequence[Task], at: Relaxed
    ) -> Requests[tuple[list[FloatArray], FloatArray | None]]:
        """Return the moments [1 + n_free, m] of every task with total derivatives, and the second derivatives."""
        f = self.degrees
        point, found = yield from self._moments(tasks, at.s[None], derivatives=True)
        moments = [m[:, 0] for m in found]
        free = np.flatnonzero(~at.at_bound)
        if len(free) == 0:
            return moments, None
        gradients = f.gradient(at.s[None], point.base.forces[1:], point.base.virials[1:])[:, 0] * f.scale
        along_s = len(free) <= len(gradients)
        now = [k for k, task in enumerate(tasks) if along_s or not task.observable.perturbations]
        steps = f.step[free]
        points = _stencil(at.s, steps[:, None] * np.eye(f.n)[free])
        beside, found = yield from self._moments([tasks[k] for k in now], points, derivatives=False)
        slopes = f.gradient(points, beside.base.forces, beside.base.virials)[0] * f.scale
        scaled = steps / f.scale[free]
        hessian = first(slopes.reshape(len(OFFSETS), len(free), -1)[..., free], 1.0) / scaled[:, None]
        hessian = (hessian + hessian.T) / 2
        motion = -(gradients[:, free] @ flat_inverse(hessian))
        for k, m in zip(now, found, strict=True):
            by_s = first(m[0].reshape(len(OFFSETS), len(free), -1), 1.0) / scaled[:, None]
            moments[k][1:] += motion @ by_s
        later = [k for k in range(len(tasks)) if k not in now]
        if later:
            changes = yield from self._along([tasks[k] for k in later], at.s, motion * f.scale[free], free)
            for k, change in zip(later, changes, strict=True):
                moments[k][1:] += change
        return moments, _whole(hessian, free, f.n)

    def _along(
        self, tasks: Sequence[Task], s: FloatArray, motion: FloatArray, free: IntArray
    ) -> Requests[list[FloatArray]]:
        """Return the changes [n_free, m] of each task's moments for a motion [n_free, n] of the degrees of freedom."""
        f = self.degrees
        lengths = np.abs(motion / f.step[free]).max(axis=1)
        # Zero motion gives zero change; motion that is not finite is skipped and gives NaN.
        moving = (lengths > 0) & np.isfinite(lengths)
        steps = np.zeros((len(motion), f.n))
        steps[np.ix_(moving, free)] = motion[moving] / lengths[moving, None]
        _, found = yield from self._moments(tasks, _stencil(s, steps), derivatives=False)
        return [first(m[0].reshape(len(OFFSETS), len(motion), -1), 1.0) * lengths[:, None] for m in found]


def _stencil(s: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the points [4 k, n] around `s` along k steps [k, n], offset by offset."""
    return np.concatenate([s + k * steps for k in OFFSETS])


def _whole(hessian: FloatArray, free: IntArray, n: int) -> FloatArray:
    """Return second derivatives by all degrees of freedom; the identity for those at a bound."""
    whole = np.eye(n)
    whole[np.ix_(free, free)] = hessian
    return whole
