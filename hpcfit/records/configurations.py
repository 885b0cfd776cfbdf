"""Reference configurations, indices of datasets, and predictions."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from hpcfit.records.arrays import FloatArray, IntArray
from hpcfit.records.structures import Atoms


class Missing(enum.IntFlag):
    """Bits of a configuration's mask: a set bit means that the target is missing (its values are NaN)."""

    NONE = 0
    ENERGY = 1
    FORCES = 2
    STRESS = 4


@dataclass(frozen=True)
class Configurations:
    """Reference configurations as flat arrays; atoms of configuration k are ``ptr[k]:ptr[k + 1]``.

    Parameters
    ----------
    symbols
        Chemical symbols; `species` counts into them.
    groups
        Names of groups; `group` counts into them.
    ptr
        int64 [n + 1], first atom of each configuration, starting at 0.
    cell
        [n, 3, 3], rows are the cell vectors, Angstrom (zero for missing vectors).
    pbc
        bool [n, 3].
    energy
        [n], eV, total energy of the configuration.
    stress
        [n, 6], eV/Angstrom^3, tension positive, order xx yy zz yz xz xy.
    mask
        uint8 [n], bits of `Missing`.
    group
        int32 [n].
    weight
        [n], the configuration's own weight, by default 1.
    id
        uint8 [n, 16], a hash of the configuration's content.
    species
        int32 [n_atoms].
    position
        [n_atoms, 3], Angstrom.
    force
        [n_atoms, 3], eV/Angstrom.
    force_weight
        [n_atoms], factors on the residuals of forces; None for no factors.
    """

    symbols: tuple[str, ...]
    groups: tuple[str, ...]
    ptr: IntArray
    cell: FloatArray
    pbc: NDArray[np.bool_]
    energy: FloatArray
    stress: FloatArray
    mask: NDArray[np.uint8]
    group: NDArray[np.int32]
    weight: FloatArray
    id: NDArray[np.uint8]
    species: NDArray[np.int32]
    position: FloatArray
    force: FloatArray
    force_weight: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.ptr) - 1

    @classmethod
    def bare(cls, symbols: Sequence[str], structures: Sequence[Atoms]) -> Configurations:
        """Return structures without targets, for neighbour searches.

        The structures' species index `symbols`.
        """
        n, n_atoms = len(structures), sum(len(atoms) for atoms in structures)
        return cls(
            symbols=tuple(symbols),
            groups=("",),
            ptr=np.cumsum([0, *(len(atoms) for atoms in structures)], dtype=np.int64),
            cell=np.array([atoms.cell for atoms in structures], dtype=np.float64),
            pbc=np.array([atoms.pbc for atoms in structures], dtype=bool),
            energy=np.full(n, np.nan),
            stress=np.full((n, 6), np.nan),
            mask=np.full(n, Missing.ENERGY | Missing.FORCES | Missing.STRESS, dtype=np.uint8),
            group=np.zeros(n, dtype=np.int32),
            weight=np.ones(n),
            id=np.zeros((n, 16), dtype=np.uint8),
            species=np.concatenate([atoms.species for atoms in structures]).astype(np.int32),
            position=np.concatenate([atoms.position for atoms in structures]),
            force=np.full((n_atoms, 3), np.nan),
        )

    def take(self, chosen: IntArray) -> Configurations:
        """Return some of the configurations, in the order of `chosen`."""
        sizes = np.diff(self.ptr)[chosen]
        ptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        atoms = np.arange(ptr[-1]) + np.repeat(self.ptr[:-1][chosen] - ptr[:-1], sizes)
        per_configuration = ("cell", "pbc", "energy", "stress", "mask", "group", "weight", "id")
        arrays = {name: getattr(self, name)[chosen] for name in per_configuration}
        arrays |= {name: getattr(self, name)[atoms] for name in ("species", "position", "force")}
        force_weight = None if self.force_weight is None else self.force_weight[atoms]
        return replace(self, ptr=ptr, force_weight=force_weight, **arrays)


@dataclass(frozen=True)
class DatasetIndex:
    """The per-configuration arrays of a dataset, which every rank has before it reads atoms.

    Attributes are as in `Configurations`; `content` is a hash over all configurations' ids,
    `path` the file as the job names it, `property_weight` [n, 3] are factors on the residuals of energy, forces and
    stress, None for no factors, and `force_weights` is the hash of the weights of all atoms, empty if there are none.
    `identity` tells the file from one that replaces it, empty for configurations in memory.
    """

    path: str
    content: str
    symbols: tuple[str, ...]
    groups: tuple[str, ...]
    ptr: IntArray
    mask: NDArray[np.uint8]
    group: NDArray[np.int32]
    weight: FloatArray
    property_weight: FloatArray | None = None
    force_weights: str = ""
    identity: str = ""

    def __len__(self) -> int:
        return len(self.ptr) - 1


@dataclass(frozen=True)
class Predictions:
    """Targets and predictions of one dataset, selected configurations in order; NaN where a target is missing.

    Units and shapes as in `Configurations`; `configuration` [n] counts into the file.
    """

    source: str  #: id of the dataset in the job
    groups: tuple[str, ...]
    configuration: IntArray
    group: NDArray[np.int32]
    ptr: IntArray
    energy: FloatArray
    energy_target: FloatArray
    force: FloatArray
    force_target: FloatArray
    stress: FloatArray
    stress_target: FloatArray
    #: [n, 3], whether energy, forces and stress are fitted; [0, 3] if not known, as in run files of earlier versions
    fitted: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 3), dtype=bool))
