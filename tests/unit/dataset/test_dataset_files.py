import dataclasses
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcfit.dataset import layout
from hpcfit.dataset.hashing import content_hash
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.writer import append, write
from hpcfit.errors import InputError
from hpcfit.records import Configurations


def assert_same_bits(a: Configurations, b: Configurations) -> None:
    for field in layout.FIELDS:
        x, y = getattr(a, field.name), getattr(b, field.name)
        assert x.dtype == y.dtype, field.name
        assert x.shape == y.shape, field.name
        assert x.tobytes() == y.tobytes(), field.name


def test_round_trip_to_the_bit(stored, configurations, provenance):
    with Dataset(stored) as dataset:
        read = dataset.read(0, len(dataset))
        index = dataset.index()
        assert dataset.energy_kind == "energy"
        assert dataset.provenance() == (provenance,)
    assert_same_bits(read, configurations)
    assert (read.symbols, read.groups) == (configurations.symbols, configurations.groups)
    assert index.content == content_hash(configurations.id)
    assert index.path == str(stored)
    for name in ("ptr", "mask", "group", "weight"):
        np.testing.assert_array_equal(getattr(index, name), getattr(configurations, name))


def test_slice_starts_at_zero(stored, configurations):
    with Dataset(stored) as dataset:
        part = dataset.read(2, 5)
        assert len(dataset.read(3, 3)) == 0
    atoms = slice(configurations.ptr[2], configurations.ptr[5])
    np.testing.assert_array_equal(part.ptr, configurations.ptr[2:6] - configurations.ptr[2])
    np.testing.assert_array_equal(part.position, configurations.position[atoms])
    np.testing.assert_array_equal(part.cell, configurations.cell[2:5])


def test_append_keeps_what_is_there_and_merges_names(stored, configurations, make, provenance):
    more = make(n=4, seed=2, symbols=("C", "Ge"), groups=("surface", "bulk"))
    append(stored, more, dataclasses.replace(provenance, source="more.xyz"), "energy")
    n = len(configurations)
    with Dataset(stored) as dataset:
        assert dataset.symbols == ("Si", "C", "Ge")
        assert dataset.groups == ("bulk", "a b", "surface")
        assert [row.source for row in dataset.provenance()] == ["here.xyz", "more.xyz"]
        assert_same_bits(dataset.read(0, n), configurations)
        read, index = dataset.read(n, n + 4), dataset.index()
        stops, _ = dataset.blocks()
    assert stops.tolist() == [n, n + 4]
    assert index.content == content_hash(np.concatenate([configurations.id, more.id]))
    assert [read.symbols[k] for k in read.species] == [more.symbols[k] for k in more.species]
    assert [read.groups[k] for k in read.group] == [more.groups[k] for k in more.group]
    np.testing.assert_array_equal(read.position, more.position)


def test_append_refuses_another_kind_of_energy(stored, make, provenance):
    before = stored.read_bytes()
    with pytest.raises(InputError, match="energies of another kind, found free_energy, allowed energy"):
        append(stored, make(seed=2), provenance, "free_energy")
    assert stored.read_bytes() == before


def test_blocks_cover_more_than_one(tmp_path, make, provenance, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.writer.BLOCK", 3)
    write(tmp_path / "set.h5", make(n=7), provenance, "energy")
    with Dataset(tmp_path / "set.h5") as dataset:
        stops, checksums = dataset.blocks()
    assert stops.tolist() == [3, 6, 7]
    assert len(np.unique(checksums, axis=0)) == 3


def test_write_refuses_an_existing_file(stored, configurations, provenance):
    before = stored.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        write(stored, configurations, provenance, "energy")
    assert stored.read_bytes() == before
    write(stored, configurations, provenance, "energy", overwrite=True)
    assert stored.read_bytes() != b""


@pytest.mark.parametrize("append_to_it", [False, True])
def test_failure_while_writing_leaves_the_old_file(
    append_to_it, stored, configurations, provenance, monkeypatch
):
    before = stored.read_bytes()

    def fail(ids):
        raise OSError("disk full")

    monkeypatch.setattr("hpcfit.dataset.writer.content_hash", fail)
    with pytest.raises(InputError, match="cannot be written, found disk full"):
        if append_to_it:
            append(stored, configurations, provenance, "energy")
        else:
            write(stored, configurations, provenance, "energy", overwrite=True)
    assert stored.read_bytes() == before
    assert [file.name for file in stored.parent.iterdir()] == [stored.name]


def test_unfit_configurations_are_not_written(tmp_path, configurations, provenance):
    configurations.energy[0] = np.nan
    with pytest.raises(InputError, match=r"here.xyz: configuration 0: energy is not finite"):
        write(tmp_path / "set.h5", configurations, provenance, "energy")
    assert list(tmp_path.iterdir()) == []


def replace_array(path: Path, name: str, values) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = values


def refusal(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught, Dataset(path) as dataset:
        dataset.index()
        dataset.read(0, len(dataset))
    return [str(fault) for fault in caught.value.faults]


def test_missing_file(tmp_path):
    assert refusal(tmp_path / "none.h5") == [f"{tmp_path}/none.h5: file does not exist"]


def test_name_of_the_job_is_used(tmp_path):
    with (
        pytest.raises(InputError, match=r"^sub/set.h5: file does not exist"),
        Dataset(tmp_path / "x", "sub/set.h5"),
    ):
        pass


@pytest.mark.parametrize("keep", [0, 100, 3000, -1])
def test_truncated_file(stored, keep):
    stored.write_bytes(stored.read_bytes()[:keep])
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: cannot be read as HDF5, found ")


def test_not_hdf5(tmp_path):
    path = tmp_path / "set.h5"
    path.write_text("Lattice=")
    assert refusal(path) == [f"{path}: cannot be read as HDF5, found file signature not found"]


def test_foreign_hdf5(tmp_path):
    path = tmp_path / "set.h5"
    with h5py.File(path, "w") as file:
        file["energy"] = [1.0]
    (line,) = refusal(path)
    assert (
        line
        == f"{path}: not a dataset: attribute 'format', found no such attribute, allowed 'hpcfit dataset'"
    )


def test_other_version(stored):
    with h5py.File(stored, "r+") as file:
        file.attrs[layout.VERSION_ATTRIBUTE] = 99
    assert refusal(stored) == [f"{stored}: format version of the dataset, found 99, allowed 1"]


def test_swapped_shapes_wrong_types_and_missing_arrays_are_all_said(stored, configurations):
    n, n_atoms = len(configurations), len(configurations.species)
    replace_array(stored, "atom/force", configurations.force.T)
    replace_array(stored, "config/cell", configurations.stress)
    replace_array(stored, "config/energy", configurations.energy.astype(np.float32))
    with h5py.File(stored, "r+") as file:
        del file["config/mask"], file["group"], file.attrs["content"]
    assert refusal(stored) == [
        f"{stored}: attribute 'content' is missing",
        f"{stored}: /config/cell: wrong shape, found [{n}, 6], allowed [n, 3, 3]",
        f"{stored}: /config/energy: wrong type, found float32, allowed float64",
        f"{stored}: /config/mask: array is missing",
        f"{stored}: /atom/force: wrong shape, found [3, {n_atoms}], allowed [n_atoms, 3]",
        f"{stored}: /group: list is missing",
    ]


def test_lengths_follow_the_offsets(stored, configurations):
    replace_array(stored, "config/weight", np.ones(3))
    replace_array(stored, "atom/position", configurations.position[1:])
    n, n_atoms = len(configurations), len(configurations.species)
    assert refusal(stored) == [
        f"{stored}: /config/weight: wrong shape, found [3], allowed [{n}]",
        f"{stored}: /atom/position: wrong shape, found [{n_atoms - 1}, 3], allowed [{n_atoms}, 3]",
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((0, 1), "must start at 0"),
        ((3, -5), "must increase, at configuration 2"),
        ((-1, 10**6), "wrong shape"),
    ],
)
def test_broken_offsets(stored, configurations, change, said):
    ptr = configurations.ptr.copy()
    ptr[change[0]] = change[1]
    replace_array(stored, "config/ptr", ptr)
    assert said in refusal(stored)[0]


def test_changed_name_of_a_species(stored):
    with h5py.File(stored, "r+") as file:
        file["species"][0] = "Ge"
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: /species: checksum of the names does not match")


def test_changed_id(stored):
    with h5py.File(stored, "r+") as file:
        file["config/id"][0, 0] ^= 1
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: /config/id: hash of the ids does not match")


def test_numbers_that_are_not_finite_are_refused(stored):
    with h5py.File(stored, "r+") as file:
        file["config/energy"][[0, 1, 3]] = np.nan
        file["atom/species"][-1] = 7
    assert refusal(stored) == [
        f"{stored}: configuration 0: energy is not finite, found 3 times, here first",
        f"{stored}: configuration 6: species is not in the list of species",
    ]


def test_damaged_bytes_are_said_with_the_array(stored):
    with h5py.File(stored, "r") as file:
        chunk = file["atom/position"].id.get_chunk_info(0)
    content = bytearray(stored.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    stored.write_bytes(content)
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: /atom/position: cannot be read, the file is damaged")


def test_damage_is_noticed_when_the_file_is_opened(stored):
    with h5py.File(stored, "r") as file:
        chunk = file["config/ptr"].id.get_chunk_info(0)
    content = bytearray(stored.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 0xFF
    stored.write_bytes(content)
    with pytest.raises(InputError, match="cannot be read, the file is damaged"), Dataset(stored):
        pass
