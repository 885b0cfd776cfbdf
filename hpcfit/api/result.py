"""The result of a minimisation, the same on every rank."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from hpcfit.api.potential import Potential
from hpcfit.api.ranks import on_all_ranks
from hpcfit.errors import Fault, InputError
from hpcfit.fit import Fit
from hpcfit.listeners import session
from hpcfit.parallel.communicator import ROOT, Communicator
from hpcfit.records import FloatArray
from hpcfit.report import report
from hpcfit.runfile.run import History, StoredRun, standard_errors
from hpcfit.runfile.store import save_run


def refuse_contradiction(where: str, output: str, overwrite: bool, resume: bool) -> None:
    """Refuse contradictory options of a run file.

    Raises
    ------
    InputError
        If they contradict each other.
    """
    if resume and (overwrite or not output):
        what = "both resume and overwrite" if overwrite else "resume without a run file"
        raise InputError([Fault(where, what, allowed="with output= alone")])


def minimise(
    fit: Fit,
    stopped: Callable[[], bool],
    output: str,
    overwrite: bool,
    resume: bool,
    x: FloatArray | None = None,
    brief: bool = False,
    break_lock: bool = False,
) -> Result:
    """Fit, or continue an earlier run if `resume` is true and there is one; the same result on every rank.

    Parameters are as in `hpcfit.listeners.session.run`.
    """
    earlier = session.earlier_run(fit, output) if resume else None
    if earlier is not None and earlier.result is not None:
        return Result(earlier, earlier.result.outcome, fit.comm)
    found = session.run(fit, sys.stdout, stopped, output, overwrite, earlier, x, brief, break_lock)
    outcome, run = fit.comm.broadcast(found)
    return Result(run, outcome, fit.comm)


@dataclass(frozen=True)
class Result:
    """The result of a minimisation.

    Parameters
    ----------
    run
        The content of a run file.
    outcome
        Reason for the end: ``converged: ...`` or ``stopped: ...``.
    comm
        The ranks.
    """

    run: StoredRun
    outcome: str
    comm: Communicator

    @property
    def success(self) -> bool:
        """Whether it converged."""
        return self.outcome.startswith("converged")

    @property
    def x(self) -> FloatArray:
        """[n_free], the solver variables at the end."""
        return self.run.state.x.copy()

    @property
    def fun(self) -> float:
        """The loss at the end, one half of the sum of squares."""
        return self.run.header.loss.factor * self.run.state.cost

    @property
    def parameters(self) -> dict[str, float]:
        """All parameters at the end by path, fixed ones included."""
        paths = [parameter.path for parameter in self.run.header.parameters]
        return dict(zip(paths, self.run.values.tolist(), strict=True))

    @property
    def history(self) -> History:
        """Columns by name with a row per iteration: ``cost`` (the sum of squares), ``x``, ``seconds``, ..."""
        return self.run.history

    @property
    def covariance(self) -> FloatArray | None:
        """[n_varying, n_varying] of the varying parameters; NaN where undetermined, None for a stopped run."""
        return None if self.run.result is None else self.run.result.covariance

    @property
    def standard_errors(self) -> dict[str, float]:
        """Standard errors by path; NaN for fixed or undetermined parameters. Empty for a run stopped by a signal."""
        parameters = self.run.header.parameters
        if self.run.result is None:
            return {}
        errors = standard_errors(parameters, self.run.result.covariance)
        return {p.path: float(error) for p, error in zip(parameters, errors, strict=True)}

    def potential(self, start: Potential) -> Potential:
        """Return a copy of a potential that starts at the final values."""
        header = self.run.header
        pairs = zip(header.parameters, self.run.values.tolist(), strict=True)
        return start.started_at({p.path: value for p, value in pairs if p.free})

    def save(self, path: str | Path, overwrite: bool = False, break_lock: bool = False) -> None:
        """Write a run file as ``hpcfit run`` does; the root writes.

        Parameters
        ----------
        path
            The run file.
        overwrite
            Whether to replace an earlier run.
        break_lock
            Whether to take the run file's lock from a process on another host, silent for 10 minutes.

        Raises
        ------
        InputError
            On all ranks, if a run file exists or it cannot be written.
        """
        with on_all_ranks(self.comm):
            if self.comm.rank == ROOT:
                save_run(str(path), self.run, overwrite, break_lock)

    def report(self, stream: TextIO | None = None) -> None:
        """Write the report of ``hpcfit report`` on the root, by default to standard output."""
        if self.comm.rank == ROOT:
            report.write(self.run, sys.stdout if stream is None else stream)

    def __str__(self) -> str:
        values = ", ".join(
            f"{p.path} {value:.10g}"
            for p, value in zip(self.run.header.parameters, self.run.values, strict=True)
            if p.varies
        )
        return f"{self.outcome}, {self.run.header.loss.label} {self.fun:.10g}, {values}"
