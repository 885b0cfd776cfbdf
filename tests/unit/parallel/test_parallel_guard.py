import pytest

from hpcfit.errors import Fault, HpcfitError, InputError
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError, raise_on_all_ranks
from tests.helpers.thread_ranks import on_ranks


def run(size, work):
    """Run `work(rank)` under guard; every rank's collectives, and its error."""

    def of_rank(comm):
        error = None
        try:
            with raise_on_all_ranks(comm):
                work(comm.rank)
        except SharedError as shared:
            error = shared.error
        return comm.collectives, error

    return on_ranks(size, of_rank)


def test_one_reduction_when_all_is_well():
    assert run(3, lambda rank: None) == [(["largest"], None)] * 3


def test_faults_of_all_ranks_are_raised_on_all_each_once():
    def work(rank):
        if rank != 1:
            raise InputError([Fault("job.xml:3", "same everywhere"), Fault("si.h5", f"only on {rank}")])

    for _, error in run(3, work):
        assert isinstance(error, InputError) and error.exit_code == 2
        assert str(error).splitlines() == [
            "job.xml:3: same everywhere",
            "si.h5: only on 0",
            "si.h5: only on 2",
        ]


def test_an_error_of_the_lowest_rank_that_failed_is_raised_on_all():
    def work(rank):
        if rank > 0:
            raise HpcfitError(f"disk of {rank} is full")

    for _, error in run(4, work):
        assert str(error) == "disk of 1 is full" and error.exit_code == 1


def test_other_errors_pass_through():
    with pytest.raises(ZeroDivisionError), raise_on_all_ranks(Serial()):
        raise ZeroDivisionError


def test_a_shared_error_is_not_shared_again():
    def work(comm):
        try:
            with raise_on_all_ranks(comm), raise_on_all_ranks(comm):
                raise HpcfitError("once")
        except SharedError:
            return comm.collectives
        return []

    assert on_ranks(2, work) == [["largest", "all_gather"]] * 2
