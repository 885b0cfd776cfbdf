"""``hpcfit export``: write a fitted potential for an MD code."""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from hpcfit.cli.options import add_include_option
from hpcfit.dataset.replacing import refuse_existing, replacing
from hpcfit.errors import Fault, InputError
from hpcfit.export.exporting import FORMATS, Settings, export, needs_structures
from hpcfit.export.formats.setfl import FEWEST_POINTS
from hpcfit.runfile.fitted_job import read_final

_DESCRIPTION = """\
Write a potential as a file for LAMMPS, from the last stored state of a run or the start values of a job, and print the
LAMMPS commands. Numbers have 17 digits; for tables, the largest interpolation errors are printed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    add = parser.add_argument
    add("source", help="a run file, as in run.h5, or a job")
    add("--format", required=True, choices=FORMATS, help="the file's format")
    add("-o", "--output", required=True, metavar="FILE", help="the file to write")
    add("--overwrite", action="store_true", help="replace the file if it exists")
    add("--potential", default="", metavar="ID", help="potential to export, if several suit the format")
    add("--resolution", type=_points, metavar="N", help="points of a table (default: 10000)")
    add(
        "--rho-range-factor",
        type=_factor,
        metavar="X",
        help="end of the density table, in units of the largest density (default: 2)",
    )
    add(
        "--largest-density",
        type=_positive,
        metavar="RHO",
        help="largest density (default: that in the job's structures)",
    )
    add(
        "--inner",
        type=_positive,
        metavar="R",
        help="first distance of a pair table (default: 1), or of the error estimate of other tables "
        "(default: the smallest in the job's structures)",
    )
    add_include_option(parser)
    parser.set_defaults(run=_export)


def _points(text: str) -> int:
    if not text.isdecimal() or int(text) < FEWEST_POINTS:
        raise argparse.ArgumentTypeError(
            f"not a number of points, found {text}, allowed {FEWEST_POINTS} or more"
        )
    return int(text)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"not a number above 0, found {text}")
    return value


def _factor(text: str) -> float:
    """Return a factor of at least 1, so that the table covers the largest density."""
    value = _positive(text)
    if value < 1:
        raise argparse.ArgumentTypeError(
            f"table ends below the largest density, found {text}, allowed 1 or more"
        )
    return value


def _export(options: argparse.Namespace) -> int:
    target = Path(options.output)
    refuse_existing(target, options.overwrite)
    if target.exists() and Path(options.source).exists() and target.samefile(options.source):
        raise InputError([Fault(options.output, "output file is the one to export", allowed="another name")])
    settings = Settings(options.resolution, options.rho_range_factor, options.largest_density, options.inner)
    final = read_final(options.source, needs_structures(options.format, settings), options.allow_outside)
    written = export(final, options.format, options.output, options.potential, settings)
    with replacing(target) as temporary:
        temporary.write_text(written.text, encoding="utf-8")
    notes = [final.note] if final.note else []
    print("\n".join([*written.commands, *(f"# {note}" for note in (*notes, *written.notes))]))
    return 0
