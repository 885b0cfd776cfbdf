"""Elastic constants with relaxed ions: atoms come to rest in the strained cell.

With q the coordinates of all atoms but the first, taken along by the strain,

    C = dsigma/dstrain + dsigma/dq . dq/dstrain,    (d2E/dq2) dq/dstrain = -d2E/dq dstrain = -V dsigma/dq,

which holds at any stress.
"""

from __future__ import annotations

import numpy as np

from hpcfit.records import FloatArray
from hpcfit.structure.measures import Measure, strains, stress_slope
from hpcfit.structure.probes import Displaced, Point, Probe
from hpcfit.structure.relaxation import FLAT
from hpcfit.structure.stencils import LENGTH, OFFSETS, first


def flat_inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a symmetric matrix; directions that are all but flat have none and are left out."""
    if len(matrix) == 0:
        return matrix
    values, vectors = np.linalg.eigh(matrix)
    kept = np.abs(values) > FLAT * np.abs(values).max()
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)


def elastic(row: int, column: int, n_atoms: int) -> Measure:
    """Return the elastic constant of stress `column` and strain `row` with relaxed ions."""
    n = 3 * (n_atoms - 1)
    moved = [
        tuple(Displaced(atom, axis, k * LENGTH) for k in OFFSETS)
        for atom in range(1, n_atoms)
        for axis in range(3)
    ]

    def moments(at: Point) -> FloatArray:
        clamped = stress_slope(at, row, column)[..., None]
        changes = [_slopes(at, coordinate) for coordinate in moved]
        stresses = np.stack([stress for stress, _ in changes], axis=-1)
        hessian = np.stack([forces for _, forces in changes], axis=-2).reshape(*clamped.shape[:-1], n * n)
        mixed = at.volume[:, None] * stresses[..., row, :]
        return np.concatenate([clamped, mixed, stresses[..., column, :], hessian], axis=-1)

    def split(m: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        square = m[..., 1 + 2 * n :].reshape(*m.shape[:-1], n, n)
        return (
            m[..., 0],
            m[..., 1 : 1 + n],
            m[..., 1 + n : 1 + 2 * n],
            (square + np.swapaxes(square, -1, -2)) / 2,
        )

    def finish(m: FloatArray) -> FloatArray:
        clamped, mixed, stresses, hessian = split(m)
        return np.array([clamped - stresses @ (flat_inverse(hessian) @ mixed)])

    def tangent(m: FloatArray, change: FloatArray) -> FloatArray:
        _, mixed, stresses, hessian = split(m)
        d_clamped, d_mixed, d_stresses, d_hessian = split(change)
        inverse = flat_inverse(hessian)
        moves = -inverse @ mixed
        d_moves = -(d_mixed + d_hessian @ moves) @ inverse
        return np.asarray(d_clamped + d_stresses @ moves + d_moves @ stresses)[..., None]

    probes: tuple[Probe, ...] = (*strains(row), *(one for coordinate in moved for one in coordinate))
    return Measure(moments, probes, finish, tangent)


def _slopes(at: Point, coordinate: tuple[Displaced, ...]) -> tuple[FloatArray, FloatArray]:
    """Return how stresses [columns, k, 6] and minus the forces [columns, k, n] follow one coordinate."""
    answers = [at.answer(one) for one in coordinate]
    stresses = first(np.array([-a.virials / at.volume[:, None] for a in answers]), LENGTH)
    forces = first(np.array([a.forces[..., 1:, :] for a in answers]), LENGTH)
    return stresses, -forces.reshape(*stresses.shape[:-1], -1)
