import math
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue as everything
from hpcfit.potential.functions import check_formula
from hpcfit.potential.library import potential_forms
from hpcfit.records import (
    FunctionCatalogue,
    FunctionForm,
    ParameterForm,
    ParameterKind,
    PotentialForm,
    RoleForm,
)
from hpcfit.structure.catalogue import structure_catalogue
from tests.helpers.small_jobs import known


def _row(name, unit, kind=ParameterKind.PAIR, *, lower=0.0, upper=math.inf, fittable=True):
    return ParameterForm(name, unit, f"the parameter {name}", kind, lower, upper, fittable)


_RECORDS = {form.name: form.record for form in potential_forms()}

_STILLINGER_WEBER = PotentialForm(
    "stillinger-weber",
    "E = sum phi2 + sum phi3",
    "Phys. Rev. B 31, 5262",
    (
        _row("A", "eV"),
        _row("B", "1"),
        _row("p", "1"),
        _row("q", "1"),
        _row("sigma", "A"),
        _row("gamma", "A"),
        _row("cutoff", "A", fittable=False),
        _row("lambda", "eV", ParameterKind.TRIPLET),
        _row("costheta0", "1", ParameterKind.TRIPLET, lower=-1.0, upper=1.0),
    ),
    record=_RECORDS["stillinger-weber"],
)
_LENNARD_JONES = PotentialForm(
    "lennard-jones",
    "V = 4 epsilon ((sigma/r)^12 - (sigma/r)^6)",
    "Proc. R. Soc. A 106, 463",
    (_row("sigma", "A"), _row("epsilon", "eV", lower=-math.inf), _row("cutoff", "A", fittable=False)),
    record=_RECORDS["lennard-jones"],
)
_EAM = PotentialForm(
    "eam",
    "E = sum phi + sum F(sum rho)",
    "Phys. Rev. B 29, 6443",
    (),
    (
        RoleForm("pair-interaction", "phi", ParameterKind.PAIR, "distance"),
        RoleForm("electron-density", "rho", ParameterKind.ORDERED_PAIR, "distance"),
        RoleForm("embedding-energy", "F", ParameterKind.SPECIES, "density"),
        RoleForm("g-function", "g", ParameterKind.TRIPLET, "cosine"),
    ),
    record=_RECORDS["eam"],
)


@pytest.fixture
def forms():
    return [_STILLINGER_WEBER, _LENNARD_JONES]


@pytest.fixture
def built():
    """A form that is built from functions."""
    return _EAM


@pytest.fixture
def functions():
    return FunctionCatalogue(
        (
            FunctionForm("morse-A", "D0*(x-r0)", {"D0": "eV", "r0": "A"}, "Phys. Rev. 34, 57", {}),
            FunctionForm("exp-A", "exp(1/(x-cutoff))", {}, "none", {}),
            FunctionForm("XpowN-cutoff", "(x-cutoff)^N/h", {"h": "A", "N": "1"}, "none", {"h": 1.0}),
        ),
        check_formula,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the dataset that the jobs name."""
    (tmp_path / "si.h5").touch()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "sic.h5").touch()
    return tmp_path


_JOB = """<job>
  <name>silicon</name>
  <atom-types>
    <species>Si</species>
  </atom-types>
  <fitting>
    <geodesic-lm max-iter="5"/>
  </fitting>
  <potentials>
    <stillinger-weber id="SW">
      <A>15</A>
      <B>0.6</B>
      <p>4</p> <q>0</q> <gamma>2.5</gamma> <cutoff>3.77118</cutoff>
      <sigma>2.0951</sigma>
      <lambda>45.5322</lambda>
      <costheta0>-0.3</costheta0>
      <fit-dof>
        <A start="5.0" min="1" max="20"/>
        <B/>
      </fit-dof>
    </stillinger-weber>
  </potentials>
  <structures>
    <group id="g" relative-weight="2">
      <dataset id="si" file="si.h5">
        <properties>
          <total-energy fit="true"/>
          <atomic-forces fit="true" tolerance="0.02"/>
        </properties>
      </dataset>
    </group>
  </structures>
</job>
"""


@pytest.fixture
def faults_of(folder, forms, functions, monkeypatch):
    """Return the lines printed for a good job in which old texts are replaced by new ones."""
    monkeypatch.chdir(folder)

    def lines(changes: list[tuple[str, str]]) -> list[str]:
        text = _JOB
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        Path("job.xml").write_text(text)
        try:
            read_job("job.xml", known(forms, functions))
        except InputError as error:
            assert error.exit_code == 2
            return str(error).splitlines()
        return []

    return lines


@pytest.fixture(scope="session")
def catalogue():
    return structure_catalogue()


@pytest.fixture
def read_files(tmp_path, monkeypatch):
    """Return the job that some files make, their texts given by name, with everything that there is in the library."""
    monkeypatch.chdir(tmp_path)

    def read(**texts: str):
        for name, text in texts.items():
            path = Path(f"{name}.xml")
            path.write_text(text)
        return read_job("job.xml", everything())

    return read


@pytest.fixture
def lines_of(read_files):
    """Return the lines printed for a job that has faults."""

    def lines(**texts: str) -> list[str]:
        with pytest.raises(InputError) as caught:
            read_files(**texts)
        return str(caught.value).splitlines()

    return lines
