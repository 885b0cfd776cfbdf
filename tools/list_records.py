"""Writes the tables of the manual that follow from records: between ``<!-- records: NAME -->`` and ``<!-- end -->``."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from hpcfit.dataset.sources import FORMATS
from hpcfit.known import catalogue
from hpcfit.records import LatticeForm, MinimiserForm
from hpcfit.structure.building import LATTICES
from hpcfit.structure.observing import FORMS

DOCS = Path(__file__).resolve().parents[1] / "docs"

_BLOCK = re.compile(r"(<!-- records: (?P<name>[a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = tuple(head)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _minimiser(name: str) -> MinimiserForm:
    return next(form for form in catalogue().minimisers if form.name == name)


def _value(value: object) -> str:
    if value is None or value == math.inf:
        return "none"
    if isinstance(value, str):
        return f"`{value}`"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def minimisers() -> str:
    """Return the elements of ``<fitting>``."""
    rows = [(f"`<{form.name}>`", form.description) for form in catalogue().minimisers]
    return _table(("element", ""), rows)


def _options(name: str) -> str:
    rows = []
    for option in _minimiser(name).options:
        allowed = option.allowed if isinstance(option.allowed, str) else _code(map(str, option.allowed))
        rows.append((f"`{option.name}`", allowed, _value(option.default), option.description))
    return _table((f"`<{name} ...>`", "values", "default", ""), rows)


def _methods(name: str) -> str:
    form = _minimiser(name)
    head = (f"`<{name} {form.selector}=...>`", "uses", "bounds", "options")
    rows = [(f"`{m.name}`", m.uses.value, m.box.value, _code(m.options)) for m in form.methods]
    has_options = any(method.options for method in form.methods)
    return _table(head, rows) if has_options else _table(head[:3], [row[:3] for row in rows])


def losses() -> str:
    """Return the robust losses."""
    rows = [(f"`{loss.name}`", loss.formula, loss.reference) for loss in catalogue().losses]
    return _table(('`<structures loss="...">`', "rho(z), z = u^2", "reference"), rows)


def lattices() -> str:
    """Return the library of lattices."""

    def row(form: LatticeForm) -> tuple[str, ...]:
        values = {**form.degrees, **form.internal}
        said = [name if math.isnan(value) else f"{name} ({value:.6g})" for name, value in values.items()]
        return f"`<{form.element}>`", _code(form.aliases), form.reference, ", ".join(said)

    return _table(("element", "other names", "", "values (defaults)"), map(row, LATTICES))


def properties() -> str:
    """Return the properties of structures; components of one family stand in one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for form in FORMS.values():
        said = "; ".join(f'`{name}="..."`: {text}' for name, text in form.arguments.items())
        rows.setdefault((form.unit, form.description, said), []).append(form.name)
    cells = [
        (_code(names) if len(names) < 7 else f"`{names[0]}` ... `{names[-1]}`", *row)
        for row, names in rows.items()
    ]
    return _table(("property", "unit", "", "attributes"), cells)


def formats() -> str:
    """Return the formats of datasets."""
    rows = [
        (
            form.name,
            _code(form.suffixes),
            "import, export" if form.write else "import",
            ", ".join(form.labels),
            form.description,
        )
        for form in FORMATS
    ]
    return _table(("format", "names", "", "can hold", ""), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "minimisers": minimisers,
    "geodesic-options": lambda: _options("geodesic-lm"),
    "bfgs-options": lambda: _options("BFGS"),
    "nlopt-options": lambda: _options("nlopt"),
    "spa-options": lambda: _options("spa"),
    "scipy-methods": lambda: _methods("scipy"),
    "nlopt-methods": lambda: _methods("nlopt"),
    "losses": losses,
    "lattices": lattices,
    "properties": properties,
    "formats": formats,
}


def filled(text: str) -> str:
    """Return a page of the manual with its blocks written anew."""
    return _BLOCK.sub(lambda found: found[1] + BLOCKS[found["name"]]() + found[3], text)


def main() -> int:
    """Write all pages."""
    for page in sorted(DOCS.glob("*.md")):
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
