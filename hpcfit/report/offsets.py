"""Energies that lie off their targets by a constant for each atom of a species.

Totals of electronic structure codes have a zero of their own. A potential without an energy per atom cannot follow
them, and the fit spoils forces and stresses in the attempt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpcfit.objective.local import LocalObjective
from hpcfit.records import FloatArray, Job, Predictions

ONE_BODY = "one-body"

#: An offset is named if it exceeds this multiple of what remains without it, and this size in eV/atom.
_RATIO, _LEAST = 3.0, 0.01

#: Directions of composition that vary by less than this fraction are not determined.
_RANK_CUT = 1e-6


@dataclass(frozen=True)
class Offsets:
    """Energies per atom that would bring predictions closest to the targets.

    Parameters
    ----------
    energies
        [n_species], eV, target minus prediction.
    present
        bool [n_species], species that some configuration has.
    before, after
        Root mean square of the energy errors in eV/atom, without and with `energies`.
    """

    energies: FloatArray
    present: tuple[bool, ...]
    before: float
    after: float

    @property
    def is_large(self) -> bool:
        """Whether the errors are mostly an offset."""
        return self.before > _LEAST and self.before > _RATIO * self.after


def find_offsets(errors: FloatArray, composition: FloatArray) -> Offsets | None:
    """Return the offsets by least squares of the errors per atom; None if there are too few configurations.

    Parameters
    ----------
    errors
        [n], energy of the target minus that of the prediction, eV; NaN where there is no target.
    composition
        [n, n_species], number of atoms.
    """
    known = np.isfinite(errors)
    errors, composition = errors[known], composition[known]
    present = np.asarray(composition.any(axis=0))
    if len(errors) <= present.sum():
        return None
    n_atoms = composition.sum(axis=1)
    fractions, per_atom = composition / n_atoms[:, None], errors / n_atoms
    energies, *_ = np.linalg.lstsq(fractions, per_atom, rcond=_RANK_CUT)
    before, after = (float(np.sqrt(np.mean(e**2))) for e in (per_atom, per_atom - fractions @ energies))
    return Offsets(energies, tuple(present.tolist()), before, after)


def offset_lines(local: LocalObjective, predictions: Sequence[Predictions], at_end: bool) -> list[str]:
    """Return a warning with the element of the job that mends it, if fitted energies are off by a constant.

    Parameters
    ----------
    local
        Holds the job and opens its datasets.
    predictions
        One per dataset.
    at_end
        Whether they are those at the end of a fit. At the start a free energy per atom is expected to be off.
    """
    job = local.plan.job
    free = {p.path for p in job.free}
    one_body = [p for p in job.potentials if p.form == ONE_BODY]
    if not at_end and any(parameter.path in free for own in one_body for parameter in own.parameters):
        return []
    fitted = [
        (number, found)
        for number, (source, found) in enumerate(zip(local.plan.sources, predictions, strict=True))
        if source.used[0] and any(p.fit and p.name.endswith("energy") for p in source.properties)
    ]
    if not fitted:
        return []
    errors = np.concatenate([found.energy_target - found.energy for _, found in fitted])
    composition = np.concatenate([_composition(local, number, len(job.species)) for number, _ in fitted])
    offsets = find_offsets(errors, composition)
    return [] if offsets is None or not offsets.is_large else list(_lines(job, offsets, bool(one_body)))


def _composition(local: LocalObjective, number: int, n_species: int) -> FloatArray:
    """Return the number of atoms of each species of the job, [n_configurations, n_species]."""
    chosen = local.plan.selected[number]
    with local.open_source(number) as dataset:
        read = dataset.read(int(chosen[0]), int(chosen[-1]) + 1).take(chosen - chosen[0])
    numbers = np.array(local.plan.species_numbers(read.symbols))[read.species]
    counts = np.zeros((len(chosen), n_species))
    np.add.at(counts, (np.repeat(np.arange(len(chosen)), np.diff(read.ptr)), numbers), 1.0)
    return counts


def _lines(job: Job, offsets: Offsets, has_one_body: bool) -> Iterator[str]:
    named = [
        (symbol, energy)
        for symbol, energy, present in zip(
            job.species, offsets.energies.tolist(), offsets.present, strict=True
        )
        if present
    ]
    each = ", ".join(f"{symbol} {energy:+.6g}" for symbol, energy in named)
    yield f"warning: energies lie off their targets by a constant per atom, in eV: {each}"
    yield f"  errors are {offsets.before:.3g} eV/atom, {offsets.after:.3g} eV/atom without the constant"
    if has_one_body:
        yield "  add these to the <energy> of the job's <one-body>, and free it in its <fit-dof>"
        return
    yield "  add to <potentials>:"
    single = len(job.species) == 1
    tagged = [(f'energy tag="{symbol}"' if not single else "energy", energy) for symbol, energy in named]
    yield '  <one-body id="E0">'
    yield from (f"    <{start}>{energy:.8g}</energy>" for start, energy in tagged)
    yield f"    <fit-dof>{''.join(f'<{start}/>' for start, _ in tagged)}</fit-dof>"
    yield "  </one-body>"
