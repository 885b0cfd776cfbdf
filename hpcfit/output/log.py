"""Where a run's log goes, and the lines that stand first: what runs, on what, where."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

from hpcfit.errors import Fault, InputError
from hpcfit.output.header import DatasetRecord, RunHeader, Style

_HASH = 12  #: leading digits of a hash that are printed
_HOSTS = 8  #: hosts named before the rest is only counted


@contextmanager
def open_log(path: str, style: Style, stream: TextIO, append: bool) -> Iterator[Callable[[str], TextIO]]:
    """Give the log: what is said at a level of verbosity goes to ``log(level)``.

    Parameters
    ----------
    path
        File of the log; empty where it goes to `stream`.
    style
        How much is said.
    stream
        Standard output.
    append
        Whether the log goes on where the file ends.

    Raises
    ------
    InputError
        When the file cannot be written.
    """
    with ExitStack() as stack:
        if path:
            try:
                stream = stack.enter_context(open(path, "a" if append else "w", encoding="utf-8"))
            except OSError as error:
                raise InputError([Fault(path, "log cannot be written", str(error))]) from error
        silence = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
        yield lambda level: stream if style.shows(level) else silence


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
