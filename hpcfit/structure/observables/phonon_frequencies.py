"""Phonon frequencies at one wave vector.

The force constants come from displaced atoms in the smallest supercell that is commensurate with the wave.
The force constants of periodic images have the same phase, so that the dynamical matrix

    D_ij = sum over cells R of exp(-i q R) (-dF_iR / du_j0) / sqrt(m_i m_j),

is exact. Frequencies are the roots of its eigenvalues (Born and Huang, Dynamical Theory of Crystal Lattices, sec. 24);
the change of an eigenvalue is e* dD e, in a degenerate level an eigenvalue of dD between its vectors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from hpcfit.records import FloatArray, Structure
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.structure.perturbations import Displaced, Multiples, Point, origins_of
from hpcfit.structure.relax.stencils import LENGTH, OFFSETS, first

#: Root of 1 eV/Angstrom^2/amu as a frequency in THz; CODATA 2018.
_THZ = 1e-12 * np.sqrt(1.602176634e-19 / 1e-20 / 1.66053906660e-27) / (2 * np.pi)

#: Most cells in a supercell.
_MOST_CELLS = 1000

#: Levels are degenerate if they differ by less than this fraction of the largest.
_LEVEL = 1e-8

#: Frequencies below this, THz, are zero: those of translations have rounding errors.
_STILL = 1e-3


def wave_vector(text: str) -> tuple[Fraction, Fraction, Fraction]:
    """Return three numbers, ``0.25`` or ``1/4``, as fractions.

    Raises
    ------
    ValueError
        When they are invalid, or the wave needs too large a supercell.
    """
    try:
        words = [Fraction(word) for word in text.split()]
    except (ValueError, ZeroDivisionError):
        words = []
    if len(words) != 3:
        raise ValueError(f"wave vector, found '{text}', allowed three numbers, as in 1/2 0 0.25")
    x, y, z = words
    if (n := lcm(x.denominator, y.denominator, z.denominator)) > _MOST_CELLS:
        raise ValueError(
            f"wave that repeats after {n} cells, found '{text}', allowed {_MOST_CELLS}; thirds are 1/3"
        )
    return x, y, z


def supercell(q: tuple[Fraction, Fraction, Fraction]) -> Multiples:
    """Return the smallest commensurate supercell: all n with integer q n, in Hermite normal form."""
    n = lcm(*(part.denominator for part in q))
    x, y, z = (int(part * n) for part in q)
    a = n // gcd(x, n)
    rest = gcd(x, n)
    c = rest // gcd(y, rest)
    b = next(i for i in range(a) if (i * x + c * y) % n == 0)
    rest = gcd(y, rest)
    f = rest // gcd(z, rest)
    d, e = next((i, j) for j in range(c) for i in range(a) if (i * x + j * y + f * z) % n == 0)
    return (a, 0, 0), (b, c, 0), (d, e, f)


def frequencies(q: tuple[Fraction, Fraction, Fraction], masses: FloatArray) -> Observable:
    """Return the frequencies at a wave vector, THz, ascending, negative for unstable modes.

    Parameters
    ----------
    q
        Multiples of the reciprocal vectors b of the structure's own cell, with a_i b_j = 2 pi delta_ij: the phase of
        the cell at n1 a_1 + n2 a_2 + n3 a_3 is 2 pi q n.
    masses
        [n_atoms], amu.
    """
    multiples = supercell(q)
    n = len(masses)
    phases = np.exp(
        [-2j * np.pi * float(sum(a * b for a, b in zip(q, R, strict=True))) for R in origins_of(multiples)]
    )
    weights = 1.0 / np.sqrt(np.repeat(masses, 3))

    def moved(fraction: float) -> list[tuple[Displaced, ...]]:
        return [
            tuple(Displaced(atom, axis, k * (LENGTH * fraction), multiples) for k in OFFSETS)
            for atom in range(n)
            for axis in range(3)
        ]

    def moments(at: Point) -> FloatArray:
        columns, step = [], LENGTH * at.fraction
        for coordinate in moved(at.fraction):
            slope = -first(np.array([at.evaluation(one).forces for one in coordinate]), step)
            cells = slope.reshape(*slope.shape[:2], len(phases), 3 * n)
            columns.append((phases[:, None] * cells).sum(-2))
        D = np.stack(columns, axis=-1) * weights * weights[:, None]
        D = (D + np.swapaxes(D.conj(), -1, -2)) / 2
        flat = D.reshape(*D.shape[:2], -1)
        return np.concatenate([flat.real, flat.imag], axis=-1)

    def matrix(m: FloatArray) -> np.ndarray:
        half = m.shape[-1] // 2
        return (m[..., :half] + 1j * m[..., half:]).reshape(*m.shape[:-1], 3 * n, 3 * n)

    def finish(m: FloatArray) -> FloatArray:
        return _roots(np.linalg.eigvalsh(matrix(m)))

    def tangent(m: FloatArray, change: FloatArray) -> FloatArray:
        levels, vectors = np.linalg.eigh(matrix(m))
        changes = np.array([_level_changes(levels, vectors, dD) for dD in matrix(change)])
        roots = _roots(levels)
        still = roots == 0.0
        return np.where(still, 0.0, changes * _THZ**2 / (2.0 * np.where(still, 1.0, np.abs(roots))))

    def stencil(fraction: float) -> tuple[Displaced, ...]:
        return tuple(one for coordinate in moved(fraction) for one in coordinate)

    return Observable(moments, finish=finish, tangent=tangent, n=3 * n, stencil=stencil)


def _roots(levels: FloatArray) -> FloatArray:
    """Return frequencies in THz, with the sign of the level."""
    roots = np.sign(levels) * np.sqrt(np.abs(levels)) * _THZ
    return np.where(np.abs(roots) < _STILL, 0.0, roots)


def _level_changes(levels: FloatArray, vectors: np.ndarray, change: np.ndarray) -> FloatArray:
    """Return the changes of the ascending levels for a change of the matrix; NaN if that is not finite."""
    if not np.isfinite(change).all():
        return np.full(len(levels), np.nan)
    changes: FloatArray = np.zeros(len(levels))
    apart = np.flatnonzero(np.diff(levels) > _LEVEL * np.abs(levels).max()) + 1
    for group in np.split(np.arange(len(levels)), apart):
        own = vectors[:, group]
        changes[group] = np.linalg.eigvalsh(own.conj().T @ change @ own)
    return changes


def _observe(structure: Structure, arguments: Mapping[str, str], masses: Sequence[float]) -> Observable:
    q = wave_vector(arguments.get("q", "0 0 0"))
    if any(part != 0 and not periodic for part, periodic in zip(q, structure.atoms.pbc, strict=True)):
        raise ValueError(f"wave along a direction that is not periodic, found '{arguments['q']}'")
    if not masses:
        raise ValueError("phonon-frequencies without masses of the species")
    return frequencies(q, np.array(masses, dtype=np.float64)[structure.atoms.species])


RECORDS = (
    ObservableForm(
        "phonon-frequencies",
        81,
        "THz",
        "frequencies at a wave vector in ascending order; negative where a mode is unstable",
        _observe,
        vector=True,
        arguments={
            "q": "wave vector, as in 1/2 0 0.25: multiples of the reciprocal vectors b of the structure's own cell,"
            " with a_i b_j = 2 pi delta_ij"
        },
        needs_masses=True,
        n_images=lambda n_atoms: 6 * n_atoms,
    ),
)
