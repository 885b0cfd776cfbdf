"""Files that a job asks for are there when its run has ended."""

import io

import pytest
from eam_jobs import aluminium, cells, eam_job
from small_jobs import job_text, potential, write_job

from hpcfit.errors import HpcfitError
from hpcfit.output.store import load
from hpcfit.parallel.communicator import Serial
from hpcfit.run import fit


def _fit(folder, text, datasets=None):
    job = write_job(folder, text, datasets)
    log = io.StringIO()
    fit(str(job), str(folder / "run.h5"), False, Serial(), log)
    return log.getvalue()


def test_a_file_over_an_earlier_one(tmp_path):
    (tmp_path / "Si.sw").write_text("earlier")
    log = _fit(
        tmp_path,
        job_text(
            potentials=potential().replace("</still", "<export-potential>Si.sw</export-potential></still")
        ),
    )
    assert log.endswith("\nSi.sw, lammps-sw\n  pair_style sw\n  pair_coeff * * Si.sw Si\n")
    entry = (tmp_path / "Si.sw").read_text().splitlines()[-1].split()
    run = load(str(tmp_path / "run.h5"))
    assert float(entry[9]) == run.values[0] != run.header.parameters[0].start


def test_tables(tmp_path):
    element = '<export-eam-file resolution="100" rho-range-factor="3"> al.fs </export-eam-file><mapping>'
    log = _fit(tmp_path, eam_job(aluminium().replace("<mapping>", element)), {"si.h5": cells()})
    n_rho, d_rho, *_ = (tmp_path / "al.fs").read_text().splitlines()[4].split()
    largest = float(log.split("largest density ")[1].split(",")[0])
    assert (n_rho, float(d_rho) * 99) == ("100", pytest.approx(3 * largest, rel=1e-5))


def test_a_potential_that_cannot_be_said_leaves_the_run_complete(tmp_path):
    element = "<export-potential>Si.sw</export-potential></still"
    text = job_text(potentials=potential(A=-5.0, dof="<gamma/>").replace("</still", element))
    with pytest.raises(HpcfitError, match="LAMMPS takes no negative A"):
        _fit(tmp_path, text)
    assert load(str(tmp_path / "run.h5")).complete
    assert not (tmp_path / "Si.sw").exists()
