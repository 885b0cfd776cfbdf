"""LAMMPS asked for energies and forces, in a process of its own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hpcfit.export.verification import worker
from hpcfit.export.written import quoted
from hpcfit.records import Atoms, FloatArray

#: Seconds for all structures.
_LONGEST = 600

#: After so many structures at which it stops, LAMMPS is not asked about the same files again.
_MOST_STOPS = 3

#: Variables of a rank would tell the child's MPI that it belongs to the parent's job.
_OF_RANKS = ("PMI", "OMPI", "HYD", "MPI_LOCAL", "MPIR", "PRTE")

_NO_STYLE = re.compile(r"(?:Unrecognized|Unknown|Invalid) pair style '?([^'\s]+)")
_VERSION = re.compile(r"LAMMPS \((.*?)\)")


@dataclass(frozen=True)
class Question:
    """A question to LAMMPS.

    Parameters
    ----------
    commands
        Those of the pair style; their paths are relative to the folder in which this process runs.
    atoms
        Periodic in all directions.
    n_species
        Number of types.
    """

    commands: tuple[str, ...]
    atoms: Atoms
    n_species: int


@dataclass(frozen=True)
class Answer:
    """What LAMMPS makes of a structure.

    Parameters
    ----------
    energy
        eV.
    forces
        [n_atoms, 3], eV/Angstrom.
    fault
        Why LAMMPS refuses the structure or the files; empty for an answer.
    missing
        Why this LAMMPS cannot say anything; empty if it can.
    """

    energy: float = np.nan
    forces: FloatArray = field(default_factory=lambda: np.zeros(0))
    fault: str = ""
    missing: str = ""


@dataclass(frozen=True)
class Answers:
    """The version of LAMMPS, and an answer to each question."""

    version: str
    answers: tuple[Answer, ...]


def ask(questions: Sequence[Question]) -> Answers:
    """Return energies and forces from one process of LAMMPS: its Python module, or ``lmp`` on the PATH."""
    engines = _engines()
    found = Answers("", (Answer(missing="LAMMPS not found"),) * len(questions))
    if not engines or not questions:
        return found
    with tempfile.TemporaryDirectory() as folder:
        for k, question in enumerate(questions):
            Path(folder, f"{k}.data").write_text(_data(question), encoding="ascii")
        for engine in engines:
            found = _Run(engine, questions, folder).answers()
            if not found.answers[0].missing.startswith(_NOT_LOADED):
                break
    return found


_NO_STYLE_HERE = "this LAMMPS has no pair style"
_NOT_LOADED = "LAMMPS cannot be loaded"


def _engines() -> list[list[str]]:
    """Return the commands that run LAMMPS, without input and log."""
    found = []
    if importlib.util.find_spec("lammps") is not None:
        found.append([sys.executable, worker.__file__])
    if program := shutil.which("lmp"):
        found.append([program, "-screen", "none"])
    return found


def upright(atoms: Atoms) -> tuple[FloatArray, FloatArray]:
    """Return the cell as LAMMPS wants it, lower triangular with a positive diagonal, and the turn into it."""
    turn, upper = np.linalg.qr(atoms.cell.T)
    sign = np.sign(np.diag(upper))
    return (upper * sign[:, None]).T, turn * sign


def _data(question: Question) -> str:
    """Return a data file."""
    atoms, n_species = question.atoms, question.n_species
    ((ax, _, _), (bx, by, _), (cx, cy, cz)), turn = (found.tolist() for found in upright(atoms))
    positions = (atoms.position @ np.array(turn)).tolist()
    rows = (
        f"{k} {kind + 1} {x!r} {y!r} {z!r}"
        for k, (kind, (x, y, z)) in enumerate(zip(atoms.species.tolist(), positions, strict=True), start=1)
    )
    head = (
        "hpcfit",
        f"{len(atoms)} atoms",
        f"{n_species} atom types",
        f"0 {ax!r} xlo xhi",
        f"0 {by!r} ylo yhi",
        f"0 {cz!r} zlo zhi",
        f"{bx!r} {cx!r} {cy!r} xy xz yz",
    )
    masses = (f"{k} 1.0" for k in range(1, n_species + 1))
    return "\n".join([*head, "", "Masses", "", *masses, "", "Atoms # atomic", "", *rows, ""])


class _Run:
    """Asks LAMMPS all questions, again behind each at which it stops."""

    def __init__(self, engine: Sequence[str], questions: Sequence[Question], folder: str) -> None:
        self._engine = engine
        self._questions = questions
        self._folder = Path(folder)
        self._version = ""

    def answers(self) -> Answers:
        """Return all answers."""
        found: list[Answer] = []
        stops = Counter[tuple[str, ...]]()
        while len(found) < len(self._questions):
            stop = self._from(len(found))
            found += self._read(len(found))
            if len(found) == len(self._questions):
                break
            commands = self._questions[len(found)].commands
            stops[commands] += bool(stop.fault)
            if stop.fault and stops[commands] == _MOST_STOPS:
                left = Answer(fault=f"not asked, as LAMMPS stopped {_MOST_STOPS} times")
                found += [stop, *[left] * (self._n_alike(len(found)) - 1)]
            elif stop.fault:
                found.append(stop)
            elif stop.missing.startswith(_NO_STYLE_HERE):
                found += [stop] * self._n_alike(len(found))
            else:
                found += [stop] * (len(self._questions) - len(found))
        return Answers(self._version, tuple(found))

    def _n_alike(self, first: int) -> int:
        """Return the number of questions from one on that have its commands."""
        commands = [question.commands for question in self._questions[first:]]
        return sum(1 for _ in itertools.takewhile(lambda own: own == commands[0], commands))

    def _from(self, first: int) -> Answer:
        """Ask from one question on; return why LAMMPS stopped before the end."""
        script, log = self._folder / "input", self._folder / "log"
        lines = [line for k in range(first, len(self._questions)) for line in self._lines(k)]
        script.write_text("\n".join([*lines, ""]), encoding="utf-8")
        log.unlink(missing_ok=True)
        is_module = self._engine[0] == sys.executable
        arguments = [str(script), str(log)] if is_module else ["-in", str(script), "-log", str(log)]
        environment = {key: value for key, value in os.environ.items() if not key.startswith(_OF_RANKS)}
        try:
            done = subprocess.run(
                [*self._engine, *arguments],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_LONGEST,
                env=environment,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Answer(missing=f"LAMMPS did not end within {_LONGEST} s")
        except OSError as error:
            return Answer(missing=f"{_NOT_LOADED}: {error}")
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        version = _VERSION.search(text)
        self._version = version.group(1) if version else self._version
        return self._outcome(done, text)

    def _outcome(self, done: subprocess.CompletedProcess[str], text: str) -> Answer:
        said = f"{text}\n{done.stdout}\n{done.stderr}"
        last = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "")
        if done.returncode == 0:
            return Answer(missing="LAMMPS ended without an answer")
        if done.returncode < 0:
            return Answer(fault=f"LAMMPS crashed with {signal.Signals(-done.returncode).name}")
        if done.returncode == worker.UNAVAILABLE or not text:
            return Answer(missing=f"{_NOT_LOADED}: {last or f'exit code {done.returncode}'}")
        if style := _NO_STYLE.search(said):
            return Answer(missing=f"{_NO_STYLE_HERE} {style.group(1)}")
        errors = [line.strip() for line in said.splitlines() if line.startswith("ERROR")]
        return Answer(
            fault=f"LAMMPS stopped: {errors[0] if errors else last or f'exit code {done.returncode}'}"
        )

    def _lines(self, k: int) -> tuple[str, ...]:
        def own(suffix: str) -> str:
            return quoted(str(self._folder / f"{k}.{suffix}"))

        return (
            "clear",
            "units metal",
            "atom_style atomic",
            "atom_modify map array sort 0 0",
            "box tilt large",
            f"read_data {own('data')}",
            "neigh_modify one 100000 page 1000000",
            *self._questions[k].commands,
            "thermo_modify norm no",
            "run 0 post no",
            f"write_dump all custom {own('dump')} id fx fy fz modify sort id format float %.17g",
            f'print "$(pe:%.17g)" file {own("energy")} screen no',
        )

    def _read(self, first: int) -> list[Answer]:
        """Return the answers from one structure on, up to the first that LAMMPS has not given."""
        found: list[Answer] = []
        for k in range(first, len(self._questions)):
            energy = self._folder / f"{k}.energy"
            if not energy.is_file():
                break
            rows = (self._folder / f"{k}.dump").read_text(encoding="ascii").splitlines()[9:]
            forces = np.array([row.split()[1:4] for row in rows], dtype=float)
            turn = upright(self._questions[k].atoms)[1]
            found.append(Answer(float(energy.read_text(encoding="ascii")), forces @ turn.T))
        return found
