"""The syntax of ``select`` in a job: the configurations of a dataset that take part.

A selection is a list of terms separated by blanks; a configuration is selected when all terms hold:

``group=GLOB[,GLOB...]``
    Its group matches one of the patterns (``*``, ``?``, ``[...]``; case matters). Each pattern must match a
    group of the dataset. ``?`` matches a comma or blank in a group's name.
``index=START:STOP[:STEP]`` or ``index=N``
    Its number in the file, counted from 0, is in the slice. As in Python, negative numbers count from the end.
``all``
    Always.

An empty selection is ``all``: ``group=NVT_*,surface index=0:-100:2``.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from hpcfit.errors import nearest
from hpcfit.records import DatasetIndex, IntArray

_TERMS = {"group": "group=GLOB[,GLOB...]", "index": "index=START:STOP[:STEP]", "all": "all"}


def select(index: DatasetIndex, text: str) -> IntArray:
    """Return the numbers of the selected configurations, ascending.

    Parameters
    ----------
    index
        Of the dataset.
    text
        The selection, see the module.

    Returns
    -------
    IntArray
        [n_selected], at least one.

    Raises
    ------
    ValueError
        When a term is invalid or nothing is selected; the message has no place.
    """
    chosen = np.ones(len(index), dtype=np.bool_)
    for term in text.split():
        chosen &= _holds(index, term)
    if not chosen.any():
        raise _refusal("select matches no configuration", text)
    return np.flatnonzero(chosen)


def _holds(index: DatasetIndex, term: str) -> NDArray[np.bool_]:
    key, equals, value = term.partition("=")
    if key == "group" and equals:
        return _in_groups(index, value)
    if key == "index" and equals:
        return _in_slice(len(index), value)
    if term == "all":
        return np.ones(len(index), dtype=np.bool_)
    known = nearest(key, _TERMS)
    raise _refusal("unknown term in select", term, ", ".join(_TERMS.values()), _TERMS.get(known, ""))


def _in_groups(index: DatasetIndex, value: str) -> NDArray[np.bool_]:
    matches: list[int] = []
    for pattern in value.split(","):
        found = [k for k, name in enumerate(index.groups) if fnmatchcase(name, pattern)]
        if not found:
            closest = nearest(pattern, index.groups)
            raise _refusal("no group of the dataset matches", pattern, ", ".join(index.groups), closest)
        matches += found
    return np.isin(index.group, matches)


def _in_slice(n: int, value: str) -> NDArray[np.bool_]:
    try:
        bounds = [int(part) if part else None for part in value.split(":")]
        numbers = range(n)[slice(*bounds)] if ":" in value else (range(n)[int(value)],)
    except (ValueError, TypeError):
        raise _refusal("invalid term in select", f"index={value}", _TERMS["index"]) from None
    except IndexError:
        raise _refusal("index in select is outside the dataset", value, f"{-n} to {n - 1}") from None
    chosen = np.zeros(n, dtype=np.bool_)
    chosen[list(numbers)] = True
    return chosen


def _refusal(what: str, found: str, allowed: str = "", closest: str = "") -> ValueError:
    parts = [what, f"found {found!r}"]
    if allowed:
        parts.append(f"allowed {allowed}")
    if closest:
        parts.append(f"nearest {closest}")
    return ValueError(", ".join(parts))
