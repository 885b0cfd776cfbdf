import os
import re
import signal
import subprocess
import sys

import pytest

from hpcfit import early_signals
from hpcfit.cli import main as command_line
from hpcfit.cli import run as run_command
from hpcfit.errors import HpcfitError
from hpcfit.parallel.communicator import Serial
from hpcfit.version import __version__
from tests.helpers import small_jobs
from tests.helpers.small_jobs import job_text, potential, sealed, silicon


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "world", Serial)
    small_jobs.write_job(tmp_path)
    return tmp_path


def test_run_report_and_resume(folder, capsys):
    assert command_line.main(["run", "job.xml", "-o", "fit.h5"]) == 0
    log = capsys.readouterr().out
    assert log.startswith(f"hpcfit {__version__}\n")
    assert re.search(r"^ranks +1 on ", log, re.MULTILINE)
    assert re.search(r"^ +0 +629147\.8", log, re.MULTILINE)
    report = log[log.index("\noutcome ") :]
    assert "converged: gradient angle" in report and "SW.gamma" in report and "cold" in report
    assert command_line.main(["report", "fit.h5"]) == 0
    assert capsys.readouterr().out == report
    # A finished run is reported again, not computed again.
    before = (folder / "fit.h5").read_bytes()
    assert command_line.main(["resume", "fit.h5"]) == 0
    assert capsys.readouterr().out == report
    assert (folder / "fit.h5").read_bytes() == before


def test_check_writes_counts_balance_and_one_evaluation(folder, capsys):
    before = sorted(folder.iterdir())
    assert command_line.main(["check", "job.xml", "--ranks", "3"]) == 0
    facts = {line[:16].strip(): line[16:] for line in capsys.readouterr().out.splitlines()}
    assert facts["structures"] == "12" and facts["atoms"] == "96" and facts["residuals"] == "300"
    assert facts["free parameters"] == "3 of 9" and facts["blocks"] == "12"
    assert facts["chi^2"].startswith("629147.8")
    assert facts["ranks"].startswith("3, each 32 to 32 atoms, work up to 1.000 of the mean, ")
    assert sorted(folder.iterdir()) == before
    assert command_line.main(["check", "job.xml", "--ranks", "64"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (k,) = [k for k, line in enumerate(lines) if line.startswith("ranks ")]
    assert lines[k][16:].startswith("64, each 0 to 8 atoms, work up to ")
    assert lines[k + 1] == "warning: 52 of 64 ranks have nothing to do, 12 blocks"
    assert not any("rank 0" in line for line in lines)


def test_check_says_where_it_is_not_finite(folder, capsys):
    (folder / "si.h5").unlink()
    c = silicon(4)
    position = c.position.copy()
    position[17] = position[16]
    small_jobs.write_dataset(folder / "si.h5", sealed(c, position=position))
    assert command_line.main(["check", "job.xml"]) == 1
    assert "\nnot finite: si.h5, configuration 2: stillinger-weber gives" in capsys.readouterr().out


def test_check_says_which_derivative_is_not_finite(folder, capsys):
    formula = """<pair-potential id="P"><user-function id="V"><input-var>r</input-var>
      <expression>A*(-r)^b</expression> <param name="A">1</param> <param name="b">2</param> <cutoff>3</cutoff>
      <fit-dof><A/><b/></fit-dof></user-function></pair-potential>"""
    (folder / "job.xml").write_text(job_text(potentials=formula))
    assert command_line.main(["check", "job.xml"]) == 1
    end = "\nnot finite: si.h5, configuration 0: derivative by P.V.b is not finite\n"
    assert capsys.readouterr().out.endswith(end)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("converged: step", 0), ("not fitted", 0), ("stopped: signal", 3), ("stopped: iteration limit", 3)],
)
def test_exit_codes_of_outcomes(outcome, code):
    assert run_command.exit_code(outcome) == code


def test_files_from_outside_are_included_on_request(folder, capsys):
    outside = folder.parent / f"{folder.name}.xml"
    outside.write_text(potential())
    include = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="../{outside.name}"/>'
    small_jobs.write_job(folder, job_text(potentials=include), {})
    export = ["export", "job.xml", "--format", "lammps-sw", "-o", "si.sw"]
    for command in (["check", "job.xml"], ["run", "job.xml"], export):
        assert command_line.main(command) == 2
        assert "included file is outside the job's folder" in capsys.readouterr().err
        assert command_line.main([*command, "--allow-outside"]) == 0


def test_a_limit_is_exit_code_3(folder, capsys):
    fitting = '<fitting><geodesic-lm max-iter="2"/></fitting>'
    (folder / "job.xml").write_text(job_text(fitting=fitting))
    assert command_line.main(["run", "job.xml"]) == 3
    assert "outcome          stopped: iteration limit" in capsys.readouterr().out


def failing(monkeypatch, error):
    def fail(*arguments):
        raise error

    monkeypatch.setattr(run_command, "fit", fail)


def test_an_error_for_the_user_is_one_line(folder, capsys, monkeypatch):
    failing(monkeypatch, HpcfitError("run.h5: run file cannot be written, found disk full"))
    assert command_line.main(["run", "job.xml"]) == 1
    streams = capsys.readouterr()
    assert streams.err == "run.h5: run file cannot be written, found disk full\n" and streams.out == ""


def test_any_other_error_aborts_with_its_traceback(folder, capsys, monkeypatch):
    failing(monkeypatch, ZeroDivisionError("by what"))
    with pytest.raises(SystemExit) as ended:
        command_line.main(["run", "job.xml"])
    assert ended.value.code == 1
    message = capsys.readouterr().err
    assert (
        message.startswith("hpcfit: unexpected error\nTraceback") and "ZeroDivisionError: by what" in message
    )


@pytest.mark.parametrize(
    ("command", "function"),
    [(["run", "job.xml"], "hpcfit.cli.run.fit"), (["report", "run.h5"], "hpcfit.report.report.from_file")],
)
def test_a_stop_at_once_is_one_line(folder, capfd, monkeypatch, command, function):
    def stop(*_):
        os.kill(os.getpid(), signal.SIGINT)
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "argv", ["hpcfit", *command])
    monkeypatch.setattr(early_signals, "run_file", "")
    monkeypatch.setattr(function, stop)
    assert command_line.main(command) == 3
    assert capfd.readouterr() == ("", f"stopped by SIGINT, go on with: hpcfit {' '.join(command)}\n")


def test_the_other_ranks_are_ended_where_nobody_reads_the_output(folder, monkeypatch):
    class Closed:
        def write(self, text):
            raise BrokenPipeError

        flush = write

    codes = []
    monkeypatch.setattr(Serial, "abort", lambda self, code: codes.append(code))
    failing(monkeypatch, ZeroDivisionError())
    monkeypatch.setattr("sys.stderr", Closed())
    with pytest.raises(BrokenPipeError):
        command_line.main(["run", "job.xml"])
    assert codes == [1]


def test_a_wrong_launcher_is_refused_in_one_line(folder, capsys, monkeypatch):
    def refuse():
        raise HpcfitError("node: 2 processes were launched")

    monkeypatch.setattr(command_line, "world", refuse)
    assert command_line.main(["run", "job.xml"]) == 1
    assert capsys.readouterr().err == "node: 2 processes were launched\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "required: COMMAND"),
        (["fit"], "invalid choice: 'fit'"),
        (["run"], "required: job"),
        (["check", "job.xml", "--ranks", "0"], "not a number of ranks, found 0, allowed 1 or more"),
        (["check", "job.xml", "--ranks", "two"], "not a number of ranks, found two"),
    ],
)
def test_wrong_use_is_exit_code_2(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


#: Packages that cost more than 0.1 s to import: never for the help, and those that a fit needs in places only.
HELP_IMPORTS_NONE = ("h5py", "lxml", "mpi4py", "numpy", "scipy")
START_IMPORTS_NONE = (
    "ase.calculators",
    "ase.io",
    "matplotlib",
    "nlopt",
    "rich",
    "scipy.integrate",
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.sparse",
    "scipy.spatial",
    "scipy.special",
    "scipy.stats",
    "sympy",
)

IMPORTED = """
import sys
from contextlib import suppress
from hpcfit.cli.main import main
for words, names in (["--help"], {help}), (["run", "job.xml"], {start}):
    with suppress(SystemExit):
        main(words)
    print("imported:", [name for name in names if name in sys.modules])
"""


def test_start_imports_what_is_needed_only(folder):
    program = IMPORTED.format(help=HELP_IMPORTS_NONE, start=START_IMPORTS_NONE)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("imported:")]
    assert lines == ["imported: []"] * 2
    assert (folder / "job.run.h5").exists()


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        command_line.main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out == f"hpcfit {__version__}\n"
