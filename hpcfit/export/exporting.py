"""The formats, and the export of one potential of a job."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from hpcfit.catalogue import records
from hpcfit.errors import Fault, InputError
from hpcfit.export.densities import density_range, has_densities
from hpcfit.export.format import Format
from hpcfit.export.source import DensityRange, ExportSource, Written
from hpcfit.potential.library import potential_forms
from hpcfit.records import Job, Potential
from hpcfit.runfile.fitted_job import FinalJob
from hpcfit.version import __version__


@dataclass(frozen=True)
class Settings:
    """Settings of tables; None for the default.

    Parameters
    ----------
    resolution
        Number of points, 10000 by default.
    rho_range_factor
        End of the table of the density, in units of the largest density, 2 by default.
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


def needs_structures(name: str, settings: Settings) -> bool:
    """Return whether a format may need the job's structures."""
    return "largest_density" in FORMATS[name].settings and settings.largest_density is None


def export(final: FinalJob, name: str, file: str, chosen: str, settings: Settings) -> Written:
    """Return one potential of a job in a format.

    Parameters
    ----------
    final
        The job; its structures are read if `needs_structures` is true.
    name
        Name of the format, a key of `FORMATS`.
    file
        Name of the file to write.
    chosen
        Id of the potential; empty if only one suits the format.
    settings
        Settings of tables.

    Raises
    ------
    InputError
        If no potential or several suit the format, or the potential cannot be expressed in it.
    """
    known = FORMATS[name]
    _refuse_unused(name, settings)
    potential = _chosen(final.job, name, chosen)
    source = _source(final, potential, name, file, settings)
    if known.all_bonds and not potential.bonds.are_all:
        what = f"the format {name} has no species-a or species-b"
        raise source.refuse(what, allowed='"*" for both')
    written = known.write(source)
    others = [other.id for other in final.job.potentials if other.id != potential.id]
    if not others:
        return written
    note = f"not in the file: {', '.join(others)}, which the job adds to {potential.id}"
    return Written(written.text, written.commands, (*written.notes, note))


def _refuse_unused(name: str, settings: Settings) -> None:
    unused = [
        key
        for key, value in vars(settings).items()
        if value is not None and key not in FORMATS[name].settings
    ]
    if unused:
        options = [f"--{key.replace('_', '-')}" for key in unused]
        raise InputError([Fault(f"format {name}", "option has no effect here", ", ".join(options))])


def _chosen(job: Job, name: str, chosen: str) -> Potential:
    forms = [form.name for form in potential_forms() if FORMATS[name].holds(form)]
    suited = [p for p in job.potentials if p.form in forms]
    found = [p for p in suited if p.id == chosen] if chosen else suited
    if len(found) == 1:
        return found[0]
    if not suited:
        present = ", ".join(f"{p.id} ({p.form})" for p in job.potentials)
        raise InputError(
            [Fault(job.path, f"no potential for the format {name}", present, " or ".join(forms))]
        )
    what = "no such potential for the format" if chosen else "several potentials for the format"
    ids = ", ".join(p.id for p in suited)
    raise InputError([Fault(job.path, f"{what} {name}", chosen or ids, f"--potential, one of {ids}")])


def _source(final: FinalJob, potential: Potential, name: str, file: str, settings: Settings) -> ExportSource:
    job = final.job
    form = next(form for form in potential_forms() if form.name == potential.form).shaped(potential.sizes)
    values = {key: value for key, value in vars(settings).items() if value is not None}
    largest = values.pop("largest_density", None)
    values |= {"masses": job.masses, "atomic_numbers": job.atomic_numbers}
    bare = ExportSource(job.species, potential, form, _comments(final, potential), Path(file).name, **values)
    if "largest_density" not in FORMATS[name].settings or not has_densities(bare):
        return bare
    found = density_range(job, bare) if largest is None else DensityRange(largest / 10, largest, bare.inner)
    return replace(bare, densities=found, inner=values.get("inner", found.shortest))


def _comments(final: FinalJob, potential: Potential) -> tuple[str, str, str]:
    """Return the comments of a file; LAMMPS checks the units in the first line."""
    job = final.job
    loss = final.loss or "not fitted"
    return (
        f"DATE: {datetime.now(timezone.utc).date().isoformat()} UNITS: metal by hpcfit {__version__}",
        f"job {job.name}, potential {potential.id} ({potential.form}), {loss}",
        f"job hash {job.hash}",
    )
