"""HDF5 files changed behind hpcfit's back, with a seal that fits the change or with the old one."""

from contextlib import contextmanager
from pathlib import Path

import h5py

from hpcfit.sealed.files import HEAD, is_sealed, seal


@contextmanager
def edited(path):
    """Open a run file or dataset for writing, and seal the result, as only hpcfit itself would."""
    with h5py.File(path, "r+") as file:
        yield file
    if is_sealed(str(path)):
        seal(str(path))


@contextmanager
def without_seal(path):
    """Turn a sealed file into plain HDF5 from its first byte, as earlier versions wrote, and open it for writing."""
    with h5py.File(path, "r+") as file:
        yield file
    content = Path(path).read_bytes()[HEAD:]
    Path(path).write_bytes(content)


def flipped(path, position, bit=0):
    """Flip one bit of a file."""
    data = bytearray(Path(path).read_bytes())
    data[position] ^= 1 << bit
    Path(path).write_bytes(data)
