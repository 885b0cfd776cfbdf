"""Potentials that see certain bonds alone, on real ranks: the same bits on any number of them."""

import importlib.util
import io

import pytest
import small_jobs
from small_jobs import LENNARD_JONES, bits, dataset_element, job_text, silicon
from test_ranks import MPIRUN, finished, wait_for_ranks

from hpcfit.cli import run
from hpcfit.output.store import load
from hpcfit.parallel.communicator import Serial

pytestmark = [
    pytest.mark.skipif(MPIRUN is None, reason="needs mpirun beside python or on PATH"),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs mpi4py"),
]

STRUCTURE = """
<B2-lattice id="B2">
  <atom-type-A>Si</atom-type-A> <atom-type-B>C</atom-type-B> <lattice-parameter>2.6</lattice-parameter>
  <properties>
    <lattice-parameter fit="true" target="2.6" tolerance="0.05"/>
    <bulk-modulus fit="true" target="40" tolerance="5"/>
  </properties>
</B2-lattice>"""

MIXED = LENNARD_JONES.replace('id="LJ"', 'id="SiC" species-a="C" species-b="Si"').replace(">2.0<", ">2.3<")
ALL = LENNARD_JONES.replace(">0.01<", ">0.05<").replace(">3.5<", ">3.2<")
FORCES = dataset_element(properties='<atomic-forces fit="true" tolerance="0.2"/>')
FITTING = '<fitting blocks="6"><geodesic-lm max-iter="5"/></fitting>'
JOB = job_text(FORCES + STRUCTURE, MIXED + ALL, FITTING, species=("Si", "C"))


def test_same_bits_as_one_process(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    job = small_jobs.write_job(tmp_path, JOB, {"si.h5": silicon(12, symbols=("Si", "C"))})
    assert run.fit(str(job), "alone.h5", False, Serial(), io.StringIO())
    stored = load("alone.h5")
    assert stored.state.iteration > 2
    assert [p.path for p in stored.header.free] == ["SiC.sigma[SiC]", "SiC.epsilon[SiC]"] + [
        f"LJ.{name}[{pair}]" for name in ("sigma", "epsilon") for pair in ("SiSi", "SiC", "CC")
    ]
    for n_ranks in (2, 3):
        done = finished(n_ranks, "run", "job.xml", "-o", f"{n_ranks}.h5")
        assert done.returncode in (0, 3), done.stderr
        assert bits(f"{n_ranks}.h5") == bits("alone.h5")
    wait_for_ranks()
