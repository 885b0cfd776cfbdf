"""Losses in Python: the same numbers as a job's, exact Jacobians, every way to minimise."""

import functools
import io
import re
from pathlib import Path

import ase.io
import numpy as np
import pytest

import hpcfit
from hpcfit.cli.resume import resume
from hpcfit.cli.run import fit
from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset
from hpcfit.errors import InputError
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.runfile.store import RunStore, load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import bits

X = np.array([14.0, 0.61, 2.3])

POTENTIAL = small_jobs.STILLINGER_WEBER.format(
    A=5.0, gamma=1.5, dof='<A min="1" max="20"/><B/><gamma/>'
).replace("<B>0.6</B>", "<B>0.6022245584</B>")
JOB = small_jobs.job_text(
    '<dataset id="silicon" file="si.h5" energy-weight="1" forces-weight="0.1" normalize-by-natoms="true">'
    f"<properties>{small_jobs.PROPERTIES}</properties></dataset>",
    potentials=POTENTIAL.replace("45.5<", "45.5322<"),
    weights="absolute",
)


def weighted(identifier, natoms, weight, prediction, reference, data):
    factor = 10.0 if "hot" in identifier else 1.0
    residual = factor * weight.config_weight * (prediction - reference)
    residual[0] *= weight.energy_weight
    residual[1:] *= weight.forces_weight
    if data["normalize_by_natoms"]:
        residual /= natoms
    return residual


def bent(identifier, natoms, weight, prediction, reference, data):
    return np.arctan(3.0 * (prediction - reference)) / natoms


@pytest.fixture
def job(folder):
    (folder / "job.xml").write_text(JOB)
    return folder / "job.xml"


def test_the_residual_of_a_job_to_the_bit(calculator, job):
    local = LocalObjective(small_jobs.plan_of(job))
    local.own(0, len(local.plan.blocks))
    expected = np.concatenate(local.rows(X, True), axis=1)
    loss = hpcfit.Loss(calculator)
    assert loss.residual(X).tobytes() == expected[0].tobytes()
    assert np.ascontiguousarray(loss.jacobian(X).T).tobytes() == expected[1:].tobytes()
    assert loss.parameter_names == ["SW.A", "SW.B", "SW.gamma"]


def test_the_fit_of_a_job_to_the_bit(calculator, job):
    with open("log", "w") as log:
        outcome = fit(str(job), "job.h5", False, Serial(), log)
    result = hpcfit.Loss(calculator).minimize(verbosity="none")
    result.save("run.h5")
    assert result.outcome == outcome and result.success
    expected, found = bits("job.h5"), bits("run.h5")
    assert found[:3] == expected[:3] and found[3][:3] == expected[3][:3]
    assert result.parameters["SW.A"] == load("job.h5").values[0]
    with pytest.raises(InputError, match="run file exists"):
        result.save("run.h5")


def test_the_xml_of_a_script_is_a_job(calculator, folder):
    loss = hpcfit.Loss(calculator)
    result = loss.minimize("L-BFGS-B", ftol=1e-9, verbosity="none")
    (folder / "job.xml").write_text(loss.to_xml())
    with open("log", "w") as log:
        fit("job.xml", "job.h5", False, Serial(), log)
    assert load("job.h5").state.x.tobytes() == result.x.tobytes()


def test_residuals_are_predictions_minus_references(calculator):
    loss = hpcfit.Loss(calculator, residual_data={"normalize_by_natoms": False})
    calculator.update_opt_params(X)
    prediction, reference = calculator.get_prediction(), calculator.get_reference()
    assert [len(p) for p in prediction] == [25] * 12
    residual = loss.residual().reshape(12, 25)
    for k in range(12):
        difference = prediction[k] - reference[k]
        # one rounding for the weight
        np.testing.assert_allclose(residual[k, 0], difference[0], rtol=1e-15)
        np.testing.assert_allclose(residual[k, 1:], 0.1 * difference[1:], rtol=1e-15)
    assert loss.loss() == pytest.approx(0.5 * residual.ravel() @ residual.ravel(), rel=1e-14)
    assert loss.gradient() == pytest.approx(loss.jacobian().T @ residual.ravel(), rel=1e-10)
    assert calculator.get_prediction(3).tolist() == prediction[3].tolist()
    assert calculator.get_reference(-1).tolist() == reference[-1].tolist()
    n = len(reference)
    assert calculator.get_reference(-n).tolist() == reference[0].tolist()
    for number in (n, -n - 1, 99):
        with pytest.raises(InputError, match=f"no such configuration, found {number}, allowed 0 .. {n - 1}"):
            calculator.get_prediction(number)


@pytest.mark.parametrize("use_stress", [False, True])
def test_built_in_functions_called_by_hand_give_the_same(use_stress, potential, data):
    calculator = hpcfit.Calculator(potential, data, use_stress=use_stress)
    known = hpcfit.energy_forces_stress_residual if use_stress else hpcfit.energy_forces_residual
    data.set_weights(hpcfit.Weight(2.0, 3.0, 0.1, 40.0))
    expected = hpcfit.Loss(calculator, residual_fn=known)
    found = hpcfit.Loss(calculator, residual_fn=functools.partial(known))
    # differences of energies of 35 eV round to 1e-14
    np.testing.assert_allclose(found.residual(X), expected.residual(X), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(found.jacobian(X), expected.jacobian(X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("used", [(True, False), (False, True)])
def test_energies_or_forces_alone(used, potential, data):
    calculator = hpcfit.Calculator(potential, data, *used)
    known = hpcfit.energy_residual if used[0] else hpcfit.forces_residual
    expected = hpcfit.Loss(calculator).residual(X)
    found = hpcfit.Loss(calculator, residual_fn=functools.partial(known)).residual(X)
    assert len(found) == 12 * (1 if used[0] else 24)
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("function", [weighted, bent])
def test_jacobians_of_functions_against_differences(function, calculator):
    loss = hpcfit.Loss(calculator, residual_fn=function)
    jacobian = loss.jacobian(X)
    for k, step in enumerate(1e-4 * X):
        move = step * np.eye(3)[k]
        near, far = ((loss.residual(X + h * move) - loss.residual(X - h * move)) / (2 * h) for h in (1, 2))
        expected = (4 * near - far) / (3 * step)
        # the fourth power of the step, and rounding of energies of 35 eV divided by it
        assert np.abs(jacobian[:, k] - expected).max() < 1e-8 * np.abs(jacobian[:, k]).max()


def test_a_fit_with_a_function(calculator):
    loss = hpcfit.Loss(calculator, residual_fn=weighted)
    result = loss.minimize(verbosity="none")
    assert result.success
    assert np.abs(loss.gradient()).max() < 1e-4 * np.abs(loss.gradient(X)).max()
    assert "<residual-function" in loss.to_xml() and 'name="weighted"' in loss.to_xml()


def test_a_derivative_handed_over_is_used(calculator):
    def derivative(identifier, natoms, weight, prediction, reference, data):
        return 3.0 / (1.0 + (3.0 * (prediction - reference)) ** 2) / natoms

    found = hpcfit.Loss(calculator, residual_fn=bent).jacobian(X)
    exact = hpcfit.Loss(calculator, residual_fn=bent, residual_derivative_fn=derivative).jacobian(X)
    np.testing.assert_allclose(found, exact, rtol=1e-8, atol=1e-9)
    wrong = hpcfit.Loss(calculator, residual_fn=bent, residual_derivative_fn=lambda *a: np.ones(25))
    assert np.abs(wrong.jacobian(X) - exact).max() > 1.0


def test_an_error_of_a_function_in_a_fit(calculator):
    def fails(identifier, natoms, weight, prediction, reference, data):
        return prediction[1:] if identifier == "hot/3" else prediction - reference

    with pytest.raises(InputError, match=r"si.h5: configuration 3 \(hot/3\): .* wrong length, found \[24\]"):
        hpcfit.Loss(calculator, residual_fn=fails).minimize("Nelder-Mead", verbosity="none")


def test_run_files_are_checkpoints(calculator, capsys):
    loss = hpcfit.Loss(calculator)
    whole = loss.minimize(verbosity="none")
    part = loss.minimize(output="run.h5", max_iter=3, verbosity="none")
    assert part.outcome == "stopped: iteration limit" and load("run.h5").complete
    again = loss.minimize(output="run.h5", overwrite=True)
    assert again.x.tobytes() == whole.x.tobytes()
    assert "converged" in capsys.readouterr().out
    finished = loss.minimize(output="run.h5", resume=True, verbosity="none")
    assert finished.outcome == whole.outcome and finished.x.tobytes() == whole.x.tobytes()
    with pytest.raises(InputError, match="job changed since the run started"):
        loss.minimize("L-BFGS-B", output="run.h5", resume=True, verbosity="none")


def test_a_run_of_other_weights_does_not_go_on(calculator, data):
    weights = [hpcfit.Weight() for _ in range(12)]
    data.set_weights(weights)
    options = {"output": "run.h5", "resume": True, "verbosity": "none"}
    first = hpcfit.Loss(calculator).minimize(**options)
    assert hpcfit.Loss(calculator).minimize(**options).x.tobytes() == first.x.tobytes()
    weights[3].energy_weight = 7.0
    with pytest.raises(InputError, match="weights or groups of dataset 'data' changed since"):
        hpcfit.Loss(calculator).minimize(**options)


def killed(loss, monkeypatch):
    """Minimise to ``run.h5``, but for a kill after two iterations."""
    save = RunStore.save

    def dies(self, state, *arguments):
        save(self, state, *arguments)
        if state.iteration == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(RunStore, "save", dies)
        loss.minimize(output="run.h5", verbosity="none")
    assert load("run.h5").state.iteration == 2


@pytest.mark.parametrize("function", [hpcfit.energy_forces_residual, weighted, bent])
def test_a_run_that_was_killed_goes_on(function, calculator, monkeypatch):
    loss = hpcfit.Loss(calculator, residual_fn=function)
    whole = loss.minimize(verbosity="none")
    killed(loss, monkeypatch)
    result = loss.minimize(output="run.h5", resume=True, verbosity="none")
    assert result.x.tobytes() == whole.x.tobytes()
    assert result.history["cost"].tobytes() == whole.history["cost"].tobytes()


def test_a_run_of_a_script_goes_on_without_it(calculator, monkeypatch):
    loss = hpcfit.Loss(calculator)
    loss.minimize(output="whole.h5", verbosity="none")
    killed(loss, monkeypatch)
    run_file = str(Path("run.h5").absolute())
    monkeypatch.chdir("/")
    assert resume(run_file, Serial(), io.StringIO()) == "converged: gradient angle"
    assert bits(run_file) == bits(Path(run_file).with_name("whole.h5"))


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("function", "residual function belongs to a script"),
        ("weights", "weights or groups of dataset 'data' changed since the run started, found .*"),
        ("list", 'no such file, found "list of atoms"'),
        ("extxyz", "cannot be read as HDF5, found .*"),
    ],
)
def test_what_only_the_script_knows_is_said(case, message, potential, data, monkeypatch):
    if case == "weights":
        data.set_weights([hpcfit.Weight(k) for k in range(12)])
    elif case in ("list", "extxyz"):
        with Dataset("si.h5") as dataset:
            export_dataset(dataset, "si.extxyz")
        source = "si.extxyz" if case == "extxyz" else ase.io.read("si.extxyz", ":")
        data = hpcfit.Dataset.from_path(source, stress_unit="eV/A^3", stress_sign="tension")
    function = bent if case == "function" else None
    killed(hpcfit.Loss(hpcfit.Calculator(potential, data), residual_fn=function), monkeypatch)
    before = Path("run.h5").read_bytes()
    with pytest.raises(SharedError) as refused:
        resume("run.h5", Serial(), io.StringIO(), allow_python=True)
    fault, hint = str(refused.value.error).splitlines()
    assert re.fullmatch(rf".*: {message}", fault)
    what = "run of a script cannot resume without it"
    assert hint == f"run.h5: {what}, allowed minimize(..., output='run.h5', resume=True) in the script"
    assert Path("run.h5").read_bytes() == before


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda loss, c: loss.minimize("L-BFGS"), "unknown method, found L-BFGS, .*nearest L-BFGS-B"),
        (
            lambda loss, c: loss.minimize("lm"),
            "lm does not support bounds, found those of SW.A, allowed trf, dogbox",
        ),
        (
            lambda loss, c: loss.minimize("trf", maxiter=3),
            "option not known to trf in <scipy>, found maxiter",
        ),
        (lambda loss, c: loss.minimize(max_iters=3), "max-iters.*nearest max-iter"),
        (lambda loss, c: loss.minimize(None), "unknown method, found None"),
        (
            lambda loss, c: loss.minimize(bounds=[(1, 2)]),
            "minimize: bounds, .*allowed those of Potential.fit",
        ),
        (lambda loss, c: loss.minimize("trf", callback=print), "option callback, found <built-in"),
        (lambda loss, c: loss.minimize("trf", {"ftol": 0.1}, ftol=0.2), "option given twice, found ftol"),
        (lambda loss, c: loss.minimize(verbosity="loud"), "verbosity, found loud, allowed none"),
        (
            lambda loss, c: loss.loss([1.0]),
            r"theta: wrong shape, found \[1\], allowed \[3\]: SW.A, SW.B, SW.gamma",
        ),
        (lambda loss, c: hpcfit.Loss(c, residual_fn=hpcfit.energy_residual), "found use_energy, use_forces"),
        (lambda loss, c: hpcfit.Loss(c, residual_data={"normalise": True}), "unknown key .* found normalise"),
        (lambda loss, c: hpcfit.Loss(c, residual_fn=3), "residual_fn must be a function"),
        (
            lambda loss, c: hpcfit.Loss(c, weighted, None, 3),
            "residual_derivative_fn must be a function, found 3",
        ),
        (
            lambda loss, c: hpcfit.Loss(c, residual_derivative_fn=weighted),
            "residual_derivative_fn needs a residual_fn that is not built in",
        ),
        (
            lambda loss, c: hpcfit.Loss(c, residual_data={"normalize_by_natoms": "no"}),
            "normalize_by_natoms, found 'no', allowed True or False",
        ),
        (
            lambda loss, c: loss.minimize(output="run.h5", resume=True, overwrite=True),
            "both resume and overwrite",
        ),
        (lambda loss, c: loss.minimize(resume=True), "resume without a run file, allowed with output="),
        (lambda loss, c: loss.loss({"SW.A": 5.0}), "theta: must be a vector of numbers, found {'SW.A': 5.0}"),
    ],
)
def test_faults(work, message, calculator):
    with pytest.raises(InputError, match=message):
        work(hpcfit.Loss(calculator), calculator)


def test_each_loss_has_its_own_variables(calculator, potential):
    first = hpcfit.Loss(calculator)
    potential.fit(lambda_="default")
    second = hpcfit.Loss(calculator)
    assert len(calculator.get_opt_params()) == 4
    result = first.minimize(verbosity="none")
    assert calculator.get_opt_params().tolist() == result.x.tolist()
    assert [p.path for p in result.run.header.parameters if p.free] == ["SW.A", "SW.B", "SW.gamma"]
    assert "<lambda/>" in second.to_xml() and "<lambda/>" not in first.to_xml()
    assert second.loss(second.start) == first.loss(first.start)
    calculator.attach(second)
    assert first.loss() == result.fun and second.loss() == second.loss(second.start)
    result.save(Path("run.h5"))
    again = first.minimize(output=Path("run.h5"), resume=True, verbosity="none")
    assert again.x.tobytes() == result.x.tobytes()


def test_nothing_free(data):
    loss = hpcfit.Loss(hpcfit.Calculator(hpcfit.Potential("stillinger-weber", ["Si"]), data))
    residual = loss.residual()
    assert loss.loss() == pytest.approx(0.5 * residual @ residual, rel=1e-13) and len(residual) == 300
    assert loss.jacobian().shape == (300, 0) and loss.gradient().shape == (0,)
    with pytest.raises(InputError, match="minimize: no parameter is free"):
        loss.minimize()


def test_stresses_that_are_missing_or_weigh_nothing(potential, folder):
    c = small_jobs.silicon(3)
    mask = np.array([0, 4, 0], dtype=np.uint8)
    stress = np.where(mask[:, None], np.nan, c.stress)
    small_jobs.write_dataset(folder / "holes.h5", small_jobs.sealed(c, mask=mask, stress=stress))
    data = hpcfit.Dataset.from_path("holes.h5")
    calculator = hpcfit.Calculator(potential, data, use_stress=True)
    loss = hpcfit.Loss(calculator)
    residual, jacobian = loss.residual(X), loss.jacobian(X)
    assert residual.shape == (3 * 31,) and jacobian.shape == (3 * 31, 3)
    assert (residual.reshape(3, 31)[:, 25:] == 0).tolist() == [[False] * 6, [True] * 6, [False] * 6]
    # sums in other orders
    assert loss.loss(X) == pytest.approx(0.5 * residual @ residual, rel=1e-13)
    assert loss.gradient(X) == pytest.approx(jacobian.T @ residual, rel=1e-10)
    data.set_weights(hpcfit.Weight(stress_weight=0.0))
    without = hpcfit.Loss(calculator).residual(X).reshape(3, 31)
    assert (without[:, :25] == residual.reshape(3, 31)[:, :25]).all() and (without[:, 25:] == 0).all()


def test_a_function_needs_all_targets(potential, folder):
    c = small_jobs.silicon(3)
    mask = np.array([0, 1, 0], dtype=np.uint8)
    energy = np.where(mask, np.nan, c.energy)
    small_jobs.write_dataset(folder / "holes.h5", small_jobs.sealed(c, mask=mask, energy=energy))
    calculator = hpcfit.Calculator(potential, hpcfit.Dataset.from_path("holes.h5"))
    assert hpcfit.Loss(calculator).residual(X)[25] == 0.0
    assert np.isnan(calculator.get_reference(1)[0])
    with pytest.raises(
        InputError, match="configuration 1: no target for <total-energy> of the residual function"
    ):
        hpcfit.Loss(calculator, residual_fn=weighted)
