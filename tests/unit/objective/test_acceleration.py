"""Second derivatives along a direction, exact, against differences of the exact Jacobian."""

import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hpcfit.cli import run
from hpcfit.objective.acceleration import describe_acceleration
from hpcfit.objective.block import BlockObjective, Workspace
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.model import Model
from hpcfit.objective.weights import Factors
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.potential.library import potential_forms
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import RobustLoss
from hpcfit.runfile.store import load
from tests.helpers.eam_jobs import aluminium, cells, constrained, eam_job, read
from tests.helpers.lattice_jobs import derived
from tests.helpers.small_jobs import MORSE, dataset_element, job_text, plan_of, potential, silicon, write_job

SPECIES = ("Al", "Ni")

#: Pair energies of every kind over densities at rest: joined and screened splines too.
PAIRS = """
    <eam id="E">
      <mapping>
        <pair-interaction species-a="Al" species-b="Al" function="VAA"/>
        <pair-interaction species-a="Al" species-b="Ni" function="VAN"/>
        <pair-interaction species-a="Ni" species-b="Ni" function="S"/>
        <electron-density function="rho"/>
        <embedding-energy species="Al" function="F"/>
        <embedding-energy species="Ni" function="FN"/>
      </mapping>
      <functions>
        <sum id="VAA">
          <morse-A id="bond"><D0>0.4</D0><r0>2.9</r0><alpha>1.3</alpha><cutoff>6</cutoff>
            <fit-dof><D0 transform="log"/><r0 min="2" max="4" transform="logit"/></fit-dof>
            <screening><XpowN-cutoff id="s"><cutoff>6</cutoff><fit-dof><h/></fit-dof></XpowN-cutoff></screening>
          </morse-A>
          <born-mayer id="core"><A>900</A><rho>0.3</rho><cutoff>4</cutoff><fit-dof><A/><rho/></fit-dof></born-mayer>
        </sum>
        <product id="VAN">
          <gaussian id="g"><prefactor>0.3</prefactor><eta>0.4</eta><mu>2</mu><fit-dof><eta/></fit-dof></gaussian>
          <spline id="wave"><cutoff>5</cutoff>
            <nodes><node x="1" y="2" enabled="true" transform="log"/><node x="3" y="0.4" enabled="true"/>
              <node x="5" y="0" enabled="false"/></nodes></spline>
        </product>
        <spline id="S"><cutoff>5</cutoff>
          <nodes><node x="1" y="1" enabled="true"/><node x="3" y="-0.3" enabled="true"/>
            <node x="5" y="0" enabled="false"/></nodes>
          <screening><exp-A id="e"><cutoff>5</cutoff></exp-A></screening></spline>
        <gaussian id="rho"><prefactor>1</prefactor><eta>0.4</eta><mu>0.3</mu><cutoff>5.5</cutoff></gaussian>
        <universal-embedding id="F"><F0>1.7</F0><eta>0.6</eta><rho0>2</rho0>{embedding}</universal-embedding>
        <poly id="FN"><coefficients><coeff n="1" value="-0.5"/><coeff n="2" value="0.1"/></coefficients></poly>
      </functions>
    </eam>"""

EMBEDDING = "<fit-dof><F0/><eta/><rho0/></fit-dof>"

KERNELS = """
    <lennard-jones id="LJ">
      <sigma tag="AlAl">2.3</sigma> <sigma tag="AlNi">2.2</sigma> <sigma tag="NiNi">2.1</sigma>
      <epsilon>0.3</epsilon> <cutoff tag="AlAl">4</cutoff> <cutoff tag="AlNi">4.5</cutoff> <cutoff tag="NiNi">5</cutoff>
      <fit-dof><sigma tag="AlAl"/><sigma tag="AlNi"/><epsilon tag="NiNi"/>
        <epsilon tag="AlNi" transform="log"/></fit-dof>
    </lennard-jones>
    <born-mayer-huggins id="B">
      <A>0.3</A> <rho>0.3</rho> <sigma>2.3</sigma> <C>9</C> <D>4</D> <cutoff tag="AlAl">4</cutoff>
      <cutoff tag="AlNi">4.5</cutoff> <cutoff tag="NiNi">5</cutoff>
      <fit-dof><A/><rho/><sigma tag="AlNi"/><C/><D tag="AlAl"/></fit-dof>
    </born-mayer-huggins>
    <morse id="M">
      <D0>0.4</D0> <alpha tag="AlAl">1.3</alpha> <alpha tag="AlNi">1.4</alpha> <alpha tag="NiNi">1.5</alpha>
      <r0>2.5</r0>
      <cutoff tag="AlAl">4</cutoff> <cutoff tag="AlNi">4.5</cutoff> <cutoff tag="NiNi">5</cutoff>
      <fit-dof><D0/><alpha tag="AlNi"/><r0/></fit-dof>
    </morse>
    <buckingham id="U">
      <A>900</A> <rho tag="AlAl">0.29</rho> <rho tag="AlNi">0.3</rho> <rho tag="NiNi">0.31</rho> <C>9</C>
      <cutoff tag="AlAl">4</cutoff> <cutoff tag="AlNi">4.5</cutoff> <cutoff tag="NiNi">5</cutoff>
      <fit-dof><A tag="AlNi"/><rho/><C/></fit-dof>
    </buckingham>
    <one-body id="O"><energy>1.5</energy><fit-dof><energy transform="log"/></fit-dof></one-body>
    <chebyshev id="T" terms="3">
      <c0>0.3</c0> <c1>-0.2</c1> <c2>0.1</c2> <cutoff>5</cutoff> <inner>1.8</inner> <decay>1.5</decay>
      <fit-dof><c0 transform="log"/><c1/><c2 min="-1" max="1" transform="logit"/></fit-dof>
    </chebyshev>"""

BONDS = """
    <lennard-jones id="LJ" species-a="Al" species-b="Ni">
      <sigma>2.3</sigma> <epsilon>0.3</epsilon> <cutoff>4.5</cutoff> <fit-dof><sigma/><epsilon/></fit-dof>
    </lennard-jones>
    <born-mayer-huggins id="B" species-a="*" species-b="Ni">
      <A>0.3</A> <rho>0.3</rho> <sigma>2.3</sigma> <C>9</C> <D>4</D> <cutoff>4</cutoff>
      <fit-dof><rho/><sigma tag="AlNi"/><C tag="NiNi"/></fit-dof>
    </born-mayer-huggins>
    <chebyshev id="T" species-a="Al" species-b="Ni" terms="3">
      <c0>0.3</c0> <c1>-0.2</c1> <c2>0.1</c2> <cutoff>5</cutoff> <inner>1.8</inner> <decay>1.5</decay>
      <fit-dof><c0 transform="log"/><c1/><c2 min="-1" max="1" transform="logit"/></fit-dof>
    </chebyshev>"""

ANGULAR = """
    <adp id="P">
      <mapping>
        <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/>
        <u-function function="u"/> <w-function function="u"/>
      </mapping>
      <functions>
        <morse-A id="V"><D0>0.4</D0><r0>2.9</r0><alpha>1.3</alpha><cutoff>5</cutoff>
          <fit-dof><alpha/></fit-dof></morse-A>
        <born-mayer id="rho"><A>5</A><rho>0.9</rho><cutoff>5</cutoff></born-mayer>
        <universal-embedding id="F"><F0>1.7</F0><eta>0.6</eta><rho0>2</rho0>
          <fit-dof><eta/></fit-dof></universal-embedding>
        <gaussian id="u"><prefactor>0.2</prefactor><eta>0.4</eta><mu>2</mu><cutoff>5</cutoff></gaussian>
      </functions>
    </adp>
    <meam id="M">
      <mapping>
        <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/>
        <f-function function="rho"/> <g-function function="g"/>
      </mapping>
      <functions>
        <morse-A id="V"><D0>0.2</D0><r0>2.9</r0><alpha>1.3</alpha><cutoff>5</cutoff></morse-A>
        <born-mayer id="rho"><A>5</A><rho>0.9</rho><cutoff>5</cutoff></born-mayer>
        <universal-embedding id="F"><F0>1.7</F0><eta>0.6</eta><rho0>20</rho0>
          <fit-dof><rho0/></fit-dof></universal-embedding>
        <user-function id="g"><input-var>c</input-var><expression>1+(c+1/3)^2</expression></user-function>
      </functions>
    </meam>"""

CONSTRAINTS = constrained(
    ("E.VAA.core.A", "900*{E.VAA.bond.D0}^2*exp({E.VAN.g.eta}) + {E.F.F0}"),
    ("E.VAN.wave.node[2].y", "{E.VAA:eval.3.5} + 1e-4*{E.VAA.core.A}"),
)

CASES = {
    "functions": (PAIRS.format(embedding=EMBEDDING), ""),
    "constraints": (PAIRS.format(embedding=EMBEDDING), CONSTRAINTS),
    "pairs alone": (PAIRS.format(embedding=""), ""),
    "kernels": (KERNELS, constrained(("LJ.sigma[NiNi]", "sqrt({LJ.sigma[AlAl]}*{LJ.sigma[AlNi]})"))),
    "bonds of some species": (BONDS, ""),
    "beside angular terms at rest": (ANGULAR, ""),
}


def along(columns, x, v, h):
    """The derivative of J v along v: central differences, extrapolated three times."""

    def slopes(x):
        return v @ columns(x)[1:]

    levels = [(slopes(x + h / 2**k * v) - slopes(x - h / 2**k * v)) / (2 * h / 2**k) for k in range(4)]
    for order in range(1, 4):
        levels = [(4**order * b - a) / (4**order - 1) for a, b in pairwise(levels)]
    return levels[0]


def direction(x):
    return np.random.default_rng(3).uniform(0.02, 0.1, len(x)) * np.maximum(np.abs(x), 0.3)


@pytest.mark.parametrize("case", CASES)
def test_of_predictions(tmp_path, case):
    model = Model(read(tmp_path, eam_job(*CASES[case], species=SPECIES)))
    assert model.is_exact
    geometry = model.geometry(find_neighbours(cells(symbols=SPECIES), [0, 1], 2, model.cutoff))
    x, v = model.start, direction(model.start)

    def columns(x):
        made = np.zeros((1 + model.n_free, geometry.n_rows(virials=True)))
        assert model.evaluate(geometry, x, made, virials=True) is None
        return made

    found = np.zeros((1, geometry.n_rows(virials=True)))
    assert model.second_derivative(geometry, x, v, found, virials=True) is None
    expected = along(columns, x, v, 0.2)
    n, n_forces = geometry.n_structures, geometry.n_structures + 3 * geometry.n_atoms
    for part in (slice(n), slice(n, n_forces), slice(n_forces, None)):
        # Measured 4e-13: rounding of differences of a Jacobian whose terms cancel.
        assert np.abs(found[0, part] - expected[part]).max() < 1e-11 * np.abs(expected[part]).max()
    # Of virials nothing is left out where they are not wanted.
    without = np.zeros((1, geometry.n_rows(virials=False)))
    model.second_derivative(geometry, x, v, without, virials=False)
    assert np.array_equal(without[0], found[0, :n_forces])


SPLINE = """
    <pair-potential id="S">
      <spline id="V"><cutoff>3.7</cutoff><derivative-right>0</derivative-right><derivative-left>-5</derivative-left>
        <nodes><node x="1.5" y="2" enabled="true"/><node x="2.5" y="-0.4" enabled="true"/>
          <node x="3.7" y="0" enabled="false"/></nodes></spline>
    </pair-potential>"""


def job_of(folder, potentials=MORSE, solver="", structures=""):
    """Return the path of a job on cells of silicon."""
    text = job_text(structures, potentials, f"<fitting><geodesic-lm {solver}/></fitting>")
    (folder / "si.h5").unlink(missing_ok=True)
    return write_job(folder, text)


def block_of(folder, potentials=MORSE, loss=None, workspace=None):
    k = np.arange(1.0, 5.0)
    factors = Factors(
        0.3 * k, np.where(k == 2, 0.0, 5 / k), 900.0 * k, roots=np.array([0.1 * k, 2.0 + k, 1 / k])
    )
    model = Model(plan_of(job_of(folder, potentials)).job)
    return BlockObjective(model, silicon(4), factors, [0], 1, loss, workspace), model.start


@pytest.mark.parametrize("loss", [None, RobustLoss("soft-l1", 0.7), RobustLoss("cauchy", 2.0)])
def test_of_residuals(tmp_path, loss):
    block, x = block_of(tmp_path, loss=loss)
    v = direction(x)
    expected = along(lambda x: block.linearise(x).copy(), x, v, 0.02 if loss is None else 5e-4)
    columns = block.linearise(x).copy()
    found = block.second_derivative(v, 0.1)
    # Measured 4e-11 with a loss, of which rows bend within a few steps, and 7e-13 without.
    assert np.abs(found - columns[1:] @ expected).max() < 1e-9 * np.abs(columns[1:] @ expected).max()
    # The difference along a shorter and shorter step comes to the same, in proportion to the step.
    block._is_exact = False
    errors = [np.abs(block.second_derivative(v, h) - found).max() for h in (4e-4, 2e-4)]
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.1)


def test_the_same_bits_without_a_kept_jacobian_and_whatever_was_asked_between(tmp_path):
    (kept, x), (stream, _) = block_of(tmp_path), block_of(tmp_path, workspace=Workspace())
    v = direction(x)
    answers = []
    for block in (kept, stream):
        block.linearise(x)
        block.cost(x + v)
        answers.append(block.second_derivative(v, 0.1).tobytes())
    assert answers[0] == answers[1]


def test_linear_functions_have_none(tmp_path):
    block, x = block_of(tmp_path, SPLINE)
    block.linearise(x)
    assert block.second_derivative(direction(x), 0.1).tolist() == [0.0] * len(x)
    bent, _ = block_of(tmp_path, SPLINE, loss=RobustLoss("cauchy", 1.0))
    bent.linearise(x)
    assert np.abs(bent.second_derivative(direction(x), 0.1)).min() > 0


def test_what_is_not_finite_is_told(tmp_path):
    block, x = block_of(tmp_path)
    block.linearise(x)
    with np.errstate(all="ignore"):
        assert np.isnan(block.second_derivative(np.full(len(x), 1e200), 0.1)).all()
    assert block.first_non_finite is not None


@pytest.mark.parametrize("potentials", [potential(), MORSE + potential(), aluminium(pair="")])
def test_others_have_none_that_is_known(tmp_path, potentials):
    plan = plan_of(job_of(tmp_path, potentials))
    assert plan.acceleration == "second derivatives from differences of residuals, h = 0.1"
    assert plan.compiled.second is None


def test_fixed_potentials_do_not_stand_in_the_way(tmp_path):
    fixed = potential(dof='<A enabled="false"/>')
    plan = plan_of(job_of(tmp_path, MORSE + fixed))
    assert plan.acceleration == "exact second derivatives"
    assert [second is None for second in plan.compiled.second] == [False, True]


LATTICE = """
    <diamond-lattice id="dia"><atom-type>Si</atom-type><lattice-parameter>5.4</lattice-parameter>
      <properties><atomic-energy fit="true" target="-4"/></properties></diamond-lattice>"""


def test_structures_keep_differences(tmp_path):
    plan = plan_of(job_of(tmp_path, structures=dataset_element() + LATTICE))
    assert plan.acceleration == (
        "exact second derivatives, but differences of residuals, h = 0.1, for structure 'dia'"
    )
    alone = plan_of(job_of(tmp_path, structures=LATTICE))
    assert alone.compiled.second is None and "from differences" in alone.acceleration


def test_fitted_derived_properties_keep_differences(tmp_path):
    plan = plan_of(job_of(tmp_path))
    forms = {form.name: form for form in potential_forms()}
    terms = [("b", "dia", "atomic-energy")]
    for fitted, others in (
        (True, ", but differences of residuals, h = 0.1, for derived property 'formation'"),
        (False, ""),
    ):
        one = derived("formation", "b + 4", terms, 0.0, fit=fitted)
        children = (*plan.job.structures.children, one)
        job = replace(plan.job, structures=replace(plan.job.structures, children=children))
        said = describe_acceleration(job, forms)
        assert said == f"exact second derivatives{others}"


def test_residual_functions_keep_differences(tmp_path):
    """The same difference from targets twice, once by a function of which nobody knows the second derivatives."""
    (tmp_path / "mine.py").write_text(
        "def mine(name, n, weight, prediction, reference, data):\n    return prediction - reference\n"
    )
    built = '<dataset id="a" file="si.h5"><residual-function name="forces" normalize-by-natoms="false"/></dataset>'
    own = dataset_element("", '<atomic-forces fit="true"/>', "b").replace(
        "<properties>", '<residual-function file="mine.py" name="mine"/><properties>'
    )
    path = job_of(tmp_path, structures=built + own)
    path.write_text(path.read_text().replace('weights="normalised"', 'weights="absolute"'))
    plan = run.prepare(lambda: run.read(str(path), allow_python=True), Serial())
    assert plan.acceleration.endswith(", for residual function of dataset 'b'")
    local = LocalObjective(plan)
    local.own(0, len(plan.blocks))
    x, n = local.model.start, len(plan.blocks) // 2

    def answers(h):
        for block in local.blocks:
            block.linearise(x)
        found = [block.second_derivative(direction(x), h) for block in local.blocks]
        return sum(found[:n]), sum(found[n:])

    (exact, wide), (again, narrow) = answers(0.1), answers(1e-4)
    assert np.array_equal(exact, again)
    errors = np.abs(wide - exact).max(), np.abs(narrow - exact).max()
    assert errors[1] < 2e-3 * errors[0] < 1e-3 * np.abs(exact).max()


@pytest.mark.parametrize("loss", ["soft-l1", "cauchy"])
def test_rows_of_residual_functions_have_the_robust_loss_of_the_job(tmp_path, loss):
    """The same rows by the kernels and by a function of Python, with one weight for all."""
    (tmp_path / "mine.py").write_text(
        "def mine(name, n, weight, prediction, reference, data):\n    return prediction - reference\n"
    )
    built = '<dataset id="a" file="si.h5"><residual-function name="forces" normalize-by-natoms="false"/></dataset>'
    own = dataset_element("", '<atomic-forces fit="true"/>', "b").replace(
        "<properties>", '<residual-function file="mine.py" name="mine"/><properties>'
    )
    path = job_of(tmp_path, structures=built + own)
    path.write_text(
        path.read_text().replace('weights="normalised"', f'weights="absolute" loss="{loss}" loss-scale="0.3"')
    )
    local = LocalObjective(run.prepare(lambda: run.read(str(path), allow_python=True), Serial()))
    local.own(0, len(local.plan.blocks))
    x, n = local.model.start, len(local.blocks) // 2
    for kernels, function in zip(local.blocks[:n], local.blocks[n:], strict=True):
        cost = kernels.cost(x)
        assert function.cost(x) == pytest.approx(cost, rel=1e-12)
        wanted, rows = kernels.linearise(x), function.linearise(x)
        assert rows[0] @ rows[0] == pytest.approx(cost, rel=1e-12)
        # The kernels' rows of energies are not fitted.
        assert rows[1:] @ rows[0] == pytest.approx(wanted[1:] @ wanted[0], rel=1e-10)


def test_what_the_job_insists_on_and_cannot_have(tmp_path):
    path = job_of(tmp_path, MORSE + potential(), 'second-derivative="exact"', dataset_element() + LATTICE)
    text = path.read_text()
    with pytest.raises(SharedError) as caught:
        plan_of(path)
    lines = [
        text[: text.index(f'<{element} id="')].count("\n") + 1
        for element in ("stillinger-weber", "diamond-lattice")
    ]
    assert str(caught.value).splitlines() == [
        f"{path}:{line}: no exact second derivatives of {what}, "
        'allowed second-derivative="auto" or "difference"'
        for line, what in zip(lines, ("potential 'SW'", "structure 'dia'"), strict=True)
    ]
    assert plan_of(job_of(tmp_path, MORSE, 'second-derivative="exact"')).compiled.second is not None


def test_a_step_that_nobody_takes_is_a_warning(tmp_path):
    (warning,) = plan_of(job_of(tmp_path, MORSE, 'h="0.2"')).warnings
    assert "h of <geodesic-lm> has no effect, second derivatives are exact, found 0.2" in warning
    assert plan_of(job_of(tmp_path, MORSE, 'h="0.2" second-derivative="difference"')).warnings == ()
    assert plan_of(job_of(tmp_path, potential(), 'h="0.2"')).warnings == ()


def test_both_ways_end_at_the_same_minimum(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ends = {}
    for choice in ("auto", "exact", "difference"):
        job, log = job_of(tmp_path, solver=f'second-derivative="{choice}"'), io.StringIO()
        assert run.fit(str(job), f"{choice}.h5", False, Serial(), log).startswith("converged")
        state = ends[choice] = load(f"{choice}.h5").state
        said = [line for line in log.getvalue().splitlines() if line.startswith("steps ")]
        assert len(said) == 1 and ("from differences" in said[0]) is (choice == "difference")
        assert state.n_second_derivatives >= state.iteration > 2
    assert np.array_equal(ends["auto"].x, ends["exact"].x)
    assert not np.array_equal(ends["exact"].x, ends["difference"].x)
    # As near as the gradient's tolerance of 1e-5 brings both.
    assert ends["exact"].x == pytest.approx(ends["difference"].x, rel=1e-5)
    assert ends["exact"].cost == pytest.approx(ends["difference"].cost, rel=1e-9)
