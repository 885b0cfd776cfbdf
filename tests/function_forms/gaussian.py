"""References of the functions of `gaussian`."""

from __future__ import annotations

from tests.function_forms._reference import EXP, Reference

RECORDS = (
    Reference(
        "gaussian",
        lambda x, c, p, eta, mu: p * EXP(-eta * (x - mu) ** 2),
        {"prefactor": 0.8, "eta": 0.9, "mu": 2.7},
    ),
)
