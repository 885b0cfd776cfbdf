"""The gradient of the whole objective against its rows and their Jacobian."""

import tracemalloc

import numpy as np
import pytest

from hpcfit.objective.block import BlockObjective
from hpcfit.objective.model import Model
from hpcfit.objective.weights import Factors
from hpcfit.records import RobustLoss
from tests.helpers.eam_jobs import aluminium, cells, constrained, eam_job, read
from tests.helpers.small_jobs import potential, sealed
from tests.helpers.spline_jobs import SPLINES, spline_eam

FORMULAS = aluminium(
    A=300.0,
    pair='<A min="50" max="5000" transform="logit"/><lambda/>',
    density="",
    embedding='<D transform="log"/>',
)

#: Reaches farther than the densities beside it.
FAR = """
    <lennard-jones id="L"><sigma>5</sigma><epsilon>0.3</epsilon><cutoff>9</cutoff>
      <fit-dof><sigma/></fit-dof></lennard-jones>"""

#: Its functions have parameters in common.
GUPTA = """
    <gupta id="G">
      <A>0.12</A> <xi>1.3</xi> <p>8.6</p> <q>2.5</q> <r0>2.86</r0> <inner>5</inner> <cutoff>6</cutoff>
      <fit-dof><A/><xi/><p/><q/><r0/></fit-dof>
    </gupta>"""

#: Potentials and constraints; Stillinger-Weber knows no reverse mode.
CASES = {
    "splines": (SPLINES, ""),
    "formulas": (FORMULAS, constrained(("EAM.rho.twomu", "1.14*{EAM.V.lambda}/2.73"))),
    "far": (aluminium() + FAR, ""),
    "shared": (GUPTA, ""),
    "both": (
        SPLINES
        + potential(A=1.5)
        + '<one-body id="O"><energy>2</energy><fit-dof><energy/></fit-dof></one-body>',
        "",
    ),
}


def block_of(folder, case, loss=None, stresses=True, configurations=None):
    potentials, constraints = CASES[case]
    model = Model(read(folder, eam_job(potentials, constraints)))
    k = np.arange(1.0, 4.0)
    factors = Factors(
        0.3 * k,
        np.where(k == 2, 0.0, 5 / k),
        900.0 * k * stresses,
        roots=np.array([0.1 * k, 2.0 + k, stresses / k]),
    )
    return BlockObjective(model, configurations or cells(3), factors, [0], 1, loss), model


@pytest.mark.parametrize("loss", [None, RobustLoss("soft-l1", 0.7), RobustLoss("cauchy", 2.0)])
@pytest.mark.parametrize("case", ["splines", "formulas", "shared", "both"])
@pytest.mark.parametrize("stresses", [True, False])
def test_is_that_of_rows_and_jacobian(tmp_path, case, loss, stresses):
    block, model = block_of(tmp_path, case, loss, stresses)
    x = model.start + 1e-3
    rows = block.linearise(x)
    cost, gradient = rows[0] @ rows[0], rows[1:] @ rows[0]
    found = block.gradient(x)
    assert found[0] == pytest.approx(cost, rel=1e-14) and found[0] == block.cost(x)
    assert np.linalg.norm(found[1:] - gradient) <= 1e-12 * np.linalg.norm(gradient)
    assert (gradient != 0).all()


def test_an_infinite_slope_without_a_density_is_felt_by_no_neighbour(tmp_path):
    near = cells(3)
    far = sealed(near, cell=2.9 * near.cell, position=2.9 * near.position)
    block, model = block_of(tmp_path, "far", configurations=far)
    assert model.largest_densities(block._geometry, model.start).tolist() == [0.0]
    rows = block.linearise(model.start)
    assert np.count_nonzero(rows[1:]) > 0
    gradient = rows[1:] @ rows[0]
    assert np.abs(block.gradient(model.start)[1:] - gradient).max() <= 1e-12 * np.linalg.norm(gradient)


def test_asks_for_no_column(tmp_path, monkeypatch):
    block, model = block_of(tmp_path, "splines")
    asked, evaluate = [], Model.evaluate
    monkeypatch.setattr(
        Model,
        "evaluate",
        lambda self, g, x, columns, virials: (
            asked.append(len(columns)) or evaluate(self, g, x, columns, virials)
        ),
    )
    before = block.n_bytes
    block.gradient(model.start)
    assert asked == [1] and block.n_bytes == before


def test_takes_the_memory_of_a_few_vectors(tmp_path):
    """And not that of tables from nodes to nodes, scratch included; a vector here is of three functions' nodes."""
    peaks = []
    for n in (100, 700):
        model = Model(read(tmp_path, eam_job(spline_eam(n))))
        k = np.ones(3)
        block = BlockObjective(model, cells(3), Factors(k, k, k, roots=np.array([k, k, k])), [0], 1)
        tracemalloc.start()
        block.gradient(model.start)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert 0 < peaks[1] - peaks[0] < 40 * 8 * 3 * 600


def test_leaves_the_point_of_the_linearisation_alone(tmp_path):
    block, model = block_of(tmp_path, "formulas", RobustLoss("cauchy", 2.0))
    v = 0.1 * model.start
    block.linearise(model.start)
    wanted = block.second_derivative(v, 0.1)
    block.linearise(model.start)
    block.gradient(1.1 * model.start)
    assert np.array_equal(block.second_derivative(v, 0.1), wanted)


def test_what_is_not_finite_is_told(tmp_path):
    block, model = block_of(tmp_path, "formulas")
    x = model.start.copy()
    x[1] = -1e4
    with np.errstate(all="ignore"):
        assert np.isnan(block.gradient(x)).all()
        assert block.find_non_finite() is not None
