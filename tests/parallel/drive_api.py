"""A script over job.xml, on all ranks: ``drive_api.py bits``, or with a mistake on rank 1: ``bad``, ``crash``."""

import sys
from pathlib import Path

import hpcfit
from hpcfit.errors import InputError
from hpcfit.parallel.communicator import world


def bits(comm):
    """Let every rank leave all that it was told, to the last bit."""
    job = hpcfit.Job(comm)
    job.set_verbosity("none")
    job.parse_input_file("job.xml")
    start = job.calculate_residual()
    gradient = job.calculate_gradient(1.01 * job.get_potential_parameters())
    outcome = job.perform_fitting()
    job.print_properties()
    energies = [structure.properties["total-energy"] for structure in job.structures.values()]
    numbers = [start, *gradient, job.calculate_residual(), *job.get_potential_parameters(), *energies]
    lines = [outcome, *(float(number).hex() for number in numbers)]
    Path(f"told.{comm.rank}").write_text("\n".join(lines), encoding="utf-8")


def bad(comm):
    """Give another number of parameters on one rank: all are told, and can go on."""
    job = hpcfit.Job(comm)
    job.parse_input_file("job.xml")
    try:
        job.calculate_residual([1.0] if comm.rank == comm.size - 1 else None)
    except InputError as error:
        residual = job.calculate_residual().hex()
        Path(f"told.{comm.rank}").write_text(f"{error}, then {residual}", encoding="utf-8")


def crash(comm):
    """Fail on one rank inside a call as only a fault of the program does."""
    job = hpcfit.Job(comm)
    job.parse_input_file("job.xml")
    if comm.rank == comm.size - 1:
        job._prepared = lambda: 1 / 0
    job.calculate_residual()
    Path(f"told.{comm.rank}").touch()


if __name__ == "__main__":
    {"bits": bits, "bad": bad, "crash": crash}[sys.argv[1]](world())
