"""How a property follows from probes: linearly in what the potential says, then perhaps by a formula.

The linear part is a property's *moments*: [columns, k, m] from a `Point`, the same for values and for derivatives by
the fitted parameters, since energies, forces and virials enter it linearly. Where a property is no linear function (a
frequency is the root of an eigenvalue), `finish` makes it from the moments, and `tangent` its change from theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hpcfit.records import FloatArray
from hpcfit.structure.freedoms import voigt_strain
from hpcfit.structure.probes import Point, Probe, Sized, Strained
from hpcfit.structure.stencils import OFFSETS, STRAIN, first, second


def _same(moments: FloatArray) -> FloatArray:
    return moments


def _same_tangent(_: FloatArray, change: FloatArray) -> FloatArray:
    return change


@dataclass(frozen=True)
class Measure:
    """How a property is measured.

    Parameters
    ----------
    moments
        From a point, [columns, k, m].
    probes
        Those that the moments take beside the structure itself.
    finish
        From moments [m], the components [p].
    tangent
        From moments [m] and changes [columns, m] of them, those of the components [columns, p].
    n
        Number of components.
    """

    moments: Callable[[Point], FloatArray]
    probes: tuple[Probe, ...] = ()
    finish: Callable[[FloatArray], FloatArray] = _same
    tangent: Callable[[FloatArray, FloatArray], FloatArray] = _same_tangent
    n: int = 1


def energy(per: float) -> Measure:
    """Return the energy over a number of atoms."""
    return Measure(lambda at: at.base.energies[..., None] / per)


def volume(per: float) -> Measure:
    """Return the volume over a number of atoms."""
    return Measure(lambda at: at.geometric(at.volume[:, None] / per))


def pressure() -> Measure:
    """Return the mean of the normal components of the pressure tensor."""
    return Measure(lambda at: at.base.virials[..., :3].sum(-1, keepdims=True) / (3.0 * at.volume[:, None]))


def stress(component: int) -> Measure:
    """Return a component of the pressure tensor, virial over volume."""
    return Measure(lambda at: at.base.virials[..., component, None] / at.volume[:, None])


def forces(n_atoms: int) -> Measure:
    """Return the forces on all atoms, row by row."""
    return Measure(lambda at: at.base.forces.reshape(*at.base.energies.shape, -1), n=3 * n_atoms)


def stretch(start: float, cell: FloatArray, along: int, over: int | None = None) -> Measure:
    """Return a start value times a diagonal component of the deformation, or the ratio of two.

    Parameters
    ----------
    start
        The value at the start.
    cell
        [3, 3], the start's cell; rows may be zero.
    along, over
        Axes: the component along the first, over that along the second.
    """
    back = np.linalg.pinv(cell)

    def moments(at: Point) -> FloatArray:
        F = back @ at.cell
        ratio = F[:, along, along] / (1.0 if over is None else F[:, over, over])
        return at.geometric(start * ratio[:, None])

    return Measure(moments)


def distance() -> Measure:
    """Return the distance between the first and the second atom."""

    def moments(at: Point) -> FloatArray:
        apart = at.position[:, 1] - at.position[:, 0]
        return at.geometric(np.sqrt((apart**2).sum(-1, keepdims=True)))

    return Measure(moments)


def strains(component: int) -> tuple[Strained, ...]:
    """Return the probes strained along one component of Voigt's, at the stencil's steps."""
    unit = voigt_strain(component)
    return tuple(Strained(tuple((np.eye(3) + k * STRAIN * unit).ravel())) for k in OFFSETS)


def stress_slope(at: Point, strain: int, component: int) -> FloatArray:
    """Return the derivative [columns, k] of a component of the stress, tension positive, by a strain."""
    values = []
    for one in strains(strain):
        volumes = at.volume * np.linalg.det(one.matrix)
        values.append(-at.answer(one).virials[..., component] / volumes)
    return first(np.array(values), STRAIN)


def elastic(row: int, column: int) -> Measure:
    """Return an elastic constant with clamped ions: how stress `column` follows strain `row`."""
    return Measure(lambda at: stress_slope(at, row, column)[..., None], strains(row))


#: Step for second derivatives, whose rounding grows with the square of its inverse.
_WIDE = 2 * STRAIN


def _scaled(step: float) -> tuple[Strained, ...]:
    """Return probes along the logarithm of all lengths."""
    return tuple(Strained(tuple(float(x) for x in (np.eye(3) * np.exp(k * step)).ravel())) for k in OFFSETS)


def _pressures(at: Point, step: float) -> FloatArray:
    """Return the pressures [4, columns, k] there."""
    return np.array(
        [
            at.answer(one).virials[..., :3].sum(-1) / (3.0 * at.volume * np.exp(3 * k * step))
            for k, one in zip(OFFSETS, _scaled(step), strict=True)
        ]
    )


def bulk_modulus() -> Measure:
    """Return V d2E/dV2 = -V dp/dV; V is proportional to exp(3 t)."""
    return Measure(lambda at: -first(_pressures(at, STRAIN), STRAIN)[..., None] / 3.0, _scaled(STRAIN))


def bulk_modulus_derivative() -> Measure:
    """Return dB/dp = (dB/dt)/(dp/dt) = -p''/(3 p'), primes by the logarithm t of all lengths."""

    def moments(at: Point) -> FloatArray:
        along, here = _pressures(at, _WIDE), at.base.virials[..., :3].sum(-1) / (3.0 * at.volume)
        return np.stack([first(along, _WIDE), second(along, here, _WIDE)], axis=-1)

    def finish(m: FloatArray) -> FloatArray:
        return np.array([-m[1] / (3.0 * m[0])])

    def tangent(m: FloatArray, change: FloatArray) -> FloatArray:
        return np.asarray((m[1] * change[..., :1] / m[0] - change[..., 1:]) / (3.0 * m[0]))

    return Measure(moments, _scaled(_WIDE), finish, tangent)


def curve(probes: tuple[Sized | Strained, ...], per: float) -> Measure:
    """Return energies of scaled cells over a number of atoms."""

    def moments(at: Point) -> FloatArray:
        return np.stack([at.answer(one).energies for one in probes], axis=-1) / per

    return Measure(moments, probes, n=len(probes))
