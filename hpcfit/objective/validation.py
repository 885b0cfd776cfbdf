"""Checks of a job's potentials on its structures: exact derivatives against differences; reports the largest errors.

Differences are central with Richardson extrapolation from two widths: their error is of fourth order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from hpcfit.dataset.reader import Dataset
from hpcfit.objective.model import Model
from hpcfit.objective.plan import Plan
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations, FloatArray, Job

#: Widths of differences: Angstrom for atoms, strain for cells, a fraction of their size for parameters.
_WIDTH, _STRAIN, _PARAMETER_WIDTH = 1e-3, 3e-4, 1e-4

#: Points of a difference in units of the width, and their factors: (4 D(h / 2) - D(h)) / 3.
_POINTS = np.array([-1.0, -0.5, 0.5, 1.0])
_FACTORS = np.array([1.0, -8.0, 8.0, -1.0]) / 6.0

#: Images that are evaluated at once.
_AT_ONCE = 256

#: Indices of strains in the order xx yy zz yz xz xy.
_VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


@dataclass(frozen=True)
class Worst:
    """The largest difference of one kind, and its place."""

    kind: str
    difference: float
    unit: str
    where: str

    def __str__(self) -> str:
        size = f"{self.difference:.3g}" + (f" {self.unit}" if self.unit else "")
        return f"validation of {self.kind}: largest difference {size}, {self.where}"


def validation_lines(plan: Plan, model: Model) -> list[str]:
    """Compare forces, virials and derivatives by parameters with differences, and describe the largest of each.

    It uses all own structures of the job and the first configuration of each group of its datasets.

    Parameters
    ----------
    plan
        The job and its datasets.
    model
        Its potentials, taken at their start values.
    """
    worst: dict[str, Worst] = {}
    for name, atoms in _structures(plan):
        for found in differences(plan.job, model, name, atoms):
            if found.kind not in worst or not found.difference <= worst[found.kind].difference:
                worst[found.kind] = found
    return [str(found) for found in worst.values()]


def differences(job: Job, model: Model, name: str, atoms: Atoms) -> Iterator[Worst]:
    """Yield the largest difference of each kind in one structure."""
    exact = _columns(job, model, [atoms], model.start, derivatives=True)[0]
    where, n = f"structure '{name}'", 1 + 3 * len(atoms)
    moved = _slopes(job, model, [partial(_moved, atoms, k) for k in range(3 * len(atoms))], _WIDTH)
    yield Worst("forces", _largest(moved + exact[0, 1:n]), "eV/A", where)
    strained = _slopes(job, model, [partial(_strained, atoms, *place) for place in _VOIGT], _STRAIN)
    yield Worst("virials", _largest(strained + exact[0, n:]), "eV", where)
    for k, parameter in enumerate(job.free):
        width = _PARAMETER_WIDTH * (abs(model.start[k]) or 1.0)
        found = np.zeros(exact.shape[1])
        for point, factor in zip(_POINTS, _FACTORS, strict=True):
            x = model.start + np.where(np.arange(model.n_free) == k, point * width, 0.0)
            found += factor / width * _columns(job, model, [atoms], x)[0, 0]
        largest = _largest(exact[k + 1])
        error = _largest(found - exact[k + 1]) / (largest or 1.0)
        yield Worst("derivatives by parameters", error, "of the largest", f"{parameter.path}, {where}")


def _slopes(job: Job, model: Model, changes: Sequence[Callable[[float], Atoms]], width: float) -> FloatArray:
    """Return the derivative of the energy along several changes of one structure, functions of an amount."""
    images = [change(width * point) for change in changes for point in _POINTS]
    energies = [
        _columns(job, model, images[first : first + _AT_ONCE], model.start)[:, 0, 0]
        for first in range(0, len(images), _AT_ONCE)
    ]
    return np.concatenate(energies).reshape(-1, len(_POINTS)) @ _FACTORS / width


def _moved(atoms: Atoms, component: int, amount: float) -> Atoms:
    position = atoms.position.copy()
    position.flat[component] += amount
    return replace(atoms, position=position)


def _strained(atoms: Atoms, i: int, j: int, amount: float) -> Atoms:
    strain = np.eye(3)
    strain[i, j] += 0.5 * amount
    strain[j, i] += 0.5 * amount
    return replace(atoms, cell=atoms.cell @ strain, position=atoms.position @ strain)


def _columns(
    job: Job, model: Model, images: Sequence[Atoms], x: FloatArray, derivatives: bool = False
) -> FloatArray:
    """Return energy, forces and virial of images of one structure at `x`, and optionally their derivatives.

    [n_images, 1 or 1 + n_free, 7 + 3 n_atoms].
    """
    n, n_atoms = len(images), len(images[0])
    configurations = Configurations.bare(job.species, images)
    numbers = list(range(len(job.species)))
    neighbours = find_neighbours(configurations, numbers, len(numbers), model.cutoff)
    geometry = model.geometry(neighbours)
    columns = np.zeros((1 + model.n_free if derivatives else 1, geometry.n_rows(virials=True)))
    model.evaluate(geometry, x, columns, virials=True)
    energy, force, virial = np.split(columns, [n, n + 3 * n * n_atoms], axis=1)
    parts = [part.reshape(len(columns), n, -1) for part in (energy, force, virial)]
    return np.concatenate(parts, axis=2).transpose(1, 0, 2)


def _largest(values: FloatArray) -> float:
    return float(np.abs(values).max(initial=0.0))


def _structures(plan: Plan) -> Iterator[tuple[str, Atoms]]:
    for structure in plan.job.own_structures:
        yield structure.id, structure.atoms
    for source, index, selected in zip(plan.sources, plan.indices, plan.selected, strict=True):
        _, first = np.unique(index.group[selected], return_index=True)
        with Dataset(source.path, source.file) as dataset:
            for number in selected[first].tolist():
                c = dataset.read(number, number + 1)
                species = np.array(plan.species_numbers(c.symbols), dtype=np.int32)[c.species]
                yield f"{source.id}, configuration {number}", Atoms(species, c.cell[0], c.pbc[0], c.position)
