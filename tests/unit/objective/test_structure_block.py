import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.objective.losses import apply
from hpcfit.objective.structures.block import StructureBlock
from hpcfit.objective.structures.rows import FAILED, PropertyRow
from hpcfit.potential.expression.compiler import compile_outputs
from hpcfit.potential.expression.symbolic import differentiate
from hpcfit.potential.expression.syntax import parse
from hpcfit.records import (
    DegreeOfFreedom,
    DerivedProperty,
    DerivedTerm,
    GeodesicOptions,
    Modification,
    RobustLoss,
)
from hpcfit.solver.geodesic import iterate, start
from hpcfit.solver.step import Bounds
from hpcfit.solver.triangular import factor_rows, linearisation
from hpcfit.structure.building import build
from hpcfit.structure.modifying import modify
from hpcfit.structure.observing import FORMS
from tests.helpers.eam_jobs import aluminium, eam_job
from tests.helpers.structure_works import (
    aluminium_model,
    block,
    lattice,
    plain,
    plain_block,
    structure,
    t1,
    wanted,
    work,
)

#: The squared residuals of T1 at its start, by lattice sums and derivatives in arithmetic of 30 digits.
START = [
    438.7043551136152,
    535.0835522346788,
    1.8232599582761995,
    2.8615266245067077,
    7.9260426357330065,
    4.365817058654243,
    109.90139328262177,
    118.76650668492704,
    260.8855954195541,
]

#: atomicrex's end point, its parameters with half a unit of their last digit, and what it prints there.
END = np.array([500, 2.79747, 1.21346, 7.99374])
ROUNDING = np.array([0, 5e-6, 5e-6, 5e-6])
PRINTED = {
    "lattice-parameter": "3.72709",
    "atomic-energy": "-3.66150",
    "bulk-modulus": "88.415",
    "C11": "101.824",
    "C12": "81.712",
    "C44": "45.7691",
}


def free_energy_block(model, **changes):
    wanted = replace(plain("total-energy"), **changes)
    fcc = lattice("fcc", {"lattice-parameter": 3.9}, [wanted], ["lattice-parameter"])
    return plain_block(model, fcc)


def test_t1_at_its_start(tmp_path):
    model = aluminium_model(tmp_path)
    made = block(model, *t1())
    assert made.n_residuals == 9
    # Elastic constants are differences of the fourth order in a step of 5e-4, good to 1e-10.
    np.testing.assert_allclose(made.linearise(model.start)[0] ** 2, START, rtol=2e-9)
    assert made.cost(model.start) == pytest.approx(sum(START), rel=1e-10)
    assert f"{made.cost(model.start):.6g}" == "1480.32"
    assert made.warnings == []
    assert made.find_non_finite() is None


def test_t1_at_the_end_point_of_atomicrex(tmp_path):
    model = aluminium_model(tmp_path)
    made = block(model, *t1())
    assert f"{made.cost(END):.6g}" == "1054.8"
    fcc, bcc, hcp, diamond = made.results(END)[0]
    printed = plain_block(model, replace(t1()[0], properties=tuple(plain(name) for name in PRINTED)))
    rows = printed.linearise(END)
    for k, (name, text) in enumerate(PRINTED.items()):
        size = FORMS[name].size
        digit = 10.0 ** -len(text.partition(".")[2])
        # What the printed parameters and the printed digits leave open.
        tolerance = np.abs(rows[1:, k] / size) @ ROUNDING + 0.5 * digit
        # atomicrex relaxes the lattice parameter to 6e-8 A by its own account.
        assert fcc.values[name][0] / size == pytest.approx(float(text), abs=tolerance + 1e-7), name
        assert tolerance < 3e-5 * abs(float(text))
    assert fcc.values["total-volume"][0] == pytest.approx(12.9435, abs=5.5e-5)
    # Energies move by 1e-5 eV with the last digit of the parameters.
    for result, value in ((bcc, -2.92726), (hcp, -6.58809), (diamond, -5.32148)):
        assert result.values["total-energy"][0] == pytest.approx(value, abs=2.5e-5)


def test_t1_is_fitted_within_twenty_jacobians(tmp_path):
    model = aluminium_model(tmp_path)
    made = block(model, *t1())

    class Problem:
        cost, second_derivative = made.cost, made.second_derivative

        def linearise(self, x):
            rows = made.linearise(x)
            return linearisation(factor_rows(np.vstack([rows[1:], rows[:1]])))

    problem, options = Problem(), GeodesicOptions(max_iter=20)
    bounds = Bounds(model.lower, model.upper)
    states = [s for s in iterate(problem, start(model.start, problem), bounds, options) if s.cost <= 792.732]
    assert states[0].n_linearisations <= 20
    # The minimum as four random starts agree on, in the reference's digits.
    assert states[-1].x == pytest.approx([275.8, 2.638, 0.440, 2.403], rel=2e-3)


def test_second_derivative_is_that_of_the_residual(tmp_path):
    model = aluminium_model(tmp_path)
    made = block(model, *t1())
    v, h = 1e-2 * model.start * np.array([1, -1, 1, -1]), 0.1
    columns = made.linearise(model.start).copy()
    ends = [made.linearise(model.start + s * h * v).copy() for s in (1, -1)]
    made.linearise(model.start)
    expected = columns[1:] @ ((ends[0][0] - 2 * columns[0] + ends[1][0]) / h**2)
    # One-sided against central: they differ by the third derivative, a step of a thousandth on.
    np.testing.assert_allclose(made.second_derivative(v, h), expected, rtol=0.1)


@pytest.mark.parametrize("name", ["soft-l1", "cauchy"])
def test_a_loss_is_in_rows_and_derivatives(tmp_path, name):
    model = aluminium_model(tmp_path)
    plain_rows = block(model, *t1()).linearise(model.start).copy()
    wanted_of = work(*t1())
    loss = RobustLoss(name, 3.0)
    robust = StructureBlock(model, wanted_of, loss)
    rows = robust.linearise(model.start).copy()
    apply(loss, plain_rows, np.sqrt([w for weights in wanted_of.weights for w in weights if w > 0]))
    assert np.array_equal(rows, plain_rows) and rows[0] @ rows[0] < 0.5 * sum(START)
    assert robust.cost(model.start) == pytest.approx(rows[0] @ rows[0], rel=1e-10)


def test_a_structure_that_fails_counts_as_without_a_loss(tmp_path):
    row = PropertyRow(wanted("total-energy", -3.0), 1.0)
    made = StructureBlock(aluminium_model(tmp_path), work(*t1()), RobustLoss("cauchy", 1.0))
    assert list(made._of_row(row, None, 2)[0]) == list(row.failed()) == [1e3]


def test_answers_depend_on_the_last_linearisation_alone(tmp_path):
    """After a kill a block gets back parameters and degrees of freedom, and goes on with the same bits."""
    model = aluminium_model(tmp_path)
    hcp = lattice(
        "hcp",
        {"lattice-parameter": 2.8, "ca-ratio": 1.62},
        [plain("C33"), plain("atomic-energy"), plain("ca-ratio")],
        ["lattice-parameter", "ca-ratio", "atom-coordinates"],
    )
    first, second = (block(model, *t1(), hcp) for _ in range(2))
    first.linearise(model.start)
    kept = first.relaxed.copy()
    first.cost(1.02 * model.start)
    first.results(0.99 * model.start)
    second.restore(kept)
    x = 1.01 * model.start
    assert first.linearise(x).tobytes() == second.linearise(x).tobytes()
    assert first.relaxed.tobytes() == second.relaxed.tobytes()
    assert first.relaxed.tobytes() != kept.tobytes()
    assert first.cost(model.start) == second.cost(model.start)
    with pytest.raises(ValueError, match="degrees of freedom, found 1, allowed 6"):
        second.restore(np.ones(1))


def test_failure_leaves_nothing_that_a_restored_block_lacks(tmp_path):
    model = aluminium_model(tmp_path)
    first, second = (free_energy_block(model) for _ in range(2))
    first.linearise(model.start)
    kept = first.relaxed.copy()
    second.restore(kept)
    flying = np.array([500, 2.73, 1.14, 1e-6])
    for made in (first, second):
        assert not made.linearise(flying)[1:].any()
    assert first.relaxed.tobytes() == kept.tobytes()
    x = 1.01 * model.start
    assert first.cost(x).hex() == second.cost(x).hex()


def test_bits_do_not_depend_on_the_process(tmp_path):
    code = (
        "import sys; from pathlib import Path; from tests.helpers.structure_works import *;"
        "model = aluminium_model(Path(sys.argv[1])); b = block(model, *t1());"
        "print(b.linearise(model.start).tobytes().hex(), b.cost(1.01 * model.start).hex())"
    )
    model = aluminium_model(tmp_path)
    here = block(model, *t1())
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", code, str(tmp_path)]
    there = subprocess.run(command, check=True, capture_output=True, text=True, cwd=root).stdout.split()
    assert here.linearise(model.start).tobytes().hex() == there[0]
    assert here.cost(1.01 * model.start).hex() == there[1]


def test_relaxation_that_fails_is_a_large_residual(tmp_path):
    """Atoms that only repel each other fly apart."""
    model = aluminium_model(tmp_path, eam_job(aluminium(D=1e-6)))
    cell = [plain("total-energy"), wanted("C11", 100.0)]
    flying = lattice("fcc", {"lattice-parameter": 4.0}, cell, ["lattice-parameter"])
    still = lattice("bcc", {"lattice-parameter": 4.0}, [plain("total-energy")])
    made = block(model, flying, still)
    rows = made.linearise(model.start)
    assert made.warnings == ["structure 'fcc': cell grows beyond 2.0 of its start"]
    np.testing.assert_allclose(rows[0, :2], FAILED * np.sqrt(0.25))
    assert not rows[1:, :2].any()
    assert rows[1:, 2].all()
    assert made.cost(model.start) == pytest.approx(rows[0] @ rows[0], rel=1e-12)
    flown, stayed = made.results(model.start)[0]
    assert np.isnan(flown.values["C11"]).all()
    assert flown.failure == "cell grows beyond 2.0 of its start"
    assert np.array_equal(flown.atoms.cell, flying.atoms.cell)
    assert stayed.failure == ""


def test_relaxation_that_fails_begins_again_from_the_job(tmp_path):
    """Where the last point led astray, the structure's own start is tried."""
    model = aluminium_model(tmp_path)
    made, fresh = (free_energy_block(model) for _ in range(2))
    made.restore(np.array([0.4]))
    assert made.cost(model.start).hex() == fresh.cost(model.start).hex()
    assert made.warnings == []
    assert made.linearise(model.start).tobytes() == fresh.linearise(model.start).tobytes()


def test_what_is_reported_alone_spoils_nothing_where_it_is_not_finite(tmp_path):
    """Of atoms that do not feel each other the pressure's second derivative over its first is 0/0."""
    model = aluminium_model(tmp_path)
    for fit in (False, True):
        listed = [plain("atomic-energy"), plain("bulk-modulus-derivative", fit=fit)]
        made = block(model, lattice("fcc", {"lattice-parameter": 12.0}, listed))
        with np.errstate(invalid="ignore"):
            (result,), _ = made.results(model.start)
        assert np.isnan(result.values["bulk-modulus-derivative"])
        if fit:
            assert result.failure == "a property is not finite"
            assert np.isnan(result.values["atomic-energy"])
        else:
            assert result.failure == "not finite: bulk-modulus-derivative"
            assert result.values["atomic-energy"] == 0.0
            assert made.cost(model.start) == 0.0 and made.warnings == []


def test_property_before_a_relaxation_that_fails(tmp_path):
    model = aluminium_model(tmp_path, eam_job(aluminium(D=1e-6)))
    properties = [plain("total-energy", relaxed=False)]
    made = block(model, lattice("fcc", {"lattice-parameter": 4.0}, properties, ["lattice-parameter"]))
    assert 0 < made.cost(model.start) < 1
    assert made.linearise(model.start)[1:].all()
    assert made.warnings == []
    (result,), _ = made.results(model.start)
    assert result.failure == "cell grows beyond 2.0 of its start"


def test_parameters_out_of_range_are_a_failure(tmp_path):
    made = free_energy_block(aluminium_model(tmp_path))
    assert made.cost(np.array([500, np.nan, 1.14, 8])) == pytest.approx(FAILED**2)
    assert made.warnings == ["structure 'fcc': energy or force is not finite"]


def test_styles(tmp_path):
    model = aluminium_model(tmp_path)
    energy = free_energy_block(model).linearise(model.start).copy()
    value, slope = energy[0, 0], energy[1:, 0]
    for style, target, row, derivative in (
        ("squared-relative", -4.0, (value + 4) / -4, slope / -4),
        ("absolute-diff", -4.0, np.sqrt(value + 4), slope / (2 * np.sqrt(value + 4))),
        ("absolute-diff", -3.0, -np.sqrt(-3 - value), slope / (2 * np.sqrt(-3 - value))),
        ("absolute-diff", value, 0.0, 0.0 * slope),
    ):
        rows = free_energy_block(model, style=style, target=(target,)).linearise(model.start)
        assert rows[0, 0] == pytest.approx(row, rel=1e-12), style
        np.testing.assert_allclose(rows[1:, 0], derivative, rtol=1e-12)


def test_derived_property(tmp_path):
    """The energy of a vacancy, of which only the derived property wants the bulk crystal."""
    model = aluminium_model(tmp_path)
    bulk = replace(lattice("fcc", {"lattice-parameter": 3.8}, [], ["lattice-parameter"]), id="bulk")
    cell = modify(build("fcc", [0], {"lattice-parameter": 3.785}), Modification("repeat", numbers=(2, 2, 2)))
    hole = structure(
        "hole", modify(cell, Modification("vacancy", site=0)), [plain("C11")], ["atom-coordinates"]
    )
    formula = "(Eh - 7*Eb)*Bb/Bb"
    names = {"Eh": ("hole", "total-energy"), "Eb": ("bulk", "atomic-energy"), "Bb": ("bulk", "bulk-modulus")}
    derivatives = differentiate(parse(formula, list(names)), "x", list(names))
    program = compile_outputs([derivatives.value, *derivatives.by_parameter], "x", list(names))
    terms = tuple(DerivedTerm(name, *path) for name, path in names.items())
    derived = DerivedProperty("vacancy", 1, 1.0, formula, terms, "eV", plain("total-energy"))
    base = replace(work(hole), structures=(hole, bulk), n_own=1, weights=((1.0,),))
    made = StructureBlock(
        model, replace(base, derived=(derived,), derived_weights=(4.0,), derived_programs=(program,))
    )
    assert made.n_residuals == 2
    rows = made.linearise(model.start).copy()
    (result,), (value,) = made.results(model.start)
    assert result.id == "hole"
    assert rows[0, 1] == pytest.approx(2 * value, rel=1e-9)
    parts = [
        plain_block(model, replace(one, properties=(plain(name),))).linearise(model.start)[:, 0]
        for one, name in ((hole, "total-energy"), (bulk, "atomic-energy"))
    ]
    np.testing.assert_allclose(rows[:, 1], 2 * (parts[0] - 7 * parts[1]), rtol=1e-9, atol=1e-9)
    assert 0.1 < value < 2


def test_properties_listed_twice_and_not_at_all(tmp_path):
    model = aluminium_model(tmp_path)
    properties = [
        plain("energy-volume", 1, arguments={"scales": "1"}),
        plain("energy-volume", 2, arguments={"scales": "0.9 1"}),
    ]
    made = block(model, lattice("fcc", {"lattice-parameter": 4.0}, properties))
    (result,), _ = made.results(model.start)
    assert list(result.values) == [
        "energy-volume",
        "energy-volume#2",
        "total-energy",
        "atomic-energy",
        "total-volume",
        "atomic-volume",
    ]
    assert result.values["energy-volume#2"][1] == result.values["energy-volume"][0]
    assert result.values["energy-volume"][0] == pytest.approx(result.values["atomic-energy"][0], rel=1e-14)


def test_before_and_after_the_relaxation(tmp_path):
    model = aluminium_model(tmp_path)
    properties = [plain("total-volume", relaxed=False), plain("total-volume")]
    one = lattice("fcc", {"lattice-parameter": 4.0}, properties, ["lattice-parameter"])
    made = plain_block(model, one)
    rows = made.linearise(model.start)
    assert rows[0, 0] == pytest.approx(16.0, rel=1e-14)
    assert rows[0, 1] == pytest.approx(13.556845373235, rel=1e-11)
    assert not rows[1:, 0].any()
    assert rows[1:, 1].all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"properties": [replace(plain("C11"), name="C71")]},
            "line 1: structure 'sc': unknown property, found C71, nearest C",
        ),
        ({"properties": [plain("ca-ratio")]}, "ca-ratio of a structure that has none"),
        ({"properties": [plain("atomic-forces", 2)]}, "target of atomic-forces, found 2 numbers, allowed 3"),
        (
            {"properties": [plain("C11", style="squared-relative")]},
            "found squared-relative with a target of 0",
        ),
        ({"properties": [plain("C11", arguments={"ions": "no"})]}, "ions of C11, found 'no', allowed"),
        ({"properties": [plain("C11", arguments={"q": "0 0 0"})]}, "unknown attribute of C11, found q"),
        ({"properties": [plain("phonon-frequencies", 3)]}, "phonon-frequencies without masses"),
        ({"properties": [plain("energy-volume", 1)]}, "allowed either volumes or scales"),
        ({"relaxed": ["atom-distance"]}, "atom-distance relaxes in a structure that has none"),
        (
            {"properties": [plain("atom-distance")], "relaxed": ["atom-distance"]},
            "atom-distance relaxes in a structure that has none, found user-structure\nline 1: structure 'sc': atom-d",
        ),
        ({"relaxed": [DegreeOfFreedom("cell-full", 0.9)]}, "bounds of cell-full"),
    ],
)
def test_faults(tmp_path, changes, message):
    model = aluminium_model(tmp_path)
    with pytest.raises(InputError) as caught:
        block(model, lattice("sc", {"lattice-parameter": 3.0}, **changes))
    assert message in str(caught.value)
