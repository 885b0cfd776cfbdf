"""Faults of LAMMPS's files of embedded atoms, and of what a job says beside them; what is read is tested by physics."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import Job, ReadOptions

JOB = """<job>
  <atom-types><species>Al</species></atom-types>
  <potentials>
    <{form} id="P">
      <param-file{attributes}>a.file</param-file>{more}
    </{form}>
  </potentials>
  <structures/>
</job>
"""

TABLE = "0.5 0.4 0.3 0.2 0.1"
SETFL = f"a\nb\nc\n1 Al\n5 0.25 5 0.5 2.0\n13 27 4.05 fcc\n{TABLE}\n{TABLE}\n{TABLE}\n"
SPLINE = "spline3eq\n2\n0 0\n{} 1 0\n{} 2 0\n"
MEAM = "# a\nmeam/spline 1 Al\n" + 2 * SPLINE.format(1, 4) + SPLINE.format(-5, 5) + SPLINE.format(1, 4)
MEAM += SPLINE.format(-1, 1)


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Job]:
    monkeypatch.chdir(tmp_path)

    def job(
        content: str | None, form: str = "eam", attributes: str = "", more: str = "", species: str = ""
    ) -> Job:
        text = JOB.format(form=form, attributes=attributes, more=more)
        Path("job.xml").write_text(text.replace("</species>", "</species>" + species))
        if content is not None:
            Path("a.file").write_text(content)
        return read_job("job.xml", catalogue(), ReadOptions(structures=False))

    return job


def test_a_table(read: Callable[..., Job]) -> None:
    (potential,) = read(SETFL).potentials
    assert [(f.id, f.form, f.cutoff) for f in potential.functions] == [
        ("F_Al", "tabulated", float("inf")),
        ("rho_Al", "tabulated", 2.0),
        ("V_AlAl", "product", 2.0),
    ]
    assert potential.roles == (2, 1, 0)
    assert potential.functions[0].knots == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert potential.functions[1].values == (0.5, 0.4, 0.3, 0.2, 0.1)
    table, inverse = potential.functions[2].children
    assert (table.values, inverse.formula) == ((0.5, 0.4, 0.3, 0.2, 0.1), "1/r")
    assert table.slopes == pytest.approx((-0.2,) * 5, rel=1e-14)


def test_splines(read: Callable[..., Job]) -> None:
    (potential,) = read(MEAM, "meam").potentials
    assert [f.id for f in potential.functions] == ["V_AlAl", "rho_Al", "F_Al", "f_Al", "g_AlAl"]
    assert potential.roles == (0, 1, 2, 3, 4)
    table = {p.path: (p.start, p.free) for p in potential.parameters}
    assert (table["P.V_AlAl.node[1].y"], table["P.V_AlAl.node[2].y"]) == ((1.0, True), (2.0, False))
    # F is 1.5 at no density.
    assert (table["P.F_Al.node[1].y"], table["P.F_Al.node[2].y"]) == ((-0.5, True), (0.5, True))


FAULTS = {
    "too few values": (
        SETFL.rsplit(" ", 1)[0],
        "a.file:9: file ends early, found its end, allowed 1 more numbers",
    ),
    "no number": (
        SETFL.replace("0.3", "nan", 1),
        'a.file:7: bad value, found "nan", allowed a finite number',
    ),
    "no count": (
        SETFL.replace("5 0.25", "x 0.25"),
        'a.file:5: bad number of points or elements, found "x", allowed 5 or more',
    ),
    "no step": (
        SETFL.replace("5 0.5", "5 -0.5"),
        "a.file:5: bad step or cut-off, found 0.25, -0.5, 2, allowed above 0",
    ),
    "only comments": ("a\nb\nc\n", "a.file: file ends early, found its end, allowed 1 words"),
    "other species": (
        SETFL.replace("Al", "Ni"),
        "a.file: species of the job are not in the file, found Al, allowed Ni",
    ),
    "no file": (None, 'job.xml:5: no such file, found "a.file"'),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_tables(read: Callable[..., Job], name: str) -> None:
    content, line = FAULTS[name]
    with pytest.raises(InputError) as caught:
        read(content)
    assert str(caught.value) == line


def test_faults_of_splines(read: Callable[..., Job]) -> None:
    for content, line in (
        (
            MEAM.replace("spline3eq", "spline3", 1),
            'a.file:3: unknown kind of spline, found "spline3", allowed spline3eq',
        ),
        (MEAM.replace("4 2 0", "1 2 0", 1), "a.file:3: knots do not ascend, found 1, allowed above 1"),
        (MEAM[:-8], "a.file:26: file ends early, found its end, allowed 4 more numbers"),
    ):
        with pytest.raises(InputError) as caught:
            read(content, "meam")
        assert str(caught.value) == line
    with pytest.raises(InputError, match="no line that begins with meam/spline, for several species"):
        read("# a\n2\n", "meam", species="<species>Ni</species>")


def test_faults_of_the_job(read: Callable[..., Job]) -> None:
    with pytest.raises(InputError, match=r"job.xml:5: knots and from of <param-file>, found one of them"):
        read(SETFL, attributes=' knots="6"')
    with pytest.raises(InputError, match=r'bad value of knots in <param-file>, found "1"'):
        read(SETFL, attributes=' knots="1" from="0.5"')
    with pytest.raises(
        InputError, match=r"a.file: rho_Al ends before the first knot, found 3, allowed below 2"
    ):
        read(SETFL, attributes=' knots="6" from="3"')
    with pytest.raises(InputError, match=r"job.xml:5: <mapping> beside a <param-file>, allowed one of them"):
        read(SETFL, more="<mapping/>")
