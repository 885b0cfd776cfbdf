"""How far a potential reaches, from its parameters."""

from __future__ import annotations

import numpy as np

from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.library import potential_forms

FORMS = {form.name: form for form in potential_forms()}


def test_largest_cutoff_of_all_pairs() -> None:
    values = np.array([9.0, 9.0, 9.0, 0.3, 0.3, 0.3, 4.5, 5.5, 5.0])  # sigma, epsilon, cutoff of three pairs
    assert cutoff(FORMS["lennard-jones"], values, 2) == 5.5


def test_a_cutoff_by_another_name() -> None:
    values = np.full(17, 9.0)
    values[2] = 3.12
    assert FORMS["edip"].parameters[2].name == "cutoffA"
    assert cutoff(FORMS["edip"], values, 1) == 3.12


def test_no_reach() -> None:
    assert cutoff(FORMS["one-body"], np.array([1.0, 2.0]), 2) == 0.0
