"""The lines a run prints, to the letter."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.fit import FitStep
from hpcfit.listeners.log import header_lines, open_log
from hpcfit.listeners.progress import Progress, legend, titles
from hpcfit.records import Parameter, SolverState, State
from hpcfit.runfile.header import LossDisplay, Style
from hpcfit.version import __version__

LOSS = LossDisplay(0.5, "loss")


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Flushed(io.StringIO):
    """Keeps what a reader would have seen."""

    seen = ""

    def flush(self):
        self.seen = self.getvalue()


STATES = [
    State(0, np.zeros(2), 8943.28648, SolverState(np.ones(2), damping=1e-3), n_linearisations=1),
    State(
        1,
        np.zeros(2),
        1.388157858,
        SolverState(np.ones(2), damping=2e-4),
        gradient=12.5,
        angle=0.25,
        step=3.5e-3,
        acceleration=0.123456,
        n_linearisations=2,
        n_costs=3,
        n_second_derivatives=1,
    ),
]

LINES = """\
iter            loss gradient   angle  lambda    step accel  evaluations seconds
   0     4471.643240        -       - 1.0e-03       -     -        1/0/0   0.250
   1    0.6940789290  1.2e+01 2.5e-01 2.0e-04 3.5e-03 0.123        2/3/1   0.013
"""


def steps():
    return [
        FitStep(state, seconds, np.zeros(3), ())
        for state, seconds in zip(STATES, (0.25, 0.0125), strict=True)
    ]


def written(header, stream, *steps, interval=0):
    lines = Progress(replace(header, loss=LOSS), stream, interval)
    for step in steps:
        lines.step(step)
    lines.close()
    return stream


def test_iteration_lines(header):
    assert written(header, io.StringIO(), *steps()).getvalue() == LINES


def test_a_resumed_fit_does_not_repeat_a_line(header):
    first, second = steps()
    lines = written(header, io.StringIO(), replace(first, resumed=True), second).getvalue().splitlines()
    assert lines == [LINES.splitlines()[0], LINES.splitlines()[2]]


def test_a_restart_is_said_once(header):
    first, second = (replace(step, state=replace(step.state, restarted="evaporated")) for step in steps())
    lines = written(header, io.StringIO(), steps()[0], first, second).getvalue().splitlines()
    assert [line.startswith("restart: evaporated, again from the start") for line in lines] == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_lines_are_flushed_one_by_one(header):
    stream = Flushed()
    Progress(replace(header, loss=LOSS), stream).step(steps()[0])
    assert "4471.643240" in stream.seen


def test_terminal_keeps_the_same_lines_above_the_display(header):
    text = written(header, Terminal(), *steps()).getvalue()
    for line in written(header, io.StringIO(), *steps()).getvalue().splitlines():
        assert f"{line}\n" in text
    assert "iteration 1 of at most 17, 0.263 s, 0.0125 s each, ends by " in text


def test_elsewhere_the_pace_comes_once_a_minute(header):
    first, second = steps()
    slow = [replace(second, seconds=25.0, state=replace(second.state, iteration=k)) for k in range(1, 7)]
    lines = written(header, io.StringIO(), first, *slow).getvalue().splitlines()
    found = [line.rpartition(", ends by ")[0] for line in lines if "ends by" in line]
    assert found == [
        "  iteration 3 of at most 17, 1 min 15 s, 25 s each",
        "  iteration 6 of at most 17, 2 min 30 s, 25 s each",
    ]


def test_the_legend_names_every_column_and_stands_in_the_manual():
    assert [line.split()[0] for line in legend()] == titles(LossDisplay(1.0, "loss")).split()
    manual = (Path(__file__).parents[3] / "docs/minimisers.md").read_text(encoding="utf-8")
    assert "".join(f"    {line}\n" for line in legend()) in manual


def test_factor_and_label_are_those_handed_in(header):
    stream = io.StringIO()
    Progress(replace(header, loss=LossDisplay(1.0, "chi^2")), stream).step(steps()[1])
    title, line = stream.getvalue().splitlines()
    assert title.split()[1] == "chi^2"
    assert line.split()[1] == "1.388157858"


@pytest.mark.parametrize(("precision", "text"), [(0, "0.1234567891"), (4, "0.1235")])
def test_parameters_have_the_digits_that_the_job_wants(precision, text, header):
    parameters = (Parameter("P.a", "eV", 0.0, -1.0, 1.0, True), Parameter("P.b", "1", 0.0, -1.0, 1.0, False))
    wanted = replace(header, parameters=parameters, style=Style(precision=precision))
    first, second = (replace(step, values=np.array([0.123456789123, 2.0])) for step in steps())
    lines = written(wanted, io.StringIO(), first, second, interval=1).getvalue().splitlines()
    assert lines[3:] == [f"  P.a: {text} eV"]
    assert len(written(wanted, io.StringIO(), first, second, interval=2).getvalue().splitlines()) == 3


def test_head_of_the_log(header, tmp_path):
    fixed = {"hpcfit": "0.1.0", "python": "3.11.7", "numpy": "2.0", "mpi": "MPICH Version: 5.0.2\nmore"}
    assert header_lines(replace(header, versions=fixed)) == [
        "hpcfit 0.1.0",
        "started     2026-01-02T03:04:05+00:00",
        "with        python 3.11.7, numpy 2.0",
        "MPI         MPICH Version: 5.0.2",
        "ranks       3 on node1 (2), node2 (1)",
        f"job         silicon, {tmp_path}/job.xml, hash {header.job_hash[:12]}",
        "dataset     train/si, si.h5, 3 configurations, 5 atoms, hash 0123456789ab",
        "structures  3",
        "atoms       5",
        "residuals   16",
        "parameters  3, 2 free",
    ]


def test_versions_are_those_that_run(header):
    assert header.versions["hpcfit"] == __version__
    assert header.versions["numpy"] == np.__version__
    assert set(header.versions) == {"hpcfit", "python", "numpy", "scipy", "h5py", "mpi"}


@pytest.mark.parametrize(
    ("hosts", "text"),
    [
        (("a",) * 4, "4 on a"),
        (tuple("abcdefgh"), "8 on a (1), b (1), c (1), d (1), e (1), f (1), g (1), h (1)"),
        (tuple("abcdefghijk"), "11 on a (1), b (1), c (1), d (1), e (1), f (1), g (1), h (1) and 3 more"),
    ],
)
def test_many_hosts_are_counted(header, hosts, text):
    assert f"ranks       {text}" in header_lines(replace(header, hosts=hosts))


def test_rich_is_not_imported_without_a_terminal():
    code = (
        "import io, sys; from hpcfit.listeners import log, session; from hpcfit.runfile.header import LossDisplay;"
        "from hpcfit.listeners.progress import Progress; from types import SimpleNamespace as N;"
        "from hpcfit.fit import FitStep; from hpcfit.records import SolverState, State; import numpy as np;"
        "state = State(0, np.zeros(1), 1.0, SolverState(np.zeros(1)));"
        "Progress(N(loss=LossDisplay(1.0, 'x'), options={}), io.StringIO()).step(FitStep(state, 0.0, np.zeros(1), ()));"
        "sys.exit(any(name in sys.modules for name in ('rich', 'ase.io', 'mpi4py')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_log_that_goes_on_and_says_what_its_level_is(tmp_path):
    path, stream = str(tmp_path / "fit.log"), io.StringIO()
    for append, text in ((False, "first"), (False, "new"), (True, "more")):
        with open_log(path, Style("minimum"), stream, append) as log:
            log("minimum").write(text)
            log("medium").write("nobody wants to know")
    assert (tmp_path / "fit.log").read_text() == "newmore" and stream.getvalue() == ""
    with open_log("", Style("medium"), stream, append=False) as log:
        log("medium").write("said")
    assert stream.getvalue() == "said"


def test_a_log_that_cannot_be_written(tmp_path):
    path = str(tmp_path / "no" / "fit.log")
    with (
        pytest.raises(InputError, match=r"fit\.log: log cannot be written, found "),
        open_log(path, Style(), io.StringIO(), append=False),
    ):
        pass
