"""Imports foreign files as `Configurations`, and reports all faults of the source at once.

A missing label is NaN and has a bit in the mask. Frames count from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from hpcfit.dataset.checks import count, defects
from hpcfit.dataset.formats._format import Frame
from hpcfit.dataset.frames import FrameRow, frame_values, read_row
from hpcfit.dataset.hashing import content_ids
from hpcfit.dataset.import_options import ImportOptions
from hpcfit.dataset.sources import Source, open_source
from hpcfit.errors import Fault, InputError, nearest
from hpcfit.records import Configurations, FloatArray, Missing


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Parameters
    ----------
    configurations
        Ready to be written.
    energy_kind
        Kind of the energies.
    skipped
        Files that are not configurations.
    sha256
        Of the source.
    property_weight
        [n, 3], factors on the residuals of energy, forces and stress; None where no frame has any.
    """

    configurations: Configurations
    energy_kind: str
    skipped: tuple[str, ...]
    sha256: str
    property_weight: FloatArray | None


def import_configurations(
    path: str | Path, options: ImportOptions, progress: Callable[[int], None] | None = None
) -> Imported:
    """Read all configurations of a source.

    Parameters
    ----------
    path
        An extxyz file (also ``.gz``), a folder or archive of such files, or an ASE database.
    options
        Options of the import.
    progress
        Called with the number of frames read so far.

    Raises
    ------
    InputError
        With every kind of fault, each at its first frame.
    """
    return _imported(str(path), open_source(Path(path)), options, progress)


def import_atoms(atoms: Iterable[Any], options: ImportOptions) -> Imported:
    """Import ASE ``Atoms``; their default group is ``atoms``.

    Raises
    ------
    InputError
        As `import_configurations` does.
    """
    entries = list(atoms)
    frames = (Frame(f"atoms {k}", "atoms", entry) for k, entry in enumerate(entries))
    return _imported("list of atoms", Source(frames, (), ""), options, None)


def _imported(
    path: str, source: Source, options: ImportOptions, progress: Callable[[int], None] | None
) -> Imported:
    gathered = _Gathered(path, options)
    for n, frame in enumerate(source.frames, start=1):
        gathered.add(frame)
        if progress is not None:
            progress(n)
    gathered.refuse_faults()
    configurations = _configurations(gathered.rows)
    gathered.faults = [
        Fault(gathered.rows[defect.at[0]].where, defect.what, count(len(defect.at)))
        for defect in defects(configurations)
    ]
    gathered.refuse_faults()
    weights = _or_ones([(row.property_weight, 3) for row in gathered.rows])
    property_weight = None if weights is None else weights.reshape(-1, 3)
    return Imported(configurations, gathered.energy_kind, source.skipped, source.sha256, property_weight)


class _Gathered:
    """Rows, faults and entry names of the frames read so far."""

    def __init__(self, path: str, options: ImportOptions) -> None:
        self.path = path
        self.options = options
        self.rows: list[FrameRow] = []
        self.faults: list[Fault] = []
        self._keys: set[str] = set()

    def add(self, frame: Frame | Fault) -> None:
        """Add a frame or its fault."""
        if isinstance(frame, Fault):
            self.faults.append(frame)
            return
        values = frame_values(frame)
        self._keys |= values.keys()
        row = read_row(frame, values, self.options)
        if isinstance(row, FrameRow):
            self.rows.append(row)
        else:
            self.faults += row

    @property
    def energy_kind(self) -> str:
        """Kind of the energies; empty without energies."""
        kinds = self._energy_kinds()
        return self.options.energy_kind or next(iter(kinds), "") if kinds else ""

    def refuse_faults(self) -> None:
        """Raise all faults, one per kind."""
        faults = _by_kind(self.faults) + self._faults_of_all()
        if faults:
            raise InputError(faults)

    def _energy_kinds(self) -> dict[str, str]:
        """Return each kind of energy and the first frame that has it."""
        kinds: dict[str, str] = {}
        for row in self.rows:
            if row.energy is not None:
                kinds.setdefault(row.energy_key.lower(), row.where)
        return kinds

    def _faults_of_all(self) -> list[Fault]:
        if not self.rows:
            return [] if self.faults else [Fault(self.path, "no configurations")]
        faults = []
        for option in ("energy_key", "forces_key", "weight_key"):
            key = getattr(self.options, option)
            if key is not None and key not in self._keys:
                what = f"no frame has the entry of --{option.replace('_', '-')}"
                faults.append(
                    Fault(self.path, what, key, ", ".join(sorted(self._keys)), nearest(key, self._keys))
                )
        kinds = self._energy_kinds()
        if len(kinds) > 1 and self.options.energy_kind is None:
            said = " and ".join(f"{kind} ({where})" for kind, where in kinds.items())
            faults.append(
                Fault(self.path, "energies of several kinds", said, "--energy-key or --energy-kind")
            )
        return faults


def _by_kind(faults: list[Fault]) -> list[Fault]:
    kinds: dict[str, list[Fault]] = {}
    for fault in faults:
        kinds.setdefault(fault.what, []).append(fault)
    return [
        replace(same[0], found=", ".join(filter(None, (same[0].found, count(len(same))))))
        for same in kinds.values()
    ]


def _configurations(rows: list[FrameRow]) -> Configurations:
    symbols = tuple(dict.fromkeys(symbol for row in rows for symbol in row.symbols))
    groups = tuple(dict.fromkeys(row.group for row in rows))
    species_of = {symbol: k for k, symbol in enumerate(symbols)}
    group_of = {group: k for k, group in enumerate(groups)}
    configurations = Configurations(
        symbols=symbols,
        groups=groups,
        ptr=np.cumsum([0, *(len(row.symbols) for row in rows)], dtype=np.int64),
        cell=np.array([row.cell for row in rows]),
        pbc=np.array([row.pbc for row in rows]),
        energy=np.array([np.nan if row.energy is None else row.energy for row in rows]),
        stress=np.array([_or_nan(row.stress, (6,)) for row in rows]),
        mask=np.array([_mask(row) for row in rows], dtype=np.uint8),
        group=np.array([group_of[row.group] for row in rows], dtype=np.int32),
        weight=np.array([row.weight for row in rows]),
        id=np.zeros((len(rows), 16), dtype=np.uint8),
        species=np.array([species_of[symbol] for row in rows for symbol in row.symbols], dtype=np.int32),
        position=np.concatenate([row.position for row in rows]),
        force=np.concatenate([_or_nan(row.force, row.position.shape) for row in rows]),
        force_weight=_or_ones([(row.force_weight, len(row.symbols)) for row in rows]),
    )
    return replace(configurations, id=content_ids(configurations))


def _mask(row: FrameRow) -> int:
    targets = {Missing.ENERGY: row.energy, Missing.FORCES: row.force, Missing.STRESS: row.stress}
    return sum(flag.value for flag, value in targets.items() if value is None)


def _or_ones(factors: list[tuple[FloatArray | None, int]]) -> FloatArray | None:
    """Return the concatenated factors, 1 where a row has none; None if no row has any."""
    if all(own is None for own, _ in factors):
        return None
    return np.concatenate([np.ones(n) if own is None else own for own, n in factors])


def _or_nan(values: FloatArray | None, shape: tuple[int, ...]) -> FloatArray:
    return np.full(shape, np.nan) if values is None else values
