"""The formats, and the export of a job's potentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from hpcfit.catalogue import records
from hpcfit.errors import Fault, InputError
from hpcfit.export.densities import density_range, has_densities
from hpcfit.export.exported import Exported, beside, put_together
from hpcfit.export.format import Format
from hpcfit.export.source import DensityRange, ExportSource
from hpcfit.export.sums import Part, form_of, parts_of
from hpcfit.records import Job
from hpcfit.runfile.fitted_job import FinalJob
from hpcfit.version import __version__


@dataclass(frozen=True)
class Settings:
    """Settings of tables; None for the default.

    Parameters
    ----------
    resolution
        Number of points; by default that of the file from which the functions come, or 10000.
    rho_range_factor
        End of the table of the density, in units of the largest density; by default the largest of twice that density,
        that of compressed crystals and the end of the file from which the functions come.
    largest_density
        By default the largest in the job's structures; if given, errors are stated from a tenth of it on.
    inner
        First distance, Angstrom, of a table of a pair energy, 1 by default; for other tables the first distance for
        which errors are stated, by default the smallest in the job's structures.
    """

    resolution: int | None = None
    rho_range_factor: float | None = None
    largest_density: float | None = None
    inner: float | None = None


#: The formats by name.
FORMATS = {known.name: known for known in records("hpcfit.export.formats", Format)}


def needs_structures(job: Job, name: str, chosen: str, settings: Settings) -> bool:
    """Return whether an export needs the job's structures.

    Raises
    ------
    InputError
        If no potential suits the format.
    """
    if settings.largest_density is not None:
        return False
    parts = parts_of(job, FORMATS[name], chosen, FORMATS).parts
    return any("largest_density" in part.format.settings for part in parts)


def export(final: FinalJob, name: str, file: str, chosen: str, settings: Settings) -> Exported:
    """Return the sum of a job's potentials, or one of them, as files.

    Parameters
    ----------
    final
        The job; its structures are read if `needs_structures` is true.
    name
        Name of the format, a key of `FORMATS`.
    file
        Path of the file to write; others of a sum have its name with the id of a potential.
    chosen
        Id of the only potential; empty for the sum of all.
    settings
        Settings of tables.

    Raises
    ------
    InputError
        If no potential suits the format, or one cannot be expressed in its format.
    """
    found = parts_of(final.job, FORMATS[name], chosen, FORMATS)
    _refuse_unused(name, settings, found.parts)
    alone = len(found.parts) == 1
    written = []
    for part in found.parts:
        own = file if part is found.parts[0] else beside(file, part.potential.id, part.format.name)
        source = _source(final, part, own, settings, alone)
        if part.format.all_bonds and not part.potential.bonds.are_all:
            what = f"the format {part.format.name} has no species-a or species-b"
            raise source.refuse(what, allowed='"*" for both')
        written.append(part.format.write(source))
    return put_together(final.job, found, tuple(written), file)


def _refuse_unused(name: str, settings: Settings, parts: Sequence[Part]) -> None:
    used = {key for part in parts for key in part.format.settings}
    unused = [key for key, value in vars(settings).items() if value is not None and key not in used]
    if unused:
        options = [f"--{key.replace('_', '-')}" for key in unused]
        raise InputError([Fault(f"format {name}", "option has no effect here", ", ".join(options))])


def _source(final: FinalJob, part: Part, file: str, settings: Settings, alone: bool) -> ExportSource:
    job, potential = final.job, part.potential
    values = {key: value for key, value in vars(settings).items() if value is not None}
    values = {key: value for key, value in values.items() if key in part.format.settings}
    largest = values.pop("largest_density", None)
    values |= {"masses": job.masses, "atomic_numbers": job.atomic_numbers, "alone": alone}
    values["added"] = tuple((other, form_of(other)) for other in part.added)
    bare = ExportSource(job.species, potential, form_of(potential), _comments(final, part), file, **values)
    if "largest_density" not in part.format.settings or not has_densities(bare):
        return bare
    found = density_range(job, bare) if largest is None else DensityRange(largest / 10, largest, bare.inner)
    return replace(bare, densities=found, inner=values.get("inner", found.shortest))


def _comments(final: FinalJob, part: Part) -> tuple[str, str, str]:
    """Return the comments of a file; LAMMPS checks the units in the first line."""
    job = final.job
    kind = "potential" if len(part.potentials) == 1 else "potentials"
    names = ", ".join(f"{p.id} ({p.form})" for p in part.potentials)
    loss = final.loss or "not fitted"
    return (
        f"DATE: {datetime.now(timezone.utc).date().isoformat()} UNITS: metal by hpcfit {__version__}",
        f"job {job.name}, {kind} {names}, {loss}",
        f"job hash {job.hash}",
    )
