"""Writes the tables of docs/potentials.md from the records: potentials, functions and formats of export."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hpcfit.export.exporting import FORMATS
from hpcfit.potential.function_program import FUNCTION_FORMS
from hpcfit.potential.library import potential_forms
from hpcfit.records import PotentialForm

PAGE = Path(__file__).resolve().parent.parent / "docs" / "potentials.md"


def tables() -> dict[str, list[str]]:
    """Return the lines of each table by its name."""
    return {
        "potentials": _table(
            ("element", "energy", "parameters", "source"), map(_potential, potential_forms())
        ),
        "functions": _table(
            ("function", "formula", "parameters", "source"),
            (
                (f"`{form.name}`", f"`{form.formula}`", _code(form.parameters), form.reference)
                for form in FUNCTION_FORMS.values()
            ),
        ),
        "formats": _table(("`--format`", "of", "file"), _formats()),
    }


def _potential(form: PotentialForm) -> tuple[str, ...]:
    parameters = _code(f"{row.name}0 ..." if row.numbered else row.name for row in form.parameters)
    if form.takes_functions:
        parameters = f"functions: {_code(role.name for role in form.roles)}"
    sets = [" ".join(found.species) for found in form.record.published]
    source = form.reference + (f"; published values: {', '.join(sets)}" if sets else "")
    return f"`{form.name}`", f"`{form.formula}`", parameters, source


def _formats() -> Iterator[tuple[str, ...]]:
    for name, known in FORMATS.items():
        held = [form for form in potential_forms() if known.holds(form)]
        styles = {form.record.lammps.style for form in held if form.record.lammps} - {""}
        file = f"LAMMPS' {_code(sorted(styles))}, 17 digits" if not known.kernels else "tables"
        yield f"`{name}`", _code(form.name for form in held), file


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]


def written(page: str) -> str:
    """Return the page with all tables as they are to be."""
    for name, lines in tables().items():
        begin, end = f"<!-- {name}: made by tools/potential_tables.py -->\n", "<!-- end -->"
        text = "\n".join([*lines, ""])
        page, count = re.subn(
            f"{begin}.*?{end}", lambda _, text=begin + text + end: text, page, flags=re.DOTALL
        )
        if count != 1:
            raise ValueError(f"places for the table '{name}' in {PAGE.name}, found {count}, allowed 1")
    return page


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.exit(f"arguments, found {' '.join(sys.argv[1:])}, allowed none")
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
