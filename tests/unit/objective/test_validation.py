import re

import numpy as np
import pytest

from hpcfit.objective.model import Model
from hpcfit.objective.plan import make_plan
from hpcfit.objective.validation import validation_lines
from hpcfit.records import Atoms
from tests.helpers import small_jobs
from tests.helpers.lattice_jobs import lattice, lj_job, user_structure, vacancy
from tests.helpers.small_jobs import job_text, silicon

KINDS = ("forces", "virials", "derivatives by parameters")


def found(plan, model=None):
    lines = validation_lines(plan, model or Model(plan.job, plan.compiled))
    pattern = r"validation of (.*): largest difference (\S+) (?:eV/A|eV|of the largest), (.*)"
    matches = [re.fullmatch(pattern, line).groups() for line in lines]
    assert [kind for kind, _, _ in matches] == [*KINDS]
    return {kind: (float(size), where) for kind, size, where in matches}


@pytest.fixture(scope="module")
def silicon_plan(tmp_path_factory):
    """A smooth potential, own weights of all kinds; no structure of its own but a dataset of two groups."""
    folder = tmp_path_factory.mktemp("validation")
    return small_jobs.plan_of(small_jobs.write_job(folder, job_text(), {"si.h5": silicon(4)}))


def test_exact_derivatives_agree_with_differences(silicon_plan):
    """To the rounding of energies of some 30 eV, over widths of 1e-3 and 1e-4."""
    sizes = {kind: size for kind, (size, _) in found(silicon_plan).items()}
    assert sizes["forces"] < 1e-9 and sizes["virials"] < 1e-9 and sizes["derivatives by parameters"] < 1e-8


def test_own_structures_and_molecules(silicon_plan):
    # no pair of the molecule near the cut-off, where Lennard-Jones jumps
    atoms = Atoms(np.zeros(3, np.int32), np.zeros((3, 3)), np.zeros(3, bool), np.diag([2.4, 2.9, 2.0]))
    plan = make_plan(lj_job([user_structure("molecule", atoms, ())], fitting=None), [])
    sizes = found(plan)
    assert all(where.endswith("structure 'molecule'") for _, where in sizes.values())
    assert max(size for size, _ in sizes.values()) < 1e-8


class Wrong(Model):
    """A model with a fault in a row of one structure of 31 atoms."""

    row, column = 0, 0

    def evaluate(self, geometry, x, columns, virials):
        trouble = super().evaluate(geometry, x, columns, virials)
        if geometry.n_atoms == 31 and len(columns) > self.column:
            columns[self.column, self.row] *= 1.01
        return trouble


@pytest.mark.parametrize(
    ("kind", "row", "column"), [("forces", 1 + 5, 0), ("virials", -6, 0), ("derivatives by parameters", 0, 2)]
)
def test_faults_are_found_with_their_place(kind, row, column):
    smooth = [lattice("one", 3.7, ()), vacancy(3.7, ()), lattice("two", 3.8, ())]
    plan = make_plan(lj_job(smooth, fitting=None), [])
    wrong = Wrong(plan.job, plan.compiled)
    wrong.row, wrong.column = row, column
    size, where = found(plan, wrong)[kind]
    parameter = "LJ.epsilon[AlAl], " if column else ""
    assert where == f"{parameter}structure 'vacancy'"
    assert size > 1e-4
