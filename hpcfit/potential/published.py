"""Values of potentials as they were published, for those who start from them."""

from __future__ import annotations

from collections.abc import Mapping

#: By form and species: values by parameter. A single species has one value of each.
PUBLISHED: Mapping[tuple[str, tuple[str, ...]], Mapping[str, float]] = {
    # Stillinger and Weber, Phys. Rev. B 31, 5262 (1985), in eV and Angstrom.
    ("stillinger-weber", ("Si",)): {
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
    # Justo et al., Phys. Rev. B 58, 2539 (1998).
    ("edip", ("Si",)): {
        "A": 7.982173,
        "B": 1.5075463,
        "cutoffA": 3.121382,
        "cutoffC": 2.5609104,
        "alpha": 3.1083847,
        "beta": 0.0070975,
        "eta": 0.2523244,
        "gamma": 1.1247945,
        "lambda": 1.4533108,
        "mu": 0.6966326,
        "rho": 1.2085196,
        "sigma": 0.5774108,
        "Q0": 312.1341346,
        "u1": -0.165799,
        "u2": 32.557,
        "u3": 0.286198,
        "u4": 0.66,
    },
}
