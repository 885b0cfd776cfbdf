"""Datasets of configurations with targets and weights: HDF5 is read when needed, other sources are kept in memory."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpcfit.api.in_memory import InMemory, read_source
from hpcfit.api.ranks import communicator, on_all_ranks
from hpcfit.api.weights import (
    Weight,
    WeightArrays,
    configuration_weights,
    is_uniform,
    of_components,
    weight_arrays,
)
from hpcfit.dataset import reader
from hpcfit.dataset.hashing import weights_hash
from hpcfit.dataset.layout import Provenance
from hpcfit.dataset.writer import write
from hpcfit.errors import Fault, InputError
from hpcfit.input_files import read_text
from hpcfit.job.structures.losses import read_weight_table
from hpcfit.objective.local import OpenDataset
from hpcfit.parallel.communicator import ROOT
from hpcfit.records import Configurations, DatasetIndex, FloatArray, Missing
from hpcfit.version import __version__

_HDF5 = (".h5", ".hdf5")


@dataclass(frozen=True)
class Configuration:
    """One configuration, as weights and residual functions see it; missing targets are None.

    Parameters
    ----------
    identifier
        ``group/number``; numbers count from 0 in the dataset.
    species
        [N] symbols.
    coords, cell
        [N, 3] and [3, 3] with cell vectors in rows, Angstrom.
    PBC
        [3].
    energy, forces, stress
        eV, [N, 3] eV/Angstrom, [6] eV/Angstrom^3 (tension positive, xx yy zz yz xz xy).
    """

    identifier: str
    species: tuple[str, ...]
    coords: FloatArray
    cell: FloatArray
    PBC: NDArray[np.bool_]
    energy: float | None
    forces: FloatArray | None
    stress: FloatArray | None

    def get_num_atoms(self) -> int:
        """Return the number of atoms."""
        return len(self.species)


class ScriptDataset:
    """Configurations with targets; `from_path` makes one.

    Parameters
    ----------
    name
        Name in error messages.
    path
        The HDF5 file or other source.
    configurations
        Configurations in memory; None if they are read from the file.
    energy_kind
        Kind of the energies in memory.
    property_weight
        [n, 3], factors on the residuals of energy, forces and stress; None for no factors.
    """

    def __init__(
        self,
        name: str,
        path: str,
        configurations: Configurations | None = None,
        energy_kind: str = "",
        property_weight: FloatArray | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self._configurations = configurations
        self._energy_kind = energy_kind
        self._property_weight = property_weight
        self._weights: Weight | list[Weight] | None = None

    @classmethod
    def from_path(
        cls,
        source: Any,
        weight: Weight | Sequence[Weight] | str | Path | None = None,
        comm: Any = None,
        **options: Any,
    ) -> ScriptDataset:
        """Return a dataset.

        Parameters
        ----------
        source
            An HDF5 dataset, of which each rank reads only its part; or an extxyz file, a folder or archive of such
            files, an ASE database, or a list of ``ase.Atoms``, which every rank keeps in memory.
        weight
            One weight, copied for each configuration; a list with one per configuration; or a text file for
            `add_weights`. None keeps the weights in the dataset.
        comm
            An mpi4py communicator; by default the world.
        **options
            Options of ``hpcfit data import``: ``energy_key``, ``forces_key``, ``stress_unit``,
            ``stress_sign``, ``ignore_stress``, ``group_key``, ``group_split``, ``weight_key``. For a list of Atoms,
            stresses are ASE's (eV/A^3, tension positive) by default.

        Raises
        ------
        InputError
            On all ranks, with all faults of the source.
        """
        ranks = communicator(comm)
        is_file = isinstance(source, (str, Path))
        if is_file and str(source).endswith(_HDF5):
            if options:
                raise InputError([Fault(str(source), "options of an import", ", ".join(options), "none")])
            dataset = cls(str(source), str(source))
            with on_all_ranks(ranks), dataset.open():
                pass
        else:
            imported = None
            with on_all_ranks(ranks):
                if ranks.rank == ROOT:
                    imported = read_source(source, options)
            name = str(source) if is_file else "list of atoms"
            dataset = cls(name, str(Path(name).absolute()) if is_file else name, *ranks.broadcast(imported))
        if isinstance(weight, (str, Path)):
            dataset.add_weights(weight)
        elif weight is not None:
            dataset.set_weights(weight)
        return dataset

    @cached_property
    def index(self) -> DatasetIndex:
        """The arrays of all configurations, with the weights stored in the dataset."""
        with self._file() as file:
            index: DatasetIndex = file.index()
        return index

    def __len__(self) -> int:
        return len(self.index)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The species."""
        return self.index.symbols

    def get_configs(self) -> list[Configuration]:
        """Return all configurations."""
        c = self._whole()
        with_target = {flag: (c.mask & flag.value) == 0 for flag in Missing}
        configurations = []
        for k in range(len(c)):
            atoms = slice(c.ptr[k], c.ptr[k + 1])
            configurations.append(
                Configuration(
                    identifier=f"{c.groups[c.group[k]]}/{k}",
                    species=tuple(c.symbols[number] for number in c.species[atoms]),
                    coords=c.position[atoms],
                    cell=c.cell[k],
                    PBC=c.pbc[k],
                    energy=float(c.energy[k]) if with_target[Missing.ENERGY][k] else None,
                    forces=c.force[atoms] if with_target[Missing.FORCES][k] else None,
                    stress=c.stress[k] if with_target[Missing.STRESS][k] else None,
                )
            )
        return configurations

    @property
    def weights(self) -> Weight | list[Weight] | None:
        """One weight for all configurations, one per configuration, or None for those in the dataset."""
        return self._weights

    def set_weights(self, weight: Weight | Sequence[Weight]) -> None:
        """Replace the weights in the dataset by copies of one weight, or by one per configuration.

        Raises
        ------
        InputError
            If the number of weights is wrong, or an item is not a weight.
        """
        if isinstance(weight, Weight) and is_uniform(weight):
            weight_arrays([weight], np.array([0, 1]), self.name)
            self._weights = weight
            return
        if isinstance(weight, Weight):
            chosen = configuration_weights(weight, self.get_configs(), self.name)
        else:
            if not isinstance(weight, Iterable):
                allowed = "a Weight, one per configuration, or a text file"
                raise InputError([Fault(self.name, "weight must be a Weight", repr(weight), allowed)])
            chosen = list(weight)
        if len(chosen) != len(self):
            fault = Fault(self.name, "one weight per configuration", f"{len(chosen)}", f"{len(self)}")
            raise InputError([fault])
        weight_arrays(chosen, self.index.ptr, self.name)
        self._weights = chosen

    def add_weights(self, path: str | Path) -> None:
        """Read weights from a text file: a header (config, energy, forces, stress), then one line for all or each.

        Raises
        ------
        InputError
            If the file cannot be read or does not match the dataset.
        """
        try:
            table = read_weight_table(read_text(path), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError([Fault(str(path), "cannot be read", str(error))]) from error
        n = len(self)
        if table.n_lines not in (1, n):
            found = f"{table.n_lines} lines"
            raise InputError(
                [Fault(str(path), f"table of weights does not fit {self.name}", found, f"1 or {n}")]
            )
        names = ("config", "energy", "forces", "stress")
        columns = [np.broadcast_to(table.column(name, n), n).tolist() for name in names]
        self.set_weights([Weight(*row) for row in zip(*columns, strict=True)])

    def save(self, path: str | Path, overwrite: bool = False, comm: Any = None) -> None:
        """Write the configurations and weights to an HDF5 dataset; the root writes.

        Raises
        ------
        InputError
            On all ranks, if the file exists or cannot be written.
        """
        ranks = communicator(comm)
        with on_all_ranks(ranks):
            if ranks.rank == ROOT:
                self._save(path, overwrite)

    def _save(self, path: str | Path, overwrite: bool) -> None:
        c, stored = self._whole(), self.index.property_weight
        if self._configurations is None:
            with reader.Dataset(self.path) as file:
                self._energy_kind = file.energy_kind
        arrays = self._arrays()
        if isinstance(self._weights, Weight):
            one = weight_arrays([self._weights], np.array([0, 1]), self.name)
            n = len(self)
            arrays = WeightArrays(np.repeat(one.config, n), np.repeat(one.properties, n, axis=0), None)
        if arrays is not None:
            c, stored = replace(c, weight=arrays.config, force_weight=arrays.atoms), arrays.properties
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        provenance = Provenance(self.name, "", "{}", now, __version__)
        write(path, c, provenance, self._energy_kind, overwrite=overwrite, property_weight=stored)

    def snapshot(self) -> ScriptDataset:
        """Return a copy of the dataset whose weights do not change with those of this object."""
        kept, own = copy(self), self._weights
        kept._weights = [copy(weight) for weight in own] if isinstance(own, list) else copy(own)
        return kept

    def weighted_index(self) -> DatasetIndex:
        """Return the index with the weights of this object."""
        if self._weights is None:
            return self.index
        ones = np.ones(len(self))
        a = self._arrays()
        if a is None:
            return replace(self.index, weight=ones, property_weight=None, force_weights="")
        of_atoms = "" if a.atoms is None else weights_hash([a.atoms])
        return replace(self.index, weight=a.config, property_weight=a.properties, force_weights=of_atoms)

    def _arrays(self) -> WeightArrays | None:
        """Return the current weights, None if there is not one per configuration."""
        if not isinstance(self._weights, list):
            return None
        return weight_arrays(self._weights, self.index.ptr, self.name)

    def weight_of(self, number: int) -> Weight | None:
        """Return the weight object of a configuration, None if the weights in the dataset are used.

        Residual functions multiply force components by ``forces_weight``, so weights per atom are copied to [3N].
        """
        if not isinstance(self._weights, list):
            return self._weights
        weight = self._weights[number]
        forces = of_components(weight.forces_weight, int(np.diff(self.index.ptr)[number]))
        if forces is not weight.forces_weight:
            weight = copy(weight)
            weight.forces_weight = forces
        return weight

    @contextmanager
    def open(self) -> Iterator[OpenDataset]:
        """Open the dataset for reading, with the weights of this object."""
        with self._file() as file:
            yield file if self._weights is None else _Weighted(file, self._arrays(), self.index)

    def _file(self) -> AbstractContextManager[Any]:
        if self._configurations is None:
            # a file that replaces the one of the index would not fit it
            index: DatasetIndex | None = self.__dict__.get("index")
            return reader.Dataset(self.path, self.name, index.identity if index else "")
        return InMemory(self.name, self._configurations, self._property_weight)

    def _whole(self) -> Configurations:
        with self._file() as file:
            whole: Configurations = file.read(0, len(self))
        return whole


Dataset = ScriptDataset  #: public name


class _Weighted:
    """A dataset with replaced force weights."""

    def __init__(self, file: OpenDataset, arrays: WeightArrays | None, index: DatasetIndex) -> None:
        self.name = file.name
        self._file = file
        self._atoms = None if arrays is None else arrays.atoms
        self._ptr = index.ptr

    def read(self, start: int, stop: int) -> Configurations:
        own = None if self._atoms is None else self._atoms[self._ptr[start] : self._ptr[stop]]
        return replace(self._file.read(start, stop), force_weight=own)
