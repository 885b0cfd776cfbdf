"""The job that README.md shows is one that the program reads."""

import re
from pathlib import Path

from hpcfit.job.reader import read_job
from hpcfit.potential.functions import function_catalogue
from hpcfit.potential.library import potential_forms

README = Path(__file__).resolve().parents[2] / "README.md"


def test_job_of_the_readme(tmp_path):
    (text,) = re.findall(r"```xml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    path = tmp_path / "job.xml"
    path.write_text(text, encoding="utf-8")
    (tmp_path / "training.h5").touch()
    job = read_job(str(path), potential_forms(), function_catalogue())
    assert [parameter.path for parameter in job.free] == ["SW.A", "SW.lambda"]
    (source,) = job.datasets
    assert source.select == "group=bulk*"
    assert {p.name for p in source.properties if p.fit} == {"atomic-energy", "atomic-forces", "stress"}
