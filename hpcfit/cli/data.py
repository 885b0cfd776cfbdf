"""``hpcfit data``: import reference configurations into HDF5, show, validate and export them."""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from hpcfit.dataset.import_options import STRESS_SIGNS, ImportOptions
from hpcfit.dataset.layout import VERSION, Provenance
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.replacing import refuse_existing
from hpcfit.dataset.sources import FORMATS
from hpcfit.dataset.writer import append, write
from hpcfit.records import Configurations, DatasetIndex, Missing
from hpcfit.units import STRESS_UNITS
from hpcfit.version import __version__

_DATA = "Import reference configurations into HDF5, show, validate and export them."

_IMPORT = """\
Import configurations into an HDF5 dataset. SOURCE is {sources}, or a folder or tar archive of files of {folders}.
Ambiguous data is an error (several different energies, a stress without unit and sign); an option resolves it. Frames
count from 0. Weights of properties and of atoms are read from the keys that `hpcfit data export` writes."""

_EXPORT = """\
Write a dataset to {formats}; numbers are exact. Weights that are not 1 are the entries weight and
hpcfit_property_weight (energy, forces, stress) and the column hpcfit_force_weight (of each atom's forces). To
restore the same content: hpcfit data import --stress-unit eV/A^3 --stress-sign tension --weight-key weight."""

_SELECT = "as in a job: group=GLOB[,GLOB...] and index=START:STOP[:STEP], separated by blanks; all must hold"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the sub-commands of ``data``; each sets `run`, a function of the arguments to the exit code."""
    parser.description = _DATA
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_import(commands)
    info = commands.add_parser(
        "info", help="summarise a dataset", description="Summarise the content of a dataset."
    )
    info.add_argument("file", help="the dataset")
    info.set_defaults(run=_info)
    description = "Check checksums, offsets, numbers and distances; exit code 2 when there is an error."
    check = commands.add_parser("validate", help="check a dataset for damage", description=description)
    check.add_argument("file", help="the dataset")
    check.set_defaults(run=_validate)
    written = ", ".join(form.name for form in FORMATS if form.write)
    description = _EXPORT.format(formats=written)
    export = commands.add_parser(
        "export", help="write a dataset to a foreign format", description=description
    )
    export.add_argument("file", help="the dataset")
    export.add_argument(
        "-o",
        "--output",
        required=True,
        help="the file; its name gives the format (default: extxyz), gzipped if it ends in .gz",
    )
    export.add_argument("--overwrite", action="store_true", help="replace the output if it exists")
    export.add_argument("--select", default="", metavar="TERMS", help=_SELECT)
    export.set_defaults(run=_export)


def _add_import(commands: Any) -> None:
    description = _IMPORT.format(
        sources=", ".join(f"{form.description} ({', '.join(form.suffixes)})" for form in FORMATS),
        folders=", ".join(form.name for form in FORMATS if form.in_folders),
    )
    parser = commands.add_parser("import", help="import into HDF5", description=description)
    add = parser.add_argument
    add("source", help="the source to import")
    add("-o", "--output", required=True, help="the dataset")
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument("--overwrite", action="store_true", help="replace the dataset if it exists")
    existing.add_argument("--append", action="store_true", help="add to the dataset, which must exist")
    add("--energy-key", metavar="KEY", help="key of the energy (default: energy, Energy or free_energy)")
    add("--energy-kind", metavar="NAME", help="kind of the energies (default: the key in lower case)")
    add("--forces-key", metavar="KEY", help="key of the forces (default: forces or force)")
    add("--stress-unit", choices=tuple(STRESS_UNITS), help="unit of the source's stress")
    add("--stress-sign", choices=tuple(STRESS_SIGNS), help="sign convention of the source's stress")
    add("--ignore-stress", action="store_true", help="skip stress and virials")
    add(
        "--group-key",
        metavar="KEY",
        help="key of the group (default: config_type, else folder or file)",
    )
    add("--group-split", metavar="TEXT", help="the group is the part of the name before TEXT")
    add("--weight-key", metavar="KEY", help="key of the weight; configurations without it have weight 1")
    parser.set_defaults(run=_import)


def _import(args: argparse.Namespace) -> int:
    # ASE takes half a second to import, which no other command should pay.
    from hpcfit.dataset.importing import import_configurations

    output = Path(args.output)
    if args.append:
        # Fail before the source is read.
        with Dataset(output):
            pass
    else:
        refuse_existing(output, args.overwrite)
    names = [field.name for field in dataclasses.fields(ImportOptions)]
    options = ImportOptions(**{name: getattr(args, name) for name in names})
    with _progress() as progress:
        imported = import_configurations(args.source, options, progress)
    provenance = Provenance(
        source=args.source,
        sha256=imported.sha256,
        options=json.dumps({key: value for key, value in dataclasses.asdict(options).items() if value}),
        date=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        version=__version__,
    )
    given = (output, imported.configurations, provenance, imported.energy_kind)
    if args.append:
        append(*given, property_weight=imported.property_weight)
    else:
        write(*given, overwrite=args.overwrite, property_weight=imported.property_weight)
    _print_import(imported.configurations, imported.energy_kind, imported.skipped, output)
    return 0


def _print_import(c: Configurations, energy_kind: str, skipped: tuple[str, ...], output: Path) -> None:
    print(f"{output}: {len(c)} configurations, {len(c.species)} atoms, {' '.join(c.symbols)}")
    if energy_kind:
        print(f"energies are {energy_kind}")
    for flag in (Missing.ENERGY, Missing.FORCES, Missing.STRESS):
        n = int(np.count_nonzero(c.mask & flag.value))
        if n:
            print(f"{flag.name.lower() if flag.name else flag} missing in {n} of {len(c)} configurations")
    if skipped:
        print(f"{len(skipped)} files skipped: {' '.join(skipped[:5])}")


@contextmanager
def _progress() -> Iterator[Callable[[int], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("reading") as status:
        yield lambda n: status.update(f"reading: {n} frames")


def _info(args: argparse.Namespace) -> int:
    with Dataset(args.file) as dataset:
        index = dataset.index()
        print(f"file            {args.file}")
        print(f"format version  {VERSION}")
        blocks = "of blocks alone; --append adds those of every byte"
        print(f"checksums       {'of every byte' if dataset.is_sealed else blocks}")
        print(f"content         {index.content}")
        print(f"configurations  {len(index)}")
        print(f"atoms           {index.ptr[-1]}")
        print(f"species         {' '.join(index.symbols)}")
        print(f"energies        {dataset.energy_kind or 'none'}")
        print("\n".join(_group_table(index)))
        for row in dataset.provenance():
            print(f"imported {row.date} by hpcfit {row.version} from {row.source}")
            print(f"  sha256 {row.sha256}, options {row.options}")
    return 0


def _group_table(index: DatasetIndex) -> Iterator[str]:
    natoms = np.diff(index.ptr)
    width = max(len("group"), *(len(name) for name in index.groups))
    columns = ("configurations", "atoms", "energies", "forces", "stresses")
    yield " ".join([f"{'group':{width}}", *(f"{column:>14}" for column in columns)])
    for k, name in enumerate(index.groups):
        own = index.group == k
        has = [np.count_nonzero(own & ((index.mask & bit) == 0)) for bit in (1, 2, 4)]
        counts = [np.count_nonzero(own), natoms[own].sum(), *has]
        yield " ".join([f"{name:{width}}", *(f"{n:14d}" for n in counts)])


def _validate(args: argparse.Namespace) -> int:
    from hpcfit.dataset.validation import validate

    findings = validate(args.file)
    for finding in findings:
        print(finding)
    errors = sum(finding.error for finding in findings)
    print(f"{args.file}: {errors} errors, {len(findings) - errors} warnings")
    return 2 if errors else 0


def _export(args: argparse.Namespace) -> int:
    from hpcfit.dataset.exporting import export_dataset

    with Dataset(args.file) as dataset:
        n = export_dataset(dataset, args.output, args.select, overwrite=args.overwrite)
        kind = dataset.energy_kind
    if kind not in ("", "energy"):
        print(f"warning: kind of the energies is not exported, import with --energy-kind {kind}")
    print(f"{args.output}: {n} configurations")
    return 0
