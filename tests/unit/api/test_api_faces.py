"""A job says the same to a script as to the command line: priors, messages, signals, checkpoints, Python functions."""

import io
import os
import signal
from pathlib import Path

import numpy as np
import pytest

import hpcfit
from hpcfit.cli.main import main
from hpcfit.cli.run import fit
from hpcfit.errors import InputError
from hpcfit.objective.block import BlockObjective
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import bits, job_text, potential

#: An aluminium job whose prior pulls hard.
PRIOR = """<job><atom-types><species>Al</species></atom-types><fitting><geodesic-lm max-iter="50"/></fitting>
<potentials><morse id="M"><D0>0.3</D0><alpha>1.3</alpha><r0>3.0</r0><cutoff>6</cutoff>
<fit-dof><D0/><alpha><prior mean="1.5" sigma="0.01"/></alpha></fit-dof></morse></potentials>
<structures><fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>4.05</lattice-parameter><properties>
<atomic-energy fit="true" target="-3.36" tolerance="0.01"/><bulk-modulus fit="true" target="79" tolerance="1"/>
<lattice-parameter fit="true" target="4.05" tolerance="0.005"/></properties></fcc-lattice></structures></job>"""


def parsed(path, verbosity="none", **options):
    job = hpcfit.Job(Serial())
    job.parse_input_file(str(path), **options)
    job.set_verbosity(verbosity)
    return job


def test_priors_count_in_a_job_of_a_script(tmp_path):
    (tmp_path / "job.xml").write_text(PRIOR)
    (tmp_path / "without.xml").write_text(PRIOR.replace('<prior mean="1.5" sigma="0.01"/>', ""))
    fit(str(tmp_path / "job.xml"), str(tmp_path / "run.h5"), False, Serial(), io.StringIO())
    job, without = parsed(tmp_path / "job.xml"), parsed(tmp_path / "without.xml")
    job.perform_fitting()
    without.perform_fitting()
    assert job.result.fun == pytest.approx(888.6178, abs=5e-5)
    assert without.result.fun == pytest.approx(726.009, abs=5e-4)
    job.result.save(tmp_path / "job.h5")
    assert bits(tmp_path / "job.h5") == bits(tmp_path / "run.h5")
    assert job.calculate_residual() == pytest.approx(job.result.fun, rel=1e-9)
    gradient = job.calculate_gradient([0.3, 1.3])
    step = np.array([0.0, 1e-4])
    up, down = (job.calculate_residual(np.array([0.3, 1.3]) + h * step) for h in (1, -1))
    # a central difference, whose next term is of second order in 1e-4
    assert gradient[1] == pytest.approx((up - down) / 2e-4, rel=1e-5)


def test_a_loss_at_the_end_of_its_minimisation_is_its_fun(data):
    xml = potential(dof='<A min="1" max="20"><prior mean="13" sigma="0.5"/></A><B/><gamma/>')
    loss = hpcfit.Loss(hpcfit.Calculator(hpcfit.Potential.from_xml(xml, ["Si"]), data))
    result = loss.minimize(verbosity="none")
    assert loss.loss() == loss.loss(result.x) == result.fun
    residual, jacobian = loss.residual(), loss.jacobian()
    assert len(residual) == len(jacobian) == 12 * 25 + 1
    assert residual[-1] == pytest.approx((result.parameters["SW.A"] - 13) / 0.5, rel=1e-15)
    assert jacobian[-1].tolist() == [2.0, 0.0, 0.0]
    # sums in other orders
    assert 0.5 * residual @ residual == pytest.approx(result.fun, rel=1e-13)
    assert loss.gradient(loss.start) == pytest.approx(
        loss.jacobian(loss.start).T @ loss.residual(loss.start), rel=1e-11
    )


@pytest.mark.parametrize("name", ["soft-l1", "cauchy"])
def test_a_robust_loss_in_a_script(name, calculator, folder):
    loss = hpcfit.Loss(calculator, loss=name, loss_scale=0.02)
    assert f'loss="{name}" loss-scale="0.02"' in loss.to_xml()
    residual = loss.residual()
    assert loss.loss() == pytest.approx(0.5 * residual @ residual, rel=1e-13)
    assert loss.loss() < 0.9 * hpcfit.Loss(calculator).loss()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loss": "huber"}, "loss in <structures>|bad value|huber"),
        ({"loss_scale": 0.1}, "loss-scale has no effect"),
        ({"loss": "cauchy", "loss_scale": -1.0}, "loss-scale"),
    ],
)
def test_refused_losses(options, said, calculator):
    with pytest.raises(InputError, match=said):
        hpcfit.Loss(calculator, **options)


def test_a_method_of_jobs_alone_is_refused(calculator):
    with pytest.raises(InputError, match="unknown method, found spa"):
        hpcfit.Loss(calculator).minimize("spa")


@pytest.fixture
def job(folder):
    text = job_text(fitting='<fitting output-interval="2"><geodesic-lm/></fitting>')
    text = text.replace("<name>small</name>", "<name>small</name><validate-potentials/>")
    (folder / "job.xml").write_text(text)
    return folder / "job.xml"


def test_a_script_is_told_what_a_run_is(job, capsys):
    parsed(job, "medium").perform_fitting()
    printed = capsys.readouterr().out
    log = io.StringIO()
    fit("job.xml", "run.h5", False, Serial(), log)
    wanted = [line for line in log.getvalue().splitlines() if line.startswith(("validation of", "  SW."))]
    assert sum(line.startswith("validation of") for line in wanted) == 3 and len(wanted) > 6
    for line in wanted:
        assert line in printed.splitlines()
    parsed(job, "none").perform_fitting()
    assert capsys.readouterr().out == ""


def test_check_validates_potentials(job, capsys):
    assert main(["check", "job.xml"]) == 0
    assert capsys.readouterr().out.count("validation of") == 3


def test_a_script_is_told_what_is_not_finite(folder, capsys):
    (folder / "job.xml").write_text(job_text(potentials=potential(A=1e200, dof="<A/><B/>")))
    job = parsed(folder / "job.xml", "minimum")
    assert job.perform_fitting() == "stopped: not finite"
    assert "not finite: sum of squares or its derivatives" in capsys.readouterr().out
    assert np.isnan(job.result.covariance).all()


def test_a_script_is_told_of_warnings(folder, capsys):
    shared = potential().replace("<A>", '<A tag="SiSi">')
    (folder / "job.xml").write_text(job_text(potentials=shared))
    job = parsed(folder / "job.xml", "minimum")
    job._record = hpcfit.api.edit.replace(job.record, warnings=("looks odd",))
    job.perform_fitting()
    assert "warning: looks odd\n" in capsys.readouterr().out


def test_a_signal_stops_a_script_and_a_checkpoint_goes_on(folder, monkeypatch, capsys):
    (folder / "job.xml").write_text(
        job_text(fitting='<fitting checkpoint-interval="2"><geodesic-lm/></fitting>')
    )
    fit("job.xml", "whole.h5", False, Serial(), io.StringIO())
    plain, calls = BlockObjective.linearise, []

    def signalling(self, x):
        calls.append(1)
        if len(calls) == 25:  # in the third of 12 blocks each
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(self, x)

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(BlockObjective, "linearise", signalling)
        job = parsed("job.xml", "minimum")
        assert job.perform_fitting("run.h5") == "stopped: signal"
    assert "stopped: signal, checkpoint written" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGTERM) is before
    assert job.result.covariance is None and load("run.h5").state.iteration == 3
    assert job.get_potential_parameters().tolist() == load("run.h5").state.x.tolist()
    with pytest.raises(InputError, match="run file exists"):
        parsed("job.xml").perform_fitting("run.h5")
    again = parsed("job.xml")
    assert again.perform_fitting("run.h5", resume=True) == "converged: gradient angle"
    assert bits("run.h5") == bits("whole.h5")
    # finished: nothing is left to do
    assert parsed("job.xml").perform_fitting("run.h5", resume=True) == "converged: gradient angle"


def test_a_run_with_structures_of_a_script_goes_on_in_the_script_alone(folder):
    text = PRIOR.replace("<fcc-lattice", "<!--").replace("</fcc-lattice>", "-->")
    (folder / "job.xml").write_text(text[: text.index("<!--")] + text[text.index("-->") + 3 :])

    def made(length):
        job = parsed(folder / "job.xml")
        fcc = job.add_library_structure("fcc", "fcc", {"alat": length})
        fcc.modify_property("atomic-energy", -3.36)
        fcc.modify_property("bulk-modulus", 79.0)
        return job

    made(4.05).perform_fitting("run.h5")
    assert made(4.05).perform_fitting("run.h5", resume=True).startswith("converged")
    with pytest.raises(InputError, match="or a structure of a script, changed since"):
        made(4.06).perform_fitting("run.h5", resume=True)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"resume": True}, "resume without a run file"),
        ({"output": "r.h5", "resume": True, "overwrite": True}, "both resume and overwrite"),
    ],
)
def test_options_that_contradict(options, said, job):
    with pytest.raises(InputError, match=f"perform_fitting: .*{said}"):
        parsed(job).perform_fitting(**options)


def test_no_result_before_a_fit(job):
    with pytest.raises(InputError, match="no fit yet"):
        _ = parsed(job).result


def test_functions_in_python_files_must_be_allowed(folder):
    lines = [
        "def f(identifier, natoms, weight, prediction, reference, data):",
        "    return prediction - reference",
    ]
    Path("mine.py").write_text("\n".join([*lines, ""]))
    dataset = '<dataset id="si" file="si.h5"><residual-function file="mine.py" name="f"/>'
    dataset += f"<properties>{small_jobs.PROPERTIES}</properties></dataset>"
    (folder / "job.xml").write_text(job_text(dataset, weights="absolute"))
    with pytest.raises(InputError, match="residual function in a Python file"):
        parsed(folder / "job.xml")
    fit("job.xml", "run.h5", False, Serial(), io.StringIO(), allow_python=True)
    job = parsed(folder / "job.xml", allow_python=True)
    job.perform_fitting("job.h5")
    assert bits("job.h5") == bits("run.h5")
