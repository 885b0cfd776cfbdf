"""LAMMPS' ``lj/cut``: commands alone, no file of parameters."""

from __future__ import annotations

import itertools

from hpcfit.output.export.source import Source, Written, number


def write(source: Source) -> Written:
    """Return the commands as a file that LAMMPS includes."""
    n = len(source.species)
    pairs = list(itertools.combinations_with_replacement(range(n), 2))
    largest = max(source.value("cutoff", *pair) for pair in pairs)
    commands = [f"pair_style lj/cut {number(largest)}"]
    for i, j in pairs:
        # Pairs that nothing is said of would get the mean of those of their species.
        epsilon = source.value("epsilon", i, j) if source.potential.bonds.seen(i, j) else 0.0
        values = (
            number(value) for value in (epsilon, source.value("sigma", i, j), source.value("cutoff", i, j))
        )
        commands.append(
            f"pair_coeff {i + 1} {j + 1} {' '.join(values)} # {source.species[i]} {source.species[j]}"
        )
    comments = [f"# {comment}" for comment in source.comments]
    return Written("\n".join([*comments, *commands, ""]), (f"include {source.file}",))
