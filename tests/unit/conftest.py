"""A small run to store: three parameters, one of them fixed, one dataset of two groups."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import (
    DatasetIndex,
    DatasetSource,
    Fitting,
    GeodesicOptions,
    Group,
    Job,
    Parameter,
    Potential,
    Predictions,
    SolverState,
    State,
)
from hpcfit.runfile.header import Counts, LossDisplay, Machine, run_header
from hpcfit.runfile.run import RunResult

TEXT = "<job>\r\n  <name>Ångström</name>\n  <fitting/>\n</job>"


@pytest.fixture
def job(tmp_path):
    (tmp_path / "job.xml").write_bytes(TEXT.encode())
    source = DatasetSource("train/si", "si.h5", "/data/si.h5", 3, "", 1.0, (), None)
    parameters = (
        Parameter("SW.A[SiSi]", "eV", 5.0, 1.0, 20.0, True),
        Parameter("SW.B[SiSi]", "1", 0.6022245584, -np.inf, np.inf, True),
        Parameter("SW.sigma[SiSi]", "Angstrom", 2.0951, -np.inf, np.inf, False),
    )
    return Job(
        path=str(tmp_path / "job.xml"),
        text=TEXT,
        hash=hashlib.sha256(TEXT.encode()).hexdigest(),
        name="silicon",
        species=("Si",),
        fitting=Fitting(GeodesicOptions(max_iter=17), blocks=None, checkpoint_interval=1),
        potentials=(Potential("SW", "stillinger-weber", parameters),),
        structures=Group("structures", 1.0, (source,)),
        absolute=True,
    )


@pytest.fixture
def index():
    return DatasetIndex(
        path="si.h5",
        content="0123456789abcdef",
        symbols=("Si",),
        groups=("bulk", "slab"),
        ptr=np.array([0, 2, 3, 5]),
        mask=np.zeros(3, np.uint8),
        group=np.array([0, 1, 0], np.int32),
        weight=np.ones(3),
    )


@pytest.fixture
def header(job, index):
    machine = Machine(("node1", "node1", "node2"), "MPICH Version: 5.0.2\nmore")
    made = run_header(job, [index], Counts(3, 5, 16), machine, LossDisplay(0.5, "loss"))
    return replace(made, started="2026-01-02T03:04:05+00:00")


@pytest.fixture
def states():
    """Four states whose numbers use all bits, NaN, infinity and the smallest subnormal among them."""
    random = np.random.default_rng(3)
    made = [
        State(
            iteration=k,
            x=random.standard_normal(2) * 10.0 ** random.integers(-300, 300, 2),
            cost=float(random.random()),
            solver=SolverState(
                np.array([5e-324, np.inf]),
                damping=float(random.random()) * 1e-310,
                direction=np.zeros(0 if k == 0 else 2),
            ),
            best_x=random.standard_normal(2),
            restarted="no progress" if k else "",
            gradient=float(random.random()),
            n_linearisations=k + 1,
            n_costs=2**53 + 1,
            n_second_derivatives=k,
        )
        for k in range(3)
    ]
    return [*made, replace(made[-1], iteration=3, x=np.array([1.0, 0.5874]), outcome="converged: step")]


@pytest.fixture
def predictions():
    nan = np.nan
    force = np.arange(15.0).reshape(5, 3)
    force_target = force + 0.1
    force_target[2] = nan
    return Predictions(
        source="train/si",
        groups=("bulk", "slab"),
        configuration=np.array([0, 1, 2]),
        group=np.array([0, 1, 0], np.int32),
        ptr=np.array([0, 2, 3, 5]),
        energy=np.array([-8.0, -4.0, -9.0]),
        energy_target=np.array([-8.2, nan, -8.6]),
        force=force,
        force_target=force_target,
        stress=np.zeros((3, 6)),
        stress_target=np.full((3, 6), nan),
        fitted=np.array([[True, True, False]] * 3),
    )


@pytest.fixture
def result(states, predictions):
    return RunResult(
        outcome="converged: step",
        state=states[-1],
        covariance=np.array([[0.04, np.nan], [np.nan, np.nan]]),
        singular_values=np.array([123.0, 4.5e-7]),
        directions=np.array([[0.6, 0.8], [0.8, -0.6]]),
        predictions=(predictions,),
        timings={"start": 0.25, "iterations": 1.5},
    )
