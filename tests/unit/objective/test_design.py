"""Jobs that are linear in all their parameters: one evaluation of columns serves the whole fit."""

import io

import numpy as np
import pytest

from hpcfit.cli import run
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.model import Model
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers.chebyshev_jobs import ATOMS, chebyshev, linear_job
from tests.helpers.eam_jobs import constrained
from tests.helpers.small_jobs import plan_of, potential, write_job


@pytest.fixture
def evaluations(monkeypatch):
    """The numbers of columns of all evaluations from here on."""
    found, evaluate = [], Model.evaluate

    def counted(self, geometry, x, columns, virials):
        found.append(len(columns))
        return evaluate(self, geometry, x, columns, virials)

    monkeypatch.setattr(Model, "evaluate", counted)
    return found


def local_of(folder, text):
    local = LocalObjective(plan_of(write_job(folder, text)))
    local.own(0, len(local.plan.blocks))
    return local


def fit(folder, text):
    path = write_job(folder, text)
    run.fit(str(path), str(folder / "run.h5"), True, Serial(), io.StringIO())
    return load(str(folder / "run.h5"))


LOSSES = ["", 'loss="cauchy" loss-scale="2"']


@pytest.mark.parametrize("minimiser", ["<geodesic-lm/>", '<scipy method="L-BFGS-B"/>'])
def test_one_evaluation_of_columns_serves_the_whole_fit(tmp_path, evaluations, minimiser):
    local = local_of(tmp_path, linear_job(f"<fitting>{minimiser}</fitting>"))
    assert local.model.has_design
    for x in (local.model.start, 2 * local.model.start, 0.1 * local.model.start):
        local.ask(lambda block, x=x: (block.cost(x), block.linearise(x), block.gradient(x)))
    assert evaluations == [6] * len(local.plan.blocks)


@pytest.mark.parametrize("loss", LOSSES)
def test_rows_are_those_of_the_kernels(tmp_path, loss):
    text = linear_job().replace("<structures", f"<structures {loss}")
    kept, anew = (
        local_of(tmp_path, text),
        local_of(tmp_path, text.replace("<fitting", '<fitting assembly="stream"')),
    )
    x = np.random.default_rng(3).normal(size=kept.model.n_free)
    for one, other in zip(kept.blocks, anew.blocks, strict=True):
        wanted = other.linearise(x).copy()
        # Rounding of sums over the parameters in another order.
        assert np.abs(one.linearise(x) - wanted).max() < 1e-12 * np.abs(wanted).max()
        assert one.cost(x) == pytest.approx(wanted[0] @ wanted[0], rel=1e-12)
        assert np.abs(one.gradient(x)[1:] - wanted[1:] @ wanted[0]).max() < 1e-12 * np.linalg.norm(
            wanted[1:] @ wanted[0]
        )
        # The columns of another point do not remain.
        one.linearise(2 * x)
        assert np.array_equal(one.linearise(x), one.linearise(x))
        assert np.abs(one.linearise(x) - wanted).max() < 1e-12 * np.abs(wanted).max()


def test_a_fit_is_the_solution_of_the_linear_equations(tmp_path, evaluations):
    local = local_of(tmp_path, linear_job())
    rows = np.concatenate([block.linearise(0 * local.model.start).copy() for block in local.blocks], axis=1)
    wanted, *_ = np.linalg.lstsq(rows[1:].T, -rows[0], rcond=None)
    evaluations.clear()
    found = fit(tmp_path, linear_job())
    # Convergence of the fit at its tolerance; the equations have a condition of 1e3.
    assert found.state.x == pytest.approx(wanted, rel=1e-6)
    # Columns once for each block; values for offsets at the start and for predictions at the end.
    n_blocks = len(local.plan.blocks)
    assert sorted(evaluations) == 2 * [1] * n_blocks + [6] * n_blocks


@pytest.mark.parametrize(
    "potentials",
    [
        chebyshev(degrees='<c0 transform="log"/><c1/>'),
        chebyshev() + potential(),
        ATOMS,
    ],
)
def test_other_jobs_keep_none(tmp_path, potentials):
    assert not local_of(tmp_path, linear_job(potentials=potentials)).model.has_design


def test_a_constraint_keeps_none(tmp_path):
    text = linear_job().replace("<structures", constrained(("T.c1", "2*{T.c0}")) + "<structures", 1)
    assert not local_of(tmp_path, text).model.has_design


def test_streams_keep_none(tmp_path, evaluations):
    local = local_of(tmp_path, linear_job('<fitting assembly="stream"><geodesic-lm/></fitting>'))
    before = [block.n_bytes for block in local.blocks]
    for _ in range(2):
        local.ask(lambda block: block.linearise(local.model.start) is None)
    assert evaluations == [6] * 2 * len(local.blocks)
    assert [block.n_bytes for block in local.blocks] == before


def test_a_design_that_is_not_finite_is_told(tmp_path):
    text = linear_job(potentials=chebyshev().replace("<inner>1.8", "<inner>4.5"))
    block = local_of(tmp_path, text).blocks[0]
    with np.errstate(all="ignore"):
        assert block.cost(np.ones(4)) == np.inf and block.first_non_finite is not None
        assert np.isnan(block.gradient(np.ones(4))).all()
