"""The report of a run, from its run file alone: outcome, parameters and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TextIO

import numpy as np

from hpcfit.records import Parameter, Predictions, State
from hpcfit.report.metrics import ALL, ENERGY, FORCE, STRESS, ErrorRow, error_rows, sets
from hpcfit.report.spectrum import loosest, spectrum_table, undetermined
from hpcfit.report.structures import failure_lines, structure_lines
from hpcfit.report.table import Table, write_blocks
from hpcfit.runfile.header import RunHeader, Style
from hpcfit.runfile.run import RunResult, StoredRun, standard_errors
from hpcfit.runfile.store import load
from hpcfit.units import GPA

_NONE = "-"

#: Unit shown and its size in the code's units, per quantity.
_SHOWN_UNITS = {ENERGY: ("meV/atom", 1e-3), FORCE: ("eV/A", 1.0), STRESS: ("GPa", GPA)}


def write(run: StoredRun, stream: TextIO, spectrum: bool = False) -> None:
    """Write the report of a run, finished or not: rich tables on a terminal, plain lines elsewhere.

    Parameters
    ----------
    spectrum
        Whether to write all singular values and their directions.
    """
    style = run.header.style
    blocks: list[Table | list[str]] = []
    if style.shows("minimum"):
        blocks += [_summary(run), _parameter_table(run)]
        if names := _undetermined(run):
            blocks.append([f"not determined by the data: {', '.join(names)}"])
    if run.result is not None and len(run.result.directions) and (spectrum or style.shows("maximum")):
        blocks.append(spectrum_table(run.result, run.header.free))
    elif spectrum:
        why = "no free parameters" if run.result else "the run is unfinished, hpcfit resume continues it"
        blocks.append([f"no spectrum: {why}"])
    if style.shows("medium") and run.result is not None:
        if run.result.structures:
            blocks.append(structure_lines(run.result.structures, style))
        if run.result.predictions:
            blocks.append(_error_table(run.result.predictions))
    if style.shows("minimum") and run.result is not None and (found := failure_lines(run.result.structures)):
        blocks.append(found)
    if stream.isatty():
        # rich is slow to import and needed on terminals only
        from hpcfit.report import terminal

        terminal.write_blocks(blocks, stream)
    else:
        write_blocks(blocks, stream)


def from_file(path: str, stream: TextIO, spectrum: bool = False) -> None:
    """Write the report of the run file `path` to `stream`, as `write` does.

    Raises
    ------
    InputError
        If neither the file nor the previous generation can be read.
    """
    run = load(path)
    if run.note:
        stream.write(f"{run.note}\n")
    style = run.header.style
    if not style.shows("medium"):
        # a requested report is written at any verbosity of the run
        style = replace(style, verbosity="medium")
    write(replace(run, header=replace(run.header, style=style)), stream, spectrum)


def _summary(run: StoredRun) -> list[str]:
    state, loss = run.state, run.header.loss
    facts = {
        "outcome": run.result.outcome if run.result else "unfinished",
        loss.label: loss.text(state.cost),
        "iterations": str(state.iteration),
        "evaluations": _evaluations(state),
        **({"restart": restart_text(state)} if state.restarted else {}),
        **(
            _end_facts(run.result, run.header)
            if run.result
            else {"time": _seconds(run.history["seconds"].sum())}
        ),
    }
    width = max(len(name) for name in facts)
    return [f"{name:<{width}}  {text}" for name, text in facts.items()]


def restart_text(state: State) -> str:
    """Return why and how a fit restarted."""
    return f'{state.restarted}, again from the start with scaling="identity"'


def _end_facts(result: RunResult, header: RunHeader) -> dict[str, str]:
    facts = {"time": _time(result.timings)}
    if not header.counts.n_residuals:
        return facts
    values = result.singular_values
    if len(values):
        facts["singular values"] = f"{values.max():.3e} to {values.min():.3e}"
    if text := loosest(result, header.free):
        facts["loosest"] = text
    return facts


def _evaluations(state: State) -> str:
    first = f"{state.n_linearisations} linearisations, {state.n_costs} costs"
    return f"{first}, {state.n_second_derivatives} second derivatives"


def _time(timings: Mapping[str, float]) -> str:
    phases = ", ".join(f"{name} {_seconds(seconds)}" for name, seconds in timings.items())
    return f"{_seconds(sum(timings.values()))} ({phases})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f} s"


def _undetermined(run: StoredRun) -> list[str]:
    n_residuals = run.header.counts.n_residuals
    if run.result is None or not n_residuals:
        return []
    parameters = run.header.parameters
    at_bound = [p.free and _at_bound(p, value) for p, value in zip(parameters, run.values, strict=True)]
    return undetermined(run.result, parameters, at_bound, n_residuals)


def _parameter_table(run: StoredRun) -> Table:
    parameters = run.header.parameters
    style = run.header.style
    rows = [_parameter_row(*row, style) for row in zip(parameters, run.values, _spreads(run), strict=True)]
    columns: tuple[str, ...] = ("parameter", "start", "final", "std error", "min", "max", "unit", "")
    if any(p.has_prior for p in parameters):
        columns = (*columns, "prior", "off by")
        rows = [(*row, *_prior(*pair)) for row, *pair in zip(rows, parameters, run.values, strict=True)]
    return Table("parameters", columns, tuple(rows))


def _prior(parameter: Parameter, final: float) -> tuple[str, str]:
    """Return a parameter's prior, and the deviation of the final value in its standard deviations."""
    if not parameter.has_prior:
        return _NONE, _NONE
    mean, sigma = parameter.prior_mean, parameter.prior_sigma
    return f"{mean:.6g} +- {sigma:.3g}", f"{(final - mean) / sigma:.2f}"


def _spreads(run: StoredRun) -> list[str]:
    """Return the standard error of every parameter, or the reason why it has none."""
    parameters = run.header.parameters
    if run.result is None or not run.header.counts.n_residuals:
        return [_NONE if p.varies else "fixed" for p in parameters]
    errors, lost = standard_errors(parameters, run.result.covariance), _undetermined(run)
    texts = [
        f"{error:.3g}" if np.isfinite(error) else "undetermined" if p.path in lost else _NONE
        for p, error in zip(parameters, errors, strict=True)
    ]
    return [text if p.varies else "fixed" for p, text in zip(parameters, texts, strict=True)]


def _parameter_row(parameter: Parameter, final: float, spread: str, style: Style) -> tuple[str, ...]:
    p = parameter
    # The start value of a dependent parameter in the job is not used.
    values = (_NONE if p.constraint else style.number(p.start, 10), style.number(final, 10))
    numbers = (*values, spread, _bound(p.minimum), _bound(p.maximum))
    return p.path, *numbers, p.unit, _note(p, final)


def _note(parameter: Parameter, final: float) -> str:
    if parameter.constraint:
        return "dependent"
    return "at bound" if parameter.free and _at_bound(parameter, final) else ""


def _bound(value: float) -> str:
    return f"{value:.6g}" if np.isfinite(value) else _NONE


def _at_bound(parameter: Parameter, value: float) -> bool:
    # a step that ends at a bound meets it within rounding
    rounding = 4.0 * np.spacing(max(abs(value), abs(parameter.start)))
    return bool(value <= parameter.minimum + rounding or value >= parameter.maximum - rounding)


def _error_table(predictions: Sequence[Predictions]) -> Table:
    """Return a row per set, group and quantity; a total only where it sums up several rows."""
    rows: list[tuple[str, ...]] = []
    for name, own in sets(predictions).items():
        found = error_rows(own)
        rows += [_error_line(name, row) for row in found if not row.is_total or _sums_several(row, found)]
    return Table("errors", ("group", "set", "quantity", "RMSE", "MAE", "unit", "n"), tuple(rows))


def _sums_several(total: ErrorRow, rows: Sequence[ErrorRow]) -> bool:
    prefix = total.group.removesuffix(ALL)
    parts = (r for r in rows if r is not total and r.quantity == total.quantity)
    return all(part.n < total.n for part in parts if part.group.startswith(prefix))


def _error_line(name: str, row: ErrorRow) -> tuple[str, ...]:
    unit, size = _SHOWN_UNITS[row.quantity]
    numbers = f"{row.rmse / size:.4f}", f"{row.mae / size:.4f}"
    return (row.group, name or _NONE, row.quantity, *numbers, unit, str(row.n))
