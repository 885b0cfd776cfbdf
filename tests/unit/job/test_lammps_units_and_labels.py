"""Units and labels of LAMMPS's files, and values that their entries give twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import Job, ReadOptions

SI = "{0} {0} {0} 2 2.0951 1.80 21.0 1.20 -0.333333333333 7.05 0.602 4.0 0.0 0.0\n"
TABLE = "0.5 0.4 0.3 0.2 0.1"
SETFL = f"a {{}}\nb\nc\n1 Al # only one\n5 0.25 5 0.5 2.0\n13 27\n{TABLE}\n\n{TABLE}\n# r V\n{TABLE[:7]}\n{TABLE[8:]}\n"
FUNCFL = "a\n13 27 4.05 fcc\n6 0.25 6 0.4 2.0\n" + 3 * "0.6 0.5 0.4\n0.3 0.2 0.1\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Job]:
    def job(form: str, species: str, *contents: str, labels: str = "", after: str = "<structures/>") -> Job:
        elements = "".join(f"<species>{symbol}</species>" for symbol in species.split())
        attribute = f' labels="{labels}"' if labels else ""
        for k, content in enumerate(contents):
            (tmp_path / f"f{k}").write_text(content)
        files = "".join(f"<param-file{attribute}>f{k}</param-file>" for k in range(len(contents)))
        text = f'<{form} id="P">{files}</{form}>'
        path = tmp_path / "job.xml"
        path.write_text(
            f"<job><atom-types>{elements}</atom-types><potentials>{text}</potentials>{after}</job>"
        )
        return read_job(path, catalogue(), ReadOptions(structures="lattice" in after))

    return job


def _starts(job: Job) -> dict[str, float]:
    return {p.path.split(".", 1)[1]: p.start for p in job.potentials[0].parameters}


def test_real_units_are_converted_with_the_factor_of_lammps(read: Callable[..., Job]) -> None:
    metal = _starts(read("stillinger-weber", "Si", "# UNITS: metal\n" + SI.format("Si")))
    real = _starts(read("stillinger-weber", "Si", "# UNITS: real\n" + SI.format("Si")))
    energies = {"A", "lambda"}
    assert {k: v for k, v in real.items() if k not in energies} == {
        k: v for k, v in metal.items() if k not in energies
    }
    for name in energies:
        assert real[name] == pytest.approx(metal[name] / 23.060549, rel=1e-15)
    (potential,) = read("eam", "Al", SETFL.format("UNITS: real")).potentials
    embedding, density, pair = potential.functions
    assert embedding.values[0] == pytest.approx(0.5 / 23.060549, rel=1e-15)
    assert pair.children[0].values[0] == pytest.approx(0.5 / 23.060549, rel=1e-15)
    assert density.values[0] == 0.5


@pytest.mark.parametrize("units", ["lj", "si", "cgs", "electron", "micro", "nano", "Metal"])
def test_other_units_are_refused(read: Callable[..., Job], units: str) -> None:
    for form, species, text in (
        ("stillinger-weber", "Si", f"# UNITS: {units}\n" + SI.format("Si")),
        ("eam", "Al", SETFL.format(f"UNITS:{units}")),
    ):
        with pytest.raises(
            InputError, match=f'f0:1: units that LAMMPS .*, found "{units}", allowed metal or real'
        ):
            read(form, species, text)


def test_styles_whose_files_lammps_does_not_convert(read: Callable[..., Job]) -> None:
    edip = "Si Si Si " + " ".join(["1"] * 17) + "\n"
    for form, text in (("edip", "# UNITS: real\n" + edip), ("adp", SETFL.format("UNITS: real"))):
        with pytest.raises(InputError, match=r'f0:1: units that LAMMPS .*, found "real", allowed metal$'):
            read(form, "Si", text)


def test_units_below_the_first_line_are_refused(read: Callable[..., Job]) -> None:
    with pytest.raises(InputError, match=r"f0:2: UNITS: outside the first line, found real"):
        read("stillinger-weber", "Si", "# a\n# UNITS: real\n" + SI.format("Si"))


def test_labels(read: Callable[..., Job]) -> None:
    plain = _starts(read("stillinger-weber", "Si", SI.format("Si")))
    text = SI.format("Si1") + SI.format("C")
    guessed = read("stillinger-weber", "Si", text)
    assert _starts(guessed) == plain
    assert guessed.warnings[0].endswith('Si is "Si1" in f0; labels="Si=Si1" says so')
    several = SI.format("Si(B)").replace(" 2 2.0951", " 3 2.0951") + SI.format("Si(C)")
    assert _starts(read("stillinger-weber", "Si", several, labels="Si=Si(C)")) == plain
    for labels, match in (
        ("", r'several labels for Si in f0, allowed labels="Si=Si\(B\)" or labels="Si=Si\(C\)"'),
        ("Si=Si(D)", r'label of Si is not in f0, found "Si\(D\)"'),
        ("Ge=Si(B)", r'bad entry of labels in <param-file>, found "Ge=Si\(B\)"'),
        ("Si=Si(B) Si=Si(C)", r"species or label twice in labels"),
    ):
        with pytest.raises(InputError, match=match):
            read("stillinger-weber", "Si", several, labels=labels)
    job = read("eam", "Al", SETFL.format("").replace("Al", "Al2"), labels="Al=Al2")
    assert [f.id for f in job.potentials[0].functions] == ["F_Al", "rho_Al", "V_AlAl"]


def test_entries_of_two_orders(read: Callable[..., Job]) -> None:
    def text(A: float) -> str:
        words = ["".join(SI.format("Si")).split()[3:] for _ in range(2)]
        words[1][6] = repr(A)
        rows = [(a, b, c) for a in ("Si", "C") for b in ("Si", "C") for c in ("Si", "C")]
        return "\n".join(" ".join([*row, *words[row == ("C", "Si", "Si")]]) for row in rows)

    job = read("stillinger-weber", "Si C", text(7.05 * (1 + 1e-6)))
    assert _starts(job)["A[SiC]"] == pytest.approx(2 * 7.05 * (1 + 5e-7), rel=1e-14)
    (warning,) = job.warnings
    assert (
        "1 values differ between the two orders of a bond, by up to 1.0e-06 of the value (A of SiC)"
        in warning
    )
    assert read("stillinger-weber", "Si C", text(7.05)).warnings == ()
    with pytest.raises(InputError, match=r"A of SiC differs between the orders of its species, found 16.0"):
        read("stillinger-weber", "Si C", text(8.0))


def test_files_for_one_element_each(read: Callable[..., Job]) -> None:
    other = FUNCFL.replace("13 27", "29 63").replace("0.6 0.5", "0.8 0.5")
    (potential,) = read("eam", "Al Cu", FUNCFL, other).potentials
    names = ["F_Al", "F_Cu", "rho_Al", "rho_Cu", "V_AlAl", "V_AlCu", "V_CuCu"]
    assert [f.id for f in potential.functions] == names
    # LAMMPS's tables end one step before the file's; the charges' product is in Hartree Bohr.
    assert len(potential.functions[0].knots) == 5
    assert potential.functions[5].children[0].values[0] == pytest.approx(27.2 * 0.529 * 0.6 * 0.8, rel=1e-14)
    with pytest.raises(InputError, match=r"f1:3: bad step or cut-off"):
        read("eam", "Al Cu", FUNCFL, other.replace("0.4 2.0", "0.4 -2.0"))
    with pytest.raises(InputError, match=r"f1: functions are in an earlier <param-file> too"):
        read("eam", "Al", SETFL.format(""), SETFL.format(""))


def test_numbers_that_python_alone_reads(read: Callable[..., Job]) -> None:
    for word in ("0.6_02", "nan", "inf", "1e999", "\u0661"):
        with pytest.raises(InputError, match=r"f0:1: bad value of B"):
            read("stillinger-weber", "Si", SI.format("Si").replace("0.602", word))


def test_second_derivatives_of_tables(read: Callable[..., Job]) -> None:
    lattice = """<structures><fcc-lattice id="s"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter>
      <properties><bulk-modulus/></properties></fcc-lattice></structures>"""
    text = SETFL.format("").replace("0.3 0.2 0.1", "0.3 0.1 0.1")
    (warning,) = [w for w in read("eam", "Al", text, after=lattice).warnings if "bulk" in w]
    assert "bulk-modulus: second derivatives of tables jump at their points (P." in warning
    assert not any("jump" in w for w in read("eam", "Al", text).warnings)
