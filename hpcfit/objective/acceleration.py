"""The source of second derivatives for the solver's acceleration: exact ones, or differences of residuals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hpcfit.errors import Fault
from hpcfit.potential.second_derivative import has_second_derivative
from hpcfit.records import GeodesicOptions, Job, PotentialForm, SpaOptions


def acceleration_options(job: Job) -> GeodesicOptions | None:
    """Return the settings of the solver if it uses second derivatives, else None."""
    solver = job.fitting.solver if job.fitting else None
    while isinstance(solver, SpaOptions):
        solver = solver.local
    return solver if isinstance(solver, GeodesicOptions) and solver.acceleration else None


def uses_exact(job: Job, forms: Mapping[str, PotentialForm]) -> bool:
    """Return whether exact second derivatives are available for a dataset and requested."""
    options = acceleration_options(job)
    if options is None or options.second_derivative == "difference":
        return False
    n_species = len(job.species)
    known = all(has_second_derivative(p, forms[p.form], n_species) for p in job.potentials)
    return known and not all(source.runs_python for source in job.datasets)


def not_exact(job: Job, forms: Mapping[str, PotentialForm]) -> Iterator[tuple[int, str]]:
    """Yield everything without exact second derivatives: its line in the job, and its description."""
    for potential in job.potentials:
        if not has_second_derivative(potential, forms[potential.form], len(job.species)):
            yield potential.line, f"potential '{potential.id}'"
    for source in job.datasets:
        if source.runs_python:
            yield source.line, f"residual function of dataset '{source.id}'"
    for structure in job.own_structures:
        if any(wanted.fit for wanted in structure.properties):
            yield structure.line, f"structure '{structure.id}'"
    for derived in job.derived:
        if derived.wanted.fit:
            yield derived.line, f"derived property '{derived.id}'"


def missing_exact(job: Job, forms: Mapping[str, PotentialForm]) -> list[Fault]:
    """Return a fault for everything without the exact second derivatives that the job requires."""
    options = acceleration_options(job)
    if options is None or options.second_derivative != "exact":
        return []
    allowed = 'second-derivative="auto" or "difference"'
    return [
        Fault(job.place(line), f"no exact second derivatives of {what}", allowed=allowed)
        for line, what in not_exact(job, forms)
    ]


def idle_settings(job: Job, forms: Mapping[str, PotentialForm]) -> list[str]:
    """Return a warning if the job sets a difference step that is not used."""
    options = acceleration_options(job)
    if options is None or options.h == GeodesicOptions.h or not uses_exact(job, forms):
        return []
    if any(not_exact(job, forms)):
        return []
    what = "h of <geodesic-lm> has no effect, second derivatives are exact"
    return [str(Fault(job.path, what, f"{options.h:g}", 'second-derivative="difference"'))]


def describe_acceleration(job: Job, forms: Mapping[str, PotentialForm]) -> str:
    """Describe the source of second derivatives; empty if they are not used."""
    options = acceleration_options(job)
    if options is None:
        return ""
    difference = f"differences of residuals, h = {options.h:g}"
    if not uses_exact(job, forms):
        return f"second derivatives from {difference}"
    unknown = [what for _, what in not_exact(job, forms)]
    others = f", but {difference}, for {_some(unknown)}" if unknown else ""
    return f"exact second derivatives{others}"


def _some(names: list[str]) -> str:
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "")
