"""Files without a seal: a child process meets what HDF5 does with damage."""

import h5py
import numpy as np
import pytest

from hpcfit.sealed import unsealed
from hpcfit.sealed.files import SealError
from hpcfit.sealed.unsealed import refuse_misleading


@pytest.fixture
def path(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/x"] = np.arange(1000.0)
        file["names"] = np.array(["a", "b"], dtype=h5py.string_dtype())
        file["names"].attrs["unit"] = "eV"
    return str(tmp_path / "a.h5")


def test_whole_file_passes(path):
    refuse_misleading(path)


def test_damage_that_hdf5_notices_is_its_last_line(path):
    with open(path, "r+b") as file:
        file.truncate(1000)
    with pytest.raises(SealError, match=r"^OSError: .*truncated"):
        refuse_misleading(path)


@pytest.mark.parametrize(
    ("walk", "words"),
    [
        ("import time; time.sleep(60)", r"damaged: HDF5 reads it without end, 0.* s allowed"),
        ("import os; os.kill(os.getpid(), 11)", "damaged: HDF5 crashes on it"),
        ("raise SystemExit(1)", "^damaged$"),
    ],
)
def test_hang_and_crash_are_one_line(path, monkeypatch, walk, words):
    monkeypatch.setattr(unsealed, "_WALK", walk)
    monkeypatch.setattr(unsealed, "LIMIT", 0.4 if "sleep" in walk else 30.0)
    with pytest.raises(SealError, match=words):
        refuse_misleading(path)
