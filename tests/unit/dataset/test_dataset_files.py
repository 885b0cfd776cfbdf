import dataclasses
import re
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
from hpcfit.sealed.files import is_sealed
from tests.helpers.edited import edited, flipped, without_seal


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
    with edited(path) as file:
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
    found = "neither a sealed file nor plain HDF5, or its beginning is damaged"
    assert refusal(path) == [f"{path}: cannot be read as HDF5, found {found}"]


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
    with edited(stored) as file:
        file.attrs[layout.VERSION_ATTRIBUTE] = 99
    assert refusal(stored) == [f"{stored}: format version of the dataset, found 99, allowed 1"]


def test_swapped_shapes_wrong_types_and_missing_arrays_are_all_said(stored, configurations):
    n, n_atoms = len(configurations), len(configurations.species)
    replace_array(stored, "atom/force", configurations.force.T)
    replace_array(stored, "config/cell", configurations.stress)
    replace_array(stored, "config/energy", configurations.energy.astype(np.float32))
    with edited(stored) as file:
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
    with edited(stored) as file:
        file["species"][0] = "Ge"
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: /species: checksum of the names does not match")


def test_changed_id_without_a_seal(stored):
    with without_seal(stored) as file:
        file["config/id"][0, 0] ^= 1
    (line,) = refusal(stored)
    assert line.startswith(f"{stored}: /config/id: hash of the ids does not match")


def test_numbers_that_are_not_finite_are_refused(stored):
    with edited(stored) as file:
        file["config/energy"][[0, 1, 3]] = np.nan
        file["atom/species"][-1] = 7
    assert refusal(stored) == [
        f"{stored}: configuration 0: energy is not finite, found 3 times, here first",
        f"{stored}: configuration 6: species is not in the list of species",
    ]


def test_damaged_bytes_are_said_with_the_array(tmp_path, make, provenance):
    path = tmp_path / "set.h5"
    write(path, make(n=3000), provenance, "energy")
    with h5py.File(path, "r") as file:
        chunk = file["atom/position"].id.get_chunk_info(0)
    flipped(path, chunk.byte_offset + chunk.size // 2)
    (line,) = refusal(path)
    assert line.startswith(f"{path}: /atom/position: cannot be read, the file is damaged")
    assert re.search(r"found checksum of bytes \d+ to \d+ does not match", line)


def test_damage_is_noticed_when_the_file_is_opened(stored):
    with h5py.File(stored, "r") as file:
        chunk = file["config/ptr"].id.get_chunk_info(0)
    flipped(stored, chunk.byte_offset + chunk.size // 2)
    with pytest.raises(InputError, match="found checksum of bytes 512 to"), Dataset(stored):
        pass


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("name", ["config/energy", "config/group", "config/weight", "atom/position"])
def test_an_edit_behind_hpcfits_back_is_found_by_the_rank_that_reads_it(
    tmp_path, make, provenance, sealed, name
):
    path = tmp_path / "set.h5"
    write(path, make(n=3000), provenance, "energy")
    with h5py.File(path, "r+") if sealed else without_seal(path) as file:
        row = file["config/ptr"][2500] if name.startswith("atom") else 2500
        file[name][row] = 1 - file[name][row]
    with pytest.raises(InputError, match=r"checksum|truncated|longer"), Dataset(path) as dataset:
        dataset.read(2490, 2510)
    if not sealed:
        with Dataset(path) as dataset:
            assert len(dataset.read(0, 1000)) == 1000
            with pytest.raises(InputError, match=r"configurations 2048 to 2999: checksum does not match"):
                dataset.read(2048, 2049)


def test_a_file_without_a_seal_gets_one_when_it_is_appended_to(tmp_path, make, provenance, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.writer.BLOCK", 3)
    paths, factors = [tmp_path / "old.h5", tmp_path / "new.h5"], np.arange(24.0).reshape(8, 3)
    weighted = dataclasses.replace(c := make(n=8), force_weight=np.linspace(0, 1, len(c.species)))
    for path in paths:
        write(path, weighted, provenance, "energy", property_weight=factors)
    with without_seal(paths[0]):
        pass
    assert not is_sealed(str(paths[0]))
    for path in paths:
        append(path, make(n=3, seed=5), provenance, "energy")
        assert is_sealed(str(path))
    with Dataset(paths[0]) as old, Dataset(paths[1]) as new:
        assert_same_bits(old.read(0, 11), new.read(0, 11))
        one, other = old.index(), new.index()
        assert (one.content, one.force_weights) == (other.content, other.force_weights)
        assert np.array_equal(one.property_weight, other.property_weight)
        assert old.provenance() == new.provenance()
        assert all(np.array_equal(a, b) for a, b in zip(old.blocks(), new.blocks(), strict=True))


def test_a_damaged_file_is_never_appended_to(tmp_path, make, provenance):
    path = tmp_path / "set.h5"
    write(path, make(n=3000), provenance, "energy")
    with h5py.File(path, "r") as file:
        chunk = file["atom/force"].id.get_chunk_info(0)
    flipped(path, chunk.byte_offset + chunk.size // 2)
    before = path.read_bytes()
    with pytest.raises(InputError, match="checksum of bytes"):
        append(path, make(n=3, seed=5), provenance, "energy")
    assert path.read_bytes() == before


@pytest.mark.parametrize("sealed", [True, False])
def test_a_file_that_replaces_another_is_refused(tmp_path, make, provenance, sealed):
    path = tmp_path / "set.h5"
    for seed in (1, 2):
        write(path, make(n=8, seed=seed), provenance, "energy", overwrite=True)
        if not sealed:
            with without_seal(path):
                pass
        if seed == 1:
            with Dataset(path) as dataset:
                identity = dataset.index().identity
            with Dataset(path, identity=identity):
                pass
    with (
        pytest.raises(InputError, match=rf"set.h5: dataset was replaced while it was in use, .*{identity}"),
        Dataset(path, identity=identity),
    ):
        pass


def test_arrays_in_other_files_are_refused(tmp_path, stored):
    with edited(stored) as file:
        del file["config/energy"]
        file["config/energy"] = h5py.ExternalLink("other.h5", "/energy")
    assert refusal(stored) == [
        f"{stored}: not stored in the file itself, found /config: 'energy' is a link to another place, "
        "allowed arrays within the file"
    ]


def test_declared_sizes_are_compared_with_the_length_of_the_file(stored):
    with edited(stored) as file:
        file["atom/species"].resize(10**12, axis=0)
    (line,) = refusal(stored)
    assert "/atom/species: 4000000000000 bytes in a file of" in line
