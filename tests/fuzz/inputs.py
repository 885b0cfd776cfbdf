"""Inputs that are mutated, and the commands that read them; each must end as the manual says, never in a traceback."""

import functools
import io
import random
import re
import shutil
import warnings
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from hpcfit.cli import main as command_line
from hpcfit.cli import run as run_command
from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset
from hpcfit.fit import Fit, read
from hpcfit.fit import prepare as prepare_fit
from hpcfit.listeners import session
from hpcfit.parallel.communicator import Serial
from tests.fuzz.mutations import mutated
from tests.helpers import mixed_jobs
from tests.helpers.chebyshev_jobs import linear_job
from tests.helpers.eam_jobs import aluminium, cells, eam_job
from tests.helpers.small_jobs import job_text, silicon, write_dataset

_SW = "# a comment\nSi Si Si 2.1683 2.0951 1.80 21.0 1.20 -0.333333333333 7.049556277 0.6022245584 4.0 0.0 0.0\n"
_TERSOFF = "Si Si Si 3.0 1.0 1.3258 4.8381 2.0417 0.0 22.956 0.33675 1.3258 95.373 3.0 0.2 3264.7\n"
_POSCAR = "Si\n5.43\n0 .5 .5\n.5 0 .5\n.5 .5 0\nSi\n2\nDirect\n0 0 0\n.25 .25 .25\n"
_LIMITED = '<fitting><geodesic-lm max-iter="2"/></fitting>'
_USER = """<user-structure id="own"><file>POSCAR</file><properties><total-energy fit="true" target="-8"/></properties>
  <output file="own.xyz" format="extxyz"/></user-structure>"""


@dataclass(frozen=True)
class Input:
    """A file to mutate, the files beside it, and the commands that read it."""

    name: str
    is_text: bool
    share: int
    commands: tuple[tuple[str, ...], ...]
    job: str = ""


def _from_file(element: str, file: str) -> str:
    return f'<{element} id="P"><param-file>{file}</param-file></{element}>'


def _unfitted(job: str) -> str:
    return job.replace("<fitting>", '<fitting enabled="false">')


_CHECK = ("check", "job.xml")
_IMPORT = (
    "data",
    "import",
    "si.extxyz",
    "-o",
    "new.h5",
    "--stress-unit",
    "eV/A^3",
    "--stress-sign",
    "tension",
)

INPUTS = (
    Input("job.xml", True, 6, (_CHECK,), "small"),
    Input("job.xml", True, 4, (_CHECK,), "lattices"),
    Input("job.xml", True, 4, (_CHECK,), "functions"),
    Input("job.xml", True, 2, (_CHECK,), "linear"),
    Input("job.xml", True, 2, (_CHECK,), "user"),
    Input("si.extxyz", True, 6, (_IMPORT,)),
    Input("si.h5", False, 5, (("data", "info", "si.h5"), ("data", "validate", "si.h5"), _CHECK), "small"),
    Input(
        "run.h5",
        False,
        4,
        (("report", "run.h5"), ("export", "run.h5", "--format", "lammps-sw", "-o", "x.sw")),
    ),
    Input("stopped.h5", False, 3, (("resume", "stopped.h5"),), "small"),
    Input("Si.sw", True, 3, (_CHECK,), "sw"),
    Input("Si.tersoff", True, 2, (_CHECK,), "tersoff"),
    Input("Al.eam.alloy", True, 3, (_CHECK,), "setfl"),
    Input("POSCAR", True, 3, (_CHECK,), "user"),
)


def prepare(folder: Path) -> None:
    """Write all inputs to a folder."""
    write_dataset(folder / "si.h5", silicon(4))
    write_dataset(folder / "al.h5", cells())
    jobs = {
        "small": job_text(fitting=_LIMITED),
        "lattices": mixed_jobs.mixed_job(_LIMITED),
        "functions": eam_job(aluminium()).replace("si.h5", "al.h5"),
        "linear": linear_job(_LIMITED),
        "user": job_text(_USER, fitting=_LIMITED),
        "sw": _unfitted(job_text(potentials=_from_file("stillinger-weber", "Si.sw"))),
        "tersoff": _unfitted(job_text(potentials=_from_file("tersoff", "Si.tersoff"))),
        "setfl": _unfitted(eam_job(_from_file("eam", "Al.eam.alloy")).replace("si.h5", "al.h5")),
    }
    for name, text in jobs.items():
        (folder / f"{name}.xml").write_text(text)
    for name, text in {"Si.sw": _SW, "Si.tersoff": _TERSOFF, "POSCAR": _POSCAR}.items():
        (folder / name).write_text(text)
    with Dataset(folder / "si.h5") as dataset:
        export_dataset(dataset, folder / "si.extxyz", "")
    shutil.copy(folder / "small.xml", folder / "job.xml")
    command_line.world = Serial
    command_line._parser = functools.cache(command_line._parser)  # a seventh of the time of a case
    run_command.fit(str(folder / "job.xml"), str(folder / "run.h5"), False, Serial(), io.StringIO())
    steps = [
        "export",
        str(folder / "functions.xml"),
        "--format",
        "eam-alloy",
        "-o",
        str(folder / "Al.eam.alloy"),
    ]
    assert command_line.main([*steps, "--resolution", "20", "--largest-density", "3"]) == 0
    _stopped(folder)


def _stopped(folder: Path) -> None:
    """Write a run file that a signal has ended."""

    plan = prepare_fit(lambda: read(str(folder / "job.xml")), Serial())
    session.run(Fit(plan, Serial()), io.StringIO(), lambda: True, str(folder / "stopped.h5"))


class Cases:
    """The cases of a seed: `case` runs one of them and says how it ended, ``ok ...`` if as it should."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._inputs = [entry for entry in INPUTS for _ in range(entry.share)]

    def input_of(self, number: int) -> tuple[Input, bytes]:
        """Return the input of a case and its mutated content."""
        entry = self._inputs[number % len(self._inputs)]
        source = f"{entry.job}.xml" if entry.name == "job.xml" else entry.name
        rng = random.Random(f"{self._seed} {number}")
        return entry, mutated((self._folder / source).read_bytes(), entry.is_text, rng)

    def case(self, number: int, own: Path) -> str:
        """Run a case in the folder `own`, which its process keeps."""
        entry, content = self.input_of(number)
        for name in ("si.h5", "al.h5", "Si.sw", "Si.tersoff", "Al.eam.alloy", "POSCAR"):
            shutil.copy(self._folder / name, own / name)
        shutil.copy(self._folder / f"{entry.job or 'small'}.xml", own / "job.xml")
        (own / entry.name).write_bytes(content)
        before = {path.name for path in own.iterdir()}
        ends = [self._end(list(command), own) for command in entry.commands]
        for path in own.iterdir():
            if path.name not in before:
                path.unlink()
        bad = [end for end in ends if end.startswith("bad")]
        return f"{entry.name} {bad[0] if bad else 'ok ' + ' '.join(ends)}"

    @staticmethod
    def _end(command: list[str], own: Path) -> str:
        """Run a command and return its exit code, or what is wrong with its end."""
        errors, output = io.StringIO(), io.StringIO()
        streams = redirect_stderr(errors), redirect_stdout(output)
        with streams[0], streams[1], warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", RuntimeWarning)
            try:
                code = command_line.main(command)
            except SystemExit as end:
                code = end.code
            except BaseException as error:
                return f"bad: {command[0]} raised {type(error).__name__}: {error}"
        said = errors.getvalue()
        if "Traceback" in said:
            frames = re.findall(r'File "[^"]*/(hpcfit/[^"]*)", line (\d+)', said)
            return f"bad: {command[0]} {frames[-1:]} {said.strip().splitlines()[-1][:200]}"
        if code not in (0, 1, 2, 3) or (code == 2 and not said + output.getvalue()):
            return f"bad: {command[0]} exit code {code}"
        if left := [path.name for path in own.iterdir() if ".tmp." in path.name]:
            return f"bad: {command[0]} left {left[0]}"
        numbers = [entry for entry in warned if issubclass(entry.category, RuntimeWarning)]
        if numbers:
            return f"bad: {command[0]} {numbers[0].filename}:{numbers[0].lineno} {numbers[0].message}"
        return str(code)
