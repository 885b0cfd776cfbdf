"""The files of an export together: the commands that use all of them, and what none of them holds."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hpcfit.dataset.replacing import replacing
from hpcfit.export.sums import Parts
from hpcfit.export.written import Accuracy, Written, lines_of
from hpcfit.job_outputs import MARK
from hpcfit.records import FloatArray, Job, Potential

#: Ends of the names of files beside the wanted one.
_SUFFIXES = {"eam-alloy": "eam.alloy", "eam-fs": "eam.fs", "meam-spline": "meam.spline"}


@dataclass(frozen=True)
class Exported:
    """The files of an export.

    Parameters
    ----------
    files
        Path and text of each; the wanted one is first.
    commands
        The lines of a LAMMPS input that use them, ``units metal`` assumed.
    notes
        Notes for the user.
    written
        The files of potentials.
    potentials
        The potentials that they hold.
    omitted
        For each species of the job, the energy of every atom that LAMMPS leaves out, eV.
    """

    files: tuple[tuple[str, str], ...]
    commands: tuple[str, ...]
    notes: tuple[str, ...]
    written: tuple[Written, ...]
    potentials: tuple[Potential, ...]
    omitted: tuple[float, ...]

    @property
    def text(self) -> str:
        """The content of the wanted file."""
        return self.files[0][1]

    @property
    def accuracy(self) -> Accuracy:
        """What all formats together promise."""
        every = [written.accuracy for written in self.written]
        return Accuracy(max(one.energy for one in every), max(one.force for one in every))


def beside(file: str, identifier: str, format_name: str) -> str:
    """Return the path of another file of the same export."""
    path = Path(file)
    stem = path.name.split(".")[0] or path.name
    own = re.sub(r"[^\w.+-]", "_", identifier)
    return str(
        path.with_name(f"{stem}.{own}.{_SUFFIXES.get(format_name, format_name.removeprefix('lammps-'))}")
    )


def put_together(job: Job, parts: Parts, written: tuple[Written, ...], file: str) -> Exported:
    """Return the files of an export.

    Parameters
    ----------
    job
        The job.
    parts
        The content of the files.
    written
        The files, in the same order.
    file
        Path of the wanted file.
    """
    held = tuple(potential for part in parts.parts for potential in part.potentials)
    omitted = np.zeros(len(job.species))
    for one in written:
        omitted += one.omitted or 0.0
    notes = [*_of_one_body(job, parts.one_body), *_of_absent(parts)]
    own = [note for one in written for note in _named(one, len(written) > 1)]
    if len(written) == 1:
        files: tuple[tuple[str, str], ...] = ((written[0].file, written[0].text),)
        commands = written[0].commands
    else:
        files, commands = _hybrid(job, parts, written, file)
        notes.insert(0, f"several pair styles: {', '.join(path for path, _ in files)}")
    if os.path.dirname(file) and not os.path.isabs(file):
        own.append("the paths are relative to the folder in which hpcfit ran")
    return Exported(files, commands, (*notes, *own), written, held, tuple(omitted.tolist()))


def _named(written: Written, several: bool) -> list[str]:
    return [f"{written.file}: {note}" if several else note for note in written.notes]


def _of_one_body(job: Job, one_body: Sequence[Potential]) -> Iterator[str]:
    if one_body:
        values = constants(job.species, one_body)
        each = ", ".join(f"{symbol} {value:.17g}" for symbol, value in zip(job.species, values, strict=True))
        names = ", ".join(potential.id for potential in one_body)
        yield f"not in the file: {names}, as LAMMPS has no energy of an atom by itself"
        yield f"add for each atom, eV: {each}"


def constants(species: Sequence[str], one_body: Sequence[Potential]) -> FloatArray:
    """Return the sum of ``one-body`` energies of each species."""
    total = np.zeros(len(species))
    for potential in one_body:
        total += [potential.parameters[place].start for place in potential.value_places]
    return total


def _of_absent(parts: Parts) -> Iterator[str]:
    if parts.absent:
        names = ", ".join(potential.id for potential in parts.absent)
        held = ", ".join(potential.id for part in parts.parts for potential in part.potentials)
        yield f"not in the file: {names}, which the job adds to {held}"


def _hybrid(
    job: Job, parts: Parts, written: Sequence[Written], file: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return the files and the commands of a sum of pair styles."""
    names = [one.style.split()[0] for one in written]
    several, seen = Counter(names), Counter[str]()
    covered: set[tuple[int, int]] = set()
    coefficients = []
    n = len(job.species)
    for name, one in zip(names, written, strict=True):
        seen[name] += 1
        own = f"{name} {seen[name]}" if several[name] > 1 else name
        for types, rest in one.coefficients:
            coefficients.append((types, f"{own} {rest}"))
            every = [(a, b) for b in range(1, n + 1) for a in range(1, b + 1)]
            covered.update(every if types == "* *" else [tuple(map(int, types.split()))])  # type: ignore[list-item]
    for b in range(1, n + 1):
        coefficients += [(f"{a} {b}", "none") for a in range(1, b + 1) if (a, b) not in covered]
    commands = lines_of(f"hybrid/overlay {' '.join(one.style for one in written)}", tuple(coefficients))
    script = "\n".join(
        [f"# {' + '.join(p.id for part in parts.parts for p in part.potentials)}, {MARK}", *commands, ""]
    )
    files = [(one.file, one.text) for one in written if not one.is_script]
    if written[0].is_script:
        return ((file, script), *files), commands
    path = Path(file)
    return (
        *files,
        (str(path.with_name(f"{path.name.split('.')[0] or path.name}.hybrid.in")), script),
    ), commands


def write_files(files: Sequence[tuple[str, str]]) -> None:
    """Write files, given as paths and texts, in place of earlier ones.

    Raises
    ------
    InputError
        If a file cannot be written.
    """
    for name, text in files:
        with replacing(Path(name)) as temporary:
            temporary.write_text(text, encoding="utf-8")
