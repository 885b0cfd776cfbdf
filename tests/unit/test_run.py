import io
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.cli import resume as resuming
from hpcfit.cli import run
from hpcfit.objective.block import BlockObjective
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.parallel.service import Worker, requests
from hpcfit.runfile.store import RunStore, load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import (
    LENNARD_JONES,
    bits,
    dataset_element,
    job_text,
    potential,
    sealed,
    silicon,
)


class Killed(BaseException):
    """Ends a run as a kill does: nothing cleans up after it."""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small_jobs.write_job(tmp_path)
    return tmp_path


def fit(job="job.xml", output="run.h5", log=None, overwrite=False):
    return run.fit(str(job), output, overwrite, Serial(), log or io.StringIO())


def resume(output="run.h5", log=None):
    return resuming.resume(output, Serial(), log or io.StringIO())


def test_the_parameters_behind_the_data_are_found(folder):
    assert fit() == "converged: gradient angle"
    stored = load("run.h5")
    errors = np.sqrt(np.diag(stored.result.covariance))
    assert np.all(np.abs(stored.state.x - small_jobs.SILICON[[0, 1, 5]]) < 4 * errors)
    assert np.all(errors < 0.02 * stored.state.x)
    assert stored.complete and list(stored.history["iteration"]) == list(range(stored.state.iteration + 1))


def test_predictions_stand_beside_their_targets(folder):
    text = job_text(dataset_element('select="group=hot"') + dataset_element(name="two", file="si.h5"))
    (folder / "job.xml").write_text(text)
    fit()
    first, second = load("run.h5").result.predictions
    c = silicon()
    assert (first.source, second.source) == ("si", "two")
    assert list(first.configuration) == [1, 3, 5, 7, 9, 11] and set(first.group) == {1}
    hot = c.take(first.configuration)
    assert np.array_equal(first.energy_target, hot.energy) and np.array_equal(first.force_target, hot.force)
    assert np.array_equal(second.stress_target, c.stress)
    parameters = small_jobs.SILICON.copy()
    parameters[[0, 1, 5]] = load("run.h5").state.x
    energy, force, stress = small_jobs.predictions("stillinger-weber", parameters, c)
    assert second.energy == pytest.approx(energy) and second.stress == pytest.approx(stress, abs=1e-12)
    assert second.force == pytest.approx(force, abs=1e-11)
    assert first.force == pytest.approx(force.reshape(12, 24)[1::2].reshape(-1, 3), abs=1e-11)


def interrupted(monkeypatch, path, place, number):
    """Run until `place` of the run file's store is reached for the `number`-th time, and die there."""
    plain, calls = getattr(RunStore, place), []

    def dying(self, *arguments):
        calls.append(1)
        if len(calls) == number:
            raise Killed
        return plain(self, *arguments)

    monkeypatch.setattr(RunStore, place, dying)
    with pytest.raises(Killed):
        fit(output=path)
    monkeypatch.setattr(RunStore, place, plain)


@pytest.mark.parametrize(
    ("interval", "place", "number"),
    [(1, "save", 2), (1, "save", 5), (3, "save", 6), (100, "save", 6), (1, "finish", 1)],
)
def test_the_same_bits_after_a_kill(folder, monkeypatch, interval, place, number):
    """A kill before a state is written, between checkpoints, or after the last state and before the result."""
    text = job_text(fitting=f'<fitting checkpoint-interval="{interval}"><geodesic-lm/></fitting>')
    (folder / "job.xml").write_text(text)
    fit(output="whole.h5")
    interrupted(monkeypatch, "run.h5", place, number)
    assert not load("run.h5").complete
    assert resume() == "converged: gradient angle"
    assert bits("run.h5") == bits("whole.h5")


@pytest.mark.parametrize("options", ['step-tolerance="10"', 'max-evaluations="20"', 'max-iter="4"'])
def test_a_kill_before_the_result_does_not_undo_the_outcome(folder, monkeypatch, options):
    (folder / "job.xml").write_text(job_text(fitting=f"<fitting><geodesic-lm {options}/></fitting>"))
    outcome = fit(output="whole.h5")
    interrupted(monkeypatch, "run.h5", "finish", 1)
    assert resume() == outcome
    assert bits("run.h5") == bits("whole.h5")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_after_the_iteration_in_hand(folder, monkeypatch, number):
    fit(output="whole.h5")
    before = signal.getsignal(number)
    plain, calls = BlockObjective.linearise, []

    def signalling(self, x):
        calls.append(1)
        if len(calls) == 25:  # in the third of 12 blocks each
            os.kill(os.getpid(), number)
        return plain(self, x)

    monkeypatch.setattr(BlockObjective, "linearise", signalling)
    log = io.StringIO()
    assert fit(log=log) == "stopped: signal"
    assert log.getvalue().endswith("stopped: signal, checkpoint written, go on with: hpcfit resume run.h5\n")
    assert signal.getsignal(number) is before
    stored = load("run.h5")
    assert stored.state.iteration == 3 and not stored.complete
    assert resume() == "converged: gradient angle"
    assert bits("run.h5") == bits("whole.h5")


def cut_short(folder, monkeypatch):
    interrupted(monkeypatch, "run.h5", "save", 4)
    return (folder / "run.h5").read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda folder: (folder / "job.xml").write_text(job_text() + "<!-- -->\n"),
            "job.xml:16: job changed since",
        ),
        (
            lambda folder: (folder / "job.xml").write_text(job_text().replace("5.0", "5.5")),
            "job.xml:7: job changed since",
        ),
        (lambda folder: (folder / "job.xml").unlink(), "job of the run does not exist"),
        (lambda folder: (folder / "si.h5").unlink(), "no such file"),
    ],
)
def test_a_changed_job_is_not_gone_on_with(folder, monkeypatch, change, message):
    before = cut_short(folder, monkeypatch)
    change(folder)
    with pytest.raises(SharedError, match=message) as refused:
        resume()
    assert refused.value.error.exit_code == 2 and len(refused.value.error.faults) == 1
    assert (folder / "run.h5").read_bytes() == before


def test_a_changed_file_that_the_job_includes_is_not_gone_on_with(folder, monkeypatch):
    (folder / "potential.xml").write_text(potential())
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="potential.xml"/>'
    (folder / "job.xml").write_text(job_text(potentials=include))
    cut_short(folder, monkeypatch)
    (folder / "potential.xml").write_text(potential(A=5.5))
    with pytest.raises(SharedError, match=r"potential\.xml:3: job changed since"):
        resume()
    (folder / "potential.xml").write_text(potential())
    assert resume() == "converged: gradient angle"


def test_changed_data_are_not_gone_on_with(folder, monkeypatch):
    before = cut_short(folder, monkeypatch)
    (folder / "si.h5").unlink()
    c = silicon()
    small_jobs.write_dataset(folder / "si.h5", sealed(c, energy=c.energy + 1e-13))
    with pytest.raises(SharedError, match="dataset 'si' changed since the run started") as refused:
        resume()
    assert refused.value.error.exit_code == 2
    assert (folder / "run.h5").read_bytes() == before


@pytest.mark.parametrize("what", ["weight", "group", "groups", "properties", "atoms"])
def test_changed_weights_or_groups_are_not_gone_on_with(folder, monkeypatch, what):
    own, c = np.ones((12, 3)), replace(silicon(), force_weight=np.ones(96))
    small_jobs.write_dataset(folder / "si.h5", c, own)
    function = '<residual-function name="energy-forces"/>'
    (folder / "job.xml").write_text(
        job_text(f'<dataset id="si" file="si.h5">{function}</dataset>', weights="absolute")
    )
    before = cut_short(folder, monkeypatch)
    arrays = {"weight": c.weight, "group": c.group, "properties": own, "atoms": c.force_weight}
    if what == "groups":
        small_jobs.write_dataset(folder / "si.h5", replace(c, groups=("cold", "warm")), own)
    else:
        arrays[what].flat[5] = 0
        small_jobs.write_dataset(folder / "si.h5", c, own)
    with pytest.raises(SharedError, match="weights or groups of dataset 'si' changed since") as refused:
        resume()
    assert refused.value.error.exit_code == 2 and len(refused.value.error.faults) == 1
    assert (folder / "run.h5").read_bytes() == before


def test_job_and_run_may_move_together(folder, monkeypatch):
    fit(output="whole.h5")
    expected = bits("whole.h5")
    cut_short(folder, monkeypatch)
    moved = folder / "moved"
    moved.mkdir()
    for path in [path for path in folder.iterdir() if path.is_file()]:
        path.rename(moved / path.name)
    monkeypatch.chdir("/")
    assert resume(str(moved / "run.h5")) == "converged: gradient angle"
    assert bits(str(moved / "run.h5")) == expected


def not_finite_at_all():
    c = silicon(4)
    position = c.position.copy()
    position[9] = position[8]
    return sealed(c, position=position)


@pytest.mark.parametrize("changes", [{"position": None}, {"energy": np.full(4, 1e200)}])
def test_a_start_that_is_not_finite_is_a_result(tmp_path, changes):
    data = not_finite_at_all() if "position" in changes else sealed(silicon(4), **changes)
    job = small_jobs.write_job(tmp_path, datasets={"si.h5": data})
    log = io.StringIO()
    assert fit(job, str(tmp_path / "run.h5"), log) == "stopped: not finite"
    assert ("not finite: si.h5, configuration 1: stillinger-weber" in log.getvalue()) is (
        "position" in changes
    )
    stored = load(str(tmp_path / "run.h5"))
    assert stored.result.covariance.shape == (3, 3) and np.isnan(stored.result.covariance).all()


@pytest.mark.filterwarnings("error")
def test_what_overflows_is_a_result_without_a_word_of_numpy(folder):
    text = job_text(potentials=small_jobs.potential(A=1e200, dof="<A/><B/>"))
    (folder / "job.xml").write_text(text)
    log = io.StringIO()
    assert fit(log=log) == "stopped: not finite"
    assert "not finite: sum of squares or its derivatives, from finite predictions\n" in log.getvalue()


def test_a_jacobian_that_is_not_finite_is_a_result(folder, monkeypatch):
    plain = BlockObjective.linearise
    monkeypatch.setattr(BlockObjective, "linearise", lambda self, x: plain(self, x) * np.nan)
    assert fit() == "stopped: not finite"
    assert np.isnan(load("run.h5").result.covariance).all()


@pytest.mark.parametrize("fitting", ["", '<fitting enabled="false"><geodesic-lm/></fitting>'])
def test_without_fitting_the_start_is_evaluated(folder, fitting):
    (folder / "job.xml").write_text(job_text(fitting=fitting))
    assert fit() == run.NOT_FITTED
    stored = load("run.h5")
    assert list(stored.state.x) == [5.0, 0.6, 1.5] and len(stored.history["cost"]) == 1
    assert np.isfinite(stored.result.predictions[0].energy).all()


def test_without_free_parameters_the_start_is_evaluated(folder):
    (folder / "job.xml").write_text(job_text(fitting="", potentials=potential(dof='<A enabled="false"/>')))
    assert fit() == run.NOT_FITTED
    assert load("run.h5").result.covariance.shape == (0, 0)


def test_two_potentials_are_fitted_together(folder):
    added = LENNARD_JONES.replace("<sigma/>", "")
    (folder / "job.xml").write_text(job_text(potentials=potential(A=14.0, gamma=2.4) + added))
    assert fit().startswith("converged")
    # The data have no such part.
    stored = load("run.h5")
    assert abs(stored.state.x[3]) < 4 * np.sqrt(stored.result.covariance[3, 3]) < 1e-3


def test_bounds_of_the_job_hold(folder):
    dof = '<A min="1" max="12"/><B/><gamma/>'
    (folder / "job.xml").write_text(job_text(potentials=potential(dof=dof)))
    fit()
    history = load("run.h5").history["x"]
    assert history[:, 0].max() == 12.0 and history[-1, 0] == 12.0


def test_priors_are_rows_of_the_objective(folder):
    dof = '<A transform="log"><prior mean="10" sigma="1e-3"/></A><B/><gamma/>'
    (folder / "job.xml").write_text(job_text(potentials=potential(dof=dof)))
    log = io.StringIO()
    assert fit(log=log).startswith("converged")
    stored = load("run.h5")
    A = stored.values[0]
    # Data of weight 1 in all against a prior of 1e6: it wins, by what the data still pull.
    assert 0.0 < A - 10.0 < 1e-2 and stored.header.counts.n_residuals == 12 * 25 + 1
    assert "3 free, 1 with priors" in log.getvalue()
    row = next(line for line in log.getvalue().splitlines() if line.startswith("SW.A "))
    assert row.split()[-4:] == ["10", "+-", "0.001", f"{(A - 10) / 1e-3:.2f}"]
    plan = small_jobs.plan_of(folder / "job.xml")
    local = LocalObjective(plan)
    with requests(Worker(local, Serial())) as problem:
        of_data = problem.cost(stored.state.x)
    assert stored.state.cost == pytest.approx(of_data + ((A - 10) / 1e-3) ** 2, rel=1e-12)


@pytest.mark.parametrize("name", ["soft-l1", "cauchy"])
def test_a_robust_loss_is_not_led_by_outliers(tmp_path, monkeypatch, name):
    """One configuration of twelve has wrong energy and forces, as one that did not converge."""
    monkeypatch.chdir(tmp_path)
    c = silicon()
    energy, force = c.energy.copy(), c.force.copy()
    energy[3] += 5.0
    force[24:48] += np.random.default_rng(0).normal(scale=2.0, size=(24, 3))
    # Cauchy's loss has minima of its own far away.
    text, errors = job_text(potentials=potential(A=14.0, gamma=2.3)), {}
    for loss in ("squares", name):
        (tmp_path / loss).mkdir()
        monkeypatch.chdir(tmp_path / loss)
        own = text.replace('weights="normalised"', f'weights="normalised" loss="{loss}"')
        own = own.replace('fit="true"', 'fit="true" tolerance="0.01"')
        log = io.StringIO()
        job = small_jobs.write_job(tmp_path / loss, own, {"si.h5": sealed(c, energy=energy, force=force)})
        assert fit(job, log=log).startswith("converged")
        errors[loss] = np.abs(load("run.h5").state.x / small_jobs.SILICON[[0, 1, 5]] - 1.0).max()
        assert (f"of {name}, scale 1" in log.getvalue()) is (loss != "squares")
    # Soft-l1 is led by the number of outliers, squares by their size.
    assert errors[name] < 0.02 and errors[name] < 0.1 * errors["squares"]


@pytest.mark.parametrize("assembly", ["stream", "normal", "gather"])
def test_a_fit_with_another_assembly(folder, assembly):
    fit(output="tsqr.h5")
    text = job_text(fitting=f'<fitting assembly="{assembly}"><geodesic-lm/></fitting>')
    (folder / "job.xml").write_text(text)
    log = io.StringIO()
    assert fit(log=log).startswith("converged")
    found, expected = load("run.h5").state, load("tsqr.h5").state
    assert found.x == pytest.approx(expected.x, rel=1e-5)
    assert np.array_equal(found.x, expected.x) or assembly != "stream"
    assert "loses digits" not in log.getvalue()


def test_normal_equations_say_when_they_lose_digits(folder, monkeypatch):
    monkeypatch.setattr("hpcfit.listeners.log.LEAST_CONDITION", 0.5)
    (folder / "job.xml").write_text(job_text(fitting='<fitting assembly="normal"><geodesic-lm/></fitting>'))
    log = io.StringIO()
    fit(log=log)
    assert 'warning: assembly="normal" loses digits: squared condition, found' in log.getvalue()


def test_a_fit_that_begins_again_says_so(folder):
    text = job_text(fitting='<fitting><geodesic-lm alpha="1e-6" patience="2"/></fitting>')
    (folder / "job.xml").write_text(text)
    log = io.StringIO()
    assert fit(log=log) == "stopped: no progress"
    lines = log.getvalue().splitlines()
    (said,) = [k for k, line in enumerate(lines) if line.startswith("restart:")]
    assert lines[said] == 'restart: no progress, again from the start with scaling="identity"'
    # Between the last iteration with the job's scaling and the first with the other.
    assert [lines[said + k].split()[0] for k in (-1, 1)] == ["2", "3"]
    assert any(line.split()[:3] == ["restart", "no", "progress,"] for line in lines)
