import sys

import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.errors import HpcfitError
from hpcfit.parallel import communicator
from hpcfit.parallel.communicator import Mpi, Serial, world

LAUNCHERS = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS")


@pytest.fixture(autouse=True)
def no_launcher(monkeypatch):
    for name in LAUNCHERS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.setattr(communicator, "Mpi", Serial)


def test_the_serial_twin_answers_as_one_rank():
    comm = Serial()
    assert (comm.rank, comm.size) == (0, 1)
    assert comm.broadcast("x") == "x" and comm.gather(1) == [1] and comm.all_gather(2) == [2]
    assert comm.largest(3) == 3
    with pytest.raises(ValueError, match="no rank 1"):
        comm.send(np.ones(1), 1)
    with pytest.raises(ValueError, match="no rank 1"):
        comm.receive(np.ones(1), 1)
    with pytest.raises(SystemExit) as ended:
        comm.abort(7)
    assert ended.value.code == 7


def test_the_twin_has_every_method_of_mpi():
    def public(kind):
        return {name for name in vars(kind) if not name.startswith("_")}

    assert public(Mpi) <= public(Serial)


@pytest.mark.parametrize("name", LAUNCHERS)
def test_copies_of_a_job_of_one_rank_are_refused(name, alone, monkeypatch):
    monkeypatch.setenv(name, "4")
    with pytest.raises(HpcfitError, match="4 processes were launched, found 1 rank in MPI") as refused:
        world()
    assert refused.value.exit_code == 1
    monkeypatch.setenv(name, "1")
    assert world().size == 1


def test_a_launcher_inside_a_step_of_slurm_is_believed(alone, monkeypatch):
    monkeypatch.setenv("SLURM_STEP_NUM_TASKS", "4")
    monkeypatch.setenv("PMI_SIZE", "1")
    assert world().size == 1


def test_serial_where_mpi4py_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert isinstance(world(), Serial)
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(HpcfitError, match=r"mpi4py is not installed: pip install 'hpcfit\[mpi\]'"):
        world()


@pytest.mark.parametrize("name", ["PMI_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID"])
def test_one_message_of_all_processes(name, monkeypatch, capsys):
    def fails():
        raise HpcfitError("MPI does not start")

    monkeypatch.setattr(command_line, "world", fails)
    for rank in range(3):
        monkeypatch.setenv(name, str(rank))
        assert command_line.main(["run", "job.xml"]) == 1
    assert capsys.readouterr().err == "MPI does not start\n"


def test_mpi4py_without_a_library_is_said(monkeypatch):
    def unloadable():
        raise RuntimeError("cannot load MPI library\nlibmpi.so.12: no such file")

    monkeypatch.setattr(communicator, "Mpi", unloadable)
    with pytest.raises(HpcfitError, match=r"found cannot load MPI library: libmpi\.so\.12: no such file"):
        world()
