"""Numbers that would overflow or fill the memory are one line that says what they would cost."""

import re

import pytest

from hpcfit.cli.main import main
from hpcfit.dataset.checks import defects
from tests.helpers.small_jobs import LENNARD_JONES, job_text, potential, silicon, write_dataset

_CELL = """<user-structure id="u">
  <cell><a1 x="{a}" y="0" z="0"/><a2 x="0" y="{a}" z="0"/><a3 x="0" y="0" z="{a}"/></cell>
  <atoms><atom type="Si" x="0" y="0" z="0"/></atoms>{change}<properties><total-energy/></properties></user-structure>"""
_DATASET = '<dataset id="si" file="si.h5" {}><properties><total-energy fit="true" {}/></properties></dataset>'
_FAR = LENNARD_JONES.replace("3.5", "{}")


def _cell(a="5", change=""):
    return _CELL.format(a=a, change=change)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            job_text(_DATASET.format('relative-weight="1e308"', "")),
            r'job\.xml:\d+: relative-weight of <dataset> is too large, found "1e308", allowed 1e\+30',
        ),
        (
            job_text(_DATASET.format("", 'tolerance="1e-300"')),
            r'job\.xml:\d+: tolerance of <total-energy> is out of range, found "1e-300", allowed 1e-30 \.\. 1e\+30',
        ),
        (
            job_text(_DATASET.format('energy-weight="1e308"', ""), weights="absolute"),
            r'job\.xml:\d+: energy-weight of <dataset> is too large, found "1e308", allowed 1e\+30',
        ),
        (
            job_text(_cell("1e200"), fitting=""),
            r"job\.xml:\d+: cell or positions of the structure are too large, found 1e\+200 A, allowed 1e\+06 A; .*",
        ),
        (
            job_text(_cell("5", '<repeat x="99999999" y="1" z="1"/>'), fitting=""),
            r"job\.xml:\d+: too many atoms in a structure, found 99999999, allowed at most 1000000",
        ),
        (
            job_text(_cell("5", '<surface h="1" k="0" l="0" layers="99999999" vacuum="5"/>'), fitting=""),
            r"job\.xml:\d+: too many atoms in a structure, found 99999999, allowed at most 1000000",
        ),
        (
            job_text(_cell(), _FAR.format("500"), fitting=""),
            r"job\.xml:\d+: structure 'u' is too dense, found 4e\+06 neighbours of each atom within 500 A, "
            r"418\.9 MB of memory, allowed 100000 neighbours; lengths are in A",
        ),
        (
            job_text(_cell(), _FAR.format("1e300"), fitting=""),
            r"job\.xml:\d+: structure 'u' is too dense, found inf neighbours .*",
        ),
        (
            job_text(potentials=_FAR.format("500")),
            r"si\.h5: configuration \d: too many neighbours, found 3e\+07 neighbours of each atom within 500 A, .*"
            r" GB of memory, allowed 100000 neighbours; lengths are in A",
        ),
        (
            job_text(potentials=potential().replace("3.77118", "1e200")),
            r".*too many neighbours, found inf.*|.*cutoff.*",
        ),
    ],
)
def test_one_line(tmp_path, monkeypatch, capsys, text, line):
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "si.h5", silicon(2))
    (tmp_path / "job.xml").write_text(text)
    assert main(["check", "job.xml"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(line, said), said


@pytest.mark.parametrize(("name", "scale"), [("cell", 1e200), ("position", 1e9), ("weight", 1e300)])
def test_of_configurations(name, scale):
    configurations = silicon(2)
    getattr(configurations, name)[...] *= scale
    assert any(
        "beyond 1e+06 A" in found.what or "weight above 1e+30" in found.what
        for found in defects(configurations)
    )
