"""A job writes in its folder alone, and replaces files of hpcfit alone."""

import io
import os
from pathlib import Path

import pytest

from hpcfit.cli.main import main
from hpcfit.cli.run import fit
from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.job_outputs import MARK, open_log_file, unsafe
from hpcfit.known import catalogue
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.records import ReadOptions
from tests.helpers.small_jobs import job_text, potential, silicon, write_dataset

#: A structure of its own with a file in each format.
_FILES = "".join(
    f'<output file="{name}" format="{form}"/>'
    for name, form in (("a.poscar", "poscar"), ("a.xyz", "extxyz"), ("a.dump", "lammps-dump"))
)
_USER = f"""<user-structure id="u">
  <cell><a1 x="2.7" y="2.7" z="0"/><a2 x="0" y="2.7" z="2.7"/><a3 x="2.7" y="0" z="2.7"/></cell>
  <atoms><atom type="Si" x="0" y="0" z="0"/><atom type="Si" x="1.35" y="1.35" z="1.35"/></atoms>
  <properties><total-energy/></properties>{_FILES}</user-structure>"""


def _job(log="", export="", structures=""):
    text = job_text(structures, potential().replace("</still", f"{export}</still"), fitting="")
    return text.replace("</name>", f"</name>{log and f'<output-file>{log}</output-file>'}")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    place = tmp_path / "job"
    place.mkdir()
    monkeypatch.chdir(place)
    write_dataset(place / "si.h5", silicon(2))
    return place


def _export(file):
    return f"<export-potential>{file}</export-potential>"


def _read(folder, text, **options):
    (folder / "job.xml").write_text(text)
    return read_job("job.xml", catalogue(), ReadOptions(**options))


@pytest.mark.parametrize("name", ["../out", "{outside}/out", "inside/../../out", "link/out"])
@pytest.mark.parametrize("where", ["log", "export", "structures"])
def test_only_inside_the_folder(folder, tmp_path, name, where):
    (folder / "inside").mkdir()
    os.symlink(tmp_path, folder / "link")
    file = name.format(outside=tmp_path)
    parts = {"log": file, "export": _export(file), "structures": _USER.replace("a.xyz", file)}
    text = _job(**{where: parts[where]})
    with pytest.raises(InputError, match="output file is outside the job's folder, found"):
        _read(folder, text)
    paths = [path for path, _ in _read(folder, text, allow_outside=True).outputs]
    assert str(tmp_path / "out") in paths


@pytest.mark.parametrize("inside", [True, False])
def test_no_symbolic_link(folder, tmp_path, inside):
    os.symlink(folder / "target" if inside else tmp_path / "target", folder / "fit.log")
    with pytest.raises(InputError, match="output file is a symbolic link"):
        _read(folder, _job("fit.log"), allow_outside=True)


@pytest.mark.parametrize("name", ["postgresql://user@host/x", "MySQL://x", "mariadb:x"])
def test_no_database_server(folder, name):
    with pytest.raises(InputError, match="name of a database server"):
        _read(folder, _job(name), allow_outside=True)


@pytest.mark.parametrize("file", ["a.log", "Si.sw", "a.poscar", "a.xyz", "a.dump"])
def test_other_files_are_replaced_on_request(folder, file, capsys):
    (folder / "job.xml").write_text(_job("a.log", _export("Si.sw"), _USER))
    (folder / file).write_text("alias ls=rm # of hpcfit\n")
    for command in (["run", "job.xml", "-o", "run.h5"], ["check", "job.xml"]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "output file exists and was not written by hpcfit" in said and file in said
    assert (folder / file).read_text() == "alias ls=rm # of hpcfit\n"
    assert not (folder / "run.h5").exists()
    assert main(["run", "job.xml", "-o", "run.h5", "--overwrite"]) == 0
    assert "alias" not in (folder / file).read_text()
    # What hpcfit wrote carries its mark.
    assert main(["run", "job.xml", "-o", "again.h5"]) == 0


def test_a_file_that_comes_during_the_fit(folder, monkeypatch):
    (folder / "job.xml").write_text(_job(export=_export("Si.sw")))
    real = Path.write_text

    def late(*_):
        real(folder / "Si.sw", "of another program")
        return ()

    monkeypatch.setattr("hpcfit.report.report.write", late)
    with pytest.raises(SharedError, match=r"Si\.sw: output file exists"):
        _run(folder)
    assert (folder / "Si.sw").read_text() == "of another program"


def _run(folder):
    from hpcfit.parallel.guard import raise_on_all_ranks

    with raise_on_all_ranks(Serial()):
        fit("job.xml", "run.h5", False, Serial(), io.StringIO())


@pytest.mark.parametrize(
    ("head", "is_ours"),
    [
        (f"# log {MARK}\n", True),
        ("hpcfit 0.1.0\nstarted\n", True),
        ("DATE: 2026-01-01 UNITS: metal by hpcfit 0.1.0\n", True),
        ('2\nwritten_by="hpcfit 0.1.0"\n', True),
        ("", True),
        ("#!/bin/sh\n# runs hpcfit 0.1.0\n", False),
        ("\n\n\n\n# written by hpcfit 0.1.0\n", False),
        ("\x89HDF\r\n", False),
    ],
)
def test_marks(tmp_path, head, is_ours):
    path = tmp_path / "a"
    path.write_text(head, encoding="latin-1", newline="")
    assert (unsafe(str(path), overwrite=False) == ("", "")) is is_ours
    assert unsafe(str(path), overwrite=True) == ("", "")


def test_what_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    os.symlink(tmp_path / "no", tmp_path / "link")
    for name, what in (
        ("fifo", "output file is not a regular file"),
        ("link", "output file is a symbolic link"),
    ):
        assert unsafe(str(tmp_path / name), overwrite=True)[0] == what
    with pytest.raises(OSError, match="symbolic"):
        open_log_file(str(tmp_path / "link"), append=True)
