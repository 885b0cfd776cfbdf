"""Energies that are off by a constant per atom are named, with the element that mends them."""

import io
import re

import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.cli import run
from hpcfit.parallel.communicator import Serial
from hpcfit.report.offsets import find_offsets
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.small_jobs import job_text, potential, silicon


def test_offsets_are_those_of_the_composition():
    rng = np.random.default_rng(0)
    composition = rng.integers(1, 9, (40, 2)).astype(float)
    noise = 0.02 * rng.normal(size=40) * composition.sum(axis=1)
    found = find_offsets(composition @ [-5.4, 2.0] + noise, composition)
    assert found.energies == pytest.approx([-5.4, 2.0], abs=0.02)
    assert found.is_large and 0.01 < found.after < 0.03
    # scatter alone is no offset, nor is a small one
    assert not find_offsets(noise, composition).is_large
    assert not find_offsets(composition @ [0.004, 0.004], composition).is_large


def test_what_does_not_determine_the_offsets():
    fixed = np.tile([1.0, 3.0], (10, 1))
    found = find_offsets(fixed @ [-4.0, -4.0], fixed)  # one composition: the shortest of many solutions
    assert fixed[0] @ found.energies == pytest.approx(-16.0) and found.after == pytest.approx(0.0, abs=1e-12)
    assert find_offsets(np.full(10, np.nan), fixed) is None
    assert find_offsets(np.array([5.0, np.nan]), fixed[:2]) is None
    absent = np.column_stack([np.arange(1.0, 6.0), np.zeros(5)])
    assert find_offsets(3.0 * absent[:, 0], absent).present == (True, False)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "world", Serial)
    data = silicon(6)
    data.energy[:] -= 100.0 * np.diff(data.ptr)
    small_jobs.write_dataset(tmp_path / "si.h5", data)
    (tmp_path / "job.xml").write_text(job_text(potentials=potential(A=15.0, gamma=2.5)))
    return tmp_path


def test_check_and_the_log_name_the_element_that_mends_it(folder, capsys):
    assert command_line.main(["check", "job.xml"]) == 0
    said = capsys.readouterr().out
    element = said[said.index("  <one-body") : said.index("</one-body>") + len("</one-body>")]
    energy = float(re.search(r"<energy>(\S+)</energy>", element)[1])
    assert energy == pytest.approx(-100.0, abs=1.0)
    log = io.StringIO()
    run.fit("job.xml", "without.h5", False, Serial(), log)
    assert log.getvalue().partition("\niter ")[0].count(element) == 1
    without = load("without.h5").state.cost
    (folder / "job.xml").write_text(job_text(potentials=potential(A=15.0, gamma=2.5) + element))
    log = io.StringIO()
    run.fit("job.xml", "with.h5", False, Serial(), log)
    assert "constant per atom" not in log.getvalue()
    assert load("with.h5").state.cost < 1e-3 * without


def test_a_fixed_energy_per_atom_that_is_wrong_is_named(folder, capsys):
    one = '<one-body id="E"><energy>-90</energy></one-body>'
    (folder / "job.xml").write_text(job_text(potentials=potential(A=15.0, gamma=2.5) + one))
    assert command_line.main(["check", "job.xml"]) == 0
    said = capsys.readouterr().out
    assert "add these to the <energy> of the job's <one-body>, and free it" in said
    (folder / "job.xml").write_text(
        job_text(potentials=potential() + one.replace("</one", "<fit-dof><energy/></fit-dof></one"))
    )
    assert command_line.main(["check", "job.xml"]) == 0
    assert "constant per atom" not in capsys.readouterr().out
