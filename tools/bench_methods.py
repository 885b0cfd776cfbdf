"""Runs KLIFF's silicon tutorial with every local method of SciPy, from Python and from a job, and prints a table.

``python tools/bench_methods.py si.h5``, the dataset of ``jobs/silicon-kliff``. Evaluations are those of Jacobians and
of the loss alone, seconds are processor time of the Python fit; the job must end in the same bits.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import time
from contextlib import redirect_stdout
from pathlib import Path

import hpcfit
from hpcfit.cli.main import main as command
from hpcfit.records import Box
from hpcfit.runfile.store import load
from hpcfit.solver.minimisers.scipy import METHODS as SCIPY

SCIPY_METHODS = {method.name: method for method in SCIPY}

BOUNDS = (5.0, 1.0, 20.0)


def made(data: hpcfit.Dataset, bounded: bool) -> hpcfit.Loss:
    """Return the tutorial's loss; A is without bounds for the methods that take none."""
    potential = hpcfit.Potential("stillinger-weber", species=["Si"])
    potential.fit(A=BOUNDS if bounded else BOUNDS[0], B="default", gamma=1.5)
    return hpcfit.Loss(hpcfit.Calculator(potential, data), residual_data={"normalize_by_natoms": True})


def one_method(method: str, data: hpcfit.Dataset, folder: Path) -> bool:
    """Print the line of a method, and return whether Python and the job agree."""
    loss = made(data, SCIPY_METHODS[method].box is not Box.NONE)
    begun = time.process_time()
    result = loss.minimize(method=method, verbosity="none")
    seconds = time.process_time() - begun
    job, run = folder / f"{method}.xml", folder / f"{method}.h5"
    job.write_text(loss.to_xml(), encoding="utf-8")
    with redirect_stdout(io.StringIO()):
        code = command(["run", str(job), "-o", str(run)])
    same = code in (0, 3) and load(str(run)).state.x.tobytes() == result.x.tobytes()
    state = result.run.state
    counts = f"{state.n_linearisations:10d}{state.n_costs:8d}"
    agreed = "same" if same else "DIFFERENT"
    print(f"{method:14}{result.fun:14.6f}{counts}{seconds:9.2f}  {agreed:10}{result.outcome}", flush=True)
    return same


def main() -> None:
    """Print the table; end with 1 where a job and Python differ."""
    parser = argparse.ArgumentParser(description="every local method of SciPy on KLIFF's silicon tutorial")
    parser.add_argument("dataset", help="si.h5 of jobs/silicon-kliff")
    parser.add_argument("--methods", nargs="+", choices=SCIPY_METHODS)
    chosen = parser.parse_args()
    weight = hpcfit.Weight(energy_weight=1.0, forces_weight=0.1)
    local = [name for name, form in SCIPY_METHODS.items() if not form.is_global]
    print(f"{'method':14}{'loss':>14}{'Jacobians':>10}{'losses':>8}{'seconds':>9}  {'job':10}outcome")
    with tempfile.TemporaryDirectory() as folder:
        # A job takes weights from the dataset.
        weighted = Path(folder) / "si.h5"
        hpcfit.Dataset.from_path(chosen.dataset, weight=weight).save(weighted)
        data = hpcfit.Dataset.from_path(weighted)
        agreed = [one_method(name, data, Path(folder)) for name in chosen.methods or local]
    sys.exit(0 if all(agreed) else 1)


if __name__ == "__main__":
    main()
