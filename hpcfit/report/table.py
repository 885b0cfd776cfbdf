"""Tables of text, and their aligned plain lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TextIO


@dataclass(frozen=True)
class Table:
    """Cells of text with column titles; the first column is aligned left, the others right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


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
        lines = plain_lines(block) if isinstance(block, Table) else block
        stream.write("\n".join(["", *lines, ""]))
    stream.flush()
