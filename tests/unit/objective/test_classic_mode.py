"""Bond orders whose values of a triplet do not depend on the bonded atom."""

import numpy as np
import pytest

from hpcfit.objective.model import Model
from hpcfit.potential.library import Geometry, evaluate
from hpcfit.records import ParameterKind, species_tuples
from tests.helpers.eam_jobs import eam_job, read
from tests.physics.oracle_cells import batch_of
from tests.physics.oracle_kernels import richardson
from tests.physics.oracle_samples import FORMS, reach_of, sample_parameters, sample_structures

SPECIES = ("Ga", "N")
FORM = FORMS["abop"]
BATCH = batch_of(list(sample_structures("abop", 2).values()), reach_of(FORM, 2), 2)


def whole_table():
    """Return the values of all triplets, in each the value of centre, third and third atom in the sample."""
    values, place = sample_parameters(FORM, 2), 0
    for row in FORM.parameters:
        tuples = species_tuples(row.kind, 2)
        if row.kind is ParameterKind.ORDERED_TRIPLET:
            for k, (i, _, third) in enumerate(tuples):
                values[place + k] = values[place + tuples.index((i, third, third))]
        place += len(tuples)
    return values


def classic(mode="true"):
    values, place, said = sample_parameters(FORM, 2).tolist(), 0, []
    for row in FORM.parameters:
        for found in species_tuples(row.kind, 2):
            if row.kind is not ParameterKind.ORDERED_TRIPLET or found[1] == found[2] or mode == "false":
                tag = "".join(SPECIES[k] for k in found)
                said.append(f'<{row.name} tag="{tag}">{values[place]!r}</{row.name}>')
            place += 1
    degrees = "".join(f"<{row.name}/>" for row in FORM.parameters if row.fittable)
    return f'<abop id="P" classic-mode="{mode}">{"".join(said)}<fit-dof>{degrees}</fit-dof></abop>'


def columns(model, x, derivatives=False):
    geometry = model.geometry(BATCH)
    made = np.zeros((1 + model.n_free if derivatives else 1, geometry.n_rows(True)))
    assert model.evaluate(geometry, x, made, virials=True) is None
    return made


@pytest.fixture
def model(tmp_path):
    return Model(read(tmp_path, eam_job(classic(), species=SPECIES)))


def test_values_of_a_triplet(model, tmp_path):
    geometry = Geometry(BATCH)
    wanted = np.zeros((1, geometry.n_rows(True)))
    assert evaluate("abop", geometry, whole_table(), np.zeros(0, np.int32), wanted, True) is None
    assert np.array_equal(columns(model, model.start), wanted)
    every = Model(read(tmp_path, eam_job(classic("false"), species=SPECIES)))
    assert not np.allclose(columns(every, every.start), wanted)
    # Of 6 parameters of triplets that are fitted, 4 of 8 values are left.
    assert every.n_free - model.n_free == 5 * 4


def test_jacobian(model):
    """Each derivative is the sum over the bonded atoms."""
    found = columns(model, model.start, derivatives=True)
    for k in range(model.n_free):
        step = np.zeros(model.n_free)
        step[k] = 1e-3 * max(abs(model.start[k]), 0.1)
        wanted = richardson(lambda h, s=step: columns(model, model.start + h * s)[0], 1.0, 4)
        np.testing.assert_allclose(found[1 + k] * step[k], wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())
