"""Expressions in which something of the job stands in braces, as in ``{bulk.total-energy} - 4*{EAM.V.D0}``."""

from __future__ import annotations

import re

from hpcfit.job.document.values import line_of_text

_BRACES = re.compile(r"\{([^{}]*)\}")


def named_terms(text: str) -> tuple[str, dict[str, str]]:
    """Return an expression with a name in place of each pair of braces, and what stands in them by that name."""
    stem = "term"
    while stem in _BRACES.sub("", text):
        stem += "_"
    terms: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        found = f"{stem}{len(terms)}"
        terms[found] = match[1].strip()
        # Blanks keep the name apart from what stands beside the braces.
        return f" {found} "

    return line_of_text(_BRACES.sub(name, text)), terms
