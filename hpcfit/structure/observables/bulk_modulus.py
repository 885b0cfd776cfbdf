"""Bulk modulus and its pressure derivative: differences of pressures along the logarithm of all lengths."""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Point, Strained
from hpcfit.structure.relax.stencils import OFFSETS, STRAIN, first, second
from hpcfit.units import GPA

#: Step for second derivatives, whose rounding error grows with its inverse square.
_WIDE = 2 * STRAIN


def _scaled(step: float) -> tuple[Strained, ...]:
    """Return perturbations along the logarithm of all lengths."""
    return tuple(Strained(tuple(float(x) for x in (np.eye(3) * np.exp(k * step)).ravel())) for k in OFFSETS)


def _pressures(at: Point, step: float) -> FloatArray:
    """Return the pressures [4, columns, k] of these images."""
    return np.array(
        [
            at.evaluation(one).virials[..., :3].sum(-1) / (3.0 * at.volume * np.exp(3 * k * step))
            for k, one in zip(OFFSETS, _scaled(step), strict=True)
        ]
    )


def _bulk_modulus() -> Observable:
    """Return V d2E/dV2 = -V dp/dV; V is proportional to exp(3 t)."""

    def moments(at: Point) -> FloatArray:
        step = STRAIN * at.fraction
        return -first(_pressures(at, step), step)[..., None] / 3.0

    return Observable(moments, stencil=lambda fraction: _scaled(STRAIN * fraction))


def _derivative() -> Observable:
    """Return dB/dp = (dB/dt)/(dp/dt) = -p''/(3 p'), primes by the logarithm t of all lengths."""

    def moments(at: Point) -> FloatArray:
        step = _WIDE * at.fraction
        along, here = _pressures(at, step), at.base.virials[..., :3].sum(-1) / (3.0 * at.volume)
        return np.stack([first(along, step), second(along, here, step)], axis=-1)

    def finish(m: FloatArray) -> FloatArray:
        return np.array([-m[1] / (3.0 * m[0])])

    def tangent(m: FloatArray, change: FloatArray) -> FloatArray:
        return np.asarray((m[1] * change[..., :1] / m[0] - change[..., 1:]) / (3.0 * m[0]))

    return Observable(
        moments, finish=finish, tangent=tangent, stencil=lambda fraction: _scaled(_WIDE * fraction)
    )


RECORDS = (
    ObservableForm(
        "bulk-modulus",
        30,
        "GPa",
        "V d2E/dV2, all lengths scaled alike",
        lambda *_: _bulk_modulus(),
        size=GPA,
        needs_volume=True,
        n_images=lambda _: 6,
    ),
    ObservableForm(
        "bulk-modulus-derivative",
        31,
        "1",
        "dB/dp of the bulk modulus, all lengths scaled alike",
        lambda *_: _derivative(),
        needs_volume=True,
        n_images=lambda _: 6,
    ),
)
