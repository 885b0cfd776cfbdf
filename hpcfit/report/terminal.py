"""Output with rich, for terminals; imported only if there is one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from hpcfit.report.table import Table, folded, plain_lines


class LiveLines:
    """Lines above a spinner."""

    def __init__(self, stream: TextIO) -> None:
        self._console = _console(stream)
        # twice a second: the drawing thread takes time from the fit
        self._status = self._console.status("iterating", refresh_per_second=2)

    def write(self, text: str) -> None:
        """Write a line, and start the spinner below it."""
        self._console.print(text, soft_wrap=True)
        self._status.start()

    def show(self, text: str) -> None:
        """Show a text beside the spinner."""
        self._status.update(text)

    def stop(self) -> None:
        """Remove the spinner."""
        self._status.stop()


def write_blocks(blocks: Iterable[Table | list[str]], stream: TextIO) -> None:
    """Draw tables and groups of lines, a blank line before each."""
    console = _console(stream)
    for block in blocks:
        if isinstance(block, Table):
            for part in folded(block, between=4):
                _draw(part, console)
        else:
            console.print()
            console.print("\n".join(block), soft_wrap=True)


def _draw(table: Table, console: Console) -> None:
    # may exceed a narrow terminal, because folded numbers are unreadable
    needed = max(len(line) for line in plain_lines(table)) + 2 * len(table.columns)
    console.width = max(console.width, needed)
    console.print()
    console.print(_drawn(table))


def _console(stream: TextIO) -> Console:
    # no colours in numbers and no markup: names of parameters contain square brackets
    return Console(file=stream, highlight=False, markup=False)


def _drawn(table: Table) -> RichTable:
    drawn = RichTable(title=table.title, title_justify="left", box=box.SIMPLE)
    for k, column in enumerate(table.columns):
        drawn.add_column(Text(column), justify="right" if k else "left", no_wrap=True)
    for row in table.rows:
        drawn.add_row(*(Text(cell) for cell in row))
    return drawn
