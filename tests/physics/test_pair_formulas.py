"""The formula beside a kernel of pair energies is the same function: values and derivatives by all parameters."""

from __future__ import annotations

import numpy as np
import pytest

from hpcfit.potential.functions import compile_potential
from hpcfit.potential.library import evaluate
from hpcfit.records import Function, Parameter, ParameterKind, Potential, species_tuples
from tests.physics.oracle_kernels import geometry_of, largest_error, raw_columns
from tests.physics.oracle_samples import CASES, FORMS, fittable, sample_parameters, sample_structures


@pytest.mark.parametrize(
    ("name", "n_species"), [case for case in CASES if FORMS[case[0]].record.pair_formula]
)
def test_the_formula_is_that_of_the_kernel(name: str, n_species: int) -> None:
    form, eam = FORMS[name], FORMS["eam"]
    values, free = sample_parameters(form, n_species), fittable(form, n_species)
    structures = list(sample_structures(name, n_species).values())
    *rows, ends = values.reshape(len(form.parameters), -1)
    names = tuple(row.name for row in form.parameters[:-1])
    assert form.parameters[-1].name == "cutoff"
    functions = tuple(
        Function(
            f"V{k}",
            "user-function",
            names,
            tuple(
                Parameter(f"P.{k}.{row}", "", own, -np.inf, np.inf, True)
                for row, own in zip(names, of_pair, strict=True)
            ),
            form.record.pair_formula,
            "x",
            ends[k],
        )
        for k, of_pair in enumerate(np.transpose(rows).tolist())
    )
    n_places = sum(len(species_tuples(role.kind, n_species)) for role in eam.roles)
    n_pairs = len(species_tuples(ParameterKind.PAIR, n_species))
    roles = (*range(n_pairs), *[-1] * (n_places - n_pairs))
    parameters = tuple(p for f in functions for p in f.parameters)
    potential = Potential("P", "eam", parameters, functions, roles)
    compiled = compile_potential(potential, eam, n_species, range(len(parameters)))
    geometry = geometry_of(name, structures, n_species)
    found = np.zeros((1 + len(parameters), geometry.n_rows(True)))
    starts, every = np.array([p.start for p in parameters]), np.arange(len(parameters), dtype=np.int32)
    assert evaluate("eam", geometry, starts, every, found, True, compiled) is None
    wanted = raw_columns(name, structures, values, free, n_species)
    order = [0, *(1 + np.arange(len(free)).reshape(-1, n_pairs).T.ravel())]
    # Rounding of a few hundred terms, each with an exponential good to 4 ulp (measured 2e-15).
    assert all(largest_error(a, b) < 2e-14 for a, b in zip(found, wanted[order], strict=True))
