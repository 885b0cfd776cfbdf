import dataclasses

import ase.io
import numpy as np
import pytest

from hpcfit.dataset import layout
from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.import_options import ImportOptions
from hpcfit.dataset.importing import import_configurations
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.writer import write
from hpcfit.errors import InputError

OPTIONS = ImportOptions(stress_unit="eV/A^3", stress_sign="tension", weight_key="weight")


@pytest.mark.parametrize("name", ["set.extxyz", "set.extxyz.gz"])
def test_round_trip_to_the_bit(name, stored, configurations, tmp_path):
    with Dataset(stored) as dataset:
        assert export_dataset(dataset, tmp_path / name) == len(configurations)
    again = import_configurations(tmp_path / name, OPTIONS).configurations
    for field in layout.FIELDS:
        if field.name not in ("species", "group"):
            x, y = getattr(again, field.name), getattr(configurations, field.name)
            assert x.tobytes() == y.tobytes(), field.name
    for c in (again, configurations):
        assert [c.groups[k] for k in c.group] == [configurations.groups[k] for k in configurations.group]
        assert [c.symbols[k] for k in c.species] == [
            configurations.symbols[k] for k in configurations.species
        ]


@pytest.mark.parametrize("name", ["set.extxyz", "set.extxyz.gz"])
def test_weights_of_properties_and_atoms_survive(name, configurations, provenance, tmp_path, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.exporting.BLOCK", 3)
    random = np.random.default_rng(3)
    n, n_atoms = len(configurations), len(configurations.position)
    of_properties, of_atoms = random.random((n, 3)), random.random(n_atoms)
    of_properties[2], of_atoms[: configurations.ptr[2]] = 1.0, 1.0
    weighted = dataclasses.replace(configurations, force_weight=of_atoms)
    write(tmp_path / "set.h5", weighted, provenance, "energy", property_weight=of_properties)
    with Dataset(tmp_path / "set.h5") as dataset:
        export_dataset(dataset, tmp_path / name)
    again = import_configurations(tmp_path / name, OPTIONS)
    assert again.configurations.id.tobytes() == configurations.id.tobytes()
    assert again.configurations.weight.tobytes() == configurations.weight.tobytes()
    assert again.property_weight.tobytes() == of_properties.tobytes()
    assert again.configurations.force_weight.tobytes() == of_atoms.tobytes()


def test_ones_are_not_written(stored, configurations, provenance, tmp_path):
    ones = dataclasses.replace(configurations, force_weight=np.ones(len(configurations.position)))
    write(tmp_path / "ones.h5", ones, provenance, "energy", property_weight=np.ones((len(ones), 3)))
    for name in ("set", "ones"):
        with Dataset(tmp_path / f"{name}.h5") as dataset:
            export_dataset(dataset, tmp_path / f"{name}.xyz")
    assert (tmp_path / "ones.xyz").read_bytes() == (tmp_path / "set.xyz").read_bytes()
    again = import_configurations(tmp_path / "ones.xyz", OPTIONS)
    assert (again.property_weight, again.configurations.force_weight) == (None, None)


def test_ase_reads_it(stored, configurations, tmp_path):
    with Dataset(stored) as dataset:
        export_dataset(dataset, tmp_path / "set.extxyz", "index=0")
    atoms = ase.io.read(tmp_path / "set.extxyz")
    assert atoms.get_potential_energy() == configurations.energy[0]
    np.testing.assert_array_equal(atoms.get_stress(), configurations.stress[0])
    np.testing.assert_array_equal(atoms.get_forces(), configurations.force[: configurations.ptr[1]])


@pytest.mark.parametrize(
    "group",
    [
        "1e3",
        "007",
        "T",
        "nan",
        'a "b" {c}',
        "1,2",
        "back\\slash",
        "new\nline",
        "ü",
        "_JSON 1",
        "a=b",
        " pad ",
    ],
)
def test_names_of_groups_survive(group, configurations, provenance, tmp_path):
    named = dataclasses.replace(configurations, groups=(group, "other"))
    write(tmp_path / "set.h5", named, provenance, "energy")
    with Dataset(tmp_path / "set.h5") as dataset:
        export_dataset(dataset, tmp_path / "set.xyz")
    assert set(import_configurations(tmp_path / "set.xyz", OPTIONS).configurations.groups) == {group, "other"}


def test_selection(stored, configurations, tmp_path, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.exporting.BLOCK", 2)
    with Dataset(stored) as dataset:
        assert export_dataset(dataset, tmp_path / "set.xyz", "index=1::2") == 3
        with pytest.raises(InputError, match="unknown term in select, found 'x'"):
            export_dataset(dataset, tmp_path / "other.xyz", "x")
    again = import_configurations(tmp_path / "set.xyz", OPTIONS).configurations
    np.testing.assert_array_equal(again.id, configurations.id[1::2])


def test_existing_file_is_kept(stored, tmp_path):
    target = tmp_path / "set.xyz"
    target.write_text("mine")
    with Dataset(stored) as dataset:
        with pytest.raises(InputError, match="exists already, allowed another name, or --overwrite"):
            export_dataset(dataset, target)
        assert target.read_text() == "mine"
        export_dataset(dataset, target, overwrite=True)
    assert target.read_text() != "mine"
