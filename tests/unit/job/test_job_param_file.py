"""Start values out of LAMMPS' potential files."""

import math

import pytest

from hpcfit.job.reader import read_job
from hpcfit.potential.library import potential_forms
from hpcfit.records import ParameterForm, ParameterKind, PotentialForm
from tests.helpers.small_jobs import known

#: The silicon of F. H. Stillinger and T. A. Weber as LAMMPS ships it, an entry on two lines, and one of other elements.
RECORDS = {form.name: form.record for form in potential_forms()}

SILICON = """# DATE: 2007-06-11 UNITS: metal
# epsilon; sigma; a; lambda; gamma; costheta0; A; B; p; q; tol
Si Si Si 2.1683  2.0951  1.80  21.0  1.20  -0.333333333333
         7.049556277  0.6022245584  4.0  0.0 0.0   # first line
Ge Ge Ge 1 2 3 4 5 6 7 8 9 10 11
"""

PARAMETERS = """      <A>15</A>
      <B>0.6</B>
      <p>4</p> <q>0</q> <gamma>2.5</gamma> <cutoff>3.77118</cutoff>
      <sigma>2.0951</sigma>
      <lambda>45.5322</lambda>
      <costheta0>-0.3</costheta0>
"""
FILE = "      <param-file> Si.sw </param-file>\n"
START = (' start="5.0"', "")


@pytest.fixture
def start_of(faults_of, forms, functions):
    """Return the start values, by path, of the job with changes; it must be free of faults."""

    def starts(changes):
        assert faults_of(changes) == []
        return {p.path: p.start for p in read_job("job.xml", known(forms, functions)).parameters}

    return starts


def test_stillinger_weber(folder, start_of):
    (folder / "Si.sw").write_text(SILICON)
    starts = start_of([(PARAMETERS, FILE), START])
    assert starts == {
        "SW.A": 2.1683 * 7.049556277,
        "SW.B": 0.6022245584,
        "SW.p": 4.0,
        "SW.q": 0.0,
        "SW.sigma": 2.0951,
        "SW.gamma": 2.0951 * 1.2,
        "SW.cutoff": 1.8 * 2.0951,
        "SW.lambda": 2.1683 * 21.0,
        "SW.costheta0": -0.333333333333,
    }


def test_the_jobs_own_values_come_first(folder, start_of):
    (folder / "Si.sw").write_text(SILICON)
    starts = start_of([(PARAMETERS, FILE + "<B>0.7</B>"), ('min="1" max="20"', 'min="1"')])
    assert (starts["SW.A"], starts["SW.B"], starts["SW.p"]) == (5.0, 0.7, 4.0)


def test_bounds_exclude_a_start_of_the_file(folder, faults_of):
    (folder / "Si.sw").write_text(SILICON)
    lines = faults_of([(PARAMETERS, FILE), START, ('max="20"', 'max="2"')])
    assert lines == [
        "job.xml:13: bounds exclude the start of SW.A, found 15.285552875419098, allowed 1.0 .. 2.0"
    ]


FAULTS = {
    "too few columns": (
        SILICON.replace(" 0.0   # first line", ""),
        "Si.sw:5: an entry with too many columns, or the one before it with too few, found 27 words, allowed 14 words",
    ),
    "too few at the end": (
        SILICON.split("Ge", maxsplit=1)[0].replace(" 0.0   # first line", ""),
        "Si.sw:3: an entry with too few columns, found 13 words, allowed 14 words",
    ),
    "no number": (
        SILICON.replace("21.0", "many"),
        'Si.sw:3: bad value of lambda, found "many", allowed a finite number',
    ),
    "not finite": (
        SILICON.replace("21.0", "inf"),
        'Si.sw:3: bad value of lambda, found "inf", allowed a finite number',
    ),
    "shortened cut-off": (
        SILICON.replace("0.0   #", "0.01  #"),
        "Si.sw:3: tol is not supported, found 0.01, allowed 0",
    ),
    "out of range": (
        SILICON.replace("-0.333333333333", "-1.5"),
        "Si.sw:3: value of costheta0 out of range, found -1.5, allowed -1.0 .. 1.0",
    ),
    "twice": (
        SILICON + SILICON.replace("0.6022245584", "0.61"),
        "Si.sw:8: entry for Si Si Si twice, with other values, found another in line 3, allowed one",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_the_file(folder, faults_of, name):
    text, line = FAULTS[name]
    (folder / "Si.sw").write_text(text)
    assert faults_of([(PARAMETERS, FILE), START]) == [line]


def test_no_such_file(folder, faults_of):
    (folder / "Si.sv").touch()
    assert faults_of([(PARAMETERS, FILE), START]) == [
        'job.xml:11: no such file, found "Si.sw", nearest Si.sv'
    ]
    assert faults_of([(PARAMETERS, FILE.replace("Si.sw", "no/where")), START]) == [
        'job.xml:11: no such file, found "no/where"'
    ]
    (folder / "Si.sw").write_bytes(b"\xff\xfe")
    assert faults_of([(PARAMETERS, FILE), START]) == ['job.xml:11: cannot be read as text, found "Si.sw"']


def test_entries_for_other_species_alone(folder, faults_of):
    (folder / "Si.sw").write_text("Ge Ge Ge 1 2 3 4 5 6 7 8 9 10 11\n")
    (line,) = faults_of([(PARAMETERS, FILE), START])
    assert line.startswith("job.xml:10: no value for SW.A, SW.B, ")


def test_forms_without_files(folder, faults_of):
    (folder / "a").write_text(SILICON)
    other = '<lennard-jones id="LJ"><param-file>a</param-file><sigma>2</sigma><epsilon>1</epsilon><cutoff>5</cutoff>'
    (line,) = faults_of([("</stillinger-weber>", f"</stillinger-weber>{other}</lennard-jones>")])
    assert "element not allowed in <lennard-jones>, found <param-file>" in line


def _row(name, kind=ParameterKind.ORDERED_TRIPLET):
    return ParameterForm(name, "1", "", kind, -math.inf, math.inf, True)


TERSOFF = (
    "m",
    "gamma",
    "lambda3",
    "c",
    "d",
    "costheta0",
    "n",
    "beta",
    "lambda2",
    "B",
    "R",
    "D",
    "lambda1",
    "A",
)
BONDS = ("n", "beta", "lambda2", "B", "lambda1", "A")


def _job_of_two(form, folder, functions, text):
    (folder / "two").write_text(text)
    (folder / "job.xml").write_text(
        "<job><atom-types><species>Si</species><species>C</species></atom-types><potentials>"
        f'<{form.name} id="T"><param-file>two</param-file></{form.name}></potentials><structures/></job>'
    )
    return {p.path: p.start for p in read_job(folder / "job.xml", known([form], functions)).parameters}


def test_tersoff_of_two_species(folder, functions):
    """Bonds are read where second and third element are equal, angles everywhere; zeros stand elsewhere."""
    rows = tuple(
        _row(name, ParameterKind.ORDERED_PAIR if name in BONDS else ParameterKind.ORDERED_TRIPLET)
        for name in TERSOFF
    )
    lines, wanted = [], {}
    for number, (i, j, k) in enumerate(
        (i, j, k) for i in ("Si", "C") for j in ("Si", "C") for k in ("Si", "C")
    ):
        values = {name: 1.0 + number + place / 100 for place, name in enumerate(TERSOFF)}
        if j != k:
            values |= dict.fromkeys(BONDS, 0.0)
        lines.append(" ".join([i, j, k, *map(repr, values.values())]))
        for name, value in values.items():
            if name not in BONDS:
                wanted[f"T.{name}[{i}{j}{k}]"] = value
            elif j == k:
                wanted[f"T.{name}[{i}{j}]"] = value
    assert (
        _job_of_two(
            PotentialForm("tersoff", "", "", rows, record=RECORDS["tersoff"]),
            folder,
            functions,
            "\n".join(lines),
        )
        == wanted
    )


@pytest.mark.parametrize("no_bond", [(0, 0, 0, 0), (1.5, 20.0, 1.5, 10.0), (2.5, 20.0, 1.5, 10.0)])
def test_abop(folder, functions, no_bond):
    """The numbers of an iron potential, converted to the form of Brenner and Albe."""
    pairs = ("D0", "S", "r0", "beta")
    triplets = ("gamma", "c", "d", "h", "twomu", "beta2", "powern", "m", "bigr", "bigd")
    rows = (*(_row(name, ParameterKind.PAIR) for name in pairs), *(_row(name) for name in triplets))
    S, beta, r0, D0 = 2.0693109, 1.4, 2.29, 1.5
    lambda1, lambda2 = beta * math.sqrt(2 * S), beta * math.sqrt(2 / S)
    A, B = D0 / (S - 1) * math.exp(lambda1 * r0), S * D0 / (S - 1) * math.exp(lambda2 * r0)
    numbers = (1, 0.0115751, 0.5, 1.2898716, 0.3413219, 0.26, 1, 0.9, lambda2, B, 3.15, 0.2, lambda1, A)
    row = " ".join(map(repr, numbers))
    # Entries of three different atoms describe no bond; LAMMPS reads any numbers there, equal exponents too.
    angle = " ".join(map(repr, (*numbers[:6], 0, 0, *no_bond[:2], 3.15, 0.2, *no_bond[2:])))
    lines = [
        f"{i} {j} {k} {row if j == k else angle}"
        for i in ("Si", "C")
        for j in ("Si", "C")
        for k in ("Si", "C")
    ]
    starts = _job_of_two(
        PotentialForm("abop", "", "", rows, record=RECORDS["abop"]), folder, functions, "\n".join(lines)
    )
    for pair in ("SiSi", "SiC", "CC"):
        found = [starts[f"T.{name}[{pair}]"] for name in pairs]
        assert found == pytest.approx([D0, S, r0, beta], rel=1e-12)
    names = ("h", "twomu", "beta2", "powern", "bigr", "bigd")
    assert [starts[f"T.{name}[SiCC]"] for name in names] == [-0.26, 0.5, 0.9, 1.0, 3.15, 0.2]
