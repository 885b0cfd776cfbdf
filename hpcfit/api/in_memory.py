"""Configurations from other sources than HDF5, kept in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from hpcfit.dataset.hashing import content_hash, weights_hash
from hpcfit.dataset.import_options import ImportOptions
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, DatasetIndex, FloatArray


class InMemory:
    """Configurations in memory, with the interface of a dataset file.

    Parameters
    ----------
    name
        Name in error messages.
    configurations
        All of them.
    property_weight
        [n, 3], factors on the residuals of energy, forces and stress; None for no factors.
    """

    def __init__(self, name: str, configurations: Configurations, property_weight: FloatArray | None) -> None:
        self.name = name
        self._configurations = configurations
        self._property_weight = property_weight

    def __enter__(self) -> InMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keep everything."""

    def read(self, start: int, stop: int) -> Configurations:
        """Return the configurations ``start:stop``."""
        return self._configurations.take(np.arange(start, stop))

    def index(self) -> DatasetIndex:
        """Return the arrays of all configurations."""
        c = self._configurations
        return DatasetIndex(
            path=self.name,
            content=content_hash(c.id),
            symbols=c.symbols,
            groups=c.groups,
            ptr=c.ptr,
            mask=c.mask,
            group=c.group,
            weight=c.weight,
            property_weight=self._property_weight,
            force_weights="" if c.force_weight is None else weights_hash([c.force_weight]),
        )


def _atoms(source: Any) -> list[Any]:
    from ase import Atoms

    is_list = isinstance(source, Iterable) and not isinstance(source, Atoms)
    entries = list(source) if is_list else [source]
    wrong = [entry for entry in entries if not isinstance(entry, Atoms)]
    if wrong or not is_list:
        found, allowed = repr(wrong[0] if wrong else source), "a path, or a list of ase.Atoms"
        raise InputError([Fault("Dataset.from_path", "source must be a path or ase.Atoms", found, allowed)])
    return entries


def read_source(source: Any, options: dict[str, Any]) -> tuple[Configurations, str, FloatArray | None]:
    """Return the configurations of a path or a list of ``ase.Atoms``, the kind of their energies, and weights [n, 3].

    Parameters
    ----------
    source
        As in `hpcfit.api.dataset.Dataset.from_path`.
    options
        Fields of `ImportOptions` by name.

    Raises
    ------
    InputError
        With all faults of the source or the options.
    """
    # ASE is slow to import, and HDF5 does not need it.
    from hpcfit.dataset.importing import import_atoms, import_configurations

    known = list(ImportOptions.__dataclass_fields__)
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InputError([Fault(str(source), "unknown option of an import", unknown[0], ", ".join(known))])
    if isinstance(source, (str, Path)):
        imported = import_configurations(source, ImportOptions(**options))
    else:
        source = _atoms(source)
        stated = {"stress_unit": "eV/A^3", "stress_sign": "tension"} | options
        imported = import_atoms(source, ImportOptions(**stated))
    return imported.configurations, imported.energy_kind, imported.property_weight
