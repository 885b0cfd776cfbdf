"""Weights of the properties of configurations and structures in the sum of squares.

Normalised weights follow atomicrex: chi^2 = sum_k W_k ((p_k - t_k) / delta_k)^2 over all components of all fitted
properties, W_k the product of relative weights, each divided by the sum over its siblings: properties of one
configuration or structure, configurations of one dataset; datasets, structures, derived properties and groups of one
group. Only fitted properties count: a configuration without any fitted target is excluded, and so is a structure or
group with nothing else.

Absolute weights are KLIFF's: the residual is w_config w_property (p - t), optionally divided by the number of atoms,
and the loss is half the sum of squares. For residual functions in Python, factors are 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.records import (
    AbsoluteWeights,
    Configurations,
    DatasetIndex,
    DatasetSource,
    DerivedProperty,
    FloatArray,
    Group,
    IntArray,
    Job,
    Missing,
    Structure,
    WeightTable,
)

_BITS = {
    "total-energy": Missing.ENERGY,
    "atomic-energy": Missing.ENERGY,
    "atomic-forces": Missing.FORCES,
    "stress": Missing.STRESS,
}

#: The properties in a configuration's rows.
_KINDS = ("energy", "forces", "stress")


@dataclass(frozen=True)
class Factors:
    """Factors on the differences of the selected configurations of one dataset, [n] each, 0 where not fitted.

    The sum of squares is that of ``energy`` (1/eV) times the difference of total energies, ``forces`` (Angstrom/eV)
    times those of each force component, ``stress`` (Angstrom^3/eV) times those of each stress component. ``atoms``
    [n_atoms] are further factors on the forces of each atom, None where there are none. ``roots`` [3, n] holds sqrt(W)
    of the first three: a factor over its root is the inverse of the tolerance.
    """

    energy: FloatArray
    forces: FloatArray
    stress: FloatArray
    roots: FloatArray
    atoms: FloatArray | None = None

    def take(self, chosen: IntArray) -> Factors:
        """Return the factors of some configurations, without those of atoms."""
        return Factors(self.energy[chosen], self.forces[chosen], self.stress[chosen], self.roots[:, chosen])


@dataclass(frozen=True)
class Weights:
    """The weights of everything in a job.

    Parameters
    ----------
    datasets
        Factors of every dataset, in document order.
    structures
        W of every listed property of every own structure; 0 if it is not fitted.
    derived
        W of every derived property; 0 if it is not fitted.
    """

    datasets: tuple[Factors, ...]
    structures: tuple[tuple[float, ...], ...]
    derived: tuple[float, ...]


def weigh(job: Job, indices: Sequence[DatasetIndex], selected: Sequence[IntArray]) -> Weights:
    """Return the weights of everything in a job.

    Parameters
    ----------
    job
        The job.
    indices
        Per dataset, its index.
    selected
        Per dataset, the selected configurations.
    """
    known = dict(zip((s.id for s in job.datasets), zip(indices, selected, strict=True), strict=True))
    shares = {} if job.absolute else _shares(job.structures, 1.0, known)
    return Weights(
        datasets=tuple(
            _absolute(source.absolute, source, *known[source.id])
            if source.absolute is not None
            else _normalised(source, shares.get(source.id, 0.0), *known[source.id])
            for source in job.datasets
        ),
        structures=tuple(_of_leaf(structure, shares) for structure in job.own_structures),
        derived=tuple(_of_leaf(derived, shares)[0] for derived in job.derived),
    )


def _of_leaf(leaf: Structure | DerivedProperty, shares: dict[str, float]) -> tuple[float, ...]:
    """Return W of every property of a structure: its share, divided among the fitted ones."""
    siblings = sum(prop.relative_weight for prop in leaf.properties if prop.fit)
    share = shares.get(leaf.id, 0.0)
    if share == 0.0:
        return (0.0,) * len(leaf.properties)
    return tuple(share * prop.relative_weight / siblings if prop.fit else 0.0 for prop in leaf.properties)


def _absolute(
    weights: AbsoluteWeights, source: DatasetSource, index: DatasetIndex, selected: IntArray
) -> Factors:
    own = property_weights(weights, index, selected)
    n_atoms = np.diff(index.ptr)[selected]
    fitted = {p.name: has_target(index, selected, p.name) for p in source.properties if p.fit}
    nothing = np.zeros(len(selected))
    total, atomic = fitted.get("total-energy", nothing), fitted.get("atomic-energy", nothing)
    energy = np.sqrt(total + atomic / n_atoms**2)
    forces, stress = fitted.get("atomic-forces", nothing), fitted.get("stress", nothing)
    # Absolute weights are inverse tolerances.
    roots = np.ones((len(_KINDS), len(selected)))
    if weights.function is not None:
        return Factors(energy, forces, stress, roots)
    weight = own.config / n_atoms if weights.normalize_by_natoms else own.config
    return Factors(
        weight * own.energy * energy, weight * own.forces * forces, weight * own.stress * stress, roots
    )


@dataclass(frozen=True)
class PropertyWeights:
    """Weights of the selected configurations of one dataset, [n] each, without those by target."""

    config: FloatArray
    energy: FloatArray
    forces: FloatArray
    stress: FloatArray


def property_weights(weights: AbsoluteWeights, index: DatasetIndex, selected: IntArray) -> PropertyWeights:
    """Return the product of the weights of the job, its table and the dataset."""
    n = len(selected)
    table = weights.table or WeightTable(None, None, None, None)
    stored = np.ones((n, 3)) if index.property_weight is None else index.property_weight[selected]
    return PropertyWeights(
        config=index.weight[selected] * weights.config * _of(table, "config", index, selected),
        energy=weights.energy * _of(table, "energy", index, selected) * stored[:, 0],
        forces=weights.forces * _of(table, "forces", index, selected) * stored[:, 1],
        stress=weights.stress * _of(table, "stress", index, selected) * stored[:, 2],
    )


def _of(table: WeightTable, name: str, index: DatasetIndex, selected: IntArray) -> FloatArray | float:
    column = table.column(name, len(index))
    return column if isinstance(column, float) else column[selected]


def weights_by_target(
    weights: AbsoluteWeights, configurations: Configurations
) -> tuple[FloatArray, FloatArray | None, FloatArray]:
    """Return the factors that depend on targets: of energies [n], of atoms [n_atoms], of stresses [n].

    The second is None if atoms have no weights.
    """
    c, n = configurations, len(configurations)
    if weights.inverse is None:
        return np.ones(n), c.force_weight, np.ones(n)
    energy = weights.inverse.of("energy", np.abs(c.energy))
    atoms = weights.inverse.of("forces", np.sqrt((c.force**2).sum(axis=1)))
    # Norm of the whole tensor, which contains every shear twice.
    norm = np.sqrt((c.stress[:, :3] ** 2).sum(axis=1) + 2.0 * (c.stress[:, 3:] ** 2).sum(axis=1))
    stress = weights.inverse.of("stress", norm)
    return energy, atoms if c.force_weight is None else atoms * c.force_weight, stress


def _normalised(source: DatasetSource, share: float, index: DatasetIndex, selected: IntArray) -> Factors:
    n_atoms = np.diff(index.ptr)[selected]
    squared = {kind: np.zeros(len(selected)) for kind in _KINDS}
    weights = np.zeros((len(_KINDS), len(selected)))
    siblings = np.zeros(len(selected))
    for prop in source.properties:
        if prop.fit:
            siblings += prop.relative_weight * has_target(index, selected, prop.name)
    own = np.where(siblings > 0, index.weight[selected], 0.0)
    own = share * own / own.sum() if own.sum() > 0 else own
    for prop in source.properties:
        if not prop.fit:
            continue
        present = prop.relative_weight * has_target(index, selected, prop.name)
        weight = own * np.divide(present, siblings, out=np.zeros(len(selected)), where=siblings > 0)
        kind = {"atomic-forces": "forces", "stress": "stress"}.get(prop.name, "energy")
        per = n_atoms if prop.name == "atomic-energy" else 1
        squared[kind] += weight / (prop.tolerance * per) ** 2
        weights[_KINDS.index(kind)] += weight
    return Factors(**{kind: np.sqrt(value) for kind, value in squared.items()}, roots=np.sqrt(weights))


def has_target(index: DatasetIndex, selected: IntArray, name: str) -> FloatArray:
    """Return 1 for selected configurations with a target of property `name`, else 0."""
    return np.asarray((index.mask[selected] & int(_BITS[name])) == 0, dtype=np.float64)


def _shares(group: Group, share: float, known: dict[str, tuple[DatasetIndex, IntArray]]) -> dict[str, float]:
    """Return the product of normalised weights of every dataset, structure and derived property below a group."""
    weights = [child.relative_weight if _is_fitted(child, known) else 0.0 for child in group.children]
    shares: dict[str, float] = {}
    for child, weight in zip(group.children, weights, strict=True):
        if weight == 0.0:
            continue
        own = share * weight / sum(weights)
        shares.update(_shares(child, own, known) if isinstance(child, Group) else {child.id: own})
    return shares


def _is_fitted(
    child: Group | DatasetSource | Structure | DerivedProperty,
    known: dict[str, tuple[DatasetIndex, IntArray]],
) -> bool:
    if isinstance(child, Group):
        return any(_is_fitted(grandchild, known) for grandchild in child.children)
    if not isinstance(child, DatasetSource):
        return any(p.fit and p.relative_weight > 0 for p in child.properties)
    index, selected = known[child.id]
    return any(
        p.fit
        and p.relative_weight > 0
        and (has_target(index, selected, p.name) * index.weight[selected]).any()
        for p in child.properties
    )
