"""Degrees of freedom of a structure: the map to cell and positions, and gradients from forces.

A point s holds affine coordinates, then internal ones. With lambda, gamma and strains E (symmetric) of the affine part,

    F = lambda diag(1, 1, gamma) (1 + E),    cell = cell_0 F,    x = (x_0 + q) F,

where rows are vectors. ``lattice-parameter`` and ``cell-hydrostatic`` add lambda, ``ca-ratio`` adds gamma; both are 1
at the start. ``cell-orthorhombic`` adds the strains xx yy zz and ``cell-full`` all six, without xx beside lambda and
without zz beside gamma, so that no coordinate is redundant. Internal coordinates are q of ``atom-coordinates``,
Angstrom, with the first atom fixed, or for ``atom-distance`` the ratio of the distance to that at the start.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpcfit.records import Atoms, DegreeOfFreedom, FloatArray, Structure
from hpcfit.structure.relax.stencils import LENGTH, STRAIN
from hpcfit.translations import wrapped

#: Indices of the Voigt components xx yy zz yz xz xy in a tensor.
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def voigt_strain(component: int) -> FloatArray:
    """Return the symmetric strain [3, 3] of one unit of a component, shears as engineering shears."""
    strain = np.zeros((3, 3))
    row, column = VOIGT[component]
    strain[row, column] += 0.5
    strain[column, row] += 0.5
    return strain


_STRAINS = tuple(voigt_strain(component) for component in range(6))


def tensor(voigt: FloatArray) -> FloatArray:
    """Return symmetric tensors [..., 3, 3] from components [..., 6]."""
    return np.asarray(voigt[..., [[0, 5, 4], [5, 1, 3], [4, 3, 2]]])


class DegreesOfFreedom:
    """The relaxed degrees of freedom of a structure.

    Parameters
    ----------
    structure
        The start structure, and the names of its relaxed degrees of freedom.

    Raises
    ------
    ValueError
        When the structure lacks a degree of freedom, or does not support its bounds.
    """

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        atoms = structure.atoms
        self.atoms: Atoms = replace(atoms, position=wrapped(atoms.cell, atoms.pbc.tolist(), atoms.position))
        chosen = {degree.name: degree for degree in structure.relaxed}
        self._check(chosen)
        strained = {"cell-orthorhombic": 3, "cell-full": 6}
        n_strains = max((strained.get(name, 0) for name in chosen), default=0)
        sized = not chosen.keys().isdisjoint({"lattice-parameter", "cell-hydrostatic"})
        self._lambda = sized or ("ca-ratio" in chosen and n_strains > 0)
        self._gamma = "ca-ratio" in chosen
        skipped = ({0} if self._lambda else set()) | ({2} if self._gamma else set())
        self._strains = [k for k in range(n_strains) if k not in skipped]
        self._distance = "atom-distance" in chosen and "atom-coordinates" not in chosen
        self._coordinates = 3 * (len(self.atoms) - 1) if "atom-coordinates" in chosen else 0
        self.n_affine = self._lambda + self._gamma + len(self._strains)
        self._arrange(chosen)

    def _check(self, chosen: dict[str, DegreeOfFreedom]) -> None:
        for name, degree in chosen.items():
            bounded = np.isfinite([degree.minimum, degree.maximum]).any()
            valued = name in {"lattice-parameter", "ca-ratio", "atom-distance"}
            if valued and name not in self._structure.values:
                raise ValueError(f"{name} relaxes in a structure that has none, found {self._structure.kind}")
            if name == "atom-distance" and len(self.atoms) < 2:
                raise ValueError("atom-distance of a structure of one atom")
            if bounded and not valued:
                raise ValueError(f"bounds of {name}, allowed for lattice-parameter, ca-ratio, atom-distance")
            if bounded and name == "atom-distance" and "atom-coordinates" in chosen:
                raise ValueError("bounds of atom-distance where all coordinates relax")

    def _arrange(self, chosen: dict[str, DegreeOfFreedom]) -> None:
        """Set start, scales and bounds of all coordinates, and their names for messages."""
        n_atoms = len(self.atoms)
        n = self.n_affine + self._distance + self._coordinates
        self.start: FloatArray = np.zeros(n)  #: [n]
        #: [n], units: strains times the square root of the number of atoms, and Angstrom, so that second derivatives
        #: have similar size
        self.scale: FloatArray = np.ones(n)
        self.step: FloatArray = np.full(n, LENGTH)  #: [n], of differences
        self.lower: FloatArray = np.full(n, -np.inf)
        self.upper: FloatArray = np.full(n, np.inf)
        self.names: list[str] = [""] * n
        self.scale[: self.n_affine] = 1.0 / np.sqrt(n_atoms)
        self.step[: self.n_affine] = STRAIN
        places = {}
        if self._lambda:
            places["lattice-parameter"] = 0
        if self._gamma:
            places["ca-ratio"] = int(self._lambda)
        if self._distance:
            places["atom-distance"] = self.n_affine
            self.scale[self.n_affine] = 1.0 / self._start_distance()
            self.step[self.n_affine] = LENGTH / self._start_distance()
        for name, place in places.items():
            self.start[place] = 1.0
            if name in chosen:
                value, degree = self._structure.values[name], chosen[name]
                self.lower[place], self.upper[place] = degree.minimum / value, degree.maximum / value
                self.names[place] = name

    def _start_distance(self) -> float:
        first, second = self.atoms.position[:2]
        return float(np.sqrt(((second - first) ** 2).sum()))

    @property
    def n(self) -> int:
        """Number of degrees of freedom."""
        return len(self.start)

    def _deformation(self, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return diag(lambda, lambda, lambda gamma) as [k, 3] and 1 + E [k, 3, 3] at points [k, n]."""
        stretch = np.ones((len(s), 3))
        place = 0
        if self._lambda:
            stretch *= s[:, :1]
            place = 1
        if self._gamma:
            stretch[:, 2] *= s[:, place]
            place += 1
        strain: FloatArray = np.zeros((len(s), 3, 3))
        strain[:] = np.eye(3)
        for k, component in enumerate(self._strains):
            strain += s[:, place + k, None, None] * _STRAINS[component]
        return stretch, strain

    def place(self, s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return cells [k, 3, 3] and positions [k, n_atoms, 3] at points `s` [k, n]."""
        stretch, strain = self._deformation(s)
        F = stretch[:, :, None] * strain
        position = np.tile(self.atoms.position, (len(s), 1, 1))
        if self._distance:
            away = position[:, 1] - position[:, 0]
            position[:, 1] = position[:, 0] + s[:, self.n_affine, None] * away
        elif self._coordinates:
            position[:, 1:] += s[:, self.n_affine :].reshape(len(s), -1, 3)
        return self.atoms.cell @ F, position @ F

    def gradient(self, s: FloatArray, forces: FloatArray, virials: FloatArray) -> FloatArray:
        """Return dE/ds [..., k, n] at points `s` [k, n].

        Parameters
        ----------
        s
            The points.
        forces
            [..., k, n_atoms, 3].
        virials
            [..., k, 6], minus dE/d(strain): dE/dF = -F^-T W.
        """
        stretch, strain = self._deformation(s)
        F = stretch[:, :, None] * strain
        by_F = -(np.swapaxes(np.linalg.inv(F), -1, -2) @ tensor(virials))
        slopes = np.zeros((*virials.shape[:-1], self.n))
        place = 0
        if self._lambda:
            slopes[..., 0] = (by_F * F).sum((-1, -2)) / s[:, 0]
            place = 1
        if self._gamma:
            slopes[..., place] = (by_F * F)[..., 2, :].sum(-1) / s[:, place]
            place += 1
        for k, component in enumerate(self._strains):
            by_strain = stretch[:, :, None] * _STRAINS[component]
            slopes[..., place + k] = (by_F * by_strain).sum((-1, -2))
        by_position = -(forces @ np.swapaxes(F, -1, -2))
        if self._distance:
            away = self.atoms.position[1] - self.atoms.position[0]
            slopes[..., self.n_affine] = (by_position[..., 1, :] * away).sum(-1)
        elif self._coordinates:
            slopes[..., self.n_affine :] = by_position[..., 1:, :].reshape(*slopes.shape[:-1], -1)
        return slopes

    def stretches(self, s: FloatArray) -> FloatArray:
        """Return the principal stretches [3] of the cell at one point [n], relative to the start."""
        stretch, strain = self._deformation(s[None])
        return np.asarray(np.linalg.svd(stretch[0, :, None] * strain[0], compute_uv=False))
