"""The same job through every face, on all ranks: leaves run files, and what was printed, in the working folder."""

import contextlib
import io
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np

import hpcfit
from hpcfit.cli.check import _check as check
from hpcfit.cli.resume import resume
from hpcfit.cli.run import fit
from hpcfit.parallel.communicator import world
from hpcfit.runfile.store import RunStore


@contextlib.contextmanager
def signalled():
    """Let the root stop its fit after two iterations, as a launcher does."""
    save = RunStore.save

    def stops(self, state, *arguments):
        save(self, state, *arguments)
        if state.iteration == 1:
            os.kill(os.getpid(), signal.SIGUSR1)

    RunStore.save = stops
    yield
    RunStore.save = save


def command_line(comm, job, name):
    fit(job, f"{name}.run.h5", False, comm, io.StringIO())
    with signalled():
        outcome = fit(job, f"{name}.resume.h5", False, comm, io.StringIO())
    assert comm.broadcast(outcome) == "stopped: signal"
    resume(f"{name}.resume.h5", comm, io.StringIO())


def checked(comm, job):
    """Return the objective that ``hpcfit check`` prints."""
    options = type("Options", (), {"job": job, "allow_outside": False, "allow_python": False, "ranks": 0})
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        check(options, comm)
    return [line.split()[1].rstrip(",") for line in out.getvalue().splitlines() if "gradient" in line]


def parsed(comm, job):
    made = hpcfit.Job(comm)
    made.parse_input_file(job)
    made.set_verbosity("none")
    return made


def script_job(comm, job, name):
    """Return the objective at the start, and at the end."""
    made = parsed(comm, job)
    before = parsed(comm, job).calculate_residual()
    made.perform_fitting(output=f"{name}.job.h5")
    kept = parsed(comm, job)
    kept.perform_fitting()
    kept.result.save(f"{name}.job-in-memory.h5")
    with signalled():
        stopped = parsed(comm, job)
        assert stopped.perform_fitting(output=f"{name}.job-resumed.h5") == "stopped: signal"
    again = parsed(comm, job)
    again.perform_fitting(output=f"{name}.job-resumed.h5", resume=True)
    assert again.get_potential_parameters().tolist() == made.get_potential_parameters().tolist()
    return before, made.result.fun


def script_loss(comm):
    data = hpcfit.Dataset.from_path("si.h5", weight=hpcfit.Weight(energy_weight=1.0, forces_weight=0.1))
    potential = hpcfit.Potential.from_xml(Path("loss.xml"))
    calculator = hpcfit.Calculator(potential, data, comm=comm)
    loss = hpcfit.Loss(calculator, loss="soft-l1", loss_scale=0.05)
    start, residual = loss.loss(), loss.residual()
    result = loss.minimize(output="loss.loss.h5", verbosity="none")
    energies = np.array([prediction[0] for prediction in calculator.get_prediction()])
    run = result.run.result.predictions[0]
    assert energies.tobytes() == run.energy.tobytes()
    assert loss.loss().hex() == result.fun.hex()
    rows = loss.residual()
    assert abs(0.5 * rows @ rows - result.fun) < 1e-13 * result.fun
    assert abs(loss.jacobian().T @ rows - loss.gradient()).max() < 1e-10 * np.abs(loss.jacobian()).max()
    return start, 0.5 * float(residual @ residual), result.fun


if __name__ == "__main__":
    comm = world()
    told = {}
    for name in ("loss", "own"):
        command_line(comm, f"{name}.xml", name)
        told[name] = [checked(comm, f"{name}.xml"), *script_job(comm, f"{name}.xml", name)]
    told["Loss"] = script_loss(comm)
    Path(f"told.{comm.rank}").write_text(json.dumps(told))
    sys.stdout.flush()
