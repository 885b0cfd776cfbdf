"""Sealed files: every byte is under a checksum, and a write that fails is noticed before a file counts."""

import errno
import io
import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from hpcfit import atomic
from hpcfit.sealed.files import (
    HEAD,
    PAGE,
    CheckedFile,
    SealedFile,
    SealError,
    copy_content,
    is_sealed,
    seal,
    sealed,
)
from hpcfit.sealed.hdf5 import checked, content_of, foreign_parts, new_image, open_image
from tests.helpers.edited import flipped

LENGTHS = (1, 1000, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 7)


@pytest.fixture(params=LENGTHS)
def content(request):
    return np.random.default_rng(request.param).bytes(request.param)


@pytest.fixture
def path(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(b"".join(sealed(content)))
    return str(path)


def test_content_comes_back(path, content):
    assert is_sealed(path)
    with SealedFile(path) as file:
        file.verify()
        assert file.read() == bytes(HEAD) + content
        file.seek(HEAD + len(content) // 2)
        assert file.read(10**6) == content[len(content) // 2 :]
        assert file.read(1) == b""


def test_seal_in_place_is_the_seal_in_memory(tmp_path, content):
    place = tmp_path / "b"
    place.write_bytes(b"x" * HEAD + content)
    seal(str(place))
    assert place.read_bytes() == b"".join(sealed(content))


def test_copy_is_the_content_without_the_seal(path, content, tmp_path):
    with SealedFile(path) as file:
        copy_content(file, str(tmp_path / "copy"))
    assert (tmp_path / "copy").read_bytes() == bytes(HEAD) + content


def read(path):
    with SealedFile(path) as file:
        return file.read()


def test_every_flipped_bit_is_found(path, content):
    size = os.path.getsize(path)
    random = np.random.default_rng(0)
    edges = [0, 7, 8, 20, HEAD - 1, HEAD, HEAD + len(content) - 1, HEAD + len(content), size - 1]
    for position in {*edges, *random.integers(0, size, 40).tolist()}:
        bit = int(random.integers(8))
        flipped(path, position, bit)
        with pytest.raises(SealError):
            read(path)
        flipped(path, position, bit)
    assert read(path)


@pytest.mark.parametrize("change", ["cut by one", "cut to the head", "empty", "longer by one"])
def test_other_length_is_found(path, change):
    size = os.path.getsize(path)
    lengths = {"cut by one": size - 1, "cut to the head": HEAD, "empty": 0, "longer by one": size + 1}
    os.truncate(path, lengths[change])
    with pytest.raises(SealError):
        read(path)


@pytest.mark.parametrize("content", [3 * PAGE], indirect=True)
def test_length_in_the_head_is_compared_before_memory_is_asked_for(path):
    data = Path(path).read_bytes()
    head = data[:HEAD].replace(b"content 196608 bytes", b"content 99999999999999 bytes")[:HEAD]
    Path(path).write_bytes(head + data[HEAD:])
    with pytest.raises(SealError, match=r"truncated file, \d+ bytes in place of \d+"):
        SealedFile(path)


@pytest.mark.parametrize("content", [3 * PAGE + 7], indirect=True)
def test_only_pages_that_are_read_are_compared(path, content):
    flipped(path, HEAD + 2 * PAGE + 5)
    with SealedFile(path) as file:
        file.seek(HEAD)
        assert file.read(2 * PAGE) == content[: 2 * PAGE]
        with pytest.raises(SealError, match=f"checksum of bytes {HEAD + 2 * PAGE} to {HEAD + 3 * PAGE - 1}"):
            file.read(1)


def test_pipe_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SealError, match="not a regular file"):
        is_sealed(str(tmp_path / "pipe"))


def test_hdf5_reads_through_a_seal_and_other_programs_read_the_file(tmp_path):
    path, values = str(tmp_path / "a.h5"), np.arange(50000.0)
    with checked(path, "w") as file:
        file.create_dataset("x", data=values, chunks=(1000,), compression="gzip")
    seal(path)
    with SealedFile(path) as raw, h5py.File(raw, "r") as file:
        assert file["x"][...].tolist() == values.tolist()
    with h5py.File(path) as file:
        assert file["x"][...].tolist() == values.tolist()


@pytest.mark.parametrize("room", [0, 600, 5000, 40000, 150000])
def test_hdf5_on_a_full_disk_ends_in_one_error(tmp_path, monkeypatch, room):
    put = CheckedFile._put

    def full(self, data):
        if self.tell() + len(data) > room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return put(self, data)

    monkeypatch.setattr(CheckedFile, "_put", full)
    values = np.random.default_rng(0).normal(size=40000)
    with pytest.raises(OSError, match="No space left"), checked(str(tmp_path / "a.h5"), "w") as file:
        for k in range(8):
            file.create_dataset(f"x{k}", data=values[5000 * k : 5000 * (k + 1)], chunks=(1000,))


def test_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.EIO, "disk broke")))
    with pytest.raises(OSError, match="disk broke"):
        atomic.write(str(path), [b"new"])
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a"]


def test_write_that_takes_a_part_goes_on(tmp_path):
    class Slow(io.FileIO):
        def write(self, data):
            return super().write(data[:3])

    with Slow(str(tmp_path / "a"), "w") as file:
        atomic.write_all(file, b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


def test_images_keep_their_content():
    with new_image() as file:
        file["a"] = np.arange(3.0)
        image = bytes(HEAD) + content_of(file)
    with open_image(image, writable=True) as file:
        file["b"] = 5
        image = bytes(HEAD) + content_of(file)
    with open_image(image) as file:
        assert file["a"][...].tolist() == [0.0, 1.0, 2.0] and file["b"][()] == 5


def soft_link(file, _):
    file["link"] = h5py.SoftLink("/there")


def external_link(file, folder):
    file["deep/er/link"] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def virtual(file, folder):
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (4,))
    file.create_virtual_dataset("virtual", layout)


def external_storage(file, folder):
    file.create_dataset("stored", (4,), "f8", external=[(str(folder / "raw"), 0, 32)])


def huge(file, _):
    file.create_dataset("huge", (10**15,), "f8", chunks=(1024,))


def huge_compressed(file, _):
    file.create_dataset("huge", (10**15,), "f8", chunks=(1024,), compression="gzip")


def cycle(file, _):
    file.create_group("g")["again"] = file["/"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (soft_link, "'link' is a link to another place"),
        (external_link, "/deep/er: 'link' is a link to another place"),
        (virtual, "virtual array of other files"),
        (external_storage, "stored in another file"),
        (huge, "8000000000000000 bytes in a file of 10000 bytes"),
        (huge_compressed, "8000000000000000 bytes in a file of 10000 bytes"),
        (cycle, "groups in more than"),
    ],
)
def test_what_leads_out_of_a_file_is_named(tmp_path, make, words):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.arange(4.0)
        assert foreign_parts(file, 10000) == ""
        make(file, tmp_path)
        assert words in foreign_parts(file, 10000)
