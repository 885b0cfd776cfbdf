"""Properties of one structure at rest, and their exact derivatives by the fitted parameters.

At rest the gradient g of the energy by the degrees of freedom s vanishes for every theta, so that (implicit functions)

    ds/dtheta = -H^-1 g_theta,    dm/dtheta = m_theta + m_s ds/dtheta

with H the second derivatives of the energy by s and m the moments of the properties. g_theta and m_theta come from the
kernels, H and m_s are differences of exact quantities along s. Where there are fewer parameters than degrees of
freedom, moments that take probes follow ds/dtheta itself. What a bound holds does not follow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.records import Atoms, FloatArray, IntArray, Structure
from hpcfit.structure.freedoms import Freedoms
from hpcfit.structure.ions import flat_inverse
from hpcfit.structure.measures import Measure
from hpcfit.structure.probes import Point, probe
from hpcfit.structure.questions import Dialogue
from hpcfit.structure.relaxation import Relaxed, relax
from hpcfit.structure.stencils import OFFSETS, first


@dataclass(frozen=True)
class Task:
    """A property of a structure, and whether it is taken after the relaxation or before."""

    measure: Measure
    relaxed: bool = True


@dataclass(frozen=True)
class Values:
    """What tasks came to.

    Parameters
    ----------
    relaxed
        The relaxation.
    values
        Components per task; empty after a relaxation that failed.
    jacobians
        [n_free, components] per task, where wanted.
    hessian
        Second derivatives by the degrees of freedom, in units of `Freedoms.scale`, where they were made.
    """

    relaxed: Relaxed
    values: tuple[FloatArray, ...] = ()
    jacobians: tuple[FloatArray, ...] = ()
    hessian: FloatArray | None = None


class Case:
    """A structure whose properties are asked for.

    Parameters
    ----------
    key
        The structure's, among those that are evaluated together.
    structure
        The structure.

    Raises
    ------
    ValueError
        When its freedoms are faulty.
    """

    def __init__(self, key: object, structure: Structure) -> None:
        self.key = key
        self.freedoms = Freedoms(structure)

    def atoms_at(self, s: FloatArray) -> Atoms:
        """Return the structure at a point [n]."""
        cell, position = self.freedoms.place(s[None])
        return Atoms(self.freedoms.atoms.species, cell[0], self.freedoms.atoms.pbc, position[0])

    def values(
        self, tasks: Sequence[Task], start: FloatArray, hessian: FloatArray | None
    ) -> Dialogue[Values]:
        """Relax from a point [n], with second derivatives from nearby if there are any, and measure."""
        relaxed = yield from self._relax(tasks, start, hessian)
        if relaxed.failed:
            return Values(relaxed)
        moments: dict[int, FloatArray] = {}
        for after, s in ((False, self.freedoms.start), (True, relaxed.s)):
            own = [k for k, task in enumerate(tasks) if task.relaxed == after]
            if own:
                _, found = yield from self._moments([tasks[k] for k in own], s[None], derivatives=False)
                moments.update(zip(own, (m[0, 0] for m in found), strict=True))
        return Values(relaxed, tuple(task.measure.finish(moments[k]) for k, task in enumerate(tasks)))

    def linearised(self, tasks: Sequence[Task], start: FloatArray) -> Dialogue[Values]:
        """Relax from a point [n], measure, and differentiate; the same whatever was asked before."""
        relaxed = yield from self._relax(tasks, start, None)
        if relaxed.failed:
            return Values(relaxed)
        before = [k for k, task in enumerate(tasks) if not task.relaxed]
        after = [k for k, task in enumerate(tasks) if task.relaxed]
        moments: dict[int, FloatArray] = {}
        hessian = None
        if before:
            own = [tasks[k] for k in before]
            _, found = yield from self._moments(own, self.freedoms.start[None], derivatives=True)
            moments.update(zip(before, (m[:, 0] for m in found), strict=True))
        if after:
            found, hessian = yield from self._response([tasks[k] for k in after], relaxed)
            moments.update(zip(after, found, strict=True))
        finished = [(task.measure, moments[k]) for k, task in enumerate(tasks)]
        return Values(
            relaxed,
            tuple(measure.finish(m[0]) for measure, m in finished),
            tuple(measure.tangent(m[0], m[1:]) for measure, m in finished),
            hessian,
        )

    def _relax(
        self, tasks: Sequence[Task], start: FloatArray, hessian: FloatArray | None
    ) -> Dialogue[Relaxed]:
        """Relax where a task asks for it: from `start`, and if that fails from the structure as the job has it."""
        if not any(task.relaxed for task in tasks):
            return Relaxed(start, np.zeros(self.freedoms.n, dtype=bool))
        relaxed = yield from relax(self.key, self.freedoms, start, hessian)
        if relaxed.failed and not np.array_equal(start, self.freedoms.start):
            relaxed = yield from relax(self.key, self.freedoms, self.freedoms.start)
        return relaxed

    def _moments(
        self, tasks: Sequence[Task], s: FloatArray, derivatives: bool
    ) -> Dialogue[tuple[Point, list[FloatArray]]]:
        """Return what is known at points [k, n], and the moments [columns, k, m] of every task."""
        cell, position = self.freedoms.place(s)
        probes = [one for task in tasks for one in task.measure.probes]
        point = yield from probe(self.key, self.freedoms.atoms, cell, position, probes, derivatives)
        return point, [task.measure.moments(point) for task in tasks]

    def _response(
        self, tasks: Sequence[Task], at: Relaxed
    ) -> Dialogue[tuple[list[FloatArray], FloatArray | None]]:
        """Return the moments [1 + n_free, m] of every task with total derivatives, and the second derivatives."""
        f = self.freedoms
        point, found = yield from self._moments(tasks, at.s[None], derivatives=True)
        moments = [m[:, 0] for m in found]
        free = np.flatnonzero(~at.halted)
        if len(free) == 0:
            return moments, None
        gradients = f.gradient(at.s[None], point.base.forces[1:], point.base.virials[1:])[:, 0] * f.scale
        along_s = len(free) <= len(gradients)
        now = [k for k, task in enumerate(tasks) if along_s or not task.measure.probes]
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
    ) -> Dialogue[list[FloatArray]]:
        """Return how the moments follow a motion [n_free, n] of the freedoms, each [n_free, m]."""
        f = self.freedoms
        lengths = np.abs(motion / f.step[free]).max(axis=1)
        # What does not move has no direction, and no change; what is not finite is not followed and stays so.
        moving = (lengths > 0) & np.isfinite(lengths)
        steps = np.zeros((len(motion), f.n))
        steps[np.ix_(moving, free)] = motion[moving] / lengths[moving, None]
        _, found = yield from self._moments(tasks, _stencil(s, steps), derivatives=False)
        return [first(m[0].reshape(len(OFFSETS), len(motion), -1), 1.0) * lengths[:, None] for m in found]


def _stencil(s: FloatArray, steps: FloatArray) -> FloatArray:
    """Return points [4 k, n] around one along k steps [k, n], offset by offset."""
    return np.concatenate([s + k * steps for k in OFFSETS])


def _whole(hessian: FloatArray, free: IntArray, n: int) -> FloatArray:
    """Return second derivatives by all degrees of freedom; those that are held count as stiff alone."""
    whole = np.eye(n)
    whole[np.ix_(free, free)] = hessian
    return whole
