"""``hpcfit export``: write a fitted potential for an MD code."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from hpcfit.cli.options import add_include_option
from hpcfit.dataset.replacing import refuse_existing
from hpcfit.errors import Fault, InputError
from hpcfit.export.exported import Exported, write_files
from hpcfit.export.exporting import FORMATS, Settings, export, needs_structures
from hpcfit.export.formats.setfl import FEWEST_POINTS
from hpcfit.export.verification.verify import verify
from hpcfit.runfile.fitted_job import read_final

_DESCRIPTION = """\
Write a potential as a file for LAMMPS, from the last stored state of a run or the start values of a job, and print the
LAMMPS commands. Numbers have 17 digits; for tables, their range and the largest interpolation errors are printed.
Several potentials become one file where LAMMPS can hold them in one, and pair_style hybrid/overlay where not."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Complete the parser of the command."""
    parser.description = _DESCRIPTION
    add = parser.add_argument
    add("source", help="a run file, as in run.h5, or a job")
    add("--format", required=True, choices=FORMATS, help="the file's format")
    add("-o", "--output", required=True, metavar="FILE", help="the file to write")
    add("--overwrite", action="store_true", help="replace the file if it exists")
    add(
        "--potential", default="", metavar="ID", help="the only potential to export (default: the sum of all)"
    )
    add(
        "--verify",
        action="store_true",
        help="compare with LAMMPS on the job's structures and on random cells; exit code 1 if they differ",
    )
    add(
        "--resolution",
        type=_points,
        metavar="N",
        help="points of a table (default: as in the file from which functions come, or 10000)",
    )
    add(
        "--rho-range-factor",
        type=_factor,
        metavar="X",
        help="end of the density table, in units of the largest density (default: 2, or the density of compressed "
        "crystals if that is larger)",
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
    settings = Settings(options.resolution, options.rho_range_factor, options.largest_density, options.inner)
    arguments = options.format, options.output, options.potential, settings
    final = read_final(options.source, False, options.allow_outside)
    if options.verify or needs_structures(final.job, options.format, options.potential, settings):
        final = read_final(options.source, True, options.allow_outside)
    exported = export(final, *arguments)
    _write(exported, options)
    notes = [final.note] if final.note else []
    print("\n".join([*exported.commands, *(f"# {note}" for note in (*notes, *exported.notes))]))
    if not options.verify:
        return 0
    sys.stdout.flush()
    verdict = verify(final.job, exported)
    print("\n".join(f"# {line}" for line in verdict.lines))
    return int(verdict.is_wrong)


def _write(exported: Exported, options: argparse.Namespace) -> None:
    """Write all files, or none where one must not be."""
    for name, _ in exported.files:
        path = Path(name)
        refuse_existing(path, options.overwrite)
        if path.exists() and Path(options.source).exists() and path.samefile(options.source):
            raise InputError([Fault(name, "output file is the one to export", allowed="another name")])
    write_files(exported.files)
