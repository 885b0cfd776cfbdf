"""Elastic constants: stress over strain, with clamped or relaxed ions.

With q the coordinates of all atoms but the first, which follow the strain,

    C = dsigma/dstrain + dsigma/dq . dq/dstrain,    (d2E/dq2) dq/dstrain = -d2E/dq dstrain = -V dsigma/dq,

which holds at any stress.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from hpcfit.records import FloatArray, Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Displaced, Perturbation, Point, Strained
from hpcfit.structure.relax.degrees_of_freedom import voigt_strain
from hpcfit.structure.relax.relaxation import flat_inverse
from hpcfit.structure.relax.stencils import LENGTH, OFFSETS, STRAIN, first
from hpcfit.units import GPA


def _strains(component: int, fraction: float) -> tuple[Strained, ...]:
    """Return the strains along one Voigt component at the stencil's steps."""
    unit, step = voigt_strain(component), STRAIN * fraction
    return tuple(Strained(tuple((np.eye(3) + k * step * unit).ravel())) for k in OFFSETS)


def _moved(n_atoms: int, fraction: float) -> list[tuple[Displaced, ...]]:
    """Return, for every coordinate of all atoms but the first, the displacements at the stencil's steps."""
    return [
        tuple(Displaced(atom, axis, k * (LENGTH * fraction)) for k in OFFSETS)
        for atom in range(1, n_atoms)
        for axis in range(3)
    ]


def _stress_slope(at: Point, strain: int, component: int) -> FloatArray:
    """Return the derivative [columns, k] of a component of the stress, tension positive, by a strain."""
    values = []
    for one in _strains(strain, at.fraction):
        volumes = at.volume * np.linalg.det(one.matrix)
        values.append(-at.evaluation(one).virials[..., component] / volumes)
    return first(np.array(values), STRAIN * at.fraction)


def _relaxed(row: int, column: int, n_atoms: int) -> Observable:
    """Return the elastic constant of stress `column` and strain `row` with relaxed ions."""
    n = 3 * (n_atoms - 1)

    def moments(at: Point) -> FloatArray:
        clamped = _stress_slope(at, row, column)[..., None]
        changes = [_slopes(at, coordinate) for coordinate in _moved(n_atoms, at.fraction)]
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

    def stencil(fraction: float) -> tuple[Perturbation, ...]:
        moved = _moved(n_atoms, fraction)
        return (*_strains(row, fraction), *(one for coordinate in moved for one in coordinate))

    return Observable(moments, finish=finish, tangent=tangent, stencil=stencil)


def _slopes(at: Point, coordinate: tuple[Displaced, ...]) -> tuple[FloatArray, FloatArray]:
    """Return derivatives of stresses [columns, k, 6] and minus the forces [columns, k, n] by one coordinate."""
    evaluations, step = [at.evaluation(one) for one in coordinate], LENGTH * at.fraction
    stresses = first(np.array([-e.virials / at.volume[:, None] for e in evaluations]), step)
    forces = first(np.array([e.forces[..., 1:, :] for e in evaluations]), step)
    return stresses, -forces.reshape(*stresses.shape[:-1], -1)


def _form(row: int, column: int) -> ObservableForm:
    name = f"C{row + 1}{column + 1}"

    def observe(structure: Structure, arguments: Mapping[str, str], _masses: Sequence[float]) -> Observable:
        ions = arguments.get("ions", "clamped")
        if ions not in {"clamped", "relaxed"}:
            raise ValueError(f"ions of {name}, found '{ions}', allowed clamped, relaxed")
        # One atom has nothing to relax.
        if ions == "clamped" or len(structure.atoms) == 1:
            return Observable(
                lambda at: _stress_slope(at, row, column)[..., None],
                stencil=lambda fraction: _strains(row, fraction),
            )
        return _relaxed(row, column, len(structure.atoms))

    return ObservableForm(
        name,
        40 + 6 * row + column - row * (row + 1) // 2,
        "GPa",
        "elastic constant: stress over strain in the structure's present cell",
        observe,
        size=GPA,
        arguments={
            "ions": "clamped (the default): atoms follow the strain; relaxed: atoms come to rest in the strained cell"
        },
        needs_volume=True,
        n_images=lambda _: 6,
    )


RECORDS = tuple(_form(row, column) for row in range(6) for column in range(row, 6))
