"""``hpcfit check``: read a job and its data, say what a fit would be, and evaluate once."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any, TextIO

import numpy as np

from hpcfit.cli.options import add_trust_options
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.partition import assign_blocks
from hpcfit.objective.plan import Plan
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.service import answer, ask
from hpcfit.run import prepare, read
from hpcfit.solver.priors import with_priors

_DESCRIPTION = """\
Read JOB and its datasets, report every fault, or else structures, atoms, residuals, free parameters, memory and the
balance of the work over ranks; then evaluate the residual and its Jacobian once at the start. Writes nothing."""


def add_parser(commands: Any) -> None:
    """Register the command."""
    parser = commands.add_parser("check", help="check a job and its data", description=_DESCRIPTION)
    parser.add_argument("job", help="the job, an XML file")
    parser.add_argument(
        "--ranks",
        type=_positive,
        metavar="N",
        help="show the balance for N ranks (default: those it runs on)",
    )
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_check)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a number of ranks, found {text}, allowed 1 or more")
    return int(text)


def _check(options: argparse.Namespace, comm: Communicator) -> int:
    plan = prepare(lambda: read(options.job, options.allow_outside, options.allow_python), comm)
    local = LocalObjective(plan)
    if comm.rank != ROOT:
        answer(local, comm)
        return 0
    with ask(local, comm) as problem:
        _write_counts(plan, local.model.has_design, sys.stdout)
        sys.stdout.writelines(f"warning: {text}\n" for text in plan.warnings)
        solved = with_priors(problem, plan.job.free, local.model.variables.curves)
        begun = time.perf_counter()
        cost = solved.cost(local.model.start)
        costed = time.perf_counter()
        gradient = solved.linearise(local.model.start).gradient
        seconds = time.perf_counter()
        memory = problem.memory()
        _write_balance(plan, options.ranks or comm.size, memory, sys.stdout)
        is_finite = np.isfinite(cost) and bool(np.isfinite(gradient).all())
        where = "" if is_finite else problem.trouble()
        troubles = [
            f"warning: structure '{result.id}': {result.trouble}"
            for results, _ in problem.results(local.model.start)
            for result in results
            if result.trouble
        ]
    sys.stdout.writelines(f"{line}\n" for line in troubles)
    label = "loss" if plan.job.absolute else "chi^2"
    print(
        f"{label:<16}{plan.loss_factor * cost:.10g}, gradient {float(np.abs(gradient).max(initial=0.0)):.3e}"
    )
    print(f"{'seconds':<16}{costed - begun:.4f} residual, {seconds - costed:.4f} residual and Jacobian")
    if where:
        print(f"not finite: {where}")
    return 0 if is_finite else 1


def _write_counts(plan: Plan, has_design: bool, out: TextIO) -> None:
    facts = {
        "job": plan.job.name,
        "structures": plan.n_structures,
        "atoms": plan.n_atoms,
        "residuals": plan.n_residuals,
        "free parameters": f"{len(plan.job.free)} of {len(plan.job.parameters)}",
        "blocks": len(plan.blocks),
    }
    if plan.acceleration:
        facts["steps"] = plan.acceleration
    if has_design:
        kept = "not kept, evaluated at every step" if plan.assembly == "stream" else "evaluated once and kept"
        facts["design matrix"] = f"{kept}, {_design_bytes(plan) / 1e6:.1f} MB"
    out.writelines(f"{name:<16}{value}\n" for name, value in facts.items())


def _design_bytes(plan: Plan) -> int:
    """Return the size of the derivatives of all rows of datasets, fitted or not."""
    n_rows = 0
    for block in plan.data_blocks:
        has_stresses = plan.sources[block.source].used[2]
        n_rows += len(block.configurations) * (7 if has_stresses else 1) + 3 * block.n_atoms
    return 8 * len(plan.job.free) * n_rows


def _write_balance(plan: Plan, n_ranks: int, memory: list[int], out: TextIO) -> None:
    """Atoms, estimated work and memory per rank; memory is measured and follows the blocks."""
    costs = np.array([block.cost for block in plan.blocks])
    starts = assign_blocks(costs, n_ranks)
    for rank in range(n_ranks):
        own = slice(int(starts[rank]), int(starts[rank + 1]))
        share = costs[own].sum() / costs.sum() * n_ranks
        n_atoms = sum(block.n_atoms for block in plan.blocks[own])
        out.write(
            f"{f'rank {rank}':<16}{own.stop - own.start} blocks, {n_atoms} atoms, "
            f"{share:.3f} of the mean, {sum(memory[own]) / 1e6:.1f} MB\n"
        )
