"""Write the figures of the demo into README.md from its run file: ``python -m tools.readme_figures job.run.h5``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from hpcfit.report import report

README = Path(__file__).resolve().parents[1] / "README.md"

_FACTS = ("outcome ", "chi^2 ", "iterations ", "evaluations ")
_FIRST, _LAST = "    outcome  ", "    ...\n"
_LAST_PARAMETER = "SW.lambda "


def quoted(printed: str) -> str:
    """Return the lines that README quotes of a report."""
    end = printed[printed.index("\noutcome ") :]
    facts = [line for line in end.splitlines() if line.startswith(_FACTS)]
    table = end[end.index("\nparameters\n") + 1 :].splitlines()
    last = next(k for k, line in enumerate(table) if line.startswith(_LAST_PARAMETER))
    lines = [*facts, "", *table[: last + 1]]
    return "".join(f"    {line}\n" if line else "\n" for line in lines)


def in_readme(text: str) -> str:
    """Return the lines that README quotes now."""
    first = text.index(_FIRST)
    return text[first : text.index(_LAST, first)]


def main(run_file: str) -> None:
    """Put the figures of a run file of the demo into README."""
    stream = io.StringIO()
    report.from_file(run_file, stream)
    text = README.read_text(encoding="utf-8")
    README.write_text(text.replace(in_readme(text), quoted(stream.getvalue())), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
