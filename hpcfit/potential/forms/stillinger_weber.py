"""Stillinger-Weber; LAMMPS's ``sw`` has energies in units of epsilon and lengths in units of sigma."""

from __future__ import annotations

from collections.abc import Mapping

from hpcfit.records import ColumnFile, FormRecord, ParameterSet

_STILLINGER_WEBER = ParameterSet(
    ("Si",),
    "F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985), in eV and Angstrom",
    {
        "A": 15.2848479197914,
        "B": 0.6022245584,
        "p": 4.0,
        "q": 0.0,
        "sigma": 2.0951,
        "gamma": 2.51412,
        "cutoff": 3.77118,
        "lambda": 45.5322,
        "costheta0": -1.0 / 3.0,
    },
)


def _read(entry: Mapping[str, float]) -> dict[str, float]:
    epsilon, sigma = entry["epsilon"], entry["sigma"]
    own = {name: entry[name] for name in ("B", "p", "q", "sigma", "costheta0")}
    own |= {"A": epsilon * entry["A"], "lambda": epsilon * entry["lambda"]}
    return own | {"gamma": sigma * entry["gamma"], "cutoff": entry["a"] * sigma}


def _write(p: Mapping[str, float]) -> dict[str, float]:
    """Return the columns: epsilon is 1, since A and lambda are energies."""
    return {**p, "epsilon": 1.0, "a": p["cutoff"] / p["sigma"], "gamma": p["gamma"] / p["sigma"]}


RECORDS = (
    FormRecord(
        "stillinger-weber",
        short_id="SW",
        published=(_STILLINGER_WEBER,),
        lammps=ColumnFile(
            "lammps-sw",
            "sw",
            ("epsilon", "sigma", "a", "lambda", "gamma", "costheta0", "A", "B", "p", "q", "tol"),
            _read,
            _write,
            energies=("epsilon",),
            fixed={"tol": 0.0},  # the cut-off is not shortened
            strengths=("A", "lambda"),
            not_negative=("A", "B", "p", "q", "lambda"),
        ),
    ),
)
