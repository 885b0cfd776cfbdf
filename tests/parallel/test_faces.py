"""The same job through every face, with a prior, a constraint, a robust loss and validation data: the same bits."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hpcfit.calculator import Hpcfit
from hpcfit.runfile.store import load
from tests.helpers.mixed_jobs import STRUCTURES
from tests.helpers.mpi import MPIRUN
from tests.helpers.small_jobs import (
    bits,
    dataset_element,
    job_text,
    potential,
    sealed,
    silicon,
    write_dataset,
)

DRIVER = str(Path(__file__).with_name("drive_faces.py"))
DOF = '<A min="1" max="20"><prior mean="13" sigma="0.05"/></A><B transform="log"/><gamma/>'
CONSTRAINT = """<parameter-constraints><constraint id="c" dependent-dof="SW.lambda">
  <expression>20 + 1.7*{SW.A}</expression></constraint></parameter-constraints>"""

#: Stresses are not fitted, so that they validate.
LOSS = """<dataset id="data" file="si.h5"><residual-function name="energy-forces"/>
  <weight energy="1" forces="0.1"/></dataset>"""

FITTING = '<fitting blocks="5" checkpoint-interval="5"><geodesic-lm/></fitting>'

OWN = dataset_element() + dataset_element(
    properties='<total-energy fit="false"/><stress/>', name="validation", file="validation.h5"
)


def with_extras(text, scale):
    text = text.replace("</potentials>", f"</potentials>{CONSTRAINT}")
    return text.replace("<structures ", f'<structures loss="soft-l1" loss-scale="{scale}" ')


def driven(folder, n_ranks):
    """Let every face do the jobs in a folder, one process after another of so many ranks."""
    write_dataset(folder / "si.h5", silicon(6))
    write_dataset(folder / "validation.h5", sealed(silicon(2, seed=2)))
    own = potential(A=14.0, gamma=2.3, dof=DOF)
    (folder / "loss.xml").write_text(with_extras(job_text(LOSS, own, weights="absolute"), 0.05))
    structures = STRUCTURES[: STRUCTURES.index("</group>")] + "</group>"
    (folder / "own.xml").write_text(with_extras(job_text(OWN + structures, own, FITTING), 2.0))
    command = [sys.executable, DRIVER]
    if n_ranks > 1:
        command = [MPIRUN, "-n", str(n_ranks), *command]
    # Starting takes most of the time, on a busy machine a minute.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return driven(tmp_path_factory.mktemp("alone"), 1)


@pytest.fixture(scope="module", params=[1, pytest.param(3, marks=pytest.mark.long)])
def folder(request, alone, tmp_path_factory):
    if request.param == 1:
        return alone
    if MPIRUN is None or importlib.util.find_spec("mpi4py") is None:
        pytest.skip("needs mpi4py, and mpirun beside python or on PATH")
    return driven(tmp_path_factory.mktemp("ranks"), request.param)


@pytest.fixture(scope="module")
def told(folder):
    return json.loads((folder / "told.0").read_text())


#: Per job, what has bits of its own to compare.
FACES = {
    "loss": ("resume", "job", "job-in-memory", "job-resumed", "loss"),
    "own": ("resume", "job", "job-in-memory", "job-resumed"),
}


@pytest.mark.parametrize(("name", "face"), [(name, face) for name in FACES for face in FACES[name]])
def test_parameters_covariance_and_predictions_to_the_bit(name, face, folder):
    expected, found = bits(folder / f"{name}.run.h5"), bits(folder / f"{name}.{face}.h5")
    assert expected[0].startswith("converged")
    assert found == expected
    assert (
        load(str(folder / f"{name}.{face}.h5")).values.tobytes()
        == load(str(folder / f"{name}.run.h5")).values.tobytes()
    )


@pytest.mark.parametrize("name", FACES)
def test_objectives_to_the_bit(name, folder, told):
    run = load(str(folder / f"{name}.run.h5"))
    factor, costs = run.header.loss.factor, run.history["cost"]
    checked, before, after = told[name]
    assert (before.hex(), after.hex()) == ((factor * costs[0]).hex(), (factor * costs[-1]).hex())
    assert checked == [f"{factor * costs[0]:.10g}"]


def test_loss_is_half_of_the_sum_of_squares(folder, told):
    costs = load(str(folder / "loss.run.h5")).history["cost"]
    start, summed, end = told["Loss"]
    assert (start.hex(), end.hex()) == ((0.5 * costs[0]).hex(), (0.5 * costs[-1]).hex())
    # the same rows, summed in another order
    assert summed == pytest.approx(start, rel=1e-13)


def test_the_prior_and_the_constraint_and_the_robust_loss_count(folder):
    run = load(str(folder / "loss.run.h5"))
    values = dict(zip([p.path for p in run.header.parameters], run.values, strict=True))
    assert values["SW.lambda"] == 20 + 1.7 * values["SW.A"]
    # without the prior A goes to that of the targets, 15.28
    assert abs(values["SW.A"] - 13) < 0.5
    assert run.header.loss.of == "soft-l1, scale 0.05"


@pytest.mark.parametrize("name", FACES)
def test_the_calculator_has_the_potentials_of_every_face(name, folder):
    c = silicon(1)
    from ase import Atoms

    atoms = Atoms("Si8", positions=c.position, cell=c.cell[0], pbc=True)
    found = []
    for face in ("run", *FACES[name]):
        atoms.calc = Hpcfit(folder / f"{name}.{face}.h5")
        found.append(
            (atoms.get_potential_energy(), atoms.get_forces().tobytes(), atoms.get_stress().tobytes())
        )
    assert found == found[:1] * len(found)
    predicted = load(str(folder / f"{name}.run.h5")).result.predictions[0]
    # a structure alone is summed in another order than among others
    first = silicon(6)
    atoms = Atoms("Si8", positions=first.position[:8], cell=first.cell[0], pbc=True, calculator=atoms.calc)
    assert atoms.get_potential_energy() == pytest.approx(predicted.energy[0], rel=1e-13)
    assert np.abs(atoms.get_forces() - predicted.force[:8]).max() < 1e-12


@pytest.mark.parametrize("name", FACES)
def test_ranks_do_not_change_a_bit(name, alone, folder):
    assert bits(folder / f"{name}.run.h5") == bits(alone / f"{name}.run.h5")
    told = {path.read_text() for path in folder.glob("told.*")}
    assert len({json.dumps(json.loads(text)["Loss"]) for text in told}) == 1
