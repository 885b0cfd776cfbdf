"""``hpcfit export`` from the command line."""

import io

import pytest

from hpcfit.cli.main import main
from hpcfit.cli.run import fit
from hpcfit.job_outputs import MARK
from hpcfit.parallel.communicator import Serial
from tests.helpers.eam_jobs import cells, eam_job
from tests.helpers.small_jobs import LENNARD_JONES, job_text, potential, write_job


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_job(tmp_path)
    return tmp_path


def test_a_run(folder, capsys):
    fit("job.xml", "run.h5", False, Serial(), io.StringIO())
    assert main(["export", "run.h5", "--format", "lammps-sw", "-o", "si.sw"]) == 0
    assert capsys.readouterr().out == "pair_style sw\npair_coeff * * si.sw Si\n"
    text = (folder / "si.sw").read_text()
    assert "potential SW (stillinger-weber), chi^2 " in text
    assert " 2.0951 " in text


def test_a_job_and_its_notes(folder, capsys):
    write_job(folder, job_text(potentials=potential() + LENNARD_JONES), {})
    assert main(["export", "job.xml", "--format", "lammps-lj", "-o", "lj.in"]) == 0
    commands = (
        "pair_style hybrid/overlay lj/cut 3.5 sw",
        "pair_coeff 1 1 lj/cut 0.01 2 3.5 # Si Si",
        "pair_coeff * * sw lj.SW.sw Si",
    )
    assert capsys.readouterr().out.splitlines() == [*commands, "# several pair styles: lj.in, lj.SW.sw"]
    assert (folder / "lj.in").read_text().splitlines() == [f"# LJ + SW, {MARK}", *commands]
    assert "not fitted" in (folder / "lj.SW.sw").read_text()
    assert main(["export", "job.xml", "--format", "lammps-lj", "-o", "only.in", "--potential", "LJ"]) == 0
    assert capsys.readouterr().out == "include only.in\n# not in the file: SW, which the job adds to LJ\n"


def test_no_file_of_a_sum_is_replaced(folder, capsys):
    write_job(folder, job_text(potentials=potential() + LENNARD_JONES), {})
    (folder / "lj.SW.sw").write_text("precious")
    assert main(["export", "job.xml", "--format", "lammps-lj", "-o", "lj.in"]) == 2
    assert capsys.readouterr().err.startswith("lj.SW.sw: exists already")
    assert (folder / "lj.SW.sw").read_text() == "precious"
    assert not (folder / "lj.in").exists()


def test_a_run_that_was_damaged(folder, capsys):
    fit("job.xml", "run.h5", False, Serial(), io.StringIO())
    (folder / "run.h5").write_bytes(b"damage")
    assert main(["export", "run.h5", "--format", "lammps-sw", "-o", "si.sw"]) == 0
    assert "\n# run.h5: unreadable, run.previous.h5 is used" in capsys.readouterr().out


def test_a_file_is_replaced_only_on_request(folder, capsys):
    (folder / "si.sw").write_text("precious")
    command = ["export", "job.xml", "--format", "lammps-sw", "-o", "si.sw"]
    assert main(command) == 2
    allowed = "another name, or --overwrite, in Python overwrite=True"
    assert capsys.readouterr().err == f"si.sw: exists already, allowed {allowed}\n"
    assert (folder / "si.sw").read_text() == "precious"
    assert main([*command, "--overwrite"]) == 0
    assert (folder / "si.sw").read_text() != "precious"


def test_the_source_is_not_replaced(folder, capsys):
    job = (folder / "job.xml").read_text()
    assert main(["export", "job.xml", "--format", "lammps-sw", "-o", "./job.xml", "--overwrite"]) == 2
    message = "./job.xml: output file is the one to export, allowed another name\n"
    assert capsys.readouterr().err == message
    assert (folder / "job.xml").read_text() == job


def test_nothing_is_written_on_a_fault(folder, capsys):
    assert main(["export", "job.xml", "--format", "lammps-lj", "-o", "lj.in"]) == 2
    assert "no potential for the format lammps-lj" in capsys.readouterr().err
    assert not (folder / "lj.in").exists()


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--resolution", "4"),
        ("--rho-range-factor", "0.9"),
        ("--resolution", "1e3"),
        ("--inner", "0"),
        ("--inner", "x"),
        ("--largest-density", "inf"),
    ],
)
def test_bad_options(folder, capsys, option, text):
    with pytest.raises(SystemExit) as caught:
        main(["export", "job.xml", "--format", "table", "-o", "t", option, text])
    assert caught.value.code == 2
    assert f"found {text}" in capsys.readouterr().err


def test_tables_of_embedded_atoms(folder, capsys):
    """The largest density comes from the job's own structures."""
    (folder / "si.h5").unlink()
    write_job(folder, eam_job(), {"si.h5": cells()})
    assert main(["export", "job.xml", "--format", "eam-fs", "-o", "al.fs", "--resolution", "200"]) == 0
    first, second, *notes = capsys.readouterr().out.splitlines()
    assert (first, second) == ("pair_style eam/fs", "pair_coeff * * al.fs Al")
    assert notes[0].startswith("# largest density ")
    end = float(notes[2].removeprefix("# F is tabulated to "))
    n_rho, d_rho, *_ = (folder / "al.fs").read_text().splitlines()[4].split()
    assert float(d_rho) * (int(n_rho) - 1) == pytest.approx(end, rel=1e-5)
    (folder / "si.h5").unlink()
    command = ["export", "job.xml", "--format", "eam-alloy", "-o", "al.alloy", "--resolution", "200"]
    assert main(command) == 2
    assert "no such file" in capsys.readouterr().err
    assert main([*command, "--largest-density", "0.5"]) == 0


def test_masses_and_numbers_of_elements_are_those_of_the_job(folder):
    (folder / "si.h5").unlink()
    given = '<species mass="27.5" atomic-number="12">Al</species>'
    write_job(folder, eam_job().replace("<species>Al</species>", given), {"si.h5": cells()})
    command = ["export", "job.xml", "--format", "eam-fs", "-o", "al.fs", "--largest-density", "1"]
    assert main([*command, "--resolution", "9"]) == 0
    assert (folder / "al.fs").read_text().splitlines()[5] == "12 27.5 0.0 NONE"


def test_there_and_back(folder, capsys):
    """A job whose values come from an exported file exports the same numbers."""
    carbide = job_text(
        potentials=potential()
        .replace("<A>", '<A tag="CSi">7</A> <A>')
        .replace("<p>", '<lambda tag="CSiC">9</lambda><p>'),
        species=("Si", "C"),
    )
    write_job(folder, carbide, {})
    assert main(["export", "job.xml", "--format", "lammps-sw", "-o", "first.sw"]) == 0
    short = '<stillinger-weber id="SW"><param-file>first.sw</param-file></stillinger-weber>'
    write_job(folder, job_text(structures=" ", potentials=short, fitting="", species=("Si", "C")), {})
    assert main(["export", "job.xml", "--format", "lammps-sw", "-o", "second.sw"]) == 0
    first, second = (
        [line.split() for line in (folder / name).read_text().splitlines() if not line.startswith("#")]
        for name in ("first.sw", "second.sw")
    )
    assert len(first) == 8
    assert "7" in first[3] and "9" in first[5]
    for wanted, found in zip(first, second, strict=True):
        assert found[:3] == wanted[:3]
        # Lengths are written in units of sigma.
        assert [float(x) for x in found[3:]] == pytest.approx([float(x) for x in wanted[3:]], rel=1e-15)
