import io
import itertools
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.export.structure_files import write_structures
from hpcfit.objective.plan import make_plan
from hpcfit.objective.structures.rows import FAILED
from hpcfit.records import Fitting, GeodesicOptions, StructureFile, StructureResult
from hpcfit.report import report
from hpcfit.report.structures import end_lines, failure_lines, start_lines, structure_lines
from hpcfit.runfile.header import Style
from hpcfit.runfile.store import RunStore, load
from hpcfit.runfile.structure_outcomes import structure_outcomes
from hpcfit.units import GPA
from tests.helpers.lattice_jobs import derived, lattice, lj_job, vacancy, wanted

PROPERTIES = (
    wanted("atomic-energy", -3.36, tolerance=0.01, weight=3.0),
    wanted("bulk-modulus", 79 * GPA, fit=False, tolerance=2 * GPA),
    wanted("C11", 100 * GPA, tolerance=5 * GPA),
    wanted("C11", 90 * GPA, tolerance=5 * GPA, style="squared-relative", arguments={"ions": "relaxed"}),
    wanted("lattice-parameter", 4.05, fit=False, tolerance=0.005),
)


def result(structure, failure="", **values):
    named = {name.replace("_", "-"): np.array(value) for name, value in values.items()}
    return StructureResult(structure.id, structure.atoms, named, failure)


@pytest.fixture
def plan():
    fcc = lattice("fcc", 4.05, PROPERTIES)
    forces = wanted("atomic-forces", np.zeros(93), fit=False, tolerance=0.1, all_components=True)
    energies = (wanted("total-energy", -100.0, fit=False, relaxed=False, style="absolute-diff"), forces)
    formation = derived(
        "formation", "v - b", [("v", "vacancy", "total-energy"), ("b", "fcc", "atomic-energy")], 0.6
    )
    fitting = Fitting(GeodesicOptions(), blocks=1, checkpoint_interval=1)
    return make_plan(lj_job([fcc, vacancy(4.05, energies), formation], fitting=fitting), [])


@pytest.fixture
def outcomes(plan):
    fcc, hole = plan.job.own_structures
    forces = np.zeros(93)
    forces[:3] = 0.1, 0.2, -0.2

    def answers(shift):
        values = {
            "atomic-energy": -3.3 + shift,
            "bulk-modulus": 80 * GPA,
            "C11": 110 * GPA,
            "C11#2": 99 * GPA,
            "lattice-parameter": 4.0,
            "total-energy": -3.3 + shift,
        }
        first = StructureResult(fcc.id, fcc.atoms, {k: np.array([v]) for k, v in values.items()}, "")
        second = result(hole, "halted at a bound", total_energy=[-99.5], atomic_forces=forces)
        return [([first, second], [0.7 + shift])]

    return structure_outcomes(plan, answers(0.5), answers(0.0))


def test_units_and_residuals_by_hand(outcomes):
    """Shares of the sum: fcc 1/2, of which the energy has 3/5 and each C11 1/5; the formation energy 1/2."""
    fcc, hole, formation = outcomes
    found = {p.name: p for p in fcc.properties}
    assert [*found] == ["total-energy", "atomic-energy", "bulk-modulus", "C11", "C11#2", "lattice-parameter"]
    assert found["atomic-energy"].residual == pytest.approx(0.3 * 36.0, rel=1e-9)
    assert found["C11"].residual == pytest.approx(0.1 * 4.0, rel=1e-9)
    assert found["C11#2"].residual == pytest.approx(0.1 * 0.01, rel=1e-9)
    assert found["bulk-modulus"].residual == 0.0 and found["bulk-modulus"].deviation == pytest.approx(0.25)
    assert found["bulk-modulus"].value == pytest.approx([80.0]) and found["C11"].tolerance == pytest.approx(
        5.0
    )
    assert not found["total-energy"].has_target and found["atomic-energy"].start == pytest.approx([-2.8])
    assert (found["lattice-parameter"].minimum, found["lattice-parameter"].maximum) == (2.025, 8.1)
    energy, forces = hole.properties
    assert energy.deviation == 0.5 and forces.deviation == pytest.approx(9.0) and len(hole.symbols) == 31
    assert formation.properties[0].residual == pytest.approx(0.5 * 1.0)


PLAIN = """\
Structure 'fcc':
  total-energy: -3.3 eV
  atomic-energy: -3.3 eV/atom (target: -3.36 eV/atom) Abs. weight: 0.3; Tolerance: 0.01; Weighted residual: 10.8
  bulk-modulus: 80 GPa (target: 79 GPa) Tolerance: 2; Residual: 0.25
  C11: 110 GPa (target: 100 GPa) Abs. weight: 0.1; Tolerance: 5; Weighted residual: 0.4
  C11#2: 99 GPa (target: 90 GPa) Abs. weight: 0.1; Style: squared-relative; Weighted residual: 0.001
  lattice-parameter: 4 A (target: 4.05 A) Tolerance: 0.005; Residual: 100 (relaxed) [2.025:8.1]
Structure 'vacancy':
  total-energy: -99.5 eV (target: -100 eV) Style: absolute-diff; Residual: 0.5 (before relaxation)
  atomic-forces avg/max: 0.00967742/0.3 eV/A (target: avg/max difference 0.00967742/0.3 eV/A)\
 Tolerance: 0.1; Residual: 9
  atomic-forces: 0 (0.1, 0.2, -0.2) (target: (0, 0, 0) eV/A)
"""


def test_lines_as_users_of_atomicrex_read_them(outcomes):
    lines = structure_lines(outcomes, Style())
    assert "\n".join(lines).startswith(PLAIN)
    assert len([line for line in lines if line.startswith("  atomic-forces: ")]) == 31
    assert lines[-4:] == [
        "Derived property 'formation':",
        "  value: 0.7 eV (target: 0.6 eV) Abs. weight: 0.5; Tolerance: 0.1; Weighted residual: 0.5",
        "Training set: 4 properties, 4 values, weighted residual 11.701, mean residual of a value 10.2525",
        "Validation set: 4 properties, 96 values, mean residual of a value 1.14323",
    ]
    assert failure_lines(outcomes) == ["warning: structure 'vacancy': halted at a bound"]


def test_a_derived_property_without_a_value_is_named(plan, outcomes):
    results = [StructureResult(s.id, s.atoms, {}, "") for s in plan.job.own_structures]
    found = structure_outcomes(plan, [(results, [0.7])], [(results, [np.nan])])
    warning = "warning: derived property 'formation': not finite, or a structure in it is not"
    assert failure_lines(found) == [warning]


def test_what_has_no_value_counts_as_in_the_objective(outcomes):
    fcc, hole, _ = outcomes
    energy = next(p for p in fcc.properties if p.name == "atomic-energy")
    assert replace(energy, value=np.array([np.nan])).residual == pytest.approx(0.3 * FAILED**2, rel=1e-12)
    forces = hole.properties[1]
    failed = replace(forces, fit=True, weight=0.5, value=np.full(93, np.nan))
    assert failed.residual == pytest.approx(0.5 * 93 * FAILED**2, rel=1e-12)
    assert np.isnan(replace(forces, value=np.full(93, np.nan)).deviation)


def test_digits_and_verbosity(outcomes):
    exact = structure_lines(outcomes[:1], Style("maximum", 10))
    assert "  C11#2: 99 GPa (target: 90 GPa) (before the fit: 99 GPa) Abs. weight: 0.1" in "\n".join(exact)
    assert "(before the fit: -2.8 eV/atom)" in exact[2]
    third = replace(outcomes[0].properties[0], value=np.array([1 / 3]))
    one = replace(outcomes[0], properties=(third,))
    assert structure_lines([one], Style("medium", 10))[1] == "  total-energy: 0.3333333333 eV"
    assert structure_lines([one], Style("medium", 0))[1] == "  total-energy: 0.333333 eV"
    bare = replace(third, unit="1", target=np.array([2.0]))
    lines = structure_lines([replace(one, properties=(bare,))], Style("maximum"))
    assert lines[1].startswith("  total-energy: 0.333333 (target: 2) (before the fit: -2.8) ")
    huge = replace(third, target=np.array([1e300]))
    assert huge.deviation == np.inf
    debug = structure_lines(outcomes[:1], Style("debug"))
    assert "  cell: (0, 2.025, 2.025) A" in debug and "  atom: 0 Al (0, 0, 0) A" in debug


def test_phases(header, states):
    header = replace(header, style=Style(precision=3))
    assert start_lines(header, np.array([5.0, 0.60222, 2.0951]), 9) == [
        "Potential parameters being optimized (#dof=2):",
        "  SW.A[SiSi]: 5 [1:20]",
        "  SW.B[SiSi]: 0.602",
        "Number of properties being fitted: 9",
    ]
    state = replace(states[1], cost=2 * 792.731)
    assert end_lines(header, state) == ["Iterations 1 residual 792.7310000", "Fitting process complete."]
    dependent = replace(header.parameters[2], constraint="2*{SW.B}")
    lines = start_lines(replace(header, parameters=(dependent,)), np.array([2.0951]), 0)
    assert lines[:3] == [
        "Potential parameters being optimized (#dof=0):",
        "Dependent DOFs:",
        "  SW.sigma[SiSi]: 2.1",
    ]


@pytest.fixture
def path(tmp_path, header, result, outcomes):
    store = RunStore.create(str(tmp_path / "run.h5"), header)
    store.finish(replace(result, structures=outcomes))
    return store._path


def same(a, b):
    return all(
        np.array_equal(getattr(a, name), getattr(b, name), equal_nan=name == "target") for name in vars(a)
    )


def test_every_bit_survives_the_run_file(path, outcomes):
    stored = load(path).result.structures
    assert [o.id for o in stored] == ["fcc", "vacancy", "formation"]
    for a, b in zip(stored, outcomes, strict=True):
        assert same(replace(a, properties=()), replace(b, properties=()))
        assert len(a.properties) == len(b.properties)
        assert all(same(p, q) for p, q in zip(a.properties, b.properties, strict=True))
        assert all(type(p.fit) is bool and type(p.tolerance) is float for p in a.properties)


def reported(run):
    stream = io.StringIO()
    report.write(run, stream)
    return stream.getvalue()


def test_report_from_the_file_alone(path, outcomes):
    stream = io.StringIO()
    report.from_file(path, stream)
    text = stream.getvalue()
    assert PLAIN in text and text.endswith("\nwarning: structure 'vacancy': halted at a bound\n")
    assert text.index("parameters") < text.index("Structure 'fcc'") < text.index("errors")


def test_levels_of_verbosity(path):
    run = load(path)
    said = {
        level: reported(replace(run, header=replace(run.header, style=Style(level))))
        for level in ("none", "minimum")
    }
    assert said["none"] == ""
    assert (
        "outcome" in said["minimum"] and "Structure" not in said["minimum"] and "warning" in said["minimum"]
    )


def test_where_relaxations_stand_survives(tmp_path, header, states):
    store = RunStore.create(str(tmp_path / "run.h5"), header)
    vectors = (np.array([4.05, 1e-300]), np.zeros(0), np.array([np.pi]))
    store.save(states[0], 0.0, relaxed=vectors)
    found = load(store._path).relaxed
    assert [v.tobytes() for v in found] == [v.tobytes() for v in vectors]
    store.save(states[1], 0.0)
    assert load(store._path).relaxed == ()


BOTH_SIGNS = np.array([[1.0, 0.1, 0.0], [-0.2, 1.0, -0.3], [0.3, -0.1, 1.0]])


def written(tmp_path, plan, outcomes, kind, name, shear=BOTH_SIGNS):
    """Write the vacancy's file; sheared, so that LAMMPS turns its cell and tilts are of both signs."""
    hole = replace(outcomes[1], cell=outcomes[1].cell @ shear, position=outcomes[1].position @ shear)
    files = (StructureFile(kind, name, str(tmp_path / name)),)
    fcc, vacant = plan.job.own_structures
    job = lj_job([fcc, replace(vacant, files=files)])
    log = io.StringIO()
    write_structures(job, [outcomes[0], hole], log)
    assert f"{name}, {kind} of structure 'vacancy'" in log.getvalue()
    return hole


@pytest.mark.parametrize(
    ("kind", "name", "reader"),
    [
        ("poscar", "POSCAR", "vasp"),
        ("extxyz", "v.xyz", "extxyz"),
        ("lammps-dump", "v.dump", "lammps-dump-text"),
    ],
)
def test_files_are_read_back_by_ase(tmp_path, plan, outcomes, kind, name, reader):
    from ase.io import read

    hole = written(tmp_path, plan, outcomes, kind, name)
    atoms = read(tmp_path / name, format=reader)
    assert atoms.get_chemical_symbols() == ["Al"] * 31 and atoms.pbc.all()
    # distances, since LAMMPS's cells are turned; extxyz has 8 decimals
    first = hole.position[:, None] - hole.position[None]
    second = atoms.positions[:, None] - atoms.positions[None]
    assert np.abs(np.linalg.norm(first, axis=2) - np.linalg.norm(second, axis=2)).max() < 2e-8
    metric = np.asarray(atoms.cell) @ np.asarray(atoms.cell).T
    assert np.abs(metric - hole.cell @ hole.cell.T).max() < 1e-6
    if kind == "extxyz":
        assert atoms.get_potential_energy() == -99.5
        assert atoms.get_forces()[0] == pytest.approx([0.1, 0.2, -0.2])


@pytest.mark.parametrize("signs", [(1, 1), (-1, -1), (1, -1), (-1, 1)])
def test_bounds_of_a_dump_are_those_of_the_box_around_the_cell(tmp_path, plan, outcomes, signs):
    shear = np.array([[1.0, 0.0, 0.0], [0.1 * signs[0], 1.0, 0.0], [0.2 * signs[1], -0.1, 1.0]])
    hole = written(tmp_path, plan, outcomes, "lammps-dump", "v.dump", shear)
    lines = (tmp_path / "v.dump").read_text().splitlines()
    first = lines.index("ITEM: BOX BOUNDS xy xz yz pp pp pp") + 1
    bounds = np.array([line.split()[:2] for line in lines[first : first + 3]], dtype=float)
    corners = np.array(list(itertools.product((0, 1), repeat=3))) @ hole.cell
    assert bounds == pytest.approx(np.array([corners.min(axis=0), corners.max(axis=0)]).T, abs=1e-12)
