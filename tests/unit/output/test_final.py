"""Jobs at their final values: start values replaced, functions and their parts included."""

import io

import numpy as np
import pytest
from export_samples import function
from small_jobs import write_job

from hpcfit.errors import InputError
from hpcfit.output.final import _potential_at, read_final
from hpcfit.output.store import load
from hpcfit.parallel.communicator import Serial
from hpcfit.records import Potential
from hpcfit.run import fit


@pytest.fixture
def run(tmp_path):
    job = write_job(tmp_path)
    fit(str(job), str(tmp_path / "run.h5"), False, Serial(), io.StringIO())
    return tmp_path / "run.h5"


def test_a_job_at_its_start(tmp_path):
    final = read_final(str(write_job(tmp_path)))
    assert (final.loss, final.note) == ("", "")
    assert final.job.parameters[0].start == 5.0
    assert final.job.datasets == ()


def test_a_run_at_its_end(run):
    stored = load(str(run))
    final = read_final(str(run))
    assert [p.start for p in final.job.parameters] == stored.values.tolist()
    assert final.job.parameters[0].start != 5.0
    assert final.job.hash == stored.header.job_hash
    assert final.loss == f"chi^2 {stored.state.cost:.10g}"


def test_structures_on_request(run):
    assert [source.id for source in read_final(str(run), structures=True).job.datasets] == ["si"]
    (run.parent / "si.h5").unlink()
    with pytest.raises(InputError, match="no such file"):
        read_final(str(run), structures=True)
    assert read_final(str(run)).job.datasets == ()


def test_an_unreadable_run_file_is_noted(run):
    run.write_bytes(b"damage")
    assert "run.previous.h5 is used in its place" in read_final(str(run)).note


def test_functions_and_their_parts():
    first, second, screening = (function(name, "a*r", 3.0, a=0.0) for name in "fgs")
    whole = function("w", "b*r", 3.0, b=0.0)
    nested = type(whole)("w", "sum", (), (), children=(first, second), screening=screening)
    potential = Potential(
        "P", "eam", (*nested.all_parameters, *whole.all_parameters), (nested, whole), (0, -1, 1)
    )
    changed = _potential_at(potential, iter(np.arange(1.0, 5.0).tolist()))
    assert [p.start for p in changed.parameters] == [1.0, 2.0, 3.0, 4.0]
    assert [child.parameters[0].start for child in changed.functions[0].children] == [1.0, 2.0]
    assert changed.functions[0].screening.parameters[0].start == 3.0
    assert changed.functions[1].parameters[0].start == 4.0
