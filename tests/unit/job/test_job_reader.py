import dataclasses
import hashlib
import math
import pickle

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.records import (
    AbsoluteWeights,
    DatasetSource,
    FittedProperty,
    Fitting,
    GeodesicOptions,
    Group,
    Parameter,
    Potential,
)
from hpcfit.solver.rules import RULES
from hpcfit.units import GPA
from tests.helpers.small_jobs import known

SILICON = """<?xml version="1.0"?>
<job>
  <name>KLIFF
    silicon</name>
  <!-- a comment, and blocks in free order -->
  <structures weights="absolute">
    <group id="g">
      <dataset id="si" file="si.h5" select="group=NVT_*" energy-weight="1" forces-weight="0.1"
               stress-weight="0" normalize-by-natoms="TRUE">
        <properties>
          <total-energy fit="true"/> <atomic-forces fit=" True "/> <stress/>
        </properties>
      </dataset>
      <group id="inner"/>
    </group>
    <dataset id="more" file="more/sic.h5"><properties><atomic-energy fit="true"/></properties></dataset>
  </structures>
  <potentials>
    <stillinger-weber id="SW" species-a="*" species-b="*">
      <A>15.2848479197914</A> <B>0.60<!-- -->22245584</B> <p>4</p> <q>0</q> <sigma>2.0951</sigma>
      <cutoff>3.77118</cutoff> <lambda tag="SiSiSi">45.5322</lambda>
      <costheta0>
        -0.333333333333333
      </costheta0>
      <fit-dof>
        <A start="5.0" min="1" max="20"/><B/><gamma start="1.5"/><lambda enabled="false" min="1e1"/>
      </fit-dof>
    </stillinger-weber>
  </potentials>
  <fitting enabled="true" blocks="16" checkpoint-interval="2">
    <geodesic-lm max-iter="50" max-evaluations="60" damping="delayed-gratification" initial-damping="1" damping-up="1.5"
                 damping-down="3" alpha="0.5" h="0.2" restart="False" bold="2" goal="1e-3" max-time="3600"
                 angle-tolerance="0" step-tolerance="1e-8" cost-tolerance="1e-9"/>
  </fitting>
  <atom-types><species> Si </species></atom-types>
</job>
"""

NORMALISED = """<job>
  <atom-types><species>Si</species></atom-types>
  <potentials>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff></lennard-jones>
  </potentials>
  <structures{mode}>
    <group id="g" relative-weight="2">
      <dataset id="si" file="si.h5" relative-weight="0.5">
        <properties>
          <total-energy fit="true"/><atomic-energy/>
          <atomic-forces fit="true" relative-weight="3" tolerance="0.02"/>
          <stress fit="true" tolerance="4"/>
        </properties>
      </dataset>
      <dataset id="t" file="si.h5" select="all"><properties><stress/></properties></dataset>
    </group>
  </structures>
</job>
"""

SILICON_CARBIDE = """<job>
  <atom-types><species>Si</species><species>C</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <potentials>
    <stillinger-weber id="SW">
      <A>1</A><A tag="CSi">2</A>
      <B tag="SiSi">3</B><B tag="SiC">4</B><B tag="CC">5</B>
      <p>4</p><q>0</q><sigma>2</sigma><gamma>1</gamma><cutoff>3.7</cutoff>
      <lambda>10</lambda><lambda tag="CSiSi">11</lambda><lambda tag="SiCSi">12</lambda>
      <costheta0>-0.5</costheta0>
      <fit-dof>
        <A tag="CC"/>
        <lambda min="1" max="30"/><lambda tag="CCC" start="20" enabled="false"/>
      </fit-dof>
    </stillinger-weber>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff></lennard-jones>
  </potentials>
  <structures>
    <dataset id="d" file="more/sic.h5"><properties><stress fit="true"/></properties></dataset>
  </structures>
</job>
"""


def _read(folder, forms, functions, text):
    path = folder / "first-fit.xml"
    path.write_text(text)
    return read_job(path, known(forms, functions))


DELAYED = GeodesicOptions(
    max_iter=50,
    max_evaluations=60,
    max_time=3600.0,
    damping="delayed-gratification",
    initial_damping=1.0,
    damping_up=1.5,
    damping_down=3.0,
    alpha=0.5,
    h=0.2,
    restart=False,
    bold=2,
    goal=1e-3,
    angle_tolerance=0.0,
    step_tolerance=1e-8,
    cost_tolerance=1e-9,
)


def _fixed(path, unit, value):
    return Parameter(path, unit, value, -math.inf, math.inf, False)


def test_absolute_job_to_the_last_field(folder, forms, functions):
    job = _read(folder, forms, functions, SILICON)
    assert (job.path, job.text) == (str(folder / "first-fit.xml"), SILICON)
    assert job.hash == hashlib.sha256(SILICON.encode()).hexdigest()
    assert (job.name, job.species, job.absolute) == ("KLIFF silicon", ("Si",), True)
    assert job.fitting == Fitting(
        solver=DELAYED,
        blocks=16,
        checkpoint_interval=2,
    )
    assert job.potentials == (
        Potential(
            "SW",
            "stillinger-weber",
            (
                Parameter("SW.A", "eV", 5.0, 1.0, 20.0, True),
                Parameter("SW.B", "1", 0.6022245584, -math.inf, math.inf, True),
                _fixed("SW.p", "1", 4.0),
                _fixed("SW.q", "1", 0.0),
                _fixed("SW.sigma", "A", 2.0951),
                Parameter("SW.gamma", "A", 1.5, -math.inf, math.inf, True),
                _fixed("SW.cutoff", "A", 3.77118),
                Parameter("SW.lambda", "eV", 45.5322, 10.0, math.inf, False),
                _fixed("SW.costheta0", "1", -0.333333333333333),
            ),
            line=19,
        ),
    )
    silicon = DatasetSource(
        id="si",
        file="si.h5",
        path=str(folder / "si.h5"),
        line=8,
        select="group=NVT_*",
        relative_weight=1.0,
        properties=(
            FittedProperty("total-energy", True, 1.0, 1.0),
            FittedProperty("atomic-forces", True, 1.0, 1.0),
            FittedProperty("stress", False, 1.0, 1.0),
        ),
        absolute=AbsoluteWeights(energy=1.0, forces=0.1, stress=0.0, normalize_by_natoms=True),
    )
    more = DatasetSource(
        id="more",
        file="more/sic.h5",
        path=str(folder / "more" / "sic.h5"),
        line=16,
        select="",
        relative_weight=1.0,
        properties=(FittedProperty("atomic-energy", True, 1.0, 1.0),),
        absolute=AbsoluteWeights(energy=1.0, forces=1.0, stress=0.0, normalize_by_natoms=False),
    )
    group = Group("g", 1.0, (silicon, Group("inner", 1.0, ())))
    assert job.structures == Group("structures", 1.0, (group, more))
    assert pickle.loads(pickle.dumps(job)) == job


@pytest.mark.parametrize("mode", ["", ' weights="normalised"', ' weights=" normalized "'])
def test_normalised_weights_and_tolerances(folder, forms, functions, mode):
    job = _read(folder, forms, functions, NORMALISED.format(mode=mode))
    assert (job.name, job.fitting, job.absolute) == ("first-fit", None, False)
    (group,) = job.structures.children
    assert (group.id, group.relative_weight) == ("g", 2.0)
    first, second = job.datasets
    assert (first.relative_weight, first.absolute, second.relative_weight) == (0.5, None, 1.0)
    assert first.properties == (
        FittedProperty("total-energy", True, 1.0, 0.2),
        FittedProperty("atomic-energy", False, 1.0, 0.01),
        FittedProperty("atomic-forces", True, 3.0, 0.02),
        FittedProperty("stress", True, 1.0, 4.0 * GPA),
    )
    assert second.properties == (FittedProperty("stress", False, 1.0, 2.0 * GPA),)


def test_tags_override_what_has_no_tag(folder, forms, functions):
    job = _read(folder, forms, functions, SILICON_CARBIDE)
    table = {parameter.path: parameter for parameter in job.parameters}
    assert list(table)[:6] == ["SW.A[SiSi]", "SW.A[SiC]", "SW.A[CC]", "SW.B[SiSi]", "SW.B[SiC]", "SW.B[CC]"]
    assert [p.start for p in job.parameters[:6]] == [1.0, 2.0, 1.0, 3.0, 4.0, 5.0]
    lambdas = [p for p in job.parameters if p.path.startswith("SW.lambda")]
    tags = ["SiSiSi", "SiSiC", "SiCC", "CSiSi", "CSiC", "CCC"]
    assert [p.path for p in lambdas] == [f"SW.lambda[{tag}]" for tag in tags]
    assert [p.start for p in lambdas] == [10.0, 12.0, 10.0, 11.0, 10.0, 20.0]
    assert [p.free for p in lambdas] == [True] * 5 + [False]
    assert (lambdas[0].minimum, lambdas[0].maximum, lambdas[5].maximum) == (1.0, 30.0, math.inf)
    assert [p.path for p in job.free if ".A" in p.path] == ["SW.A[CC]"]
    assert [p.path for p in job.potentials[1].parameters][:3] == [
        "LJ.sigma[SiSi]",
        "LJ.sigma[SiC]",
        "LJ.sigma[CC]",
    ]
    assert job.fitting == Fitting(GeodesicOptions(), None, 1)


def test_disabled_fitting_is_none(folder, forms, functions):
    text = SILICON.replace('<fitting enabled="true"', '<fitting enabled="False"')
    assert _read(folder, forms, functions, text).fitting is None


def test_path_is_relative_to_the_job_and_not_to_the_process(folder, forms, functions, monkeypatch):
    (folder / "jobs").mkdir()
    (folder / "jobs" / "job.xml").write_text(NORMALISED.format(mode="").replace("si.h5", "../si.h5"))
    monkeypatch.chdir(folder)
    job = read_job("jobs/job.xml", known(forms, functions))
    assert job.path == "jobs/job.xml"
    assert {source.path for source in job.datasets} == {str(folder / "jobs" / ".." / "si.h5")}
    assert {source.file for source in job.datasets} == {"../si.h5"}


def test_schema_has_every_option_of_the_solver(folder, forms, functions):
    options = dataclasses.asdict(GeodesicOptions())
    assert options.pop("max_time") == math.inf  # which is said by leaving it out
    of_lambda = {options.pop(name) for name in ("initial_damping", "damping_up", "damping_down")}
    assert of_lambda == {1e-3, 2.0, 5.0}
    text = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in options.items())
    job = _read(folder, forms, functions, SILICON_CARBIDE.replace("<geodesic-lm/>", f"<geodesic-lm {text}/>"))
    assert job.fitting == Fitting(GeodesicOptions(), None, 1)


def test_many_attributes_are_judged_at_once(folder, forms, functions):
    """Alone, libxml2 takes four times as long for each further optional attribute: hours for these."""
    names = ("alpha", "h", "goal", "patience", "restart", "bold", "max-iter", "max-evaluations", "max-time")
    text = " ".join(f'{name}="1"' for name in (*names, "radius-up", "radius-down", "step-tolerance", "angel"))
    with pytest.raises(InputError) as caught:
        _read(folder, forms, functions, SILICON_CARBIDE.replace("<geodesic-lm/>", f"<geodesic-lm {text}/>"))
    whats = [fault.what for fault in caught.value.faults]
    assert whats == [
        "bad value of restart in <geodesic-lm>",
        "bad value of radius-up in <geodesic-lm>",
        "bad value of radius-down in <geodesic-lm>",
        "unknown attribute in <geodesic-lm>",
    ]


@pytest.mark.parametrize("damping", RULES)
def test_schema_has_every_rule_of_damping(folder, forms, functions, damping):
    text = SILICON_CARBIDE.replace("<geodesic-lm/>", f'<geodesic-lm damping="{damping}"/>')
    assert _read(folder, forms, functions, text).fitting.solver == GeodesicOptions(damping=damping)
