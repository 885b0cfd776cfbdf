"""Limits of a run that resumes: those of the command replace those of the job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpcfit.errors import Fault, InputError
from hpcfit.records import GeodesicOptions, Job, NloptOptions, ScipyOptions, State
from hpcfit.runfile.layout import stored_name
from hpcfit.runfile.run import History, StoredRun
from hpcfit.solver.geodesic import LIMITS_REACHED, STOPPED_EVALUATIONS, STOPPED_ITERATIONS

#: Settings that a command can change, and the outcome of each.
_OUTCOMES = {"max_iter": STOPPED_ITERATIONS, "max_evaluations": STOPPED_EVALUATIONS}

#: Parts of a state that the end by a limit replaced, and that the history keeps.
_KEPT = ("cost", "gradient", "angle", "n_linearisations", "n_costs", "n_second_derivatives")

#: SciPy's own limits, which a limit of the command replaces.
_OF_SCIPY = {"max_iter": ("maxiter",), "max_evaluations": ("maxfun", "maxfev", "max_nfev")}
_NO_LIMIT = 10**9


def continuing(stored: StoredRun, limits: Mapping[str, int | None]) -> StoredRun:
    """Return the run to continue: one that ended at a limit is open again if the limit is raised.

    Raises
    ------
    InputError
        If a limit is not above what the run did, or the run ended for another reason.
    """
    given = {name: value for name, value in limits.items() if value is not None}
    state = stored.state
    done = {
        "max_iter": state.iteration,
        "max_evaluations": state.n_costs + state.n_linearisations + state.n_second_derivatives,
    }
    outcome = state.outcome if stored.result is None else stored.result.outcome
    faults = [
        Fault(stored.path, f"{_word(name)} not above that of the run", str(value), f"above {done[name]}")
        for name, value in given.items()
        if value <= done[name] and (stored.result is None or outcome in LIMITS_REACHED)
    ]
    if given and stored.result is not None and outcome not in LIMITS_REACHED:
        allowed = "a run that ended at a limit"
        faults.append(Fault(stored.path, f"{_words(given)} has no effect", outcome, allowed))
    needed = next((name for name, said in _OUTCOMES.items() if said == outcome), "")
    if given and not faults and needed and needed not in given:
        faults.append(
            Fault(stored.path, f"run ended by another limit, {outcome}", _words(given), _word(needed))
        )
    if faults:
        raise InputError(faults)
    if outcome not in LIMITS_REACHED or not given:
        return stored
    reopened = replace(state, outcome="")
    if stored.header.options.get("solver") == "geodesic":
        reopened = _before_the_limit(reopened, stored.history)
    return replace(stored, state=reopened, result=None)


def _before_the_limit(state: State, history: History) -> State:
    values: dict[str, Any] = {name: history[stored_name(name)][-1].item() for name in _KEPT}
    return replace(state, x=history["x"][-1].copy(), **values)


def with_limits(job: Job, stored: StoredRun, limits: Mapping[str, int | None]) -> tuple[Job, list[str]]:
    """Return the job with the limits of a command or, without these, of the stored run, and a line for each change."""
    if job.fitting is None:
        return job, []
    solver: Any = job.fitting.solver
    notes = []
    for name in _OUTCOMES:
        value = limits.get(name) or stored.header.options.get(name)
        own = getattr(solver, name)
        if value is None or value == own:
            continue
        solver = replace(_without_own(solver, name), **{name: value})
        notes.append(f"{_word(name)} {value} replaces that of the job, {'none' if own is None else own}")
    if notes and not isinstance(solver, GeodesicOptions):
        notes.append("the minimiser starts anew from the last point, and keeps its counts")
    return replace(job, fitting=replace(job.fitting, solver=solver)), notes


def _without_own(solver: Any, name: str) -> Any:
    """Return the settings without the library's own limits of the same kind."""
    if isinstance(solver, ScipyOptions):
        own = _OF_SCIPY[name]
        options = tuple((key, _NO_LIMIT if key in own else value) for key, value in solver.options)
        return replace(solver, options=options)
    if isinstance(solver, NloptOptions) and name == "max_evaluations":
        return replace(solver, maxeval=None)
    return solver


def _word(name: str) -> str:
    return name.replace("_", "-")


def _words(given: Mapping[str, Any]) -> str:
    return ", ".join(map(_word, given))
