"""The solvers' scoreboard: ``python tools/solvers --help``; docs/solver.md says what the sets and columns are."""

from __future__ import annotations

import argparse
import os
import sys
from multiprocessing import Pool

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # read when numpy is first imported

import gsl_solvers
import numpy as np
from cases import Case
from sets import QUICK, SEEDS, SETS, SOLVERS
from table import HEADER, Run, run, score

#: Made before the processes are, which inherit it.
_CASES: dict[str, list[Case]] = {}


def _one(task: tuple[str, str, int]) -> Run:
    solver, name, index = task
    return run(SOLVERS[solver].solve, _CASES[name][index])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="hpcfit's solver beside others, on sets of least-squares problems"
    )
    parser.add_argument(
        "--sets", nargs="+", choices=SETS, default=list(SETS), metavar="SET", help=", ".join(SETS)
    )
    parser.add_argument(
        "--solvers",
        nargs="+",
        choices=SOLVERS,
        default=list(SOLVERS),
        metavar="SOLVER",
        help=", ".join(SOLVERS),
    )
    parser.add_argument("--seeds", choices=SEEDS, default="development", help="which draws of random starts")
    parser.add_argument("--quick", action="store_true", help=f"only the sets {', '.join(QUICK)}")
    parser.add_argument("--failures", action="store_true", help="name the cases that are not solved")
    parser.add_argument(
        "--cases", action="store_true", help="print every case: Jacobians to the goal, all Jacobians"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def _details(runs: list[Run], failures: bool, every: bool) -> None:
    for one in runs:
        if every or (failures and one.jacobians is None):
            reached = "not solved" if one.jacobians is None else f"{one.jacobians} J, {one.evaluations} f"
            print(
                f"    {one.name:24} {reached:18}{one.n_jacobians:5d} J in all, |r|^2 {one.lowest:.6g}  {one.error}"
            )


def main() -> int:
    """Print a table per set and return 1 if hpcfit misses an aim."""
    chosen = _arguments()
    names = [name for name in chosen.sets if not chosen.quick or name in QUICK]
    _CASES.update({name: SETS[name].make(SEEDS[chosen.seeds]) for name in names})
    solvers = chosen.solvers
    if any(solver.startswith("gsl") for solver in solvers) and gsl_solvers.harness() is None:
        print("gsl: left out, its headers are not here (Debian: libgsl-dev)")
        solvers = [solver for solver in solvers if not solver.startswith("gsl")]
    missed = False
    np.seterr(all="ignore")  # far trial points overflow, which every solver is to stand
    with Pool(chosen.processes) as pool:
        for name in names:
            print(f"\n{name}: {SETS[name].title} ({chosen.seeds} seeds)\n{HEADER}", flush=True)
            for solver in solvers:
                if SETS[name].bounded and not SOLVERS[solver].bounds:
                    continue
                tasks = [(solver, name, index) for index in range(len(_CASES[name]))]
                runs = pool.map(_one, tasks, chunksize=4)
                found = score(runs)
                verdict = found.verdict(SETS[name].aim) if solver == "hpcfit" else ""
                missed = missed or "FAIL" in verdict
                print(f"{solver:24}{found}  {verdict}", flush=True)
                _details(runs, chosen.failures, chosen.cases)
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
