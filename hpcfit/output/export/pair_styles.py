"""LAMMPS' styles of pairs, ``lj/cut`` and the like: commands alone, no file of parameters."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from hpcfit.output.export.source import Source, Written, number


@dataclass(frozen=True)
class PairStyle:
    """A style whose ``pair_coeff`` takes the parameters of a form as they are.

    Parameters
    ----------
    name
        LAMMPS's.
    columns
        The parameters in its order.
    strengths
        Those that the energy is proportional to: zero where bonds are not seen.
    """

    name: str
    columns: tuple[str, ...]
    strengths: tuple[str, ...]


#: By form of the potential.
_STYLES = {
    "lennard-jones": PairStyle("lj/cut", ("epsilon", "sigma", "cutoff"), ("epsilon",)),
    "morse": PairStyle("morse", ("D0", "alpha", "r0", "cutoff"), ("D0",)),
    "buckingham": PairStyle("buck", ("A", "rho", "C", "cutoff"), ("A", "C")),
    "born-mayer-huggins": PairStyle("born", ("A", "rho", "sigma", "C", "D", "cutoff"), ("A", "C", "D")),
}


def write(source: Source) -> Written:
    """Return the commands as a file that LAMMPS includes."""
    style = _STYLES[source.form.name]
    pairs = list(itertools.combinations_with_replacement(range(len(source.species)), 2))
    largest = max(source.value("cutoff", *pair) for pair in pairs)
    commands = [f"pair_style {style.name} {number(largest)}"]
    for i, j in pairs:
        # Of pairs that nothing is said of, LAMMPS takes the mean of those of their species, or none at all.
        absent = () if source.potential.bonds.seen(i, j) else style.strengths
        values = (number(0.0 if name in absent else source.value(name, i, j)) for name in style.columns)
        commands.append(
            f"pair_coeff {i + 1} {j + 1} {' '.join(values)} # {source.species[i]} {source.species[j]}"
        )
    comments = [f"# {comment}" for comment in source.comments]
    return Written("\n".join([*comments, *commands, ""]), (f"include {source.file}",))
