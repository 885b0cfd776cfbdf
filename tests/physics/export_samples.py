"""Jobs to export: sample parameters of every form, and embedded atoms of up to three species."""

from __future__ import annotations

import itertools
import math

from hpcfit.potential.library import potential_forms
from hpcfit.records import Function, Group, Job, Parameter, Potential, species_tuples, with_functions
from hpcfit.runfile.fitted_job import FinalJob
from tests.physics.oracle_samples import FORMS, SAMPLES, sample_parameters

#: Name of the exported file.
FILE = "exported.file"

#: Cut-off of the functions of embedded atoms, Angstrom.
CUTOFF = 5.5

SPECIES = ("Si", "C", "Ge")


def parameter(path: str, value: float) -> Parameter:
    return Parameter(path, "1", value, -math.inf, math.inf, False)


def final_job(potential: Potential, n_species: int) -> FinalJob:
    job = Job(
        "job.xml", "", "0" * 64, "sample", SPECIES[:n_species], None, (potential,), Group("", 1.0, ()), False
    )
    return FinalJob(job, "chi^2 1.5")


def final_of_form(name: str, n_species: int) -> FinalJob:
    """Return a job of one potential with a form's sample parameters."""
    form = FORMS[name]
    paths = [
        f"P.{row.name}[{''.join(SPECIES[k] for k in found)}]"
        for row in form.parameters
        for found in species_tuples(row.kind, n_species)
    ]
    values = sample_parameters(form, n_species).tolist()
    parameters = tuple(map(parameter, paths, values))
    potential = Potential("P", name, parameters, sizes=SAMPLES[name].sizes)
    return final_job(with_functions(potential, form, SPECIES[:n_species]), n_species)


def function(name: str, formula: str, cutoff: float = math.inf, **values: float) -> Function:
    parameters = tuple(parameter(f"{name}.{key}", value) for key, value in values.items())
    return Function(name, "user-function", tuple(values), parameters, formula, "r", cutoff)


def embedded_atoms(n_species: int, densities: str) -> Potential:
    """Return embedded atoms whose densities go ``by neighbour``, ``by pair`` of host and neighbour, or are ``none``."""
    form = next(form for form in potential_forms() if form.name == "eam")
    cut = "*(cutoff-r)^3"
    functions: list[Function] = []
    roles: list[int] = []

    def add(made: Function) -> None:
        roles.append(len(functions))
        functions.append(made)

    for a, b in species_tuples(form.roles[0].kind, n_species):
        add(
            function(
                f"V{a}{b}",
                f"A*exp(-r){cut} - B*exp(-0.5*r){cut}",
                CUTOFF,
                A=2.0 + a + 0.3 * b,
                B=0.1 + 0.02 * b,
            )
        )
    for host, neighbour in itertools.product(range(n_species), repeat=2):
        if densities == "none":
            roles.append(-1)
        else:
            strength = 1.0 + 0.2 * neighbour + (0.1 * host if densities == "by pair" else 0.0)
            add(function(f"rho{host}{neighbour}", f"s*exp(-r){cut}", CUTOFF, s=strength))
    for a in range(n_species):
        if densities == "none":
            roles.append(-1)
        else:
            add(function(f"F{a}", "-D*(r+1)^0.5 + 0.001*r^2", D=1.0 + 0.1 * a))
    parameters = tuple(p for made in functions for p in made.all_parameters)
    return Potential("EAM", "eam", parameters, tuple(functions), tuple(roles))
