"""Potentials in Python are those of jobs: values, degrees of freedom, relations, XML both ways."""

import subprocess
import sys

import numpy as np
import pytest

import hpcfit
from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import ReadOptions
from tests.helpers import small_jobs

EAM = """
<eam id="EAM">
  <mapping>
    <pair-interaction species-a="*" species-b="*" function="V"/>
    <electron-density species-a="*" species-b="*" function="rho"/>
    <embedding-energy species="*" function="F"/>
  </mapping>
  <functions>
    <morse-A id="V"><D0>0.4</D0> <r0>2.9</r0> <alpha>1.3</alpha> <cutoff>4</cutoff> <fit-dof><D0/></fit-dof></morse-A>
    <user-function id="rho">
      <input-var>r</input-var> <expression>exp(-b*r)</expression> <param name="b">1.14</param> <cutoff>4</cutoff>
    </user-function>
    <poly id="F">
      <coefficients><coeff n="1" value="0.5" enabled="false"/><coeff n="2" value="0.1"/></coefficients>
    </poly>
  </functions>
</eam>"""


def eam():
    return hpcfit.Potential.from_xml(EAM, ["Si"])


def parameters(*potentials, species=("Si",)):
    """Return the parameters by path, as a job with these potentials has them."""
    text = small_jobs.job_text(
        "<dataset id='d' file='x'><properties/></dataset>", "".join(potentials), species=species
    )
    job = read_job("x.xml", catalogue(), ReadOptions(structures=False, in_memory=True), text)
    return {parameter.path: parameter for parameter in job.parameters}


def test_bonds_between_two_species():
    values = {"sigma": 2.0, "epsilon": 0.1, "cutoff": 4.0}
    seen = hpcfit.Potential("lennard-jones", ["Si", "C"], "P", between=("C", "*"), **values)
    assert 'species-a="C"' in seen.to_xml() and "species-b" not in seen.to_xml()
    assert "P.sigma[SiSi]" not in parameters(seen.to_xml(), species=("Si", "C"))
    assert "P.sigma[SiC]" in parameters(seen.to_xml(), species=("Si", "C"))


def test_ways_to_say_what_is_free(potential):
    found = parameters(potential.to_xml())
    assert [p.path for p in found.values() if p.free] == ["SW.A", "SW.B", "SW.gamma"]
    a, b = found["SW.A"], found["SW.B"]
    assert (a.start, a.minimum, a.maximum) == (5.0, 1.0, 20.0)
    assert (b.start, b.minimum, b.maximum) == (0.6022245584, -np.inf, np.inf)
    assert found["SW.lambda"].start == 45.5322


def test_as_kliff_writes_it(potential):
    other = hpcfit.Potential("stillinger-weber", species=["Si"])
    other.fit(A=[[5.0, 1.0, 20]], B=[["default"]], sigma=[[2.0951, "fix"]], gamma=[[1.5]])
    assert parameters(other.to_xml()) == parameters(potential.to_xml())


def test_numbers_of_numpy(potential):
    other = hpcfit.Potential("stillinger-weber", species=["Si"])
    start = np.float32(5.0), np.int64(1), np.float64(20.0)
    other.fit(A=start, B="default", sigma=(2.0951, "fix"), gamma=np.float32(1.5))
    assert parameters(other.to_xml()) == parameters(potential.to_xml())


def test_transforms_and_second_thoughts(potential):
    potential.fit(
        A=hpcfit.Free(minimum=2.0, maximum=30.0, transform="logit"), gamma=("default", "fix"), lambda_=40
    )
    found = parameters(potential.to_xml())
    assert (found["SW.A"].start, found["SW.A"].transform, found["SW.A"].maximum) == (5.0, "logit", 30.0)
    assert not found["SW.gamma"].free and found["SW.gamma"].start == 1.5
    assert found["SW.lambda"].free and found["SW.lambda"].start == 40.0


def test_combinations_of_species():
    lj = hpcfit.Potential(
        "lennard-jones", ["Si", "C"], "LJ", sigma={"SiSi": 2.0, "SiC": 1.8, "CC": 1.6}, epsilon=0.1, cutoff=4
    )
    lj.fit(sigma={"SiC": (1.9, 1.0, 3.0), "CC": "default"}, epsilon="default")
    lj.fit(epsilon={"CC": (0.2, "fix")})
    found = parameters(lj.to_xml(), species=("Si", "C"))
    free = {path: p.start for path, p in found.items() if p.free}
    assert free == {
        "LJ.sigma[SiC]": 1.9,
        "LJ.sigma[CC]": 1.6,
        "LJ.epsilon[SiSi]": 0.1,
        "LJ.epsilon[SiC]": 0.1,
    }
    assert found["LJ.epsilon[CC]"].start == 0.2 and found["LJ.sigma[SiSi]"].start == 2.0


def test_one_species_may_be_named(potential):
    potential.fit(A={"SiSi": (6.0, 1.0, 20.0)}, lambda_={"SiSiSi": 41.0})
    potential.fit(lambda_={"SiSiSi": 42.0})
    found = parameters(potential.to_xml())
    assert (found["SW.A"].start, found["SW.A"].minimum, found["SW.lambda"].start) == (6.0, 1.0, 42.0)


def test_functions():
    made = eam()
    made.fit(**{"V.r0": (3.0, 2.0, 4.0), "V.D0": "default", "rho.b": 1.2, "F.coeff[1]": (0.6, 0.0, 1.0)})
    made.fit(**{"F.coeff[2]": ("default", "fix")})
    found = parameters(made.to_xml())
    free = {path: (p.start, p.maximum) for path, p in found.items() if p.free}
    expected = {
        "EAM.V.D0": (0.4, np.inf),
        "EAM.V.r0": (3.0, 4.0),
        "EAM.rho.b": (1.2, np.inf),
        "EAM.F.coeff[1]": (0.6, 1.0),
    }
    assert free == expected
    again = made.started_at({"EAM.V.D0": 0.7, "EAM.F.coeff[1]": 0.9, "SW.A": 3.0})
    assert parameters(again.to_xml())["EAM.V.D0"].start == 0.7
    assert parameters(again.to_xml())["EAM.F.coeff[1]"].start == 0.9
    assert parameters(made.to_xml())["EAM.V.D0"].start == 0.4


def test_xml_is_a_potential_wherever_one_is_built(potential, data):
    expected = hpcfit.Loss(hpcfit.Calculator(potential, data)).residual()
    for same in (potential.to_xml(), hpcfit.Potential.from_xml(potential.to_xml(), ["Si"])):
        assert hpcfit.Loss(hpcfit.Calculator(same, data)).residual().tobytes() == expected.tobytes()


def test_files_and_numbers(potential, data, folder):
    potential.constrain("SW.lambda", 40)
    (folder / "SW.xml").write_text(potential.to_xml())
    assert hpcfit.Loss(hpcfit.Calculator(folder / "SW.xml", data)).start.tolist() == [5.0, 0.6022245584, 1.5]
    assert hpcfit.Loss(hpcfit.Calculator(potential, data)).parameters()["SW.lambda"] == 40.0


def test_a_job_gives_its_potential_with_relations(data, folder):
    relation = (
        "<parameter-constraints><constraint id='c' dependent-dof='SW.lambda'><expression>9.1*{SW.A}</expression>"
        "</constraint></parameter-constraints>"
    )
    text = small_jobs.job_text(
        potentials=small_jobs.potential() + "</potentials>" + relation + "<potentials>"
    )
    text = text.replace("<potentials>\n  </potentials>", "")
    (folder / "job.xml").write_text(text)
    from_job = hpcfit.Potential.from_xml("job.xml")
    assert from_job.species == ("Si",)
    loss = hpcfit.Loss(hpcfit.Calculator(from_job, data))
    assert loss.parameters([6.0, 0.6, 1.5])["SW.lambda"] == 9.1 * 6.0
    other = hpcfit.Potential.from_xml(small_jobs.potential(), ["Si"])
    other.constrain("SW.lambda", "9.1*{SW.A}")
    assert hpcfit.Loss(hpcfit.Calculator(other, data)).residual().tobytes() == loss.residual().tobytes()


def test_logarithms_are_what_is_varied(potential, data):
    potential.fit(A=hpcfit.Free(transform="log"))
    loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
    assert loss.start[0] == np.log(5.0)
    result = loss.minimize(verbosity="none")
    assert result.x[0] == pytest.approx(np.log(result.parameters["SW.A"]), rel=1e-14)
    assert result.standard_errors["SW.A"] > 0 and np.isnan(result.standard_errors["SW.p"])
    assert result.covariance.shape == (3, 3) and str(result).startswith("converged: ")


def test_where_a_fit_has_ended_another_starts(potential, data):
    result = hpcfit.Loss(hpcfit.Calculator(potential, data)).minimize(verbosity="none")
    again = hpcfit.Loss(hpcfit.Calculator(result.potential(potential), data))
    assert again.start.tobytes() == result.x.tobytes()
    assert again.loss() == result.fun


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (
            lambda p: hpcfit.Potential("stillinger-webber", ["Si"]),
            "unknown form, .*nearest stillinger-weber",
        ),
        (
            lambda p: hpcfit.Potential("edip", "Si"),
            r"species must be a list of symbols, found 'Si', allowed \['Si'\]",
        ),
        (lambda p: hpcfit.Potential("edip", ["Si"], A="a"), "Potential edip: A: not a number, found 'a'"),
        (lambda p: p.fit(A=hpcfit.Free("x")), r"fit\(A=...\): not a number, found 'x'"),
        (lambda p: hpcfit.Potential("edip", []), "Potential: no species, allowed one or more"),
        (
            lambda p: hpcfit.Potential("eam", ["Si"]),
            "eam is built from functions, allowed Potential.from_xml",
        ),
        (lambda p: hpcfit.Potential("edip", ["Si"], a=1.0), "Potential edip: no such parameter, found a"),
        (lambda p: p.fit(gama=1.0), "Potential SW: no such parameter, found gama, .*nearest gamma"),
        (
            lambda p: p.fit(A=(1.0, 2.0)),
            r"fit\(A=...\): cannot be understood, found \(1.0, 2.0\), allowed start",
        ),
        (lambda p: p.fit(A="free", B=None), r"fit\(A=...\): .*\n.*fit\(B=...\)"),
        (
            lambda p: hpcfit.Potential.from_xml(EAM, ["Si"]).fit(**{"W.D0": 1}),
            "no such function, found W, allowed EAM, V",
        ),
        (
            lambda p: hpcfit.Potential.from_xml(EAM, ["Si"]).fit(**{"V.D": 1}),
            "no such parameter, found V.D, allowed D0",
        ),
        (lambda p: hpcfit.Potential.from_xml("<a><b></a>"), "XML: cannot be read as XML"),
        (lambda p: hpcfit.Potential.from_xml("<potentials/>"), "number of potentials, found 0"),
        (lambda p: hpcfit.Potential.from_xml("missing.xml"), "missing.xml: cannot be read"),
    ],
)
def test_faults(work, message, potential):
    before = potential.to_xml()
    with pytest.raises(InputError, match=message):
        work(potential)
    assert potential.to_xml() == before


def test_faults_of_values_come_with_their_line(potential, data):
    potential.fit(A=(5.0, 6.0, 20.0))
    with pytest.raises(InputError, match=r"Loss.to_xml\(\):\d+: bounds exclude the start of SW.A, found 5.0"):
        hpcfit.Loss(hpcfit.Calculator(potential, data))


def test_importing_is_fast():
    code = "import hpcfit, sys; print([m for m in ('numpy', 'ase', 'mpi4py', 'lxml') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert {"Loss", "Potential", "energy_residual"} <= set(dir(hpcfit))
    with pytest.raises(AttributeError, match="has no attribute 'Los'"):
        hpcfit.Los  # noqa: B018
