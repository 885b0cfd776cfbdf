"""Every method of SciPy's `minimize` and `least_squares`, from a script and from a job alike."""

import numpy as np
import pytest

import hpcfit
from hpcfit.cli.run import fit
from hpcfit.errors import InputError
from hpcfit.known import catalogue
from hpcfit.parallel.communicator import Serial
from hpcfit.records import Box
from hpcfit.runfile.store import load
from tests.helpers import small_jobs

METHODS = {form.name: {m.name: m for m in form.methods} for form in catalogue().minimisers}
SCIPY_METHODS, NLOPT_METHODS = METHODS["scipy"], METHODS["nlopt"]
LOCAL = [name for name, form in SCIPY_METHODS.items() if not form.is_global]


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Few structures: methods are compared, and each runs twice."""
    monkeypatch.chdir(tmp_path)
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(4))
    return hpcfit.Dataset.from_path("si.h5", weight=hpcfit.Weight(energy_weight=1.0, forces_weight=0.1))


@pytest.fixture
def loss(data):
    """Near its minimum, and without bounds."""
    potential = hpcfit.Potential("stillinger-weber", species=["Si"])
    potential.fit(A=14.0, B="default", gamma=2.3)
    return hpcfit.Loss(hpcfit.Calculator(potential, data))


@pytest.mark.parametrize("method", LOCAL)
def test_the_same_as_in_a_job(method, loss):
    # Some steps are enough to see that all is handed over, and some methods take thousands.
    form = SCIPY_METHODS[method]
    limit = next(name for name in ("max_nfev", "maxiter", "maxfun") if name in form.options)
    result = loss.minimize(method.lower(), options={limit: 12}, verbosity="none")
    assert f'method="{method}"' in loss.to_xml()
    assert result.fun < 0.9 * loss.loss(loss.start)
    with open("job.xml", "w") as file:
        file.write(loss.to_xml())
    with open("log", "w") as log:
        outcome = fit("job.xml", "job.h5", False, Serial(), log)
    stored = load("job.h5")
    assert result.outcome == outcome
    assert stored.state.x.tobytes() == result.x.tobytes()
    assert stored.history["n_linearisations"].tolist() == result.history["n_linearisations"].tolist()


@pytest.mark.parametrize("method", ["LD_LBFGS", "LN_SBPLX", "ld_slsqp", "geodesiclm"])
def test_other_methods(method, loss):
    before = loss.loss(loss.start)
    assert loss.minimize(method, verbosity="none").fun < 1e-2 * before


def test_a_method_inside_a_global_one(data, potential):
    potential.fit(A=(14.0, 10.0, 18.0), B=("default", 0.4, 0.8), gamma=(2.3, 1.0, 4.0))
    loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
    result = loss.minimize("dual_annealing", local="TNC", maxiter=3, seed=1, verbosity="none")
    assert '<scipy method="TNC"/>' in loss.to_xml()
    assert result.fun < loss.loss(loss.start)
    again = loss.minimize("dual_annealing", local="TNC", maxiter=3, seed=1, verbosity="none")
    assert np.array_equal(again.x, result.x)


@pytest.mark.parametrize("method", [*LOCAL, *NLOPT_METHODS])
def test_bounds_are_taken_or_refused(method, data, potential):
    form = {**SCIPY_METHODS, **NLOPT_METHODS}[method]
    loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
    if form.box is Box.TAKEN:
        limits = ("max_nfev", "maxiter", "maxfun") if method in SCIPY_METHODS else ("maxeval",)
        limit = next(name for name in limits if name in form.options or name == "maxeval")
        result = loss.minimize(method, {limit: 6}, verbosity="none")
        assert 1.0 <= result.parameters["SW.A"] <= 20.0
    else:
        needs = "does not support bounds, found those of SW.A" if form.box is Box.NONE else "needs bounds"
        with pytest.raises(InputError, match=f"{method} {needs}|{method} needs a nested minimiser"):
            loss.minimize(method, verbosity="none")
