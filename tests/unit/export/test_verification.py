"""What ``hpcfit export --verify`` says of a LAMMPS that is not there, cannot work, or disagrees."""

import importlib.util

import numpy as np
import pytest

from hpcfit.cli.main import main
from hpcfit.export.verification import cells, engine, verify
from hpcfit.export.verification.cells import KINDS, own_structures, periodic, random_cells
from hpcfit.export.verification.engine import Answer, Answers, Question, ask
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Atoms, Configurations
from hpcfit.runfile.fitted_job import read_final
from tests.helpers.small_jobs import silicon, write_job

QUESTION = Question(
    ("pair_style none",), Atoms(np.zeros(1, np.int32), np.eye(3), np.ones(3, bool), np.zeros((1, 3))), 1
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_job(tmp_path, datasets={"si.h5": silicon(n=2)})
    return tmp_path


@pytest.fixture
def lmp(tmp_path, monkeypatch):
    """Return a function that puts a shell script in the place of LAMMPS; its log is the last argument."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    def place(*lines):
        script = "\n".join(["#!/bin/sh", 'for log in "$@"; do :; done', *lines, ""])
        (tmp_path / "lmp").write_text(script)
        (tmp_path / "lmp").chmod(0o755)

    return place


def _exported(capsys):
    code = main(["export", "job.xml", "--format", "lammps-sw", "-o", "si.sw", "--verify", "--overwrite"])
    return code, capsys.readouterr().out.splitlines()


def test_no_lammps(folder, lmp, capsys):
    code, lines = _exported(capsys)
    assert (code, lines) == (
        0,
        ["pair_style sw", "pair_coeff * * si.sw Si", "# not verified: LAMMPS not found"],
    )
    assert (folder / "si.sw").exists()


def test_no_pair_style(folder, lmp, capsys):
    lmp(
        'echo "LAMMPS (1 Jan 2030)" > "$log"',
        "echo \"ERROR: Unrecognized pair style 'sw' is part of X\" >&2",
        "exit 1",
    )
    code, lines = _exported(capsys)
    assert (code, lines[-1]) == (0, "# not verified: this LAMMPS has no pair style sw")


def test_a_crash(folder, lmp, capsys):
    lmp('echo "LAMMPS (1 Jan 2030)" > "$log"', "kill -SEGV $$")
    code, lines = _exported(capsys)
    assert (code, lines[-1]) == (1, "# not verified: LAMMPS did not evaluate all structures")
    crash = "LAMMPS crashed with SIGSEGV"
    assert sum(crash in line for line in lines) == 3
    assert sum("not asked, as LAMMPS stopped 3 times" in line for line in lines) == 5


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("echo no licence >&2", "exit 1"), "LAMMPS cannot be loaded: no licence"),
        (("exit 0",), "LAMMPS ended without an answer"),
    ],
)
def test_other_failures(lmp, lines, reason):
    lmp(*lines)
    (answer,) = ask([QUESTION]).answers
    assert (answer.missing, answer.fault) == (reason, "")


def test_no_end(lmp, monkeypatch):
    monkeypatch.setattr(engine, "_LONGEST", 0.2)
    lmp("while :; do :; done")
    (answer,) = ask([QUESTION]).answers
    assert answer.missing == "LAMMPS did not end within 0.2 s"


@pytest.mark.parametrize(
    ("off", "code", "last"),
    [(5e-10, 0, "verified"), (2e-9, 1, "differs from LAMMPS"), (np.nan, 1, "differs from LAMMPS")],
)
def test_a_difference(folder, capsys, monkeypatch, off, code, last):
    """One force of a structure of the job is off, by less or more than the format allows."""
    compared = []
    evaluated = verify._evaluated

    def keep(*arguments):
        compared.append(evaluated(*arguments))
        return compared[-1]

    def answers(questions):
        assert len(questions) == len(compared) == 8
        forces = [one.forces.copy() for one in compared]
        forces[0][0, 0] += off * max(1.0, np.abs(forces[0]).max())
        return Answers("2030", tuple(Answer(one.energy, f) for one, f in zip(compared, forces, strict=True)))

    monkeypatch.setattr(verify, "_evaluated", keep)
    monkeypatch.setattr(verify, "ask", answers)
    found, lines = _exported(capsys)
    assert (found, lines[-1]) == (code, f"# {last}")
    assert lines[3].split() == ["#", "structures", "number", "eV/atom", "eV/A"]
    assert all(len(line) <= 80 for line in lines)


def test_random_cells():
    """Every kind has all species, no two atoms nearer than half the usual distance, and the kinds differ in density."""
    volume = {}
    for kind in KINDS:
        for n_species in (1, 3, 12):
            for atoms in random_cells(kind, n_species, 2.5):
                assert set(atoms.species.tolist()) == set(range(n_species))
                symbols = [str(k) for k in range(n_species)]
                batch = find_neighbours(
                    Configurations.bare(symbols, [atoms]), list(range(n_species)), n_species, 6.0
                )
                shortest = np.sqrt((batch.vector**2).sum(axis=1)).min() / 2.5 / KINDS[kind]
                assert 0.6 < shortest < 1.0
                volume[kind] = abs(np.linalg.det(atoms.cell)) / len(atoms)
    assert volume["compressed"] < volume["dense"] < volume["sparse"]


def test_a_slab_keeps_its_neighbours():
    cell = np.array([[4.0, 0.3, 0.2], [0.1, 0.0, 0.0], [0.0, 0.5, 5.0]])
    position = np.random.default_rng(1).uniform(0, 4, (6, 3))
    atoms = Atoms(np.zeros(6, np.int32), cell, np.array([True, False, True]), position)
    made = periodic(atoms, 4.5)
    found = [
        np.sort((find_neighbours(Configurations.bare(["Si"], [one]), [0], 1, 4.5).vector ** 2).sum(axis=1))
        for one in (atoms, made)
    ]
    assert made.pbc.all() and len(found[0]) > 20
    assert found[1] == pytest.approx(found[0], rel=1e-12)


def test_own_structures_are_spread_over_all(folder, monkeypatch):
    monkeypatch.setattr(cells, "MOST_OWN", 3)
    write_job(folder, datasets={"si.h5": silicon(n=12)})
    own, n = own_structures(read_final("job.xml", structures=True).job)
    every = silicon(n=12).position.reshape(12, 8, 3)
    assert n == 12
    assert [next(k for k in range(12) if np.array_equal(every[k], one.position)) for one in own] == [0, 4, 8]
