"""Checks of a job's own structures that depend on the cut-offs of the potentials or on export formats."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hpcfit.errors import Fault
from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.functions import reach
from hpcfit.potential.library import potential_forms
from hpcfit.potential.neighbours import find_pairs
from hpcfit.potential.sizes import cost, neighbours_per_atom
from hpcfit.records import Configurations, FloatArray, Job, Potential, Structure

#: Atoms closer than this, Angstrom, are duplicates.
_SAME = 1e-3


def structure_faults(job: Job) -> Iterator[Fault]:
    """Yield the faults of the job's own structures with their lines."""
    longest = _reach(job)
    for structure in job.own_structures:
        for what, found, allowed in _faults(structure, longest):
            where = job.place(structure.line)
            yield Fault(where, f"structure '{structure.id}' {what}", found, allowed)


def _reach(job: Job) -> float:
    """Return the largest distance of interacting atoms, Angstrom."""
    forms = {form.name: form for form in potential_forms()}
    n = len(job.species)
    return max(
        reach(potential, forms[potential.form], n)
        if potential.functions
        else cutoff(forms[potential.form].shaped(potential.sizes), _values(potential), n)
        for potential in job.potentials
    )


def _values(potential: Potential) -> FloatArray:
    """Return the start values in the kernels' order."""
    return np.array([potential.parameters[place].start for place in potential.kernel_places])


def _faults(structure: Structure, reach: float) -> Iterator[tuple[str, str, str]]:
    atoms = structure.atoms
    volume = abs(float(np.linalg.det(atoms.cell)))
    if volume == 0.0:
        for wanted in structure.files:
            if wanted.format == "poscar":
                yield "has no cell for a POSCAR", wanted.file, "lammps-dump, extxyz"
    symbols = [str(number) for number in range(int(atoms.species.max(initial=0)) + 1)]
    n = float(neighbours_per_atom(Configurations.bare(symbols, [atoms]), reach)[0])
    found, allowed = cost(n * len(atoms), n, reach)
    if found:
        yield "is too dense", found, allowed
        return
    pairs = find_pairs(atoms.cell, atoms.pbc, atoms.position, _SAME)
    if len(pairs.first):
        yield "has two atoms at one position", f"atoms {pairs.first[0]} and {pairs.second[0]}", ""
