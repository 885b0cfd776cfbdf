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

from hpcfit.records import Atoms, FloatArray, IntArray, Shell, Structure
from hpcfit.structure.evaluation_requests import Requests
from hpcfit.structure.observables._observable import Observable
from hpcfit.structure.perturbations import Point, evaluate_perturbed
from hpcfit.structure.relax.degrees_of_freedom import DegreesOfFreedom
from hpcfit.structure.relax.placement import (
    STANDARD,
    WINDOW,
    FindShells,
    Placement,
    excursion_of,
    motion_between,
    placed,
    total_strain,
)
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
    beside
        Per task, shells within its differences of a cut-off.
    """

    relaxed: Relaxed
    values: tuple[FloatArray, ...] = ()
    jacobians: tuple[FloatArray, ...] = ()
    hessian: FloatArray | None = None
    beside: tuple[tuple[Shell, ...], ...] = ()


class Case:
    """A structure whose properties are computed.

    Parameters
    ----------
    key
        Identifies the structure among those evaluated together.
    structure
        The structure.
    find_shells
        Finds shells near cut-offs, at which differences must not look across; None without cut-offs.

    Raises
    ------
    ValueError
        When its degrees of freedom are invalid.
    """

    def __init__(self, key: object, structure: Structure, find_shells: FindShells | None = None) -> None:
        self.key = key
        self.degrees = DegreesOfFreedom(structure)
        self._find_shells = find_shells

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
                _, found = yield from self._moments([tasks[k] for k in own], s, derivatives=False)
                moments.update(zip(own, (m[0] for m in found), strict=True))
        values = tuple(task.observable.finish(moments[k]) for k, task in enumerate(tasks))
        return Values(relaxed, values, beside=self._beside(tasks, relaxed.s))

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
            _, found = yield from self._moments(own, self.degrees.start, derivatives=True)
            moments.update(zip(before, found, strict=True))
        if after:
            found, hessian = yield from self._response([tasks[k] for k in after], relaxed)
            moments.update(zip(after, found, strict=True))
        finished = [(task.observable, moments[k]) for k, task in enumerate(tasks)]
        return Values(
            relaxed,
            tuple(observable.finish(m[0]) for observable, m in finished),
            tuple(observable.tangent(m[0], m[1:]) for observable, m in finished),
            hessian,
            self._beside(tasks, relaxed.s),
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
        """Return the evaluations at a point [n], and the moments [columns, m] of every task."""
        placement = self._placement(tasks, s)
        if len(placement.centres) == 1:
            point, found = yield from self._at(tasks, s[None], derivatives, placement.fraction, 0.0)
            return point, [m[:, 0] for m in found]
        plain = [task for task in tasks if not task.observable.has_stencil]
        differences = [task for task in tasks if task.observable.has_stencil]
        point, found = yield from self._at(plain, s[None], derivatives, 1.0, 0.0)
        sums: list[FloatArray] = []
        for centre, weight in zip(placement.centres, placement.weights, strict=True):
            _, parts = yield from self._at(differences, s[None], derivatives, placement.fraction, centre)
            sums = _add(sums, weight, parts)
        of_plain, of_differences = iter(found), iter(sums)
        moments = [next(of_differences if task.observable.has_stencil else of_plain) for task in tasks]
        return point, [m[:, 0] for m in moments]

    def _at(
        self, tasks: Sequence[Task], s: FloatArray, derivatives: bool, fraction: float, centre: float
    ) -> Requests[tuple[Point, list[FloatArray]]]:
        """Return evaluations and moments [columns, k, m] at points [k, n], all lengths strained by `centre`."""
        cell, position = self.degrees.place(s)
        if centre != 0.0:
            cell, position = (1.0 + centre) * cell, (1.0 + centre) * position
        perturbations = [one for task in tasks for one in task.observable.images(fraction)]
        point = yield from evaluate_perturbed(
            self.key, self.degrees.atoms, cell, position, perturbations, derivatives, fraction
        )
        return point, [task.observable.moments(point) for task in tasks]

    def _shells(
        self, tasks: Sequence[Task], s: FloatArray, steps: FloatArray | None = None
    ) -> tuple[list[Shell], float]:
        """Return shells near a cut-off, and the largest strain of differences for tasks, and along steps [n] of s."""
        excursions = [excursion_of([one for task in tasks for one in task.observable.stencil(1.0)])]
        cell, position = self.degrees.place(s[None])
        if steps is not None:
            ends = self.degrees.place((s + max(OFFSETS) * steps)[None])
            excursions.append(motion_between((cell[0], position[0]), (ends[0][0], ends[1][0])))
        if self._find_shells is None or not np.any(excursions):
            return [], 0.0
        strain = total_strain(excursions, self._find_shells.shortest)
        images = [(cell, position)]
        if steps is not None:
            images += [one.apply(cell, position) for task in tasks for one in task.observable.perturbations]
        shells: list[Shell] = []
        for cells, positions in images:
            species = np.tile(self.degrees.atoms.species, positions.shape[1] // len(self.degrees.atoms))
            atoms = Atoms(species, cells[0], self.degrees.atoms.pbc, positions[0])
            shells += self._find_shells(atoms, WINDOW * strain)
        return shells, strain

    def _placement(self, tasks: Sequence[Task], s: FloatArray, steps: FloatArray | None = None) -> Placement:
        shells, strain = self._shells(tasks, s, steps)
        return placed(shells, strain) if shells else STANDARD

    def _beside(self, tasks: Sequence[Task], relaxed: FloatArray) -> tuple[tuple[Shell, ...], ...]:
        """Return the shells near a cut-off that concern each task."""
        found: list[tuple[Shell, ...]] = []
        for task in tasks:
            s = relaxed if task.relaxed else self.degrees.start
            shells, strain = self._shells([task], s) if task.observable.has_stencil else ([], 0.0)
            found.append(tuple(shell for shell in shells if abs(shell.gap) < strain))
        return tuple(found)

    def _response(
        self, tasks: Sequence[Task], at: Relaxed
    ) -> Requests[tuple[list[FloatArray], FloatArray | None]]:
        """Return the moments [1 + n_free, m] of every task with total derivatives, and the second derivatives."""
        f = self.degrees
        point, moments = yield from self._moments(tasks, at.s, derivatives=True)
        free = np.flatnonzero(~at.at_bound)
        if len(free) == 0:
            return moments, None
        gradients = f.gradient(at.s[None], point.base.forces[1:], point.base.virials[1:])[:, 0] * f.scale
        along_s = len(free) <= len(gradients)
        now = [k for k, task in enumerate(tasks) if along_s or not task.observable.images(1.0)]
        steps = np.zeros(f.n)
        steps[free] = f.step[free]
        placement = self._placement(tasks, at.s, steps)
        hessian, slopes = yield from self._slopes([tasks[k] for k in now], at.s, free, placement)
        motion = -(gradients[:, free] @ flat_inverse(hessian))
        for k, by_s in zip(now, slopes, strict=True):
            moments[k][1:] += motion @ by_s
        later = [k for k in range(len(tasks)) if k not in now]
        if later:
            changes = yield from self._along(
                [tasks[k] for k in later], at.s, motion * f.scale[free], free, placement
            )
            for k, change in zip(later, changes, strict=True):
                moments[k][1:] += change
        return moments, _whole(hessian, free, f.n)

    def _slopes(
        self, tasks: Sequence[Task], s: FloatArray, free: IntArray, placement: Placement
    ) -> Requests[tuple[FloatArray, list[FloatArray]]]:
        """Return derivatives by scaled free coordinates: second ones of the energy, and those of moments [n, m]."""
        f, n = self.degrees, len(free)
        steps = f.step[free] * placement.fraction
        points, scaled = _stencil(s, steps[:, None] * np.eye(f.n)[free]), steps / f.scale[free]
        sums: list[FloatArray] = []
        for centre, weight in zip(placement.centres, placement.weights, strict=True):
            beside, found = yield from self._at(tasks, points, False, placement.fraction, centre)
            slopes = f.gradient(points, beside.base.forces, beside.base.virials)[0] * f.scale
            by_s = first(slopes.reshape(len(OFFSETS), n, -1)[..., free], 1.0) / scaled[:, None]
            parts = [(by_s + by_s.T) / 2]
            parts += [first(m[0].reshape(len(OFFSETS), n, -1), 1.0) / scaled[:, None] for m in found]
            sums = _add(sums, weight, parts)
        return sums[0], sums[1:]

    def _along(
        self,
        tasks: Sequence[Task],
        s: FloatArray,
        motion: FloatArray,
        free: IntArray,
        placement: Placement,
    ) -> Requests[list[FloatArray]]:
        """Return the changes [n_free, m] of each task's moments for a motion [n_free, n] of the degrees of freedom."""
        f = self.degrees
        lengths = np.abs(motion / (f.step[free] * placement.fraction)).max(axis=1)
        # Zero motion gives zero change; motion that is not finite is skipped and gives NaN.
        moving = (lengths > 0) & np.isfinite(lengths)
        steps = np.zeros((len(motion), f.n))
        steps[np.ix_(moving, free)] = motion[moving] / lengths[moving, None]
        sums: list[FloatArray] = []
        for centre, weight in zip(placement.centres, placement.weights, strict=True):
            _, found = yield from self._at(tasks, _stencil(s, steps), False, placement.fraction, centre)
            parts = [
                first(m[0].reshape(len(OFFSETS), len(motion), -1), 1.0) * lengths[:, None] for m in found
            ]
            sums = _add(sums, weight, parts)
        return sums


def _add(sums: list[FloatArray], weight: float, parts: list[FloatArray]) -> list[FloatArray]:
    """Return sums with weighted parts added; without sums, and with weight 1, the parts themselves."""
    if not sums:
        return [weight * part for part in parts]
    return [total + weight * part for total, part in zip(sums, parts, strict=True)]


def _stencil(s: FloatArray, steps: FloatArray) -> FloatArray:
    """Return the points [4 k, n] around `s` along k steps [k, n], offset by offset."""
    return np.concatenate([s + k * steps for k in OFFSETS])


def _whole(hessian: FloatArray, free: IntArray, n: int) -> FloatArray:
    """Return second derivatives by all degrees of freedom; the identity for those at a bound."""
    whole = np.eye(n)
    whole[np.ix_(free, free)] = hessian
    return whole
