import dataclasses

import h5py
import numpy as np
import pytest

from hpcfit.dataset.hashing import content_ids
from hpcfit.dataset.validation import validate
from hpcfit.dataset.writer import append, write
from hpcfit.errors import InputError
from tests.helpers.edited import edited, flipped


def errors(path) -> list[str]:
    return [str(finding) for finding in validate(path) if finding.error]


def test_sound_file_has_only_its_missing_targets(stored):
    assert [str(finding) for finding in validate(stored)] == [
        "warning: energy missing in 2 of 7, configurations 2 4",
        "warning: forces missing in 2 of 7, configurations 2 3",
        "warning: stress missing in 3 of 7, configurations 1 2 6",
    ]


@pytest.mark.parametrize(
    "name", ["config/cell", "config/weight", "config/stress", "atom/position", "atom/force"]
)
def test_flipped_bit(stored, name):
    # Written through HDF5, so that Fletcher-32 agrees with the wrong number.
    with edited(stored) as file:
        first = file[name][:1]
        first.reshape(-1).view(np.uint64)[0] ^= 1
        file[name][:1] = first
    assert "error: checksum of the block does not match, configurations 0 1 2 3 4 5 6" in errors(stored)
    foreign = "error: id does not match the content, configurations 0"
    assert (foreign in errors(stored)) == (name != "config/weight")


def test_only_the_damaged_block_is_named(stored, make, provenance):
    append(stored, make(n=3, seed=5), provenance, "energy")
    with edited(stored) as file:
        file["config/group"][8] ^= 1
    assert errors(stored) == ["error: checksum of the block does not match, configurations 7 8 9"]


def test_damaged_bytes_do_not_end_the_search(tmp_path, make, provenance):
    path = tmp_path / "set.h5"
    write(path, make(n=3000), provenance, "energy")
    with h5py.File(path) as file:
        chunk = file["atom/position"].id.get_chunk_info(0)
    flipped(path, chunk.byte_offset + chunk.size // 2)
    found = errors(path)
    # All three blocks lie in the damaged chunk.
    assert len(found) == 2
    assert "checksum of bytes" in found[0]
    assert "/atom/position: cannot be read, the file is damaged" in found[1]
    assert found[1].endswith("configurations 0 1 2 3 4 5 6 7 and 2992 more")


def test_numbers_that_are_not_finite(stored, make, provenance):
    append(stored, make(n=3, seed=5), provenance, "energy")
    with edited(stored) as file:
        file["atom/force"][file["config/ptr"][7]] = np.inf
    assert "error: forces are not finite, configurations 7" in errors(stored)


def test_close_atoms_through_the_boundary(tmp_path, make, provenance):
    c = make(n=5)
    c.cell[:] = np.diag([9.0, 9.0, 9.0])
    c.position[:] = 3.0 * np.arange(len(c.position))[:, np.newaxis]
    c.pbc[:] = True
    first = c.ptr[3]
    assert c.ptr[4] - first >= 2
    c.position[first], c.position[first + 1] = (0.1, 4.0, 4.0), (8.8, 4.0, 4.0)
    c.cell[4] = np.diag([9.0, 0.4, 9.0])  # an atom beside its own image
    for k in range(3):
        c.position[c.ptr[k] : c.ptr[k + 1]] = 1.7 * np.arange(c.ptr[k + 1] - c.ptr[k])[:, np.newaxis]
    write(tmp_path / "set.h5", dataclasses.replace(c, id=content_ids(c)), provenance, "energy")
    found = [str(finding) for finding in validate(tmp_path / "set.h5")]
    assert "warning: atoms closer than 0.5 Angstrom, configurations 3 4" in found


def test_repeated_configurations(stored, configurations, provenance):
    append(stored, configurations, provenance, "energy")
    found = [str(finding) for finding in validate(stored)]
    assert "warning: configuration repeats an earlier one, configurations 7 8 9 10 11 12 13" in found


def test_broken_layout_is_refused(stored):
    with edited(stored) as file:
        del file["config/id"]
    with pytest.raises(InputError, match="/config/id: array is missing"):
        validate(stored)


def test_every_block_of_many_has_its_checksum(tmp_path, make, provenance, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.writer.BLOCK", 3)
    path = tmp_path / "set.h5"
    write(path, make(n=8), provenance, "energy")
    assert errors(path) == []
    with edited(path) as file:
        file["config/weight"][4] += 1.0
    assert errors(path) == ["error: checksum of the block does not match, configurations 3 4 5"]
