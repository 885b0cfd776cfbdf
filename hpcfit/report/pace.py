"""Pace of a fit: how far it is, how long an iteration takes, and when its limits end it at the latest."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike

#: Iterations whose mean is the pace: the first ones may differ from the later ones.
RECENT = 20


def pace(seconds: ArrayLike) -> float:
    """Return the mean time of the recent iterations, NaN before the first; `seconds` [n] are those of each."""
    recent = np.asarray(seconds, dtype=np.float64)[-RECENT:]
    return float(recent.mean()) if len(recent) else math.nan


def pace_text(
    iteration: int,
    elapsed: float,
    seconds: ArrayLike,
    options: Mapping[str, object],
    now: datetime | None = None,
) -> str:
    """Return iteration, elapsed time, pace, limit and the latest end in one line.

    Parameters
    ----------
    iteration, elapsed
        Iterations done, and seconds that they took.
    seconds
        [n], of the last iterations.
    options
        Settings of the solver, as in `hpcfit.runfile.header.RunHeader`.
    now
        The time of the last iteration if the run goes on; None if it does not, and nothing is expected.
    """
    limit, each = options.get("max_iter"), pace(seconds)
    has_limit = isinstance(limit, int)
    parts = [f"iteration {iteration}" + (f" of at most {limit}" if has_limit else ""), duration(elapsed)]
    if math.isfinite(each):
        parts.append(f"{each:.3g} s each")
    rest = [each * (limit - iteration)] if isinstance(limit, int) else []
    longest = options.get("max_time")
    if isinstance(longest, float) and math.isfinite(longest):
        parts.append(f"limit {duration(longest)}")
        rest.append(longest - elapsed)
    known = [r for r in rest if math.isfinite(r)]
    if now is not None and known:
        parts.append(f"ends by {_clock(now, max(0.0, min(known)))}")
    return ", ".join(parts)


def _clock(now: datetime, rest: float) -> str:
    try:
        end = now + timedelta(seconds=rest)
    except OverflowError:
        return "no date"
    return end.strftime("%H:%M:%S" if end.date() == now.date() else "%Y-%m-%d %H:%M")


def duration(seconds: float) -> str:
    """Return a time in words: ``12.3 s``, ``4 min 05 s``, ``3 h 07 min``, ``2 d 5 h``."""
    if seconds < 60.0:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
