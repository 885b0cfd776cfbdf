"""Jobs at their final values: start values replaced, functions and their parts included."""

import io

import numpy as np
import pytest

from hpcfit.cli.run import fit
from hpcfit.errors import InputError
from hpcfit.objective.model import Model
from hpcfit.parallel.communicator import Serial
from hpcfit.records import Potential
from hpcfit.runfile.fitted_job import _potential_at, read_final
from hpcfit.runfile.store import load
from tests.helpers.eam_jobs import aluminium, cells, constrained, eam_job
from tests.helpers.small_jobs import write_job
from tests.physics.export_samples import function


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


def test_dependent_parameters_follow_their_constraints(tmp_path):
    text = eam_job(
        constraints=constrained(("EAM.rho.twomu", "{EAM.V.lambda}/2")), potentials=aluminium(density="")
    )
    write_job(tmp_path, text, {})
    job = read_final(str(tmp_path / "job.xml")).job
    assert {p.path: p.start for p in job.parameters} == {
        "EAM.V.A": 500.0,
        "EAM.V.lambda": 2.73,
        "EAM.rho.twomu": 2.73 / 2,
        "EAM.F.D": 8.0,
    }
    assert not any(p.varies for p in job.parameters)
    assert [p.start for function in job.potentials[0].functions for p in function.all_parameters] == [
        p.start for p in job.parameters
    ]


def test_a_fit_with_transforms_and_constraints(tmp_path):
    """What the solver varied were logarithms; what comes out are the parameters."""
    potential = aluminium(A=400.0, pair='<A transform="log"/>', density="", embedding="")
    text = eam_job(potential, constrained(("EAM.rho.twomu", "{EAM.V.lambda}/2")))
    write_job(tmp_path, text, {"si.h5": cells()})
    fit(str(tmp_path / "job.xml"), str(tmp_path / "run.h5"), False, Serial(), io.StringIO())
    stored = load(str(tmp_path / "run.h5"))
    final = read_final(str(tmp_path / "run.h5"))
    assert [p.start for p in final.job.parameters] == stored.values.tolist()
    assert stored.state.x[0] == pytest.approx(np.log(final.job.parameters[0].start))
    assert final.job.free == ()
    model = Model(final.job)
    assert model.variables.parameters(model.start).tolist() == stored.values.tolist()
