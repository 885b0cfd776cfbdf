"""Jobs with a residual function in a Python file: only when allowed, and resumed only when it has not changed."""

import re

import numpy as np
import pytest

import hpcfit
from hpcfit.cli.main import main
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import job_text

FUNCTION = """
import numpy as np

def residual_fn(identifier, natoms, weight, prediction, reference, data):
    assert data == {"normalize_by_natoms": True}
    residual = weight.config_weight * np.arctan(prediction - reference) / natoms
    residual[1:] *= weight.forces_weight
    return residual
"""

LINEAR = "(prediction - reference)"


@pytest.fixture
def job(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(FUNCTION)
    element = f"""<dataset id="si" file="si.h5" forces-weight="0.1">
      <residual-function name="residual_fn" file="mine.py"/>
      <properties>{small_jobs.PROPERTIES}</properties></dataset>"""
    return small_jobs.write_job(tmp_path, job_text(element, weights="absolute"))


def test_only_when_it_is_allowed(job, capsys):
    assert main(["run", "job.xml"]) == 2
    assert 'found "mine.py", allowed with --allow-python' in capsys.readouterr().err
    assert main(["check", "job.xml", "--allow-python"]) == 0
    assert "residuals       300" in capsys.readouterr().out


def test_the_same_fit_as_from_python(job, capsys):
    assert main(["run", "job.xml", "--allow-python"]) == 0
    potential = hpcfit.Potential.from_xml("job.xml")
    data = hpcfit.Dataset.from_path("si.h5", hpcfit.Weight(forces_weight=0.1))
    names = {}
    exec(FUNCTION, names)
    loss = hpcfit.Loss(hpcfit.Calculator(potential, data), residual_fn=names["residual_fn"])
    result = loss.minimize(verbosity="none")
    stored = load("job.run.h5")
    assert stored.state.x.tobytes() == result.x.tobytes()
    assert stored.header.counts.n_residuals == len(loss.residual())
    np.testing.assert_array_equal(stored.history["cost"], result.history["cost"])
    assert main(["export", "job.run.h5", "--format", "lammps-sw", "-o", "Si.sw"]) == 0


def test_a_function_that_changed_is_another_job(job, capsys):
    assert main(["run", "job.xml", "--allow-python"]) == 0
    before = load("job.run.h5").header.job_hash
    job.with_name("mine.py").write_text(FUNCTION + "# changed\n")
    assert main(["run", "job.xml", "--allow-python", "--overwrite"]) == 0
    assert load("job.run.h5").header.job_hash != before


def test_a_faulty_function(job, capsys):
    job.with_name("mine.py").write_text(FUNCTION.replace("np.arctan", "np.arctn"))
    assert main(["run", "job.xml", "--allow-python"]) == 2
    assert (
        "si.h5: configuration 0 (cold/0): residual function fails, found AttributeError"
        in capsys.readouterr().err
    )


def test_streaming_gives_the_same_bits(job):
    assert main(["run", "job.xml", "--allow-python"]) == 0
    text = job.read_text().replace("<fitting>", '<fitting assembly="stream">')
    job.with_name("stream.xml").write_text(text)
    assert main(["run", "stream.xml", "--allow-python", "-o", "stream.h5"]) == 0
    assert small_jobs.bits("stream.h5") == small_jobs.bits("job.run.h5")


def test_a_robust_loss_of_what_a_function_returns(job):
    """As of the program's own residuals, where the function returns these."""
    job.with_name("mine.py").write_text(FUNCTION.replace("np.arctan(prediction - reference)", LINEAR))
    robust = 'weights="absolute" loss="cauchy" loss-scale="0.01"'
    text = job.read_text().replace('weights="absolute"', robust)
    job.write_text(text)
    known = '<residual-function name="energy-forces" normalize-by-natoms="true"/>'
    own = re.sub(r"<residual-function.*</properties>", known, text, flags=re.DOTALL)
    job.with_name("known.xml").write_text(own)
    assert main(["run", "job.xml", "--allow-python"]) == 0
    assert main(["run", "known.xml", "-o", "known.h5"]) == 0
    found, expected = (load(name).history["cost"] for name in ("job.run.h5", "known.h5"))
    # Not one over the other: energies of 35 eV round to 1e-14 before the difference is taken.
    assert found == pytest.approx(expected, rel=1e-10) and found[0] < 1.0
