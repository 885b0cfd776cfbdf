"""Expressions with references in braces, as in ``{bulk.total-energy} - 4*{EAM.V.D0}``."""

from __future__ import annotations

import re

from hpcfit.job.document.values import line_of_text

_BRACES = re.compile(r"\{([^{}]*)\}")


def named_terms(text: str) -> tuple[str, dict[str, str]]:
    """Return an expression with each braced reference replaced by a name, and the references by name."""
    stem = "term"
    while stem in _BRACES.sub("", text):
        stem += "_"
    terms: dict[str, str] = {}

    def name(match: re.Match[str]) -> str:
        found = f"{stem}{len(terms)}"
        terms[found] = match[1].strip()
        # Blanks separate the name from the text around the braces.
        return f" {found} "

    return line_of_text(_BRACES.sub(name, text)), terms
