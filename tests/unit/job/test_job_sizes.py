"""Potentials whose parameter table follows from sizes that a job gives."""

import io
import os
import re
import signal
from contextlib import redirect_stdout

import numpy as np
import pytest

import hpcfit
from hpcfit.cli import resume, run
from hpcfit.cli.main import main
from hpcfit.errors import InputError
from hpcfit.objective.block import BlockObjective
from hpcfit.parallel.communicator import Serial
from hpcfit.potential.dimers import pair_energies
from hpcfit.runfile.store import load
from tests.helpers.chebyshev_jobs import ATOMS, chebyshev, linear_job
from tests.helpers.eam_jobs import read
from tests.helpers.small_jobs import bits, write_job

COEFFICIENTS = (0.3, -0.4, 0.2, 0.1)


def test_the_table_has_as_many_rows_as_the_job_says(tmp_path):
    (potential,) = read(tmp_path, linear_job(potentials=chebyshev(4))).potentials
    assert [p.path for p in potential.parameters] == [
        f"T.{n}" for n in ("c0", "c1", "c2", "c3", "cutoff", "inner", "decay")
    ]
    assert potential.sizes == (4,) and [p.free for p in potential.parameters] == [True] * 4 + [False] * 3


@pytest.mark.parametrize(
    ("potential", "fault"),
    [
        (chebyshev(4).replace('terms="4"', 'terms="0"'), 'bad value of terms in <chebyshev>, found "0"'),
        (chebyshev(4).replace('terms="4"', ""), "missing attribute in <chebyshev>, allowed terms"),
        (
            chebyshev(4).replace('terms="4"', 'terms="65"'),
            "terms of <chebyshev> out of range, found 65, allowed 1 .. 64",
        ),
        (chebyshev(4).replace("<c3>0.1</c3>", ""), "no value for T.c3"),
        (
            chebyshev(4).replace("<c3>0.1</c3>", "<c3>0.1</c3><c4>0.1</c4>"),
            'parameter of <chebyshev> beyond terms="4", found c4, allowed c0, c1, c2, c3, cutoff, inner, decay',
        ),
        (chebyshev(4, degrees="<c9/>"), 'parameter of <chebyshev> beyond terms="4", found c9'),
        (chebyshev(4).replace("c2>", "d2>"), "element not allowed in <chebyshev>"),
    ],
)
def test_faults(tmp_path, potential, fault):
    with pytest.raises(InputError, match=re.escape(fault)):
        read(tmp_path, linear_job(potentials=potential))


def test_check_says_what_the_design_matrix_takes(tmp_path):
    path = write_job(tmp_path, linear_job())
    with redirect_stdout(io.StringIO()) as said:
        assert main(["check", str(path)]) == 0
    # 12 configurations of 8 atoms: energies and forces, by five parameters.
    found = re.search(r"design matrix +evaluated once and kept, ([\d.]+) MB", said.getvalue())
    assert found is not None
    assert float(found[1]) == pytest.approx(8 * 5 * 12 * 25 / 1e6, abs=0.06)
    path.write_text(linear_job('<fitting assembly="stream"><geodesic-lm/></fitting>'))
    with redirect_stdout(io.StringIO()) as said:
        assert main(["check", str(path)]) == 0
    assert "not kept, evaluated at every step" in said.getvalue()


def test_a_run_that_was_stopped_goes_on_with_the_same_bits(tmp_path, monkeypatch):
    # A loss, so that there is more than one step to go.
    text = linear_job().replace("<structures", '<structures loss="cauchy" loss-scale="0.1"')
    path = write_job(tmp_path, text)
    whole, parts = str(tmp_path / "whole.h5"), str(tmp_path / "parts.h5")
    run.fit(str(path), whole, True, Serial(), io.StringIO())
    calls, cost = [], BlockObjective.cost

    def signalling(self, x):
        calls.append(1)
        if len(calls) == 4 * 12:  # blocks
            os.kill(os.getpid(), signal.SIGUSR1)
        return cost(self, x)

    monkeypatch.setattr(BlockObjective, "cost", signalling)
    assert run.fit(str(path), parts, True, Serial(), io.StringIO()) == "stopped: signal"
    assert resume.resume(parts, Serial(), io.StringIO()).startswith("converged")
    assert bits(parts) == bits(whole)


def test_a_table_for_lammps_holds_the_energies_of_pairs(tmp_path):
    job = chebyshev(4, children="<export-potential>T.table</export-potential>")
    path = write_job(tmp_path, linear_job(potentials=job + ATOMS))
    run.fit(str(path), str(tmp_path / "run.h5"), True, Serial(), io.StringIO())
    x = load(str(tmp_path / "run.h5")).state.x
    rows = np.array(
        [line.split() for line in (tmp_path / "T.table").read_text().splitlines() if re.match(r"\d+ ", line)],
        dtype=float,
    )
    assert len(rows) == 10000
    values = np.array([*x[:4], 4.5, 1.8, 1.5])
    energy, slope = pair_energies("chebyshev", (4,), values, (0, 0), 1, rows[:-1, 1])
    assert rows[:-1, 2] == pytest.approx(energy, rel=1e-12)
    assert rows[:-1, 3] == pytest.approx(-slope, rel=1e-12)
    assert np.abs(rows[-1, 2:]).max() < 1e-12


def test_from_python():
    values = {f"c{k}": value for k, value in enumerate(COEFFICIENTS)}
    made = hpcfit.Potential("chebyshev", ["Si"], terms=4, cutoff=4.5, inner=1.8, decay=1.5, **values)
    assert 'terms="4"' in made.to_xml()
    with pytest.raises(InputError, match="invalid size, found 99, allowed a whole number from 1 to 64"):
        hpcfit.Potential("chebyshev", ["Si"], terms=99)
    with pytest.raises(InputError, match="no such parameter, found c4, allowed c0, c1"):
        hpcfit.Potential("chebyshev", ["Si"], terms=4, c4=1.0)
