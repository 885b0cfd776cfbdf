import math
import pickle
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from tests.helpers.small_jobs import known

JOB = """<job>
  <atom-types><species>Al</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <potentials>
    <eam id="EAM" species-a="*" species-b="*">
      <mapping>
        <pair-interaction species-a="*" species-b="*" function="V"/>
        <electron-density species-a="*" species-b="*" function="rho"/>
        <embedding-energy species="*" function="F"/>
      </mapping>
      <functions>
        <sum id="V">
          <user-function id="V_rep">
            <input-var>r</input-var>
            <expression>
              A*exp(-lambda*r)
            </expression>
            <derivative>-lambda*A*exp(-lambda*r)</derivative>
            <param name="A">500</param> <param name="lambda">2.73</param>
            <cutoff>6.5</cutoff>
            <fit-dof><A min="1"/><lambda enabled="false"/></fit-dof>
            <screening><exp-A id="s"><cutoff>6.4</cutoff></exp-A></screening>
          </user-function>
          <morse-A id="bond"><D0>1</D0><r0>2.5</r0><cutoff>6</cutoff><fit-dof><r0 start="2.6"/></fit-dof></morse-A>
        </sum>
        <poly id="rho">
          <cutoff>5</cutoff>
          <coefficients>
            <coeff n="0" value="1.5"/>
            <coeff n="2" value="-0.1" enabled="false" min="-1" max="1"/>
          </coefficients>
        </poly>
        <spline id="F">
          <nodes>
            <node x="0" y="0" enabled="false"/>
            <node x="0.5" y="-1"/>
            <node x="1" y="-2" max="0"/>
          </nodes>
          <derivative-left>-1</derivative-left>
          <fit-dof><derivative-right/></fit-dof>
        </spline>
      </functions>
    </eam>
  </potentials>
  <structures>
    <dataset id="d" file="si.h5"><properties><atomic-energy fit="true"/></properties></dataset>
  </structures>
</job>
"""


@pytest.fixture
def read(folder, forms, built, functions, monkeypatch):
    """Return the job with old texts replaced by new ones."""
    monkeypatch.chdir(folder)

    def job(changes: list[tuple[str, str]], text: str = JOB):
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        Path("job.xml").write_text(text)
        return read_job("job.xml", known([*forms, built], functions))

    return job


@pytest.fixture
def lines(read):
    """Return the lines printed for the job with changes."""

    def faults(changes: list[tuple[str, str]]) -> list[str]:
        with pytest.raises(InputError) as caught:
            read(changes)
        return str(caught.value).splitlines()

    return faults


def test_functions_to_the_last_field(read):
    job = read([])
    (potential,) = job.potentials
    assert (potential.id, potential.form, potential.roles) == ("EAM", "eam", (0, 1, 2, -1))
    table = {p.path: (p.start, p.minimum, p.maximum, p.free) for p in job.parameters}
    unbounded = (-math.inf, math.inf)
    assert table == {
        "EAM.V.V_rep.A": (500.0, 1.0, math.inf, True),
        "EAM.V.V_rep.lambda": (2.73, *unbounded, False),
        "EAM.V.bond.D0": (1.0, *unbounded, False),
        "EAM.V.bond.r0": (2.6, *unbounded, True),
        "EAM.rho.coeff[0]": (1.5, *unbounded, True),
        "EAM.rho.coeff[2]": (-0.1, -1.0, 1.0, False),
        "EAM.F.node[1].y": (0.0, *unbounded, False),
        "EAM.F.node[2].y": (-1.0, *unbounded, True),
        "EAM.F.node[3].y": (-2.0, -math.inf, 0.0, True),
        "EAM.F.derivative-left": (-1.0, *unbounded, False),
        "EAM.F.derivative-right": (0.0, *unbounded, True),
    }
    assert [p.unit for p in job.parameters][:4] == ["", "", "eV", "A"]
    joined, poly, spline = potential.functions
    rep, bond = joined.children
    assert (joined.form, joined.cutoff, joined.reach) == ("sum", math.inf, 6.4)
    assert (rep.formula, rep.variable, rep.derivative) == (
        "A*exp(-lambda*r)",
        "r",
        "-lambda*A*exp(-lambda*r)",
    )
    assert (rep.names, rep.cutoff, rep.screening.form, rep.screening.cutoff) == (
        ("A", "lambda"),
        6.5,
        "exp-A",
        6.4,
    )
    assert (bond.form, bond.names, bond.screening) == ("morse-A", ("D0", "r0"), None)
    assert (poly.formula, poly.variable, poly.names) == ("c0*x^0 + c2*x^2", "x", ("c0", "c2"))
    assert (spline.knots, spline.names[-2:]) == ((0.0, 0.5, 1.0), ("derivative-left", "derivative-right"))
    assert job.warnings == ()
    assert pickle.loads(pickle.dumps(job)) == job


def test_natural_spline_has_no_end_slopes(read):
    start, end = JOB.index("          <derivative-left>"), JOB.index("        </spline>")
    job = read([], (JOB[:start] + JOB[end:]).replace('<spline id="F"', '<spline id="F" ends="natural"'))
    assert job.potentials[0].functions[2].names == ("node[1].y", "node[2].y", "node[3].y")


def test_pair_potential_needs_no_mapping(read):
    start, end = JOB.index("    <eam"), JOB.index("  </potentials>")
    morse = '<morse-A id="V"><D0>1</D0><r0>2</r0><cutoff>6</cutoff><fit-dof><D0/></fit-dof></morse-A>'
    job = read([], JOB[:start] + f'<pair-potential id="M">{morse}</pair-potential>' + JOB[end:])
    (potential,) = job.potentials
    assert (potential.id, potential.form, potential.roles) == ("M", "eam", (0, -1, -1, -1))
    assert [p.path for p in job.free] == ["M.V.D0"]


def test_species_that_are_named_go_before_wildcards(read):
    mapping = """<pair-interaction species-a="Ni" species-b="Al" function="V"/>
        <pair-interaction species-a="Ni" species-b="*" function="rho"/>
        <pair-interaction function="V"/>
        <electron-density species-a="Al" species-b="*" function="rho"/>
        <g-function species-a="Al" species-b="Ni" function="F"/>"""
    job = read(
        [
            ("<species>Al</species>", "<species>Al</species><species>Ni</species>"),
            ('<pair-interaction species-a="*" species-b="*" function="V"/>', mapping),
            ('<electron-density species-a="*" species-b="*" function="rho"/>', ""),
        ]
    )
    pairs, densities, embedding, cosines = (0, 0, 1), (1, 1, -1, -1), (2, 2), (-1, 2, 2, -1, -1, -1)
    assert job.potentials[0].roles == (*pairs, *densities, *embedding, *cosines)


def test_function_without_a_role_is_a_warning(read):
    job = read([('        <embedding-energy species="*" function="F"/>\n', "")])
    assert job.warnings == ("job.xml:5: function 'F' of EAM has no role",)


CASES = {
    "unknown function": (
        [('function="rho"', 'function="rhp"')],
        ['job.xml:8: unknown function in <electron-density>, found "rhp", allowed V, rho, F, nearest rho'],
    ),
    "unknown species": (
        [('electron-density species-a="*"', 'electron-density species-a="All"')],
        ['job.xml:8: unknown species in <electron-density>, found "All", allowed Al, *, nearest Al'],
    ),
    "species that is none": (
        [('embedding-energy species="*"', 'embedding-energy species="al"')],
        [
            'job.xml:9: bad value of species in <embedding-energy>, found "al", allowed an element symbol '
            "such as Si, or *"
        ],
    ),
    "unknown role": (
        [("embedding-energy", "embeding-energy")],
        [
            "job.xml:9: element not allowed in <mapping>, found <embeding-energy>, allowed <electron-density>, "
            "<embedding-energy>, <g-function>, <pair-interaction>, nearest <embedding-energy>"
        ],
    ),
    "role twice": (
        [("<embedding-energy", '<embedding-energy function="F"/>\n<embedding-energy')],
        ["job.xml:10: <embedding-energy> twice for Al, found another in line 9"],
    ),
    "no cut-off of a distance": (
        [("<cutoff>5</cutoff>", "")],
        [
            "job.xml:8: function 'rho' of a distance has no end, found no cutoff, allowed a <cutoff> in the function"
        ],
    ),
    "no cut-off of a formula with one": (
        [("<cutoff>6.4</cutoff>", "")],
        ["job.xml:22: no cutoff for <exp-A>, whose formula needs one"],
    ),
    "unknown name in an expression": (
        [("              A*exp(-lambda*r)\n", "A*exp(-lamda*r)")],
        [
            "job.xml:15: unknown name in formula, found 'lamda', allowed r, A, lambda, cutoff, _pi, _e, "
            "nearest lambda"
        ],
    ),
    "faulty derivative": (
        [("<derivative>-lambda", "<derivative>-(lambda")],
        ["job.xml:18: ')' missing in formula, found 'end of formula'"],
    ),
    "parameter twice": (
        [('<param name="lambda"', '<param name="A"'), ("<lambda enabled", "<A enabled"), ("lambda", "A")],
        [
            'job.xml:19: name of <param> is taken, found "A", allowed not that of another <param>',
            "job.xml:21: <A> twice in <fit-dof>, found another in line 21",
        ],
    ),
    "parameter named as the variable": (
        [('<param name="A">', '<param name="r">'), ("<A min", "<r min"), ("A*exp", "r*exp")],
        ['job.xml:19: name of <param> is taken, found "r", allowed not that of the input variable'],
    ),
    "variable named as the cut-off": (
        [("<input-var>r<", "<input-var>cutoff<"), ("exp(-lambda*r)", "exp(-lambda*cutoff)")],
        ['job.xml:14: name of <input-var> is taken, found "cutoff"'],
    ),
    "degree of freedom of nothing": (
        [("<A min", "<B min")],
        ["job.xml:21: element not allowed in <fit-dof>, found <B>, allowed <A>, <lambda>"],
    ),
    "degree of freedom of another function": (
        [('<r0 start="2.6"/>', "<A/>")],
        ["job.xml:24: element not allowed in <fit-dof>, found <A>, allowed <D0>, <r0>"],
    ),
    "bounds exclude the start": (
        [('<A min="1"', '<A min="501"')],
        ["job.xml:21: bounds exclude the start of EAM.V.V_rep.A, found 500.0, allowed 501.0 .. inf"],
    ),
    "reset is a boolean": (
        [('<node x="0.5" y="-1"', '<node x="0.5" y="-1" reset="always"')],
        ['job.xml:36: bad value of reset in <node>, found "always", allowed true, false'],
    ),
    "nodes out of order": (
        [('<node x="0.5"', '<node x="1.5"')],
        ["job.xml:37: nodes not in ascending order, found 1.0, allowed above 1.5"],
    ),
    "slopes of natural ends": (
        [('<spline id="F"', '<spline id="F" ends="natural"')],
        [
            'job.xml:39: <derivative-left> has no effect on ends that are not clamped, allowed with ends="clamped"',
            'job.xml:40: <derivative-right> has no effect on ends that are not clamped, allowed with ends="clamped"',
        ],
    ),
    "one node": (
        [('<node x="0.5" y="-1"/>', ""), ('<node x="1" y="-2" max="0"/>', "")],
        ["job.xml:33: too few nodes in <spline>, found 1, allowed 2 or more"],
    ),
    "power twice": (
        [('n="2"', 'n="0"')],
        ["job.xml:30: power twice in <coefficients>, found 0"],
    ),
    "power out of range": (
        [('n="2"', 'n="65"')],
        ['job.xml:30: bad value of n in <coeff>, found "65", allowed a whole number from 0 to 64'],
    ),
    "missing parameter": (
        [("<D0>1</D0>", "")],
        ["job.xml:24: missing element in <morse-A>, allowed <D0>"],
    ),
    "id of two functions": (
        [('id="F"', 'id="rho"'), ('species="*" function="F"', 'species="*" function="rho"')],
        ['job.xml:33: id is not unique, found "rho", already in line 26'],
    ),
    "id of a term and a screening": (
        [('id="bond"', 'id="V_rep"')],
        ['job.xml:24: id is not unique, found "V_rep", already in line 13'],
    ),
    "unknown form": (
        [("morse-A", "morse-B")],
        [
            "job.xml:24: element not allowed in <sum>, found <morse-B>, allowed <XpowN-cutoff>, <cutoff>, <exp-A>, "
            "<morse-A>, <poly>, <product>, <screening>, <spline>, <sum>, <tabulated>, <user-function>, "
            "nearest <morse-A>"
        ],
    ),
    "logarithm of what is negative": (
        [('value="1.5"', 'value="-1.5" transform="log"')],
        ["job.xml:29: start of EAM.rho.coeff[0] has no logarithm, found -1.5, allowed above 0"],
    ),
    "logit without bounds": (
        [('max="0"', 'max="0" transform="logit"')],
        ["job.xml:37: transform of <node> lacks bounds, found logit, allowed with min"],
    ),
    "logit at a bound": (
        [('max="0"', 'max="0" min="-2" transform="logit"')],
        ["job.xml:37: start of EAM.F.node[3].y has no logit, found -2.0, allowed inside -2.0 .. 0.0"],
    ),
    "unknown transform": (
        [('max="0"', 'max="0" transform="exp"')],
        ['job.xml:37: bad value of transform in <node>, found "exp", allowed log, logit'],
    ),
}


TABULATED = '<tabulated id="bond" file="bond.txt"><cutoff>6</cutoff></tabulated>'
BOND = next(line.strip() for line in JOB.splitlines() if "<morse-A" in line)


def test_a_table_in_a_file(read, folder):
    (folder / "bond.txt").write_text("# r  V\n1.5 2\n\n2.5 -1e-1 # second\n6 0\n")
    job = read([(BOND, TABULATED)])
    bond = job.functions["EAM.V.bond"]
    assert (bond.form, bond.parameters, bond.cutoff, bond.reach) == ("tabulated", (), 6.0, 6.0)
    assert (bond.knots, bond.values, bond.ends) == ((1.5, 2.5, 6.0), (2.0, -0.1, 0.0), "")
    (folder / "bond.txt").write_text("1.5 2\n2.5 -1.1e-1\n6 0\n")
    assert read([(BOND, TABULATED)]).hash != job.hash


def test_a_table_in_the_job(read):
    nodes = '<nodes><node x="1" y="2"/><node x="3" y="0"/></nodes><derivative-left>-2</derivative-left>'
    text = f'<tabulated id="bond" ends="clamped">{nodes}<cutoff>3</cutoff></tabulated>'
    bond = read([(BOND, text)]).functions["EAM.V.bond"]
    assert (bond.knots, bond.values, bond.ends, bond.slopes) == (
        (1.0, 3.0),
        (2.0, 0.0),
        "clamped",
        (-2.0, 0.0),
    )


TABLES = {
    "one number": (
        "1 2\n2\n",
        'bond.txt:2: bad row of a table, found "2", allowed two finite numbers, x and y',
    ),
    "three numbers": (
        "1 2 3\n",
        'bond.txt:1: bad row of a table, found "1 2 3", allowed two finite numbers, x and y',
    ),
    "infinite": (
        "1 2\n2 inf\n",
        'bond.txt:2: bad row of a table, found "2 inf", allowed two finite numbers, x and y',
    ),
    "order": ("1 2\n\n1 3\n", "bond.txt:3: rows not in ascending order of x, found 1.0, allowed above 1.0"),
    "one row": ("# nothing\n1 2\n", "bond.txt: too few rows of a table, found 1, allowed 2 or more"),
    "no file": (None, 'job.xml:24: no such file, found "bond.txt"'),
}


@pytest.mark.parametrize("name", TABLES)
def test_faults_of_a_table(lines, folder, name):
    content, expected = TABLES[name]
    if content is not None:
        (folder / "bond.txt").write_text(content)
    assert lines([(BOND, TABULATED)]) == [expected]


def test_a_table_has_one_source_and_ends_that_count(lines, folder):
    none = TABULATED.replace(' file="bond.txt"', "")
    source = "job.xml:24: source of <tabulated>, found none, allowed either a file or <nodes>"
    assert lines([(BOND, none)]) == [source]
    (folder / "bond.txt").write_text("1 2\n2 1\n")
    nodes = '<nodes><node x="1" y="2"/></nodes><derivative-left>1</derivative-left><cutoff>'
    found = lines([(BOND, TABULATED.replace("<cutoff>", nodes))])
    what = "<derivative-left> has no effect on ends that are not clamped"
    assert f'job.xml:24: {what}, allowed with ends="clamped"' in found
    assert source.replace("none", "both") in found
    assert "job.xml:24: too few nodes in <tabulated>, found 1, allowed 2 or more" in found


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(lines, name):
    changes, expected = CASES[name]
    assert lines(changes) == expected


def test_several_functions_of_a_pair_potential_need_a_mapping(read):
    start, end = JOB.index("    <eam"), JOB.index("  </potentials>")
    morse = "<morse-A id='{}'><D0>1</D0><r0>2</r0><cutoff>6</cutoff></morse-A>"
    text = f'<pair-potential id="M">{morse.format("V")}{morse.format("W")}</pair-potential>'
    with pytest.raises(
        InputError, match="2 functions in <pair-potential> without <mapping>, allowed one function"
    ):
        read([], JOB[:start] + text + JOB[end:])
