"""The log of a run: job, data and machine; warnings; the outcome; the report."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TextIO, cast

import numpy as np

from hpcfit.early_signals import resume_command
from hpcfit.errors import Fault, InputError
from hpcfit.fit import STOPPED_SIGNAL, Fit, FitStep, Listener
from hpcfit.job_outputs import open_log_file
from hpcfit.listeners.log_stream import LogStream
from hpcfit.objective.structures.shells import jump_notes
from hpcfit.objective.validation import validation_lines
from hpcfit.records import FloatArray, State
from hpcfit.report import report
from hpcfit.report.densities import density_lines
from hpcfit.report.offsets import offset_lines
from hpcfit.report.structures import end_lines, start_lines
from hpcfit.runfile.header import DatasetRecord, RunHeader, Style
from hpcfit.runfile.predictions import dataset_predictions
from hpcfit.runfile.run import RunResult
from hpcfit.runfile.store import MemoryStore, RunStore
from hpcfit.solver.geodesic import STOPPED_NOT_FINITE
from hpcfit.solver.normal import LEAST_CONDITION

Log = Callable[[str], TextIO]  #: text of a level of verbosity goes to ``log(level)``

_HASH = 12  #: leading digits of a hash that are printed
_HOSTS = 8  #: hosts that are named; the rest is counted


@contextmanager
def open_log(path: str, style: Style, stream: TextIO, append: bool) -> Iterator[Log]:
    """Give the log of a style: the file `path`, or `stream` if `path` is empty.

    Raises
    ------
    InputError
        If a new file cannot be opened.
    """
    with ExitStack() as stack:
        if path:
            stream = _opened(path, append)
            stack.callback(_close, stream)
        safe = cast(TextIO, LogStream(stream, path or "standard output"))
        stack.callback(safe.flush)
        silence = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        yield lambda level: safe if style.shows(level) else silence


def _opened(path: str, append: bool) -> TextIO:
    try:
        return open_log_file(path, append)
    except OSError as error:
        if not append:
            raise InputError([Fault(path, "log cannot be written", str(error))]) from error
        # a run that goes on must not fail because of its log
        print(f"warning: {path} cannot be written, found {error}, the run goes on without", file=sys.stderr)
        return open(os.devnull, "w", encoding="utf-8")


def _close(file: TextIO) -> None:
    with suppress(OSError):  # `LogStream` has said it
        file.close()


class Messages(Listener):
    """Writes messages for every user: warnings, numbers that are not finite, a stop by a signal."""

    def __init__(self, log: Log, store: MemoryStore) -> None:
        self._log = log
        self._store = store

    def begin(self, fit: Fit) -> None:
        """Write the job's warnings and, for a new run on request, the check of the potentials."""
        self._fit = fit
        lines = [f"warning: {text}" for text in fit.plan.warnings]
        if fit.plan.job.validate and not self._store.resumes:
            lines += validation_lines(fit.plan, fit.local.model)
        self._write("minimum", lines)
        model = fit.local.model
        self._write("medium", jump_notes(model.jumps(model.start), model.species))

    def step(self, step: FitStep) -> None:
        """Write new warnings about own structures and, before the first iteration, about energies off by a constant."""
        self._write_notes()
        plan = self._fit.plan
        is_start = step.state.iteration == 0 and plan.job.fitting is not None
        if is_start and plan.sources and np.isfinite(step.state.cost):
            found = dataset_predictions(self._fit.local, self._fit.problem.predict(step.state.x))
            self._write("minimum", offset_lines(self._fit.local, found, at_end=False))

    def finish(self, result: RunResult, values: FloatArray) -> None:
        """Write new warnings about own structures, and whether energies are off by a constant."""
        self._write_notes()
        if np.isfinite(result.state.cost):
            self._write("minimum", offset_lines(self._fit.local, result.predictions, at_end=True))

    def _write_notes(self) -> None:
        if self._fit.plan.structure_blocks:
            self._write("minimum", (f"warning: {text}" for text in self._fit.problem.take_notes()))

    def end(self, state: State) -> None:
        """Write why the result cannot be trusted, or how to resume."""
        fitting = self._fit.plan.job.fitting
        if fitting and fitting.assembly == "normal":
            self._write("minimum", _lost_digits(self._store.run.history["condition"]))
        self._end_of_structures(state)
        if state.outcome == STOPPED_NOT_FINITE:
            where = self._fit.problem.first_non_finite()
            where = where or "sum of squares or its derivatives, from finite predictions"
            self._write("minimum", [f"not finite: {where}"])
        if state.outcome == STOPPED_SIGNAL:
            hint = ""
            if isinstance(self._store, RunStore):
                hint = f", checkpoint written, go on with: {resume_command(self._store.run.path)}"
            self._write("minimum", [STOPPED_SIGNAL + hint])

    def _end_of_structures(self, state: State) -> None:
        """Write nothing about the job's own structures."""

    def _write(self, level: str, lines: Iterable[str]) -> None:
        self._log(level).writelines(f"{line}\n" for line in lines)


class RunLog(Messages):
    """Writes the whole log of a run."""

    _is_first = True

    def begin(self, fit: Fit) -> None:
        """Write the head of the log."""
        self._write("medium", header_lines(self._store.header))
        if fit.plan.acceleration:
            self._write("medium", [f"{'steps':<10}  {fit.plan.acceleration}"])
        super().begin(fit)
        self._fits_structures = fit.plan.job.fitting is not None and fit.plan.n_fitted_properties > 0

    def step(self, step: FitStep) -> None:
        """Write the start of a fit of own structures."""
        if self._is_first and self._fits_structures:
            n_fitted = self._fit.plan.n_fitted_properties
            self._write("medium", start_lines(self._store.header, step.values, n_fitted))
        self._is_first = False
        super().step(step)

    def end(self, state: State) -> None:
        """Write the end of the fit."""
        super().end(state)
        if self._fit.plan.job.own_structures and state.outcome != STOPPED_SIGNAL:
            self._write("medium", ["Computing structure properties"])

    def _end_of_structures(self, state: State) -> None:
        if self._fits_structures and state.outcome != STOPPED_SIGNAL:
            self._write("medium", end_lines(self._store.header, state))

    def finish(self, result: RunResult, values: FloatArray) -> None:
        """Write the largest densities."""
        super().finish(result, values)
        model, style, x = self._fit.local.model, self._store.header.style, result.state.x
        if model.embedding and style.shows("medium"):
            found, species = self._fit.problem.largest_densities(x), self._fit.plan.job.species
            self._write("medium", density_lines(species, model, x, found, result.structures, style))

    def complete(self) -> None:
        """Write the report."""
        report.write(self._store.run, self._log("none"))


def _lost_digits(conditions: FloatArray) -> list[str]:
    """Return a warning if the normal equations lost too many digits."""
    least = float(np.nanmin(conditions**2, initial=1.0))
    if least >= LEAST_CONDITION:
        return []
    allowed = f"at least {LEAST_CONDITION:g} or another assembly"
    return [
        f'warning: assembly="normal" loses digits: squared condition, found {least:.1e}, allowed {allowed}'
    ]


def header_lines(header: RunHeader) -> list[str]:
    """Return the head of the log: versions, ranks, hosts, job and data with hashes, size of the fit."""
    versions, counts = header.versions, header.counts
    libraries = ", ".join(f"{name} {versions[name]}" for name in versions if name not in ("hpcfit", "mpi"))
    facts = [
        ("started", header.started),
        ("with", libraries),
        # some libraries describe themselves on several lines
        ("MPI", versions["mpi"].strip().split("\n")[0]),
        ("ranks", f"{len(header.hosts)} on {_hosts(header.hosts)}"),
        ("job", f"{header.job_name}, {header.job_path}, hash {header.job_hash[:_HASH]}"),
        *(("dataset", _dataset(record)) for record in header.datasets),
        ("structures", str(counts.n_structures)),
        ("atoms", str(counts.n_atoms)),
        ("residuals", str(counts.n_residuals)),
        *([] if header.loss.of == "squares" else [(header.loss.label, f"of {header.loss.of}")]),
        ("parameters", f"{len(header.parameters)}, {len(header.free)} free{_priors(header)}"),
    ]
    return [f"hpcfit {versions['hpcfit']}", *(f"{name:<10}  {text}" for name, text in facts)]


def _priors(header: RunHeader) -> str:
    n = sum(p.has_prior for p in header.free)
    return f", {n} with priors" if n else ""


def _hosts(hosts: Iterable[str]) -> str:
    ranks = Counter(hosts)
    named = [f"{host} ({n})" if len(ranks) > 1 else host for host, n in ranks.items()]
    rest = len(named) - _HOSTS
    return ", ".join(named[:_HOSTS]) + (f" and {rest} more" if rest > 0 else "")


def _dataset(record: DatasetRecord) -> str:
    content = f"{record.n_configurations} configurations, {record.n_atoms} atoms"
    return f"{record.id}, {record.path}, {content}, hash {record.content[:_HASH]}"
