"""Force matching with embedded atoms, from job.xml to the report: transforms and a constraint on the way."""

import io
import shutil

import numpy as np
import pytest

from hpcfit.cli.resume import resume
from hpcfit.cli.run import fit
from hpcfit.parallel.communicator import Serial
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.runfile.run import standard_errors
from hpcfit.runfile.store import RunStore, load
from tests.helpers.eam_jobs import cells, write_fit
from tests.helpers.small_jobs import bits

TRUTH = {"EAM.V.A": 500.0, "EAM.V.lambda": 2.73, "EAM.rho.twomu": 1.14, "EAM.F.D": 8.0}


@pytest.fixture
def folder(tmp_path):
    write_fit(tmp_path)
    return tmp_path


def _fit(folder):
    log = io.StringIO()
    fit(str(folder / "job.xml"), str(folder / "run.h5"), False, Serial(), log)
    return load(str(folder / "run.h5")), log.getvalue()


def test_parameters_and_errors_are_the_original_ones(folder):
    run, log = _fit(folder)
    assert run.result.outcome.startswith("converged")
    found = dict(zip([p.path for p in run.header.parameters], run.values, strict=True))
    assert found == pytest.approx(TRUTH, rel=1e-3)
    assert found["EAM.rho.twomu"] == pytest.approx(1.14 / 2.73 * found["EAM.V.lambda"], rel=1e-14)
    # The solver saw log D and the logit of A.
    assert run.state.x[2] == pytest.approx(np.log(found["EAM.F.D"]))
    A = found["EAM.V.A"]
    assert run.state.x[0] == pytest.approx(np.log((A - 50) / (5000 - A)))
    errors = dict(zip(found, standard_errors(run.header.parameters, run.result.covariance), strict=True))
    assert errors["EAM.rho.twomu"] == pytest.approx(1.14 / 2.73 * errors["EAM.V.lambda"], rel=1e-6)
    for path, error in errors.items():
        assert abs(found[path] - TRUTH[path]) < 5 * error
    rows = {line.split()[0]: line for line in log.splitlines() if line.startswith("EAM.")}
    assert rows["EAM.rho.twomu"].split()[1] == "-" and rows["EAM.rho.twomu"].endswith("dependent")
    assert f"{found['EAM.F.D']:.10g}" in rows["EAM.F.D"]


def test_largest_density_at_the_end(folder):
    """Datasets and own structures count, as they are at the end."""
    structure = """<fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>{a}</lattice-parameter>
      <properties><atomic-energy/></properties></fcc-lattice>"""
    text = (folder / "job.xml").read_text()
    batch = find_neighbours(cells(3), [0], 1, 6.5)
    atom = np.repeat(np.arange(len(batch.species)), np.diff(batch.neighbour_start))
    for a in (6.0, 2.0):
        (folder / "job.xml").write_text(
            text.replace("</structures>", f"{structure.format(a=a)}</structures>")
        )
        run, log = _fit(folder)
        twomu = dict(zip([p.path for p in run.header.parameters], run.values, strict=True))["EAM.rho.twomu"]
        r = np.sqrt((batch.vector**2).sum(axis=1))
        density = np.bincount(atom, np.exp(-twomu * r) * (1 - 1 / (1 + ((r - 6.5) / 3) ** 4))).max()
        (line,) = [line for line in log.splitlines() if line.startswith("Largest density")]
        found = float(line.removeprefix("Largest density of EAM over all structures: "))
        # The lattice is looser than the cells, or much denser.
        assert found == pytest.approx(density, rel=1e-5) if a == 6.0 else found > 2 * density
        for path in folder.glob("run*.h5"):
            path.unlink()


def test_transforms_change_the_way_and_not_the_minimum(folder):
    found = _fit(folder)[0].values
    text = (folder / "job.xml").read_text().replace(' transform="log"', "").replace(' transform="logit"', "")
    (folder / "job.xml").write_text(text)
    (folder / "run.h5").unlink()
    (folder / "run.previous.h5").unlink()
    # A fit ends where the gradient's angle is below 1e-5.
    np.testing.assert_allclose(_fit(folder)[0].values, found, rtol=1e-5)


def test_resumed_fit_has_the_same_bits(folder, monkeypatch):
    save = RunStore.save

    def save_and_copy(self, state, *rest):
        save(self, state, *rest)
        if state.iteration == 2 and not state.outcome:
            shutil.copy(folder / "run.h5", folder / "killed.h5")

    monkeypatch.setattr(RunStore, "save", save_and_copy)
    _fit(folder)
    monkeypatch.undo()
    assert load(str(folder / "killed.h5")).state.iteration == 2
    resume(str(folder / "killed.h5"), Serial(), io.StringIO())
    assert bits(folder / "killed.h5") == bits(folder / "run.h5")
    whole, resumed = (load(str(folder / name)).values for name in ("run.h5", "killed.h5"))
    assert whole.tobytes() == resumed.tobytes()


def test_warnings_are_in_the_log(folder):
    path = folder / "job.xml"
    path.write_text(path.read_text().replace('<embedding-energy species="*" function="F"/>', ""))
    assert f"warning: {path}:6: function 'F' of EAM has no role" in _fit(folder)[1]
