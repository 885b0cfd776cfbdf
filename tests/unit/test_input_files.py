"""What is read is a regular file of a stated largest size."""

import gzip
import io
import os
import tarfile

import pytest

from hpcfit import input_files
from hpcfit.cli.main import main
from hpcfit.dataset.sources import open_source
from hpcfit.errors import InputError
from tests.helpers.small_jobs import job_text, potential


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo")
    os.symlink("/dev/zero", "zero")
    return tmp_path


@pytest.mark.parametrize("name", ["fifo", "zero", "."])
def test_only_regular_files(folder, name):
    with pytest.raises(OSError, match=r"not a regular file|is a folder"):
        input_files.read_text(name)


def test_a_largest_size(folder):
    (folder / "a").write_bytes(bytes(2000))
    assert len(input_files.read_bytes("a", 2000)) == 2000
    with pytest.raises(OSError, match=r"file of 2\.0 kB, allowed 1\.0 kB"):
        input_files.read_bytes("a", 1000)


_INCLUDE = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{}"/>'


@pytest.mark.parametrize("name", ["fifo", "zero"])
@pytest.mark.parametrize(
    "text",
    [
        job_text(potentials='<stillinger-weber id="P"><param-file>{}</param-file></stillinger-weber>'),
        job_text(
            '<user-structure id="u"><file>{}</file><properties><total-energy/></properties></user-structure>'
        ),
        job_text('<dataset id="d" file="{}"><properties><total-energy fit="true"/></properties></dataset>'),
        job_text(potentials=potential() + _INCLUDE),
    ],
)
def test_no_pipe_in_a_job(folder, name, text, capsys):
    (folder / "job.xml").write_text(text.replace("{}", name))
    assert main(["check", "job.xml"]) == 2
    said = capsys.readouterr().err
    assert f'"{name}"' in said and any(
        what in said for what in ("not a regular file", "no such file", "outside the job's folder")
    )


@pytest.mark.parametrize(
    "command",
    [
        ["check", "fifo"],
        ["data", "import", "zero.xyz", "-o", "x.h5"],
        ["data", "import", "p.tar", "-o", "x.h5"],
    ],
)
def test_no_pipe_on_the_command_line(folder, command, capsys):
    os.symlink("/dev/zero", "zero.xyz")
    os.mkfifo("p.tar")
    assert main(command) == 2
    assert "not a regular file" in capsys.readouterr().err


@pytest.fixture
def small_limits(monkeypatch):
    """Bombs of a megabyte are enough then."""
    monkeypatch.setattr(input_files, "_FREE", 1000)
    monkeypatch.setattr(input_files, "MOST_INFLATED", 10)


def test_bombs(folder, small_limits):
    atoms = b"1\nProperties=species:S:1:pos:R:3\nSi 0 0 0\n"
    with gzip.open("bomb.xyz.gz", "wb") as file:
        file.write(atoms * 20000)
    with tarfile.open("bomb.tar.gz", "w:gz") as archive:
        entry = tarfile.TarInfo("a.xyz")
        entry.size = len(atoms) * 20000
        archive.addfile(entry, io.BytesIO(atoms * 20000))
    faults = list(open_source(folder / "bomb.xyz.gz").frames)
    assert "decompression bomb" in str(faults[-1])
    with pytest.raises(InputError, match="decompression bomb"):
        open_source(folder / "bomb.tar.gz")
    with pytest.raises(OSError, match="decompression bomb"):
        input_files.check_inflated("bomb.xyz.gz", 1e9)


def test_one_endless_line(folder, monkeypatch):
    monkeypatch.setattr("hpcfit.dataset.formats.extxyz._LONGEST", 1000)
    (folder / "a.xyz").write_text("1\n" + "a" * 5000)
    (fault,) = open_source(folder / "a.xyz").frames
    assert str(fault) == "a.xyz: frame 0: line is too long, allowed 1000 characters".replace(
        "a.xyz", str(folder / "a.xyz")
    )


def test_a_number_of_atoms_with_many_digits(folder):
    (folder / "a.xyz").write_text("9" * 5000 + "\n")
    (fault,) = open_source(folder / "a.xyz").frames
    assert "must start with its number of atoms" in str(fault)
