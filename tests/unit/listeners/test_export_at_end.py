"""Files that a job asks for are there when its run has ended."""

import io

import numpy as np
import pytest

from hpcfit.cli.run import fit
from hpcfit.errors import HpcfitError
from hpcfit.parallel.communicator import Serial
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.runfile.store import load
from tests.helpers.eam_jobs import aluminium, cells, eam_job
from tests.helpers.small_jobs import job_text, potential, write_job


def _fit(folder, text, datasets=None):
    job = write_job(folder, text, datasets)
    log = io.StringIO()
    fit(str(job), str(folder / "run.h5"), False, Serial(), log)
    return log.getvalue()


def test_a_file_over_an_earlier_one(tmp_path):
    (tmp_path / "Si.sw").write_text("# DATE: 2026-01-01 UNITS: metal by hpcfit 0.1.0\nearlier")
    log = _fit(
        tmp_path,
        job_text(
            potentials=potential().replace("</still", "<export-potential>Si.sw</export-potential></still")
        ),
    )
    # The command holds a path that works from where the run stood.
    assert log.endswith(f"\nSi.sw, lammps-sw\n  pair_style sw\n  pair_coeff * * {tmp_path / 'Si.sw'} Si\n")
    entry = (tmp_path / "Si.sw").read_text().splitlines()[-1].split()
    run = load(str(tmp_path / "run.h5"))
    assert float(entry[9]) == run.values[0] != run.header.parameters[0].start


def test_tables(tmp_path):
    element = '<export-eam-file resolution="100" rho-range-factor="3"> al.fs </export-eam-file><mapping>'
    log = _fit(tmp_path, eam_job(aluminium().replace("<mapping>", element)), {"si.h5": cells()})
    n_rho, d_rho, *_ = (tmp_path / "al.fs").read_text().splitlines()[4].split()
    largest = float(log.split("largest density ")[1].split()[0])
    assert (n_rho, float(d_rho) * 99) == ("100", pytest.approx(3 * largest, rel=1e-5))


MEAM = """<meam id="M">
  <export-functions resolution="50" rho-range-factor="3">al.meam</export-functions>
  <mapping>
    <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/>
    <f-function function="f"/> <g-function function="g"/>
  </mapping>
  <functions>
    <morse-A id="V"><D0>0.4</D0> <r0>2.9</r0> <alpha>1.3</alpha> <cutoff>4</cutoff> <fit-dof><D0/></fit-dof></morse-A>
    <poly id="rho"><coefficients><coeff n="0" value="0.1" enabled="false"/></coefficients><cutoff>4</cutoff></poly>
    <poly id="f"><coefficients><coeff n="0" value="0.5" enabled="false"/></coefficients><cutoff>4</cutoff></poly>
    <poly id="g"><coefficients><coeff n="0" value="0.2" enabled="false"/></coefficients></poly>
    <poly id="F"><coefficients><coeff n="2" value="0.01" enabled="false"/></coefficients></poly>
  </functions>
</meam>"""


def test_functions_of_a_spline_meam(tmp_path):
    log = _fit(tmp_path, eam_job(MEAM), {"si.h5": cells()})
    batch = find_neighbours(cells(), [0], 1, 4.0)
    n = np.diff(batch.neighbour_start).max()
    largest = 0.1 * n + 0.05 * n * (n - 1) / 2
    assert f"\nLargest density of M over all structures: {largest:.6g}\n" in log
    assert "\nal.meam, meam-spline\n  pair_style meam/spline\n" in log
    lines = (tmp_path / "al.meam").read_text().splitlines()
    starts = [k for k, line in enumerate(lines) if line == "spline3eq"]
    assert [lines[k + 1] for k in starts] == ["50"] * 5
    last = [float(lines[k + 52].split()[0]) for k in starts]
    assert last == pytest.approx([4.0, 4.0, 3 * largest, 4.0, 1.0])
    # Knots begin nearer than the smallest distance of the structures, where compressed cells have atoms.
    first = [float(lines[k + 3].split()[0]) for k in starts]
    shortest = np.sqrt((batch.vector**2).sum(axis=1)).min()
    begin = min(1.0, 0.49 * shortest)
    assert first == pytest.approx([begin, begin, -3 * largest, begin, -1.0])


def test_a_potential_that_cannot_be_said_leaves_the_run_complete(tmp_path):
    element = "<export-potential>Si.sw</export-potential></still"
    text = job_text(potentials=potential(A=-5.0, dof="<gamma/>").replace("</still", element))
    with pytest.raises(HpcfitError, match="LAMMPS refuses a negative A"):
        _fit(tmp_path, text)
    assert load(str(tmp_path / "run.h5")).complete
    assert not (tmp_path / "Si.sw").exists()
