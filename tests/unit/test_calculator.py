"""The ASE calculator against the kernels, against differences, and against what a run has stored."""

import io
from itertools import pairwise

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import CalculationFailed, PropertyNotImplementedError
from ase.optimize import BFGS

from hpcfit.calculator import Hpcfit
from hpcfit.cli.run import fit
from hpcfit.errors import InputError
from hpcfit.objective.model import Model
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers.eam_jobs import cells, columns, eam_job, read
from tests.helpers.small_jobs import (
    LENNARD_JONES,
    SILICON,
    STILLINGER_WEBER,
    job_text,
    predictions,
    silicon,
    write_job,
)

_BEST = STILLINGER_WEBER.format(A=15.28, gamma=2.51, dof="").replace(">0.6<", ">0.6022<")


def _job(folder, potentials=_BEST, species=("Si",)):
    text = job_text(structures=" ", potentials=potentials, fitting="", species=species)
    return write_job(folder, text, datasets={})


def _frames(configurations):
    for k, (first, last) in enumerate(pairwise(configurations.ptr)):
        yield Atoms(
            f"Si{last - first}",
            positions=configurations.position[first:last],
            cell=configurations.cell[k],
            pbc=configurations.pbc[k],
        )


def test_the_kernels_numbers(tmp_path):
    """The calculator of a job without structures gives what the kernel gives for its parameters."""
    configurations = silicon(n=3)
    parameters = np.array(SILICON)
    parameters[[4, 6, 7, 8]] = 2.0951, 3.77118, 45.5, -0.3333333333333333
    energy, forces, stress = predictions("stillinger-weber", parameters, configurations)
    calculator = Hpcfit(_job(tmp_path))
    for k, atoms in enumerate(_frames(configurations)):
        atoms.calc = calculator
        # Alone, a structure's atoms are grouped in another way than among others: sums differ in the last bits.
        assert atoms.get_potential_energy() == pytest.approx(energy[k], rel=1e-13)
        assert atoms.get_potential_energy(force_consistent=True) == atoms.get_potential_energy()
        assert np.abs(atoms.get_forces() - forces[8 * k : 8 * k + 8]).max() < 1e-12
        assert np.abs(atoms.get_stress() - stress[k]).max() < 1e-14


def test_bonds_between_two_species(tmp_path):
    """A dimer of one species is not bound where a potential sees those of two alone."""
    seen = LENNARD_JONES.replace('id="LJ"', 'id="LJ" species-a="C" species-b="Si"')
    every, some = _job(tmp_path, LENNARD_JONES, ("Si", "C")), tmp_path / "some"
    some.mkdir()
    some = _job(some, seen, ("Si", "C"))
    energies = [
        [
            Hpcfit(path).get_potential_energy(Atoms(symbols, [[0, 0, 0], [0, 0, 2.2]]))
            for path in (every, some)
        ]
        for symbols in ("Si2", "SiC", "CSi", "C2")
    ]
    one = energies[0][0]
    assert one < 0
    assert energies == [[one, 0.0], [one, one], [one, one], [one, 0.0]]


SHAPES = {
    "primitive cell": (bulk("Si"), True),
    "slab": (bulk("Si", cubic=True), (True, True, False)),
    "wire": (bulk("Si"), (False, True, False)),
    "molecule": (Atoms("Si3", [[0, 0, 0], [2.3, 0, 0], [1, 2, 0]]), False),
    "chain without a volume": (
        Atoms("Si2", [[0, 0, 0], [0, 1.9, 1.1]], cell=[0, 0, 2.4]),
        (False, False, True),
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_forces_are_the_energys_slope(name, tmp_path):
    atoms, pbc = SHAPES[name][0].copy(), SHAPES[name][1]
    atoms.pbc = pbc
    atoms.rattle(0.1, seed=3)
    atoms.calc = Hpcfit(_job(tmp_path))
    forces, h = atoms.get_forces().copy(), 1e-4
    assert np.abs(forces).max() > 0.1
    for place in np.ndindex(forces.shape):
        energies = []
        for step in (-h, h):
            moved = atoms.copy()
            moved.calc = atoms.calc
            moved.positions[place] += step
            energies.append(moved.get_potential_energy())
        # Central differences err by h^2/6 times a third derivative of some 1e3 eV/A^3.
        assert (energies[0] - energies[1]) / (2 * h) == pytest.approx(forces[place], abs=1e-5)


def test_stress_is_the_energys_slope(tmp_path):
    atoms = bulk("Si", a=5.6)
    atoms.rattle(0.1, seed=3)
    atoms.calc = Hpcfit(_job(tmp_path))
    stress, volume, h = atoms.get_stress(), atoms.get_volume(), 1e-5
    assert stress[:3].min() > 0.01  # stretched: tension is positive
    for k, (a, b) in enumerate([(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]):
        energies = []
        for step in (-h, h):
            strain = np.eye(3)
            strain[a, b] += step / 2
            strain[b, a] += step / 2
            strained = atoms.copy()
            strained.calc = atoms.calc
            strained.set_cell(atoms.cell @ strain, scale_atoms=True)
            energies.append(strained.get_potential_energy())
        assert (energies[1] - energies[0]) / (2 * h * volume) == pytest.approx(stress[k], abs=1e-7)


def test_no_stress_without_a_volume(tmp_path):
    atoms = Atoms("Si2", [[0, 0, 0], [2.3, 0, 0]])
    atoms.calc = Hpcfit(_job(tmp_path))
    atoms.get_forces()
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_a_cell_relaxes(tmp_path):
    atoms = bulk("Si", a=5.43)
    atoms.rattle(0.1, seed=1)
    atoms.calc = Hpcfit(_job(tmp_path))
    assert BFGS(atoms, logfile=None).run(fmax=1e-4, steps=100)
    assert atoms.get_distance(0, 1, mic=True) == pytest.approx(5.43 * np.sqrt(3) / 4, abs=1e-3)


def test_potentials_add_up(tmp_path):
    other = LENNARD_JONES.replace("<fit-dof><sigma/><epsilon/></fit-dof>", "")
    energies = []
    for number, potentials in enumerate((_BEST, other, _BEST + other)):
        folder = tmp_path / str(number)
        folder.mkdir()
        atoms = bulk("Si")
        atoms.calc = Hpcfit(_job(folder, potentials))
        energies.append(atoms.get_potential_energy())
    assert energies[2] == pytest.approx(energies[0] + energies[1], rel=1e-14)


def test_species_in_another_order_than_the_jobs(tmp_path):
    other = """<lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.1</epsilon><epsilon tag="CC">0.5</epsilon>
    <cutoff>4</cutoff></lennard-jones>"""
    calculator = Hpcfit(_job(tmp_path, other, ("Si", "C")))
    energies = []
    for symbols in ("CC", "CSi", "SiC", "SiSi"):
        atoms = Atoms(symbols, [[0, 0, 0], [2 * 2 ** (1 / 6), 0, 0]], calculator=calculator)
        energies.append(atoms.get_potential_energy())
    assert energies == pytest.approx([-0.5, -0.1, -0.1, -0.1], rel=1e-12)


def test_a_run_is_taken_at_its_last_state(tmp_path):
    """Also where the job has moved away and its datasets are gone."""
    job = write_job(tmp_path)
    fit(str(job), str(tmp_path / "run.h5"), False, Serial(), io.StringIO())
    stored = load(str(tmp_path / "run.h5")).result.predictions[0]
    job.unlink()
    (tmp_path / "si.h5").unlink()
    calculator = Hpcfit(tmp_path / "run.h5")
    for k, atoms in enumerate(_frames(silicon())):
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(stored.energy[k], rel=1e-13)
        assert np.abs(atoms.get_forces() - stored.force[8 * k : 8 * k + 8]).max() < 1e-12
        assert np.abs(atoms.get_stress() - stored.stress[k]).max() < 1e-14


def test_unknown_species(tmp_path):
    path = _job(tmp_path)
    atoms = Atoms("SiGeC", np.eye(3) * 3, calculator=Hpcfit(path))
    with pytest.raises(InputError) as caught:
        atoms.get_potential_energy()
    assert str(caught.value) == f"{path}: species that the job lacks, found Ge, C, allowed Si"


def test_atoms_on_top_of_each_other(tmp_path):
    other = LENNARD_JONES.replace("<fit-dof><sigma/><epsilon/></fit-dof>", "")
    atoms = Atoms("Si2", [[0, 0, 0], [1e-200, 0, 0]], calculator=Hpcfit(_job(tmp_path, other)))
    with pytest.raises(CalculationFailed, match="not finite, atom 0"):
        atoms.get_potential_energy()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("job.xml", None, "job.xml: no such file"),
        ("run.h5", None, "run.h5: no such file"),
        ("run.h5", b"what is this", "run.h5: run file cannot be read"),
        ("job", b"\xef\xbb\xbf <job", "job:1: not well-formed XML"),
    ],
)
def test_files_that_cannot_be_read(name, content, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError) as caught:
        Hpcfit(name)
    assert str(caught.value).startswith(message)


def test_embedded_atoms(tmp_path):
    """A job with fitting enabled, free parameters and no dataset will do."""
    write_job(tmp_path, eam_job(), {})
    calculator = Hpcfit(tmp_path / "job.xml")
    model = Model(read(tmp_path, eam_job()))
    configurations = cells(n=1)
    row = columns(model, configurations, model.start, derivatives=False)[0]
    atoms = Atoms(
        "Al8", configurations.position, cell=configurations.cell[0], pbc=True, calculator=calculator
    )
    assert atoms.get_potential_energy() == pytest.approx(row[0], rel=1e-13)
    assert np.abs(atoms.get_forces().ravel() - row[1:25]).max() < 1e-12


SLAB = [[5.0, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, 5.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": [[0, 0, 0], [2, np.nan, 0]]}, "position of atom 1 is not finite"),
        ({"positions": [[np.inf, 0, 0], [2, 0, 0]]}, "position of atom 0 is not finite"),
        ({"cell": [5, 5, np.nan]}, "a cell vector is not finite"),
        ({"pbc": True}, "cell vectors of the periodic directions are missing or linearly dependent"),
        ({"pbc": [0, 1, 0]}, "cell vectors of the periodic directions are missing or linearly dependent"),
        (
            {"pbc": [1, 1, 0], "cell": SLAB},
            "cell vectors of the periodic directions are missing or linearly dependent",
        ),
        ({"symbols": [], "positions": []}, "no atoms"),
    ],
)
def test_what_is_no_structure_is_named(tmp_path, changes, message):
    atoms = Atoms(**({"symbols": "Si2", "positions": [[0, 0, 0], [2, 0, 0]]} | changes))
    path = _job(tmp_path)
    atoms.calc = Hpcfit(path)
    with pytest.raises(InputError) as refused:
        atoms.get_potential_energy()
    assert str(refused.value) == f"{path}: {message}"


def test_a_cell_without_volume_has_no_stress(tmp_path):
    atoms = Atoms("Si2", [[0, 0, 0], [2, 0, 0]], cell=SLAB)
    atoms.calc = Hpcfit(_job(tmp_path))
    assert np.isfinite(atoms.get_potential_energy())
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()
