"""Solvers on fits of potentials from random starts: ``python tools/solvers/potentials.py --help``."""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import replace
from functools import partial
from multiprocessing import Pool
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported

import numpy as np
import ours
import potential_cases
import scipy_solvers
from cases import Case
from sets import SEEDS
from table import HEADER, Run, run, score

SOLVERS = {
    "hpcfit": ours.solve,
    "hpcfit-plain": partial(ours.solve, acceleration=False),
    "scipy-trf-jac": partial(scipy_solvers.solve, method="trf", scaling="jac"),
    "scipy-trf-1": partial(scipy_solvers.solve, method="trf", scaling=1),
    "scipy-l-bfgs-b": scipy_solvers.solve_gradient,
}

#: Made before the processes are, which inherit it.
_CASES: dict[str, list[Case]] = {}


#: L-BFGS-B needs many times the steps of the others.
_PATIENCE = {"scipy-l-bfgs-b": 3}


def _one(task: tuple[str, str, int]) -> Run:
    solver, name, index = task
    case = _CASES[name][index]
    return run(SOLVERS[solver], replace(case, n_jacobians=_PATIENCE.get(solver, 1) * case.n_jacobians))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="solvers on fits of potentials from random starts")
    names = potential_cases.FAMILIES
    parser.add_argument("--potentials", nargs="+", choices=names, default=list(names))
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--starts", type=int, default=100, help="starts per potential (default 100)")
    parser.add_argument("--seeds", choices=SEEDS, default="development", help="which draws of random starts")
    parser.add_argument("--cases", action="store_true", help="print every fit")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _prepare(names: list[str], n_starts: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        potential_cases.import_data(Path(folder))
        for name in names:
            objective = potential_cases.Objective(name, Path(folder))
            _CASES[name] = potential_cases.cases(name, objective, n_starts, seed)


def main() -> None:
    """Print a table per potential, and the lowest sum of squares that any solver found."""
    chosen = _arguments()
    _prepare(chosen.potentials, chosen.starts, SEEDS[chosen.seeds])
    np.seterr(all="ignore")  # far trial points overflow, which every solver is to stand
    with Pool(chosen.processes) as pool:
        for name in chosen.potentials:
            print(f"\n{name}: {chosen.starts} starts ({chosen.seeds} seeds)\n{HEADER}", flush=True)
            lowest = np.inf
            for solver in chosen.solvers:
                runs = pool.map(_one, [(solver, name, k) for k in range(chosen.starts)], chunksize=1)
                lowest = min(lowest, *(one.lowest for one in runs))
                print(f"{solver:24}{score(runs)}", flush=True)
                for one in runs if chosen.cases else []:
                    print(f"    {one}")
            print(f"lowest sum of squares {lowest:.12g}, goal {_CASES[name][0].goal:.12g}", flush=True)


if __name__ == "__main__":
    main()
