"""``hpcfit check``: read a job and its data, describe the fit, and evaluate it once."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from typing import TextIO

import numpy as np

from hpcfit.cli.options import add_trust_options, say_without_structures
from hpcfit.fit import Fit, prepare, read
from hpcfit.listeners import session
from hpcfit.objective.partition import assign_blocks
from hpcfit.objective.plan import Plan
from hpcfit.objective.structures.shells import jump_lines
from hpcfit.objective.validation import validation_lines
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.parallel.guard import raise_on_all_ranks
from hpcfit.report.offsets import offset_lines
from hpcfit.runfile.predictions import dataset_predictions

_DESCRIPTION = """\
Read JOB and its datasets and report every fault. Without faults, print structures, atoms, residuals, free parameters,
memory and load balance, and evaluate the residual and its Jacobian once at the start. Writes no files."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("job", help="the job, an XML file")
    parser.add_argument(
        "--ranks",
        type=_positive,
        metavar="N",
        help="show the load balance for N ranks (default: the current number)",
    )
    add_trust_options(parser)
    parser.set_defaults(run_parallel=_check)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"not a number of ranks, found {text}, allowed 1 or more")
    return int(text)


def _check(options: argparse.Namespace, comm: Communicator) -> int:
    plan = prepare(lambda: read(options.job, options.allow_outside, options.allow_python), comm)
    with raise_on_all_ranks(comm):
        if comm.rank == ROOT:
            session.refuse_outputs(plan.job)
    if not plan.blocks:
        return say_without_structures(plan, comm, sys.stdout)
    fit = Fit(plan, comm)
    with fit.root() as is_root:
        return _evaluate(fit, options.ranks or comm.size, sys.stdout) if is_root else 0


def _evaluate(fit: Fit, n_ranks: int, out: TextIO) -> int:
    """Describe the fit, evaluate it once, and return the exit code."""
    plan, x = fit.plan, fit.local.model.start
    _write_counts(plan, fit.local.model.has_design, out)
    out.writelines(f"warning: {text}\n" for text in plan.warnings)
    begun = time.perf_counter()
    cost = fit.objective.cost(x)
    costed = time.perf_counter()
    gradient = fit.objective.linearise(x).gradient
    seconds = time.perf_counter()
    _write_balance(plan, n_ranks, fit.problem.memory(), out)
    out.writelines(f"{line}\n" for line in jump_lines(fit.local.model.jumps(x), plan.job.species))
    is_finite = np.isfinite(cost) and bool(np.isfinite(gradient).all())
    where = "" if is_finite else fit.problem.first_non_finite()
    results = [result for results, _ in fit.problem.results(x) for result in results]
    out.writelines(f"warning: structure '{r.id}': {r.failure}\n" for r in results if r.failure)
    out.writelines(f"warning: {text}\n" for text in fit.problem.take_notes())
    largest = float(np.abs(gradient).max(initial=0.0))
    out.write(f"{plan.loss_label:<16}{plan.loss_factor * cost:.10g}, gradient {largest:.3e}\n")
    out.write(f"{'seconds':<16}{costed - begun:.4f} residual, {seconds - costed:.4f} residual and Jacobian\n")
    if is_finite and plan.sources:
        predictions = dataset_predictions(fit.local, fit.problem.predict(x))
        out.writelines(
            f"{line}\n" for line in offset_lines(fit.local, predictions, at_end=plan.job.fitting is None)
        )
    if plan.job.validate:
        out.writelines(f"{line}\n" for line in validation_lines(plan, fit.local.model))
    if where:
        out.write(f"not finite: {where}\n")
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
    """Return the size of the derivatives of all dataset rows, fitted or not."""
    n_rows = 0
    for block in plan.data_blocks:
        has_stresses = plan.sources[block.source].used[2]
        n_rows += len(block.configurations) * (7 if has_stresses else 1) + 3 * block.n_atoms
    return 8 * len(plan.job.free) * n_rows


def _write_balance(plan: Plan, n_ranks: int, memory: list[int], out: TextIO) -> None:
    """Write the spread of atoms, estimated work and measured memory over the ranks."""
    costs = np.array([block.cost for block in plan.blocks])
    atoms = np.array([block.n_atoms for block in plan.blocks])
    starts = assign_blocks(costs, n_ranks)
    own = [slice(int(first), int(last)) for first, last in itertools.pairwise(starts)]
    n_atoms = [int(atoms[part].sum()) for part in own]
    work = max(costs[part].sum() for part in own) / costs.sum() * n_ranks
    most = max(sum(memory[part]) for part in own) / 1e6
    spread = f"{min(n_atoms)} to {max(n_atoms)} atoms, work up to {work:.3f} of the mean"
    out.write(f"{'ranks':<16}{n_ranks}, each {spread}, {most:.1f} MB\n")
    if idle := sum(part.stop == part.start for part in own):
        out.write(f"warning: {idle} of {n_ranks} ranks have nothing to do, {len(plan.blocks)} blocks\n")
