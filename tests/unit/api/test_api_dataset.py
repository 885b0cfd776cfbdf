"""Datasets in Python: every source, weights from every place, and back to HDF5."""

import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

import hpcfit
from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset
from hpcfit.errors import InputError

X = np.array([14.0, 0.61, 2.3])


def residual(potential, data, **used):
    return hpcfit.Loss(hpcfit.Calculator(potential, data, **used)).residual(X)


@pytest.fixture
def sources(folder):
    """The dataset as extxyz, as a folder and as a list."""
    with Dataset("si.h5") as dataset:
        export_dataset(dataset, "si.extxyz")
    (folder / "files").mkdir()
    (folder / "files" / "si.extxyz").write_text((folder / "si.extxyz").read_text())
    return {"si.extxyz": "si.extxyz", "files": folder / "files", "list of atoms": atoms_of("si.h5")}


def atoms_of(path):
    made = []
    for c in hpcfit.Dataset.from_path(path).get_configs():
        atoms = Atoms(c.species, positions=c.coords, cell=c.cell, pbc=c.PBC)
        results = {"energy": c.energy, "forces": c.forces, "stress": c.stress}
        atoms.calc = SinglePointCalculator(atoms, **results)
        made.append(atoms)
    return made


@pytest.mark.parametrize("name", ["si.extxyz", "files", "list of atoms"])
def test_every_source_gives_the_same(name, sources, potential):
    stated = {} if name == "list of atoms" else {"stress_unit": "eV/A^3", "stress_sign": "tension"}
    found = hpcfit.Dataset.from_path(sources[name], **stated)
    assert len(found) == 12 and found.symbols == ("Si",)
    expected = residual(potential, hpcfit.Dataset.from_path("si.h5"), use_stress=True)
    assert residual(potential, found, use_stress=True).tobytes() == expected.tobytes()


def test_a_fit_to_a_list_is_stored(sources, potential):
    data = hpcfit.Dataset.from_path(sources["list of atoms"])
    result = hpcfit.Loss(hpcfit.Calculator(potential, data)).minimize(verbosity="none")
    assert result.success
    (stored,) = result.run.result.predictions
    assert stored.energy_target.tolist() == [
        atoms.calc.results["energy"] for atoms in sources["list of atoms"]
    ]


def test_configurations(data):
    (first, second, *_) = data.get_configs()
    assert (first.identifier, second.identifier) == ("cold/0", "hot/1")
    assert first.get_num_atoms() == 8 and first.species == ("Si",) * 8 and first.forces.shape == (8, 3)


class ByGroup(hpcfit.Weight):
    """Weighs hot configurations, and their first atoms."""

    def compute_weight(self, config):
        if config.identifier.startswith("hot"):
            self.config_weight = 4.0
            self.forces_weight = np.arange(8) / 8


class Named(hpcfit.Weight):
    def compute_weight(self, config):
        self.name = config.identifier


class Failing(hpcfit.Weight):
    def compute_weight(self, config):
        raise KeyError(config.identifier)


def test_weights_worked_out_for_each(data, potential):
    data.set_weights(hpcfit.Weight())
    plain = residual(potential, data).reshape(12, 25)
    data.set_weights(ByGroup(energy_weight=3.0))
    found = residual(potential, data).reshape(12, 25)
    np.testing.assert_allclose(found[::2, 0], 3 * plain[::2, 0], rtol=1e-15)
    np.testing.assert_allclose(found[::2, 1:], plain[::2, 1:], rtol=1e-15)
    np.testing.assert_allclose(found[1::2, 0], 12 * plain[1::2, 0], rtol=1e-15)
    factor = np.repeat(np.arange(8) / 2, 3)
    np.testing.assert_allclose(found[1::2, 1:], factor * plain[1::2, 1:], rtol=1e-15)


def test_weights_are_those_when_the_loss_is_made(data, potential):
    weights = [hpcfit.Weight() for _ in range(12)]
    data.set_weights(weights)
    plain = residual(potential, data).reshape(12, 25)
    weights[3].config_weight = 8.0
    loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
    weights[3].config_weight = 5.0
    data.set_weights(hpcfit.Weight(forces_weight=0.5))
    assert loss.residual(X).reshape(12, 25)[3].tolist() == (8.0 * plain[3]).tolist()
    data.set_weights(weights)
    weights[3].config_weight = -1.0
    with pytest.raises(InputError, match=r"weight of configuration 3: not a weight, found -1\.0"):
        hpcfit.Loss(hpcfit.Calculator(potential, data))


def test_weights_of_atoms_reach_functions_by_components(data, potential):
    weights = [hpcfit.Weight(2.0, 3.0, np.arange(8.0)) for _ in range(12)]
    data.set_weights(weights)
    calculator = hpcfit.Calculator(potential, data)

    def function(identifier, natoms, weight, prediction, reference, data):
        assert weight.forces_weight.shape == (24,)
        return hpcfit.energy_forces_residual(identifier, natoms, weight, prediction, reference, data)

    found = hpcfit.Loss(calculator, residual_fn=function).residual(X)
    # differences of energies of 35 eV round to 1e-14
    np.testing.assert_allclose(found, residual(potential, data), rtol=1e-13, atol=1e-13)
    by_hand = ("", 8, weights[0], np.ones(25), np.zeros(25), {"normalize_by_natoms": False})
    forces = 2.0 * np.repeat(np.arange(8.0), 3)
    assert hpcfit.energy_forces_residual(*by_hand).tolist() == [6.0, *forces.tolist()]
    assert weights[0].forces_weight.shape == (8,)


@pytest.mark.parametrize("weight", [ByGroup(energy_weight=3.0), hpcfit.Weight(2.0, 3.0, 0.1, 5.0)])
def test_weights_go_with_the_dataset(weight, data, potential):
    data.set_weights(weight)
    data.save("weighted.h5")
    again = hpcfit.Dataset.from_path("weighted.h5")
    assert again.weights is None
    # a factor more or less in the product
    np.testing.assert_allclose(residual(potential, again), residual(potential, data), rtol=1e-15)
    with pytest.raises(InputError, match="exists"):
        data.save("weighted.h5")


def test_weights_go_with_an_export(data, potential):
    data.set_weights(ByGroup(energy_weight=3.0))
    data.save("weighted.h5")
    with Dataset("weighted.h5") as dataset:
        export_dataset(dataset, "weighted.extxyz")
    stated = {"stress_unit": "eV/A^3", "stress_sign": "tension", "weight_key": "weight"}
    found = hpcfit.Dataset.from_path("weighted.extxyz", **stated)
    assert residual(potential, found).tobytes() == residual(potential, data).tobytes()
    found.save("again.h5")
    again = hpcfit.Dataset.from_path("again.h5")
    assert residual(potential, again).tobytes() == residual(potential, data).tobytes()


def test_residual_functions_get_the_weight_objects(data, potential):
    seen = []

    def function(identifier, natoms, weight, prediction, reference, data):
        seen.append((identifier, weight))
        return prediction - reference

    data.set_weights(Named())
    hpcfit.Loss(hpcfit.Calculator(potential, data), residual_fn=function).loss(X)
    assert all(type(weight) is Named and weight.name == name for name, weight in seen)
    data.set_weights(ByGroup())
    data.save("weighted.h5")
    seen.clear()
    stored = hpcfit.Calculator(potential, hpcfit.Dataset.from_path("weighted.h5"))
    hpcfit.Loss(stored, residual_fn=function).loss(X)
    weight = dict(seen)["hot/1"]
    assert (
        weight.config_weight == 4.0
        and weight.forces_weight.tolist() == np.repeat(np.arange(8) / 8, 3).tolist()
    )
    assert dict(seen)["cold/0"].config_weight == 1.0


def test_magnitudes(data, potential):
    law = {
        "energy_weight_params": [0.5, 0.1],
        "forces_weight_params": [1.0, 2.0],
        "stress_weight_params": 0.1,
    }
    data.set_weights(hpcfit.MagnitudeInverseWeight(3.0, law))
    first, config = data.weights[0], data.get_configs()[0]
    assert first.config_weight == 3.0 and first.stress_weight == 10.0
    assert first.energy_weight == pytest.approx(1 / np.hypot(0.5, 0.1 * config.energy), rel=1e-15)
    norm = np.linalg.norm(config.forces, axis=1)
    np.testing.assert_allclose(first.forces_weight, np.repeat(1 / np.hypot(1.0, 2.0 * norm), 3), rtol=1e-15)


def test_tolerances():
    weight = hpcfit.Weight.from_tolerances(energy=0.004, forces=0.5)
    assert (weight.energy_weight, weight.forces_weight, weight.stress_weight) == (250.0, 2.0, 1.0)


def test_a_text_file(data, folder, potential):
    expected = residual(potential, data)
    (folder / "w.txt").write_text("energy forces\n1 0.1\n")
    np.testing.assert_allclose(
        residual(potential, hpcfit.Dataset.from_path("si.h5", weight="w.txt")), expected, rtol=1e-15
    )


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda d: hpcfit.Dataset.from_path("no.h5"), "no.h5: file does not exist"),
        (lambda d: hpcfit.Dataset.from_path("si.h5", group_key="a"), "options of an import, found group_key"),
        (
            lambda d: hpcfit.Dataset.from_path([], energykey="a"),
            "unknown option of an import, found energykey",
        ),
        (lambda d: d.set_weights([hpcfit.Weight()]), "one weight per configuration, found 1, allowed 12"),
        (lambda d: d.set_weights(hpcfit.Weight(energy_weight=-1.0)), "not a weight, found -1.0"),
        (
            lambda d: d.set_weights(hpcfit.Weight(forces_weight=np.ones(3))),
            "wrong length, found .3,., allowed 8 atoms",
        ),
        (lambda d: d.set_weights(hpcfit.Weight(forces_weight=np.arange(24.0))), "differs between components"),
        (
            lambda d: hpcfit.MagnitudeInverseWeight(1.0, {"energy": 1}),
            "unknown key, found energy, ",
        ),
        (lambda d: hpcfit.MagnitudeInverseWeight(1.0, {"energy_weight_params": [1, -1]}), r"found \[1, -1\]"),
        (lambda d: hpcfit.MagnitudeInverseWeight(1.0, {"energy_weight_params": "a"}), "must be c1 or .*'a'"),
        (lambda d: hpcfit.Weight.from_tolerances(energy=0.0), "tolerance of energy, found 0.0, allowed a"),
        (lambda d: d.set_weights(2.0), "si.h5: weight must be a Weight, found 2.0, allowed a Weight"),
        (lambda d: d.set_weights([1.0] * 12), "weight of configuration 11: 'float' object has no attr"),
        (
            lambda d: d.set_weights(Failing()),
            r"configuration 0 \(cold/0\): compute_weight fails, found KeyError",
        ),
        (
            lambda d: hpcfit.Dataset.from_path(None),
            "source must be a path or ase.Atoms, found None, allowed a path",
        ),
        (lambda d: hpcfit.Dataset.from_path(Atoms("Si")), "source must be a path or ase.Atoms, found Atoms"),
        (
            lambda d: hpcfit.Dataset.from_path([Atoms("Si"), 2]),
            "source must be a path or ase.Atoms, found 2,",
        ),
        (lambda d: d.add_weights("no.txt"), "no.txt: cannot be read"),
        (lambda d: hpcfit.Calculator([], d), "species of the potentials, found none"),
        (
            lambda d: hpcfit.Calculator([], "si.h5"),
            "data must be a Dataset, found str, allowed Dataset.from_path",
        ),
    ],
)
def test_faults(work, message, data):
    with pytest.raises(InputError, match=message):
        work(data)


def test_hdf5_needs_no_ase(folder):
    code = "import hpcfit, sys; hpcfit.Dataset.from_path('si.h5'); print('ase.io' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
