"""Whole runs with every minimiser: the same minimum, storing, reporting, stopping and going on as with the first."""

import io
import os
import signal

import numpy as np
import pytest

from hpcfit.cli import resume, run
from hpcfit.objective.block import BlockObjective
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import RunStore, load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import bits, job_text, potential

BOXED = '<A min="10" max="20"/><B min="0.4" max="0.8" transform="log"/><gamma min="1" max="4"/>'

ELEMENTS = {
    "nothing": "",
    "geodesic-lm": "<geodesic-lm/>",
    "BFGS": "<BFGS/>",
    "trf": '<scipy method="trf"/>',
    "trust-constr": '<scipy method="trust-constr" maxiter="200"/>',
    "LN_BOBYQA": '<nlopt algorithm="LN_BOBYQA"/>',
    "dual_annealing": '<scipy method="dual_annealing" maxiter="10"><BFGS/></scipy>',
    "LD_SLSQP": '<nlopt algorithm="LD_SLSQP"/>',
    "G_MLSL_LDS": '<nlopt algorithm="G_MLSL_LDS" maxeval="150"><BFGS/></nlopt>',
    "spa": '<spa max-iter="2"><geodesic-lm/></spa>',
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(6))
    return tmp_path


def write(folder, element, attributes=""):
    fitting = f"<fitting{attributes}>{element}</fitting>"
    text = job_text(potentials=potential(A=14.0, gamma=2.0, dof=BOXED), fitting=fitting)
    (folder / "job.xml").write_text(text)


def fit(output="run.h5", log=None):
    return run.fit("job.xml", output, False, Serial(), log or io.StringIO())


@pytest.fixture(scope="module")
def minimum(tmp_path_factory):
    folder = tmp_path_factory.mktemp("minimum")
    small_jobs.write_dataset(folder / "si.h5", small_jobs.silicon(6))
    write(folder, "<geodesic-lm/>")
    run.fit(str(folder / "job.xml"), str(folder / "run.h5"), False, Serial(), io.StringIO())
    return load(str(folder / "run.h5")).state


@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_finds_the_minimum(folder, minimum, name):
    write(folder, ELEMENTS[name])
    log = io.StringIO()
    outcome = fit(log=log)
    stored = load("run.h5")
    # 1e-6 of what the noise leaves: less than any rule of convergence here asks for.
    assert stored.state.cost == pytest.approx(minimum.cost, rel=1e-6)
    assert outcome.startswith("stopped: " if name in ("dual_annealing", "G_MLSL_LDS") else "converged: ")
    assert stored.complete and list(stored.history["iteration"]) == list(range(stored.state.iteration + 1))
    assert np.all(np.diff(stored.history["cost"]) <= 0)
    assert f"outcome          {outcome}" in log.getvalue()


def test_settings_are_in_the_run_file(folder):
    write(folder, ELEMENTS["dual_annealing"])
    fit()
    options = load("run.h5").header.options
    assert options["solver"] == "scipy" and options["method"] == "dual_annealing" and options["maxiter"] == 10
    assert (
        options["local"] == "scipy"
        and options["local.method"] == "L-BFGS-B"
        and options["local.maxiter"] == 100
    )


def test_parameters_are_listed_at_intervals(folder):
    write(folder, '<scipy method="L-BFGS-B" maxiter="5"/>', ' output-interval="2"')
    log = io.StringIO()
    assert fit(log=log) == "stopped: iteration limit"
    lines = log.getvalue().splitlines()
    stored = load("run.h5")
    places = [k for k, line in enumerate(lines) if line.startswith("  SW.A: ")]
    assert [int(lines[k - 1].split()[0]) for k in places] == [2, 4]
    for place, x in zip(places, stored.history["x"][[2, 4]], strict=True):
        # B by its logarithm in the history, itself in the log.
        assert lines[place : place + 3] == [
            f"  SW.A: {x[0]:.10g} eV",
            f"  SW.B: {np.exp(x[1]):.10g} 1",
            f"  SW.gamma: {x[2]:.10g} A",
        ]


@pytest.mark.parametrize("name", ["BFGS", "LN_BOBYQA", "G_MLSL_LDS", "spa"])
def test_a_signal_stops_it_and_it_goes_on(folder, minimum, monkeypatch, name):
    write(folder, ELEMENTS[name])
    plain, calls = BlockObjective.cost, []
    linearise, gradient = BlockObjective.linearise, BlockObjective.gradient

    def counted(evaluate):
        def signalling(self, x):
            calls.append(1)
            if len(calls) == 6 * 4:  # blocks
                os.kill(os.getpid(), signal.SIGUSR1)
            return evaluate(self, x)

        return signalling

    monkeypatch.setattr(BlockObjective, "cost", counted(plain))
    monkeypatch.setattr(BlockObjective, "linearise", counted(linearise))
    monkeypatch.setattr(BlockObjective, "gradient", counted(gradient))
    assert fit() == "stopped: signal"
    assert len(calls) <= 6 * (4 + 12)
    stored = load("run.h5")
    assert not stored.complete
    before = stored.state
    assert resume.resume("run.h5", Serial(), io.StringIO()).startswith(("converged: ", "stopped: evaluation"))
    after = load("run.h5")
    assert after.state.cost == pytest.approx(minimum.cost, rel=1e-6)
    assert after.state.iteration > before.iteration
    assert after.state.n_costs + after.state.n_linearisations > before.n_costs + before.n_linearisations
    assert list(after.history["iteration"]) == list(range(after.state.iteration + 1))


def test_trials_go_on_with_the_same_bits_after_a_kill(folder, monkeypatch):
    write(folder, '<spa max-iter="4"><scipy method="L-BFGS-B" maxiter="3"/></spa>')
    fit("whole.h5")
    plain = RunStore.save

    class KilledError(BaseException):
        pass

    def dying(self, state, *arguments):
        if state.iteration == 3:
            raise KilledError
        plain(self, state, *arguments)

    monkeypatch.setattr(RunStore, "save", dying)
    with pytest.raises(KilledError):
        fit()
    monkeypatch.setattr(RunStore, "save", plain)
    assert load("run.h5").state.iteration == 2
    resume.resume("run.h5", Serial(), io.StringIO())
    assert bits("run.h5") == bits("whole.h5")
