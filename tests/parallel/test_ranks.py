"""Whole fits on real ranks: the same bits on any number of them, after kills and signals; and how failures end."""

import contextlib
import importlib.util
import io
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import small_jobs
from eam_jobs import write_fit
from small_jobs import MORSE, bits, job_text, potential, silicon

from hpcfit import run
from hpcfit.output.store import load
from hpcfit.parallel.communicator import Serial

_BESIDE = Path(sys.executable).with_name("mpirun")
MPIRUN = str(_BESIDE) if _BESIDE.exists() else shutil.which("mpirun")
DRIVER = str(Path(__file__).with_name("drive_hpcfit.py"))
TIME_LIMIT = 60

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]

#: Killed between checkpoints as often as not.
JOB = job_text(fitting='<fitting checkpoint-interval="3"><geodesic-lm/></fitting>')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(24)})
    before = shared_memory()
    yield tmp_path
    wait_for_ranks()
    for path in shared_memory() - before:
        if not mapped(path):
            path.unlink(missing_ok=True)


def shared_memory():
    """Return what MPICH leaves behind when ranks are killed, megabytes each."""
    return set(Path("/dev/shm").glob("mpich_shm_*"))


def mapped(path):
    """Return whether a process uses shared memory, as those of other jobs do."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with contextlib.suppress(OSError):
            if str(path) in maps.read_text():
                return True
    return False


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """The fit in one process, without MPI."""
    folder = tmp_path_factory.mktemp("serial")
    job = small_jobs.write_job(folder, JOB, {"si.h5": silicon(24)})
    assert run.fit(str(job), str(folder / "run.h5"), False, Serial(), io.StringIO()).startswith("converged")
    return bits(folder / "run.h5")


def words(n_ranks, *arguments, obstacle="nothing"):
    return [MPIRUN, "-n", str(n_ranks), sys.executable, DRIVER, obstacle, *arguments]


def finished(n_ranks, *arguments, obstacle="nothing"):
    command = words(n_ranks, *arguments, obstacle=obstacle)
    return subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)


def started(n_ranks, *arguments):
    """Start a slow fit and wait for its first state on disk."""
    process = subprocess.Popen(words(n_ranks, *arguments, obstacle="slow"), stdout=subprocess.DEVNULL)
    limit = time.monotonic() + TIME_LIMIT
    while not Path("run.h5").exists():
        assert process.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    return process


def ranks():
    return [int(path.suffix[1:]) for path in Path().glob("pid.*")]


def ended(pid):
    """Return whether a process is gone, or waits only for its parent to notice."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for_ranks():
    limit = time.monotonic() + TIME_LIMIT
    while not all(ended(pid) for pid in ranks()):
        assert time.monotonic() < limit
        time.sleep(0.02)


def kill(process):
    for pid in [*ranks(), process.pid]:
        # mpirun ends ranks of its own accord when the first is gone
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait(TIME_LIMIT)


@pytest.mark.parametrize("n_ranks", [2, 3, 4])
def test_same_bits_as_one_process(n_ranks, folder, expected):
    done = finished(n_ranks, "run", "job.xml")
    assert done.returncode == 0, done.stderr
    assert len(load("run.h5").header.hosts) == n_ranks
    assert bits("run.h5") == expected
    assert done.stdout.count("outcome") == 1 and not done.stderr


def test_functions_and_constraints_compiled_on_the_root(tmp_path, folder):
    (tmp_path / "si.h5").unlink()
    job = write_fit(tmp_path, 24)
    assert run.fit(str(job), "alone.h5", False, Serial(), io.StringIO()).startswith("converged")
    done = finished(2, "run", "job.xml")
    assert done.returncode == 0, done.stderr
    assert bits("run.h5") == bits("alone.h5")


@pytest.mark.parametrize(("n_ranks", "assembly"), [(2, "tsqr"), (3, "stream")])
def test_exact_second_derivatives_compiled_on_the_root(n_ranks, assembly, folder):
    fitting = f'<fitting assembly="{assembly}"><geodesic-lm second-derivative="exact"/></fitting>'
    text = job_text(potentials=MORSE, fitting=fitting)
    text = text.replace('weights="normalised"', 'weights="normalised" loss="soft-l1"')
    Path("job.xml").write_text(text)
    assert run.fit("job.xml", "alone.h5", False, Serial(), io.StringIO()).startswith("converged")
    done = finished(n_ranks, "run", "job.xml")
    assert done.returncode == 0, done.stderr
    assert bits("run.h5") == bits("alone.h5") and load("run.h5").state.n_second_derivatives > 2


@pytest.mark.parametrize(
    ("n_ranks", "minimiser"),
    [
        (2, "<BFGS/>"),
        (3, '<scipy method="differential_evolution" maxiter="3" popsize="4" seed="2"/>'),
        (2, '<nlopt algorithm="G_MLSL_LDS" maxeval="80"><BFGS/></nlopt>'),
        (3, '<spa max-iter="2"><scipy method="trf"/></spa>'),
    ],
)
def test_same_bits_with_the_minimisers_of_libraries(n_ranks, minimiser, folder):
    dof = '<A min="10" max="20"/><B min="0.4" max="0.8"/><gamma min="1" max="4"/>'
    text = job_text(potentials=potential(dof=dof, A=14.0), fitting=f"<fitting>{minimiser}</fitting>")
    Path("job.xml").write_text(text)
    outcome = run.fit("job.xml", "alone.h5", False, Serial(), io.StringIO())
    done = finished(n_ranks, "run", "job.xml")
    assert done.returncode == (0 if outcome.startswith("converged") else 3), done.stderr
    assert bits("run.h5") == bits("alone.h5") and not done.stderr


@pytest.mark.parametrize(("n_ranks", "then"), [(2, 3), (3, 2), (1, 4), (2, 1)])
def test_same_bits_after_a_kill_at_any_moment(n_ranks, then, folder, expected):
    process = started(n_ranks, "run", "job.xml")
    time.sleep(random.Random(10 * n_ranks + then).uniform(0.0, 0.7))
    kill(process)
    assert not load("run.h5").complete
    done = finished(then, "resume", "run.h5")
    assert done.returncode == 0, done.stderr
    assert bits("run.h5") == expected


def test_a_signal_stops_with_a_checkpoint(folder, expected):
    process = started(2, "run", "job.xml")
    process.send_signal(signal.SIGUSR1)
    assert process.wait(TIME_LIMIT) == 3
    stored = load("run.h5")
    assert not stored.complete and stored.state.outcome == run.STOPPED_SIGNAL
    assert run.resume("run.h5", Serial(), io.StringIO()).startswith("converged")
    assert bits("run.h5") == expected


def test_an_unexpected_exception_on_one_rank_ends_all(folder):
    done = finished(3, "run", "job.xml", obstacle="exception")
    assert len(ranks()) == 3
    wait_for_ranks()
    assert done.returncode == 1
    assert done.stderr.count("hpcfit: unexpected error on rank 1") == 1
    assert done.stderr.count("ZeroDivisionError: the fault put in") == 1
    # What was reached is on disk, and the job goes on from there.
    assert not load("run.h5").complete


def test_bad_input_on_one_rank_is_one_line(folder):
    done = finished(3, "run", "job.xml", obstacle="unreadable")
    assert done.returncode == 2
    assert done.stderr.splitlines() == ["si.h5: cannot be read here"]
    assert not Path("run.h5").exists()


def test_a_changed_job_is_refused_once(folder):
    process = started(2, "run", "job.xml")
    kill(process)
    Path("job.xml").write_text(JOB.replace("<B>0.6</B>", "<B>0.61</B>"))
    done = finished(2, "resume", "run.h5")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "job.xml:7: job changed since the run started" in line and "<B>0.61</B>" in line


def test_copies_of_a_job_of_one_rank_are_refused(folder):
    """As a launcher starts them that does not belong to the MPI library."""
    command = [sys.executable, DRIVER, "nothing", "run", "job.xml"]
    done = subprocess.run(
        command,
        env={**os.environ, "PMI_SIZE": "2"},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.count("2 processes were launched, found 1 rank in MPI") == 1
    assert "Traceback" not in done.stderr
    assert not Path("run.h5").exists()
