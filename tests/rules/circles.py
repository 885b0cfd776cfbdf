"""Circles among files: what the floor tests of Python and of C have in common."""

from __future__ import annotations

from collections.abc import Mapping, Set


def circles(arrows: Mapping[str, Set[str]]) -> list[tuple[str, ...]]:
    """Return the groups of two or more files in which every file needs every other, directly or through others."""
    reached: dict[str, set[str]] = {}
    for start in arrows:
        found: set[str] = set()
        ahead = [start]
        while ahead:
            new = arrows.get(ahead.pop(), frozenset()) - found
            found |= new
            ahead.extend(new)
        reached[start] = found
    groups = {
        tuple(sorted({file} | {other for other in reached[file] if file in reached.get(other, ())}))
        for file in arrows
    }
    return sorted(group for group in groups if len(group) > 1)
