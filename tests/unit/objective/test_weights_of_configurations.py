"""Weights of KLIFF's loss: tables, weights in datasets, of atoms, from the targets, and where they do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.dataset.layout import Provenance
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.validation import validate
from hpcfit.dataset.writer import append, write
from hpcfit.errors import InputError
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.ordering import by_configuration
from hpcfit.parallel.guard import SharedError
from tests.helpers import small_jobs
from tests.helpers.edited import edited
from tests.helpers.small_jobs import job_text, silicon

X = np.array([14.0, 0.61, 2.3])
PROVENANCE = Provenance("made here", "", "{}", "", "0")
BUILT_IN = '<residual-function name="energy-forces-stress" normalize-by-natoms="false"/>'
SILICON = replace(silicon(4), weight=np.array([1.0, 2.0, 0.5, 1.0]))


def residual_of(tmp_path, inside, attributes="", configurations=SILICON, **stored):
    """Return the residual, one row per configuration, energies, forces and stresses apart."""
    write(tmp_path / "si.h5", configurations, PROVENANCE, "energy", overwrite=True, **stored)
    element = f'<dataset id="si" file="si.h5" {attributes}>{inside}</dataset>'
    (tmp_path / "job.xml").write_text(job_text(element, weights="absolute"))
    local = LocalObjective(small_jobs.plan_of(tmp_path / "job.xml"))
    local.own(0, len(local.plan.blocks))
    found = np.concatenate(local.rows(X, False), axis=1).reshape(-1, 1 + 24 + 6)
    return found[:, 0], found[:, 1:25].reshape(-1, 8, 3), found[:, 25:]


@pytest.fixture
def plain(tmp_path):
    """Residuals of weight 1."""
    return residual_of(tmp_path, BUILT_IN, configurations=replace(SILICON, weight=np.ones(4)))


def test_a_table_multiplies_what_the_dataset_holds(tmp_path, plain):
    (tmp_path / "w.txt").write_text("energy FORCES\n" + "".join(f"{k} {k + 1}\n" for k in range(4)))
    energy, force, stress = residual_of(tmp_path, BUILT_IN + '<weight file="w.txt" config="3"/>')
    own = 3 * SILICON.weight
    # a rounding per factor
    np.testing.assert_allclose(energy, own * np.arange(4) * plain[0], rtol=1e-15)
    np.testing.assert_allclose(force, (own * np.arange(1, 5))[:, None, None] * plain[1], rtol=1e-15)
    np.testing.assert_allclose(stress, own[:, None] * plain[2], rtol=1e-15)


def test_a_table_of_the_wrong_length(tmp_path):
    (tmp_path / "w.txt").write_text("energy\n1\n1\n")
    with pytest.raises(
        SharedError, match=r"table of weights does not fit si.h5, found 2 lines, allowed 1 or 4"
    ):
        residual_of(tmp_path, BUILT_IN + '<weight file="w.txt"/>')


def test_weights_in_the_dataset(tmp_path, plain):
    random = np.random.default_rng(3)
    own, atoms = random.uniform(size=(4, 3)), random.uniform(size=32)
    weighted = replace(SILICON, force_weight=atoms)
    energy, force, stress = residual_of(tmp_path, BUILT_IN, "", weighted, property_weight=own)
    np.testing.assert_allclose(energy, SILICON.weight * own[:, 0] * plain[0], rtol=4e-16)
    factor = (SILICON.weight * own[:, 1])[:, None] * atoms.reshape(4, 8)
    np.testing.assert_allclose(force, factor[:, :, None] * plain[1], rtol=6e-16)
    np.testing.assert_allclose(stress, (SILICON.weight * own[:, 2])[:, None] * plain[2], rtol=1e-15)


def test_what_is_appended_has_weight_1(tmp_path):
    write(tmp_path / "a.h5", SILICON, PROVENANCE, "energy")
    append(tmp_path / "a.h5", replace(silicon(1), force_weight=np.full(8, 0.5)), PROVENANCE, "energy")
    append(tmp_path / "a.h5", silicon(2), PROVENANCE, "energy")
    with Dataset(tmp_path / "a.h5") as dataset:
        assert dataset.index().property_weight is None
        assert dataset.index().force_weights
        assert dataset.read(3, 6).force_weight.tolist() == [1.0] * 8 + [0.5] * 8 + [1.0] * 8
        assert dataset.read(3, 6).take(np.array([1])).force_weight.tolist() == [0.5] * 8


def test_weights_are_known_again_without_reading_them(tmp_path):
    path = tmp_path / "a.h5"
    write(path, replace(SILICON, force_weight=np.ones(32)), PROVENANCE, "energy")
    append(path, replace(silicon(1), force_weight=np.full(8, 0.5)), PROVENANCE, "energy")
    with Dataset(path) as dataset:
        stated = dataset.index().force_weights
    with edited(path) as file:
        file["atom/force_weight"][39] = 0.25
    with Dataset(path) as dataset:
        assert dataset.index().force_weights == stated
    assert [str(finding) for finding in validate(path)] == [
        "error: checksum of /atom/force_weight does not match"
    ]
    with edited(path) as file:
        file["atom/force_weight"][39] = 0.5
        del file["atom/force_weight"].attrs["checksum"]
    # Where none is stated the weights are read.
    with Dataset(path) as dataset:
        assert dataset.index().force_weights == stated


def test_weights_of_properties_need_absolute_ones(tmp_path):
    write(tmp_path / "si.h5", SILICON, PROVENANCE, "energy", property_weight=np.ones((4, 3)))
    (tmp_path / "job.xml").write_text(job_text())
    with pytest.raises(SharedError, match=r'holds weights of properties, .* allowed weights="absolute"'):
        small_jobs.plan_of(tmp_path / "job.xml")


def test_weights_from_targets(tmp_path, plain):
    inverse = "energy-c1='0.5' energy-c2='0.1' forces-c1='1' forces-c2='2' stress-c1='0.1' stress-c2='3'"
    inside = f"{BUILT_IN}<weight><magnitude-inverse {inverse}/></weight>"
    ones = replace(SILICON, weight=np.ones(4))
    energy, force, stress = residual_of(tmp_path, inside, configurations=ones)
    norm = np.linalg.norm(SILICON.force, axis=1).reshape(4, 8)
    full = SILICON.stress[:, [0, 5, 4, 5, 1, 3, 4, 3, 2]]
    np.testing.assert_allclose(energy, plain[0] / np.hypot(0.5, 0.1 * SILICON.energy), rtol=1e-14)
    np.testing.assert_allclose(force, plain[1] / np.hypot(1, 2 * norm)[:, :, None], rtol=1e-14)
    divisor = np.hypot(0.1, 3 * np.linalg.norm(full, axis=1))
    np.testing.assert_allclose(stress, plain[2] / divisor[:, None], rtol=1e-14)


def test_a_damaged_array_of_weights(tmp_path):

    write(tmp_path / "a.h5", SILICON, PROVENANCE, "energy", property_weight=np.ones((4, 3)))
    with edited(tmp_path / "a.h5") as file:
        file["config/property_weight"].resize(3, axis=0)
    with pytest.raises(
        InputError, match=r"/config/property_weight: wrong shape, found \[3, 3\], allowed \[4, 3\]"
    ):
        Dataset(tmp_path / "a.h5").__enter__()


@pytest.mark.parametrize(
    "used", [(True, True, True), (True, True, False), (False, True, False), (True, False, True)]
)
def test_order_of_rows(used):
    ptr = np.array([0, 2, 3])
    place, start = by_configuration(ptr, used)
    kernel = [f"e{k}" for k in range(2)] + [f"f{k}" for k in range(9)] + [f"s{k}" for k in range(12)]
    expected = []
    for k in range(2):
        kinds = ([f"e{k}"], [f"f{m}" for m in range(3 * ptr[k], 3 * ptr[k + 1])])
        kinds = (*kinds, [f"s{m}" for m in range(6 * k, 6 * k + 6)])
        expected.append([name for names, wanted in zip(kinds, used, strict=True) if wanted for name in names])
    assert [kernel[k] for k in place] == expected[0] + expected[1]
    assert start.tolist() == [0, len(expected[0]), len(expected[0]) + len(expected[1])]
