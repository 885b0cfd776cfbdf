"""The largest density of all structures, on real ranks: the same on any number of them."""

import importlib.util

import pytest
from eam_jobs import write_fit
from test_ranks import MPIRUN, finished, wait_for_ranks

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]

STRUCTURE = """<fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>6</lattice-parameter>
  <properties><atomic-energy/></properties></fcc-lattice></structures>"""


def test_largest_density(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = write_fit(tmp_path, n=6)
    text = job.read_text().replace("</structures>", STRUCTURE)
    job.write_text(text.replace("<fitting>", "<real-precision>17</real-precision><fitting>"))
    lines = []
    for n_ranks in (1, 2, 3):
        done = finished(n_ranks, "run", "job.xml", "-o", f"{n_ranks}.h5")
        assert done.returncode == 0, done.stderr
        lines += [line for line in done.stdout.splitlines() if line.startswith("Largest density of EAM")]
    wait_for_ranks()
    assert len(lines) == 3
    assert len(set(lines)) == 1
