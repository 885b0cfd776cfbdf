"""What a file of this folder says of a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

EXP, LOG, SQRT = np.exp, np.log, np.sqrt


@dataclass(frozen=True)
class Reference:
    """A function said again: `value` is of x, the cut-off and the parameters in the order of `parameters`."""

    name: str
    value: Callable[..., Any]
    parameters: dict[str, float] = field(default_factory=dict)
    low: float = 1.5  #: sample arguments lie between these
    high: float = 4.9
    kinks: tuple[float, ...] = ()  #: arguments where branches meet, left out
    cutoff: float = 5.0
    #: of a function of the density, the factor on the densities of its sample, so that atoms lie on all branches
    density: float | None = None
    ends: bool = False  #: whether it ends by itself
    sample: dict[str, float] = field(
        default_factory=dict
    )  #: values in samples, where kinks lie among distances
    moving: tuple[str, ...] = ()  #: parameters that move kinks
    shifts: tuple[str, ...] = ()  #: parameters that no force depends on
