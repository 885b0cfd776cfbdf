"""The record of a format of exported potentials."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hpcfit.export.source import ExportSource
from hpcfit.export.written import Written
from hpcfit.potential.library import potential_forms
from hpcfit.records import ColumnFile, PairStyle, PotentialForm


@dataclass(frozen=True)
class Format:
    """A format of exported potentials.

    Parameters
    ----------
    name
        As in ``hpcfit export --format``.
    write
        Returns the file and the commands that use it.
    kernels
        Kernels whose potentials it holds, besides potentials whose records name the format.
    settings
        The settings that it uses.
    all_bonds
        Whether it cannot exclude bonds on which a potential does not act.
    adds_pairs
        Whether a file holds pair potentials too, added to its own.
    """

    name: str
    write: Callable[[ExportSource], Written]
    kernels: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    all_bonds: bool = False
    adds_pairs: bool = False

    def holds(self, form: PotentialForm) -> bool:
        """Return whether it holds potentials of a form."""
        lammps = form.record.lammps
        return form.kernel in self.kernels or (lammps is not None and lammps.format == self.name)


def pair_styles() -> Iterator[PairStyle]:
    """Yield the pair styles that the records of potentials name."""
    yield from (style for style in _styles() if isinstance(style, PairStyle))


def column_files() -> dict[str, ColumnFile]:
    """Return the files of columns that the records of potentials name, by format."""
    return {style.format: style for style in _styles() if isinstance(style, ColumnFile)}


def _styles() -> Iterator[PairStyle | ColumnFile]:
    yield from (form.record.lammps for form in potential_forms() if form.record.lammps)
