"""The jobs that README.md shows are ones that the program reads."""

import math
import re
from pathlib import Path

import pytest

from hpcfit.job.reader import read_job
from hpcfit.objective.model import Model
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture
def texts():
    return re.findall(r"```xml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)


def _read(folder, text):
    path = folder / "job.xml"
    path.write_text(text, encoding="utf-8")
    (folder / "training.h5").touch()
    return read_job(str(path), potential_forms(), function_catalogue())


def test_job_of_the_readme(tmp_path, texts):
    job = _read(tmp_path, texts[0])
    assert [parameter.path for parameter in job.free] == ["SW.A", "SW.lambda"]
    (source,) = job.datasets
    assert source.select == "group=bulk*"
    assert {p.name for p in source.properties if p.fit} == {"atomic-energy", "atomic-forces", "stress"}


def test_functions_and_constraints_of_the_readme(tmp_path, texts):
    job, eam, constraints = texts
    start, end = job.index("    <stillinger-weber"), job.index("  </potentials>")
    text = job[:start] + eam + job[end:].replace("</job>", f"{constraints}</job>")
    built = _read(tmp_path, text)
    assert [p.path for p in built.parameters if p.varies] == [
        "EAM.V.D0",
        "EAM.V.r0",
        "EAM.rho.twomu",
        "EAM.F.D",
    ]
    assert built.warnings == ()
    model = Model(built)
    assert model.variables.parameters(model.start)[-1] == pytest.approx(0.8 + math.exp(-1.14 * 2.86))
