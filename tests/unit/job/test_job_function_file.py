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


NICKEL = SETFL.replace("Al", "Ni")
TWO = "<species>Ni</species>"
SECOND = "\n<param-file>b.file</param-file>"
CROSS = """<mapping><pair-interaction species-a="Al" species-b="Ni" function="V"/></mapping>
<functions><spline id="V"><cutoff>2</cutoff><nodes><node x="1" y="0.1"/><node x="2" y="0" enabled="false"/></nodes>
</spline></functions>"""


def _alloy(read: Callable[..., Job], more: str = "", attributes: str = "", second: str = NICKEL) -> Job:
    Path("b.file").write_text(second)
    return read(SETFL, attributes=attributes, more=SECOND + more, species=TWO)


def test_files_of_elements_and_a_cross_term(read: Callable[..., Job]) -> None:
    """An element gives its density to both; the pair of both comes from the job; only that is free."""
    (potential,) = _alloy(read, CROSS).potentials
    assert [f.id for f in potential.functions] == [
        "F_Al",
        "rho_Al",
        "V_AlAl",
        "F_Ni",
        "rho_Ni",
        "V_NiNi",
        "V",
    ]
    assert potential.roles == (2, 6, 5, 1, 4, 1, 4, 0, 3)
    assert [p.path for p in potential.parameters if p.free] == ["P.V.node[1].y"]


def test_a_cross_term_that_nobody_gives(read: Callable[..., Job]) -> None:
    job = _alloy(read)
    assert job.potentials[0].roles == (2, -1, 5, 1, 4, 1, 4, 0, 3)
    warning = "job.xml:4: no pair-interaction of Al-Ni in a <param-file> or <mapping>: it is zero"
    assert warning in job.warnings


def test_a_mapping_replaces_functions_of_a_file(read: Callable[..., Job]) -> None:
    """What is replaced is gone, whatever is free of the rest keeps its path."""
    more = CROSS.replace(' species-a="Al" species-b="Ni"', "").replace("V_", "")
    job = read(SETFL, attributes=' knots="5" from="0.5" free="F_Al"', more=more)
    (potential,) = job.potentials
    assert [f.id for f in potential.functions] == ["F_Al", "rho_Al", "V"]
    assert [f.form for f in potential.functions] == ["spline", "tabulated", "spline"]
    assert potential.roles == (2, 1, 0)
    free = [p.path for p in potential.parameters if p.free]
    assert free == [*(f"P.F_Al.node[{k}].y" for k in range(1, 6)), "P.V.node[1].y"]


def test_functions_are_freed_by_name(read: Callable[..., Job]) -> None:
    by_name = {}
    for attribute in ('free="V_AlAl F_Al"', 'fixed="rho_Al"'):
        (potential,) = read(SETFL, attributes=f' knots="5" from="0.5" {attribute}').potentials
        by_name[attribute] = [(f.id, f.form, sum(p.free for p in f.parameters)) for f in potential.functions]
    assert by_name['free="V_AlAl F_Al"'] == by_name['fixed="rho_Al"']
    assert by_name['fixed="rho_Al"'] == [
        ("F_Al", "spline", 5),
        ("rho_Al", "tabulated", 0),
        ("V_AlAl", "spline", 4),
    ]
    (potential,) = read(MEAM, "meam", attributes=' free="V_AlAl"').potentials
    assert {p.path.split(".")[1] for p in potential.parameters if p.free} == {"V_AlAl"}
    assert {f.form for f in potential.functions} == {"spline"}


KNOTS = ' knots="5" from="0.5"'


@pytest.mark.parametrize(
    ("attributes", "more", "line"),
    [
        (
            f'{KNOTS} free="F_Al" fixed="F_Ni"',
            "",
            "5: free and fixed of <param-file>, found both, allowed one of them",
        ),
        (
            f'{KNOTS} free="V_AlAi"',
            "",
            '5: unknown function in free of <param-file>, found "V_AlAi", '
            "allowed F_Al, rho_Al, V_AlAl, F_Ni, rho_Ni, V_NiNi, nearest V_AlAl",
        ),
        (
            ' free="V_AlAl"',
            "",
            "5: free of <param-file> has no effect on tables, allowed with knots and from",
        ),
        (
            "",
            CROSS.replace('"V"', '"F_Ni"'),
            "4: name of a function is that of one in the <param-file>, found F_Ni, allowed another id",
        ),
        (
            "",
            '\n<param-file fixed="F_Al">c.file</param-file>',
            "7: attribute fixed of another <param-file>, allowed in the first, for all",
        ),
    ],
)
def test_faults_of_freed_functions(read: Callable[..., Job], attributes: str, more: str, line: str) -> None:
    Path("c.file").write_text(SETFL.replace("Al", "Cu"))
    with pytest.raises(InputError) as caught:
        _alloy(read, more, attributes)
    assert f"job.xml:{line}" in str(caught.value).splitlines()


def test_species_in_two_files_or_none(read: Callable[..., Job]) -> None:
    with pytest.raises(InputError) as caught:
        _alloy(read, second=SETFL)
    twice = "b.file: functions are in an earlier <param-file> too, found F_Al, V_AlAl, rho_Al"
    assert str(caught.value) == f"{twice}, allowed each species in one file"
    with pytest.raises(InputError, match="species of the job are not in the file, found Ni, allowed Al, Cu"):
        _alloy(read, second=SETFL.replace("Al", "Cu"))
