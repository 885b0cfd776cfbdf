import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.objective.compiled import compile_job
from hpcfit.objective.model import Model
from hpcfit.potential.library import Geometry
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations
from tests.helpers.eam_jobs import aluminium, cells, columns, constrained, eam_job, read
from tests.helpers.small_jobs import LENNARD_JONES, potential, sealed

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference" / "atomicrex.md"

#: Two species, every role with functions of its own, nested ones, and every kind of function but splines.
ALLOY = """
    <eam id="E">
      <mapping>
        <pair-interaction species-a="Al" species-b="Al" function="VAA"/>
        <pair-interaction species-a="Al" species-b="Ni" function="VAN"/>
        <electron-density function="rho"/>
        <electron-density species-a="Al" species-b="Ni" function="rhoAN"/>
        <embedding-energy species="Al" function="F"/>
        <embedding-energy species="Ni" function="FN"/>
      </mapping>
      <functions>
        <sum id="VAA">
          <morse-A id="bond"><D0>0.4</D0><r0>2.9</r0><alpha>1.3</alpha><cutoff>6</cutoff>
            <fit-dof><D0 transform="log"/><r0 min="2" max="4" transform="logit"/></fit-dof>
            <screening><XpowN-cutoff id="s"><cutoff>6</cutoff><fit-dof><h/></fit-dof></XpowN-cutoff></screening>
          </morse-A>
          <born-mayer id="core"><A>900</A><rho>0.3</rho><cutoff>4</cutoff><fit-dof><A/></fit-dof></born-mayer>
        </sum>
        <buckingham id="VAN"><A>1200</A><rho>0.28</rho><C>9</C><cutoff>5</cutoff>
          <fit-dof><C/><rho/></fit-dof></buckingham>
        <product id="rho">
          <constant id="factor"><const>1.5</const><fit-dof><const/></fit-dof></constant>
          <gaussian id="g"><prefactor>1</prefactor><eta>0.4</eta><mu>0.3</mu><cutoff>5.5</cutoff>
            <fit-dof><eta/></fit-dof></gaussian>
        </product>
        <user-function id="rhoAN"><input-var>x</input-var><expression>(cutoff-x)^3*k</expression>
          <param name="k">0.01</param><cutoff>5</cutoff><fit-dof><k/></fit-dof></user-function>
        <sqrt-embedding id="F"><D>1.7</D><fit-dof><D/></fit-dof></sqrt-embedding>
        <poly id="FN"><coefficients><coeff n="1" value="-0.5"/><coeff n="2" value="0.1"/></coefficients></poly>
      </functions>
    </eam>"""


def _step(model, k):
    return 1e-4 * max(0.1, abs(model.start[k]))


def differences(model, configurations, k):
    """The derivative of values by variable k: central differences, extrapolated once (error of order h^4)."""
    h = _step(model, k)
    estimates = []
    for step in (h, 2 * h):
        ends = []
        for sign in (1, -1):
            x = model.start.copy()
            x[k] += sign * step
            ends.append(columns(model, configurations, x, derivatives=False)[0])
        estimates.append((ends[0] - ends[1]) / (2 * step))
    return (4 * estimates[0] - estimates[1]) / 3


def check_derivatives(model, configurations):
    exact = columns(model, configurations, model.start, derivatives=True)
    plain = columns(model, configurations, model.start, derivatives=False)[0]
    np.testing.assert_allclose(exact[0], plain, rtol=1e-12, atol=1e-12 * np.abs(plain).max())
    for k in range(model.n_free):
        numeric = differences(model, configurations, k)
        # The differences' own error, from the fifth derivative and from rounding of values over the step.
        rounding = 1e-15 * np.abs(plain).max() / _step(model, k)
        atol = 1e-8 * np.abs(numeric).max() + rounding
        np.testing.assert_allclose(exact[k + 1], numeric, rtol=1e-7, atol=atol)
        assert np.abs(numeric).max() > 0


def test_atomicrex_reference_case(tmp_path):
    if not REFERENCE.exists():
        pytest.skip("../shared/reference is not there")
    text = REFERENCE.read_text().split("## Appendix: T4")[1]
    rows = np.array(
        [[float(word) for word in line.split()] for line in re.findall(r"^\s*\d+\s+-?\d.*$", text, re.M)]
    )
    model = Model(read(tmp_path, eam_job()))
    one = np.zeros(1)
    configuration = Configurations(
        symbols=("Al",),
        groups=("",),
        ptr=np.array([0, 108]),
        cell=12.15 * np.eye(3)[None],
        pbc=np.ones((1, 3), dtype=bool),
        energy=one,
        stress=np.zeros((1, 6)),
        mask=np.zeros(1, np.uint8),
        group=np.zeros(1, np.int32),
        weight=one + 1,
        id=np.zeros((1, 16), np.uint8),
        species=np.zeros(108, np.int32),
        position=rows[:, 1:4],
        force=np.zeros((108, 3)),
    )
    values = columns(model, configuration, model.start, derivatives=False)[0]
    # The positions have eight decimals.
    assert values[0] == pytest.approx(-406.2048673321, abs=2e-7)
    # The listed forces have six decimals.
    np.testing.assert_allclose(values[1:325].reshape(108, 3), rows[:, 4:7], rtol=0, atol=6e-7)


def test_derivatives_of_an_alloy_with_transforms(tmp_path):
    job = read(tmp_path, eam_job(ALLOY, species=("Al", "Ni")))
    assert job.warnings == ()
    check_derivatives(Model(job), cells(symbols=("Al", "Ni")))


def test_derivatives_with_constraints(tmp_path):
    constraints = constrained(
        ("E.VAA.core.A", "100*{E.VAA.bond.D0}^2 + {E.FN.coeff[2]}"),
        # A dependent one that follows from a dependent one and from values of functions, nested ones too.
        ("E.FN.coeff[2]", "0.1 + {E.rho:eval.2.75}*{E.VAA.bond.s:eval.3} - {E.VAN:eval.3.5} + sqrt({E.F.D})"),
    )
    job = read(tmp_path, eam_job(ALLOY, constraints, species=("Al", "Ni")))
    assert [c.dependent for c in job.constraints] == ["E.FN.coeff[2]", "E.VAA.core.A"]
    model = Model(job)
    values = dict(zip([p.path for p in job.parameters], model.variables.parameters(model.start), strict=True))
    screening = (3 - 6.0) ** 4 / (1 + (3 - 6.0) ** 4)
    buckingham = 1200 * np.exp(-3.5 / 0.28) - 9 / 3.5**6
    density = 1.5 * np.exp(-0.4 * (2.75 - 0.3) ** 2)
    assert values["E.FN.coeff[2]"] == pytest.approx(
        0.1 + density * screening - buckingham + np.sqrt(1.7), rel=1e-13
    )
    assert values["E.VAA.core.A"] == pytest.approx(100 * 0.4**2 + values["E.FN.coeff[2]"], rel=1e-13)
    assert "E.VAA.core.A" not in [p.path for p in job.free]
    check_derivatives(model, cells(symbols=("Al", "Ni")))


def test_functions_beyond_their_cutoff_vanish_in_constraints(tmp_path):
    constraints = constrained(("E.VAA.core.A", "7 + {E.VAN:eval.5.0001}"))
    model = Model(read(tmp_path, eam_job(ALLOY, constraints, species=("Al", "Ni"))))
    assert 7.0 in model.variables.parameters(model.start)


def test_superposition_of_built_and_fixed_potentials(tmp_path):
    together = Model(read(tmp_path, eam_job(aluminium() + LENNARD_JONES + potential())))
    alone = [Model(read(tmp_path, eam_job(text))) for text in (aluminium(), LENNARD_JONES, potential())]
    configurations = cells()
    whole = columns(together, configurations, together.start, derivatives=True)
    parts = [columns(model, configurations, model.start, derivatives=True) for model in alone]
    np.testing.assert_allclose(whole[0], sum(part[0] for part in parts), rtol=1e-12, atol=1e-12)
    # With other cut-offs neighbours come in another order.
    np.testing.assert_allclose(
        whole[1:], np.concatenate([part[1:] for part in parts]), rtol=1e-12, atol=1e-11
    )
    assert together.cutoff == 6.5


def test_pair_potential_is_an_eam_without_density(tmp_path):
    """Lennard-Jones as a function and as a kernel of its own."""
    built = """<pair-potential id="LJ"><lennard-jones id="V"><sigma>2</sigma><epsilon>0.01</epsilon>
        <cutoff>3.5</cutoff><fit-dof><sigma/><epsilon/></fit-dof></lennard-jones></pair-potential>"""
    models = [Model(read(tmp_path, eam_job(text))) for text in (built, LENNARD_JONES)]
    first, second = (columns(model, cells(), model.start, derivatives=True) for model in models)
    np.testing.assert_allclose(first, second, rtol=1e-11, atol=1e-12 * np.abs(second).max())


def test_splines_in_dipoles_beside_an_energy_per_atom(tmp_path):
    """Splines as density and embedding, of which a constraint takes a value, and a potential without a cut-off."""
    angular = """
    <adp id="P">
      <mapping>
        <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/>
        <u-function function="u"/> <w-function function="w"/>
      </mapping>
      <functions>
        <morse-A id="V"><D0>0.4</D0><r0>2.9</r0><alpha>1.3</alpha><cutoff>5</cutoff><fit-dof><D0/></fit-dof></morse-A>
        <spline id="rho"><cutoff>5</cutoff>
          <nodes><node x="2" y="0.9"/><node x="2.6" y="0.5"/><node x="3.5" y="0.2"/><node x="5" y="0"/></nodes>
          <derivative-left>-0.8</derivative-left> <derivative-right>0</derivative-right></spline>
        <spline id="F"><nodes><node x="0" y="0"/><node x="1" y="-0.8"/><node x="4" y="-1.5"/></nodes>
          <derivative-left>-1</derivative-left> <derivative-right>0.2</derivative-right></spline>
        <gaussian id="u"><prefactor>0.2</prefactor><eta>0.4</eta><mu>2</mu><cutoff>5</cutoff>
          <fit-dof><eta/></fit-dof></gaussian>
        <gaussian id="w"><prefactor>0.1</prefactor><eta>0.5</eta><mu>2</mu><cutoff>5</cutoff>
          <fit-dof><mu/></fit-dof></gaussian>
      </functions>
    </adp>
    <one-body id="O"><energy>-1.5</energy><fit-dof><energy/></fit-dof></one-body>"""
    constraints = constrained(("P.u.prefactor", "0.4*{P.rho:eval.2.5}"))
    model = Model(read(tmp_path, eam_job(angular, constraints)))
    assert model.cutoff == 5
    configurations = cells()
    check_derivatives(model, configurations)
    exact = columns(model, configurations, model.start, derivatives=True)
    n, by_energy = len(configurations), exact[-1]
    assert by_energy[:n].tolist() == np.diff(configurations.ptr).tolist()
    assert not by_energy[n:].any()


def test_dependent_parameter_out_of_its_range_is_not_finite(tmp_path):
    constraints = constrained(("SW.sigma", "{SW.gamma} - 2"))
    job = read(tmp_path, eam_job(potential(dof="<A/><gamma/>"), constraints))
    model, configurations = Model(job), cells()
    geometry = Geometry(find_neighbours(configurations, [0], 1, model.cutoff))
    made = np.zeros((1, geometry.n_rows(virials=False)))
    trouble = model.evaluate(geometry, model.start, made, virials=False)
    assert trouble.message == "SW.sigma out of range, found -0.5, allowed 0.001 .. inf"
    assert np.isnan(made).all()
    assert model.evaluate(geometry, model.start + 1, made, virials=False) is None


def test_workers_need_no_sympy(tmp_path):
    """The root compiles; a rank that was sent the programs must not import SymPy, which takes a second."""
    constraints = constrained(("EAM.F.D", "{EAM.V.A}/60"))
    job = read(tmp_path, eam_job(aluminium(density=""), constraints))
    code = (
        "import pickle, sys; job, compiled = pickle.load(open(sys.argv[1], 'rb'));"
        "from hpcfit.objective.model import Model; model = Model(job, compiled);"
        "model.variables.jacobian(model.start); model.variables.along(model.start, model.start);"
        "assert model.is_exact and 'sympy' not in sys.modules"
    )
    path = tmp_path / "job.pickle"

    path.write_bytes(pickle.dumps((job, compile_job(job))))
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False, cwd=root)
    assert done.returncode == 0


def test_wrong_derivative_of_a_user_is_a_warning(tmp_path):
    right = read(tmp_path, eam_job())
    assert compile_job(right).warnings == ()
    wrong = read(
        tmp_path, eam_job(aluminium().replace("-lambda*A*exp(-lambda*r)", "-lambda*A*exp(-lambda*r) + 1"))
    )
    (warning,) = compile_job(wrong).warnings
    assert warning.startswith(
        f"{wrong.path}: derivative of EAM.V differs from that of its expression and is not used, found"
    )


def test_formula_that_cannot_be_compiled_is_a_fault(tmp_path):
    # Its syntax is right; that it divides by zero shows when it is differentiated.
    job = read(tmp_path, eam_job(aluminium().replace("-D*sqrt(rho)", "-D/(rho-rho)")))
    with pytest.raises(InputError, match=r"job.xml: function 'F' of EAM: .*formula"):
        compile_job(job)


def test_embedding_beyond_its_cutoff_is_zero(tmp_path):
    """A cut-off of a function of the density is obeyed, not ignored."""
    text = aluminium()
    cut = text.replace(
        "<expression> -D*sqrt(rho) </expression>",
        "<expression>-D*sqrt(rho)</expression><cutoff>1e-9</cutoff>",
    )
    bare = text.replace('<embedding-energy species="*" function="F"/>', "")
    cut_values, bare_values = (
        columns(model, cells(), model.start, derivatives=False)
        for model in (Model(read(tmp_path, eam_job(changed))) for changed in (cut, bare))
    )
    np.testing.assert_array_equal(cut_values, bare_values)


def test_isolated_atoms_have_finite_derivatives(tmp_path):
    """The slope of the square root is infinite where there is no density."""
    configurations = cells(1)
    far = sealed(replace(configurations, pbc=np.zeros((1, 3), bool)), position=10 * configurations.position)
    model = Model(read(tmp_path, eam_job()))
    assert np.isfinite(columns(model, far, model.start, derivatives=True)).all()
