"""Gupta: embedded atoms in the second-moment approximation of tight binding."""

from __future__ import annotations

import math

from hpcfit.records import ExportElement, FormRecord, Formulas, ParameterForm, ParameterKind, ParameterSet

_REFERENCE = "F. Cleri and V. Rosato, Phys. Rev. B 48, 22 (1993)"

#: Table I: A and xi in eV, p, q, and the lattice parameter in Angstrom.
_METALS = {
    "Ni": (0.0376, 1.070, 16.999, 1.189, 3.523),
    "Cu": (0.0855, 1.224, 10.960, 2.278, 3.615),
    "Rh": (0.0629, 1.660, 18.450, 1.867, 3.803),
    "Pd": (0.1746, 1.718, 10.867, 3.742, 3.887),
    "Ag": (0.1028, 1.178, 10.928, 3.139, 4.085),
    "Ir": (0.1156, 2.289, 16.980, 2.691, 3.839),
    "Pt": (0.2975, 2.695, 10.612, 4.004, 3.924),
    "Au": (0.2061, 1.790, 10.229, 4.036, 4.079),
    "Al": (0.1221, 1.316, 8.612, 2.516, 4.050),
}


#: The quintic polynomial of the distance whose first two derivatives vanish at both ends.
_END = (
    "x <= inner ? 1 : 1 - ((x-inner)/(cutoff-inner))^3"
    " * (10 - 15*(x-inner)/(cutoff-inner) + 6*((x-inner)/(cutoff-inner))^2)"
)


def _published(symbol: str, A: float, xi: float, p: float, q: float, a: float) -> ParameterSet:
    """Return the set of a metal, fitted to sums over five shells; the cut-off lies before the sixth."""
    ends = {"inner": 1.6 * a, "cutoff": 1.7 * a}
    return ParameterSet(
        (symbol,), _REFERENCE, {"A": A, "xi": xi, "p": p, "q": q, "r0": a / math.sqrt(2.0), **ends}
    )


def _row(name: str, unit: str, description: str, lower: float = -math.inf) -> ParameterForm:
    ends = name in ("inner", "cutoff")
    return ParameterForm(
        name, unit, description, ParameterKind.PAIR, lower, math.inf, not ends, name == "cutoff"
    )


RECORDS = (
    FormRecord(
        "gupta",
        published=tuple(_published(symbol, *values) for symbol, values in _METALS.items()),
        export=ExportElement("export-eam-file", "eam-fs"),
        formulas=Formulas(
            "eam",
            "sum_i { sum_j A exp[-p (r/r0 - 1)] s - sqrt(sum_j xi^2 exp[-2 q (r/r0 - 1)] s^2) }, "
            "s from 1 at inner to 0 at cutoff",
            f"R. P. Gupta, Phys. Rev. B 23, 6265 (1981); {_REFERENCE}, eqs. 2-4",
            (
                _row("A", "eV", "strength of the repulsion"),
                _row("xi", "eV", "effective hopping integral"),
                _row("p", "1", "decay of the repulsion"),
                _row("q", "1", "decay of the hopping integral"),
                _row("r0", "A", "distance that the decays are relative to", 1e-3),
                _row("inner", "A", "distance from which on all terms go smoothly to zero", 0.0),
                _row("cutoff", "A", "distance at which they vanish", 1e-3),
            ),
            {
                "pair-interaction": "2*A*exp(-p*(x/r0 - 1))",
                # Squared, so that the square root of the density of a single neighbour ends as smoothly.
                "electron-density": f"xi^2*exp(-2*q*(x/r0 - 1)) * ({_END})",
                "embedding-energy": "x > 0 ? -sqrt(x) : 0",
            },
            _END,
        ),
    ),
)
