"""A limit can be raised by ``resume``, to the bits of a run with that limit; a run starts from another one."""

import io

import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.cli import resume, run
from hpcfit.errors import HpcfitError
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import bits, job_text, potential

LATTICE = """<job><atom-types><species>Al</species></atom-types><fitting><geodesic-lm {}/></fitting>
  <potentials><lennard-jones id="LJ"><sigma>2.5</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff>
    <fit-dof><sigma/><epsilon/></fit-dof></lennard-jones></potentials>
  <structures><fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter>
    <properties><lattice-parameter fit="true" target="4.3"/><atomic-energy fit="true" target="-3"/></properties>
  </fcc-lattice></structures></job>"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "world", Serial)
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(6))
    return tmp_path


def write(folder, element, name="job.xml", dof="<A/><B/><gamma/>"):
    text = job_text(potentials=potential(A=14.0, gamma=2.0, dof=dof), fitting=f"<fitting>{element}</fitting>")
    (folder / name).write_text(text)


def fit(job, output, **options):
    log = io.StringIO()
    return run.fit(job, output, False, Serial(), log, **options), log.getvalue()


@pytest.mark.parametrize("name", ["max-iter", "max-evaluations"])
@pytest.mark.parametrize("kind", ["data", "lattice"])
def test_a_raised_limit_gives_the_bits_of_a_run_with_that_limit(folder, capsys, name, kind):
    low, high = (2, 4) if name == "max-iter" else (5, 13)

    def job(limit):
        if kind == "data":
            write(folder, f'<geodesic-lm {name}="{limit}"/>')
        else:
            (folder / "job.xml").write_text(LATTICE.format(f'{name}="{limit}"'))

    job(high)
    whole, _ = fit("job.xml", "whole.h5")
    job(low)
    outcome, _ = fit("job.xml", "job.run.h5")
    assert outcome.startswith("stopped: ") and outcome.endswith(" limit")
    assert command_line.main(["resume", "job.run.h5", f"--{name}", str(high)]) in (0, 3)
    assert f"{name} {high} replaces that of the job, {low}" in capsys.readouterr().out
    assert load("job.run.h5").result.outcome == whole
    assert bits("job.run.h5") == bits("whole.h5")
    # the limit stays that of the run, and the finished run is only reported
    assert load("job.run.h5").header.options[name.replace("-", "_")] == high
    assert resume.resume("job.run.h5", Serial(), io.StringIO()) == whole


@pytest.mark.parametrize(
    ("element", "name"),
    [
        ('<BFGS max-iter="2"/>', "max-iter"),
        ('<scipy method="SLSQP" maxiter="2"/>', "max-iter"),
        ('<nlopt algorithm="LN_BOBYQA" maxeval="20"/>', "max-evaluations"),
    ],
)
def test_other_minimisers_go_on_from_their_point(folder, element, name):
    write(folder, element)
    fit("job.xml", "job.run.h5")
    before, log = load("job.run.h5").state, io.StringIO()
    resume.resume("job.run.h5", Serial(), log, limits={name.replace("-", "_"): 200})
    after = load("job.run.h5").state
    assert after.cost < before.cost and after.iteration > before.iteration
    assert "the minimiser starts anew from the last point, and keeps its counts" in log.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--max-iter", "2"], "max-iter not above that of the run, found 2, allowed above 2"),
        (["--max-evaluations", "900"], "run ended by another limit, stopped: iteration limit"),
    ],
)
def test_a_limit_that_changes_nothing_is_named(folder, capsys, arguments, said):
    write(folder, '<geodesic-lm max-iter="2"/>')
    fit("job.xml", "job.run.h5")
    before = (folder / "job.run.h5").read_bytes()
    assert command_line.main(["resume", "job.run.h5", *arguments]) == 2
    assert said in capsys.readouterr().err
    assert (folder / "job.run.h5").read_bytes() == before


def test_a_converged_run_has_no_limit_to_raise(folder, capsys):
    write(folder, "<geodesic-lm/>")
    fit("job.xml", "job.run.h5")
    assert command_line.main(["resume", "job.run.h5", "--max-iter", "500"]) == 2
    assert "run.h5: max-iter has no effect, found converged: " in capsys.readouterr().err


def test_a_run_starts_at_the_parameters_of_another(folder, capsys):
    write(folder, '<geodesic-lm max-iter="3"/>', dof="<A/><B/>")
    fit("job.xml", "first.h5")
    first = load("first.h5")
    write(folder, '<geodesic-lm max-iter="1"/>', "next.xml", dof="<B/><gamma/><sigma/>")
    assert command_line.main(["run", "next.xml", "--from", "first.h5", "-o", "next.h5"]) == 3
    log = capsys.readouterr().out
    stored = load("next.h5")
    values = dict(zip([p.path for p in first.header.parameters], first.values, strict=True))
    assert stored.history["x"][0].tolist() == [values[p.path] for p in stored.header.free]
    assert "3 of 3 free parameters start at the values of first.h5" in log
    assert f"fixed in the job, which keeps its values: SW.A 14 (run {values['SW.A']:.10g})" in log


def test_a_start_that_does_not_fit_is_refused(folder, capsys):
    write(folder, '<geodesic-lm max-iter="1"/>')
    fit("job.xml", "first.h5")
    write(folder, "<geodesic-lm/>", "next.xml", dof='<A min="13.99" max="14.01"/>')
    assert command_line.main(["run", "next.xml", "--from", "first.h5", "-o", "next.h5"]) == 2
    assert "first.h5: value of SW.A outside its bounds, found" in capsys.readouterr().err
    (folder / "lattice.xml").write_text(LATTICE.format(""))
    assert command_line.main(["run", "lattice.xml", "--from", "first.h5", "-o", "next.h5"]) == 2
    assert "run shares no free parameter with the job" in capsys.readouterr().err
    assert not (folder / "next.h5").exists()
    with pytest.raises((SharedError, HpcfitError), match="missing"):
        fit("lattice.xml", "next.h5", origin="missing.h5")


def test_bounds_of_transforms_hold_at_the_start(folder):
    write(folder, '<geodesic-lm max-iter="1"/>')
    fit("job.xml", "first.h5")
    write(folder, '<geodesic-lm max-iter="1"/>', "next.xml", dof='<A transform="log" min="1" max="99"/>')
    fit("next.xml", "next.h5", origin="first.h5")
    first = load("first.h5").values[0]
    assert np.exp(load("next.h5").history["x"][0, 0]) == pytest.approx(first, rel=1e-14)
