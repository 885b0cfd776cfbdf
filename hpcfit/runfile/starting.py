"""The start of a job at the parameters of another run."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.objective.model import Model
from hpcfit.records import FloatArray, Job
from hpcfit.runfile.store import load


def start_from(path: str, job: Job, model: Model) -> tuple[FloatArray, list[str]]:
    """Return the solver's start [n_free] at the parameters of a run, and lines on what does not match.

    Parameters
    ----------
    path
        The run file; its parameters are found by name.
    job, model
        The job that starts.

    Raises
    ------
    InputError
        If the run cannot be read, shares no free parameter with the job, or has a value that the job does not allow.
    """
    stored = load(path)
    found = {p.path: float(value) for p, value in zip(stored.header.parameters, stored.values, strict=True)}
    free, faults = job.free, []
    shared = [p for p in free if p.path in found]
    if not shared:
        what, allowed = "run shares no free parameter with the job", _some(p.path for p in free)
        raise InputError([Fault(path, what, _some(found), allowed)])
    for parameter in shared:
        value = found[parameter.path]
        if not (np.isfinite(value) and parameter.minimum <= value <= parameter.maximum):
            allowed = f"{parameter.minimum:g} to {parameter.maximum:g}"
            faults.append(
                Fault(path, f"value of {parameter.path} outside its bounds", f"{value:.10g}", allowed)
            )
    if faults:
        raise InputError(faults)
    values = np.array([found.get(p.path, p.start) for p in free])
    with np.errstate(all="ignore"):
        x = model.variables.at(values)
    notes = [f"{len(shared)} of {len(free)} free parameters start at the values of {path}"]
    notes += _mismatches(job, found)
    return np.clip(x, model.lower, model.upper), notes


def _mismatches(job: Job, found: dict[str, float]) -> list[str]:
    known = {p.path for p in job.parameters}
    absent = [p.path for p in job.free if p.path not in found]
    surplus = [path for path in found if path not in known]
    kept = [
        f"{p.path} {p.start:.10g} (run {found[p.path]:.10g})"
        for p in job.parameters
        if not p.varies and p.path in found and found[p.path] != p.start
    ]
    notes = []
    if absent:
        notes.append(f"warning: not in the run, start values of the job: {_some(absent)}")
    if surplus:
        notes.append(f"warning: of the run alone, not used: {_some(surplus)}")
    if kept:
        notes.append(f"warning: fixed in the job, which keeps its values: {_some(kept)}")
    return notes


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:10]) + (f" and {len(listed) - 10} more" if len(listed) > 10 else "")
