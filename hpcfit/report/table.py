"""Tables of text, and their aligned plain lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TextIO

#: Characters of a line.
WIDTH = 80

#: Cells that say nothing.
_EMPTY = ("", "-")


@dataclass(frozen=True)
class Table:
    """Cells of text with column titles; the first column is aligned left, the others right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def folded(table: Table, between: int = 2) -> list[Table]:
    """Return a table as tables of 80 characters with the same first column, without columns that say nothing.

    Parameters
    ----------
    between
        Characters between two columns. A table with a single column beside the first may be wider.
    """
    kept = [k for k in range(1, len(table.columns)) if any(row[k] not in _EMPTY for row in table.rows)]
    sizes = [max(len(row[k]) for row in (table.columns, *table.rows)) for k in range(len(table.columns))]
    parts: list[list[int]] = [[]]
    for k in kept:
        used = sizes[0] + sum(sizes[j] + between for j in (*parts[-1], k))
        if used > WIDTH and parts[-1]:
            parts.append([])
        parts[-1].append(k)
    return [_part(table, part, n) for n, part in enumerate(parts)]


def _part(table: Table, columns: list[int], number: int) -> Table:
    rows = tuple((row[0], *(row[k] for k in columns)) for row in table.rows)
    title = f"{table.title}, continued" if number else table.title
    return replace(
        table, title=title, columns=(table.columns[0], *(table.columns[k] for k in columns)), rows=rows
    )


def plain_lines(table: Table) -> list[str]:
    """Return the table as lines without trailing blanks, its title first."""
    cells = [table.columns, *table.rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(table.columns))]
    lines = [table.title]
    for first, *others in cells:
        right = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([first.ljust(widths[0]), *right]).rstrip())
    return lines


def write_blocks(blocks: Iterable[Table | list[str]], stream: TextIO) -> None:
    """Write tables and groups of lines to `stream` as plain lines, a blank line before each."""
    for block in blocks:
        parts = map(plain_lines, folded(block)) if isinstance(block, Table) else [block]
        for lines in parts:
            stream.write("\n".join(["", *lines, ""]))
    stream.flush()
