"""The comparison of an exported potential with LAMMPS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hpcfit.export.exported import Exported
from hpcfit.export.verification.cells import (
    KINDS,
    own_structures,
    periodic,
    random_cells,
    scaled,
    usual_spacing,
)
from hpcfit.export.verification.engine import Answer, Question, ask
from hpcfit.objective.model import Model
from hpcfit.potential.batch import Batch
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations, FloatArray, Job

#: The kind of the job's own structures.
OWN = "of the job"

#: End of the label of random cells that do not count.
_OUTSIDE = ", out of range"


@dataclass(frozen=True)
class Verdict:
    """The result of a comparison, as lines for the user."""

    lines: tuple[str, ...]
    is_wrong: bool = False


@dataclass(frozen=True)
class _Compared:
    """A structure: its kind, hpcfit's values, the smallest distance, and whether it lies in the file's range."""

    kind: str
    atoms: Atoms
    energy: float
    forces: FloatArray
    shortest: float
    is_inside: bool

    @property
    def label(self) -> str:
        """Its row of the table; the job's own structures count even out of range."""
        return self.kind if self.is_inside or self.kind == OWN else f"{self.kind}{_OUTSIDE}"

    def errors(self, answer: Answer) -> tuple[float, float]:
        """Return the differences of the energy per atom and of the forces, relative where these exceed 1."""
        n = len(self.atoms)
        energy = abs(answer.energy - self.energy) / n / max(1.0, abs(self.energy) / n)
        scale = max(1.0, float(np.abs(self.forces).max(initial=0.0)))
        return energy, float(np.abs(answer.forces - self.forces).max(initial=0.0)) / scale


@dataclass(frozen=True)
class _Prepared:
    """The structures of an export, what cannot be compared, and how many of the job's own structures these are."""

    compared: tuple[_Compared, ...]
    faults: tuple[str, ...]
    n_own: int
    n_all: int


def verify(job: Job, exported: Exported) -> Verdict:
    """Compare the files of an export, which are in their place, with LAMMPS.

    Parameters
    ----------
    job
        The exported job, with its structures.
    exported
        The files.

    Raises
    ------
    InputError
        If the job's structures cannot be read.
    """
    return verify_all([(job, exported)])[0]


def verify_all(exports: Sequence[tuple[Job, Exported]]) -> list[Verdict]:
    """Return the verdicts on several exports, from one process of LAMMPS; see `verify`."""
    prepared = [_prepared(job, exported) for job, exported in exports]
    questions = [
        Question(exported.commands, one.atoms, len(job.species))
        for (job, exported), own in zip(exports, prepared, strict=True)
        for one in own.compared
    ]
    found = ask(questions)
    waiting = iter(found.answers)
    return [
        _verdict(exported, own, [next(waiting) for _ in own.compared], found.version)
        for (_, exported), own in zip(exports, prepared, strict=True)
    ]


def _prepared(job: Job, exported: Exported) -> _Prepared:
    model = Model(replace(job, potentials=exported.potentials, constraints=()))
    own, n_own = own_structures(job)
    compared, faults = [], []
    for kind, atoms in _structures(job, exported, model, own):
        found = _evaluated(job, exported, model, kind, atoms)
        if found is None:
            faults.append(f"not compared: energies of a structure ({kind}) are not finite in hpcfit")
        else:
            compared.append(found)
    return _Prepared(tuple(compared), tuple(faults), len(own), n_own)


def _structures(
    job: Job, exported: Exported, model: Model, own: Sequence[Atoms]
) -> Iterator[tuple[str, Atoms]]:
    """Yield all structures with their kinds; random cells have no distance below the range of the files."""
    shortest = np.inf
    for atoms in own:
        shortest = min(shortest, _shortest(_batch(job, atoms, model.cutoff)))
        yield OWN, periodic(atoms, model.cutoff)
    spacing = usual_spacing(job, shortest)
    least = 1.02 * max(written.shortest for written in exported.written)
    for kind in KINDS:
        for atoms in random_cells(kind, len(job.species), spacing):
            met = _shortest(_batch(job, atoms, max(model.cutoff, 2.0 * spacing)))
            yield kind, scaled(atoms, max(1.0, least / met))


def _batch(job: Job, atoms: Atoms, cutoff: float) -> Batch:
    n = len(job.species)
    return find_neighbours(Configurations.bare(job.species, [atoms]), list(range(n)), n, cutoff)


def _shortest(batch: Batch) -> float:
    return float(np.sqrt((batch.vector**2).sum(axis=1)).min(initial=np.inf))


def _evaluated(job: Job, exported: Exported, model: Model, kind: str, atoms: Atoms) -> _Compared | None:
    batch = _batch(job, atoms, model.cutoff)
    geometry = model.geometry(batch)
    columns = np.zeros((1, geometry.n_rows(False)))
    if model.evaluate(geometry, model.start, columns, virials=False) is not None:
        return None
    omitted = float(np.array(exported.omitted)[atoms.species].sum())
    ranges = [written.densities for written in exported.written]
    low, high = max(low for low, _ in ranges), min(high for _, high in ranges)
    densities = [own[np.isfinite(own)] for own in model.densities(geometry, model.start)]
    inside = all(((own >= low) & (own <= high)).all() for own in densities)
    forces = columns[0, 1:].reshape(-1, 3)
    return _Compared(kind, atoms, float(columns[0, 0]) - omitted, forces, _shortest(batch), bool(inside))


def _verdict(exported: Exported, own: _Prepared, answers: Sequence[Answer], version: str) -> Verdict:
    if missing := next((answer.missing for answer in answers if answer.missing), ""):
        return Verdict((f"not verified: {missing}",))
    allowed, faults = exported.accuracy, list(own.faults)
    rows: dict[str, tuple[int, float, float]] = {}
    for one, answer in zip(own.compared, answers, strict=True):
        if answer.fault:
            where = f"{one.kind}, smallest distance {one.shortest:.4g} A"
            faults.append(f"no answer for a structure ({where}): {answer.fault}")
            continue
        count, energy, force = rows.get(one.label, (0, 0.0, 0.0))
        found = one.errors(answer)
        # A NaN of LAMMPS stays.
        largest = np.maximum((energy, force), found).tolist()
        rows[one.label] = count + 1, largest[0], largest[1]
    counted = [row for label, row in rows.items() if not label.endswith(_OUTSIDE)]
    differs = any(not (energy <= allowed.energy and force <= allowed.force) for _, energy, force in counted)
    stopped = any(answer.fault for answer in answers) or not counted
    lines = [
        f"compared with LAMMPS ({version}), differences relative above 1:",
        _row("structures", "number", "eV/atom", "eV/A"),
        *(_row(label, f"{n}", f"{energy:.1e}", f"{force:.1e}") for label, (n, energy, force) in rows.items()),
        _row("allowed", "", f"{allowed.energy:.0e}", f"{allowed.force:.0e}"),
    ]
    if own.n_own < own.n_all:
        lines.append(f"{own.n_own} of the job's {own.n_all} structures are compared")
    if any(one.kind == OWN and not one.is_inside for one in own.compared):
        lines.append("structures of the job have densities out of the range of the tables")
    end = "differs from LAMMPS" if differs else "not verified: LAMMPS did not evaluate all structures"
    lines += [*faults, end if differs or stopped else "verified"]
    return Verdict(tuple(lines), differs or stopped)


def _row(kind: str, number: str, energy: str, force: str) -> str:
    return f"  {kind:<26}{number:>7}{energy:>10}{force:>10}"
