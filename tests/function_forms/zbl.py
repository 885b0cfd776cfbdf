"""References of the functions of `zbl`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.function_forms._reference import EXP, Reference


def _zbl(x: Any, c: Any, z1: Any, z2: Any) -> Any:
    a = np.longdouble("0.46850") / (z1 ** np.longdouble("0.23") + z2 ** np.longdouble("0.23"))
    weights = [np.longdouble(w) for w in ("0.18175", "0.50986", "0.28022", "0.02817")]
    decays = [np.longdouble(d) for d in ("3.19980", "0.94229", "0.40290", "0.20162")]
    phi = sum(w * EXP(-d * x / a) for w, d in zip(weights, decays, strict=True))
    return np.longdouble("14.399645478425668") * z1 * z2 / x * phi


RECORDS = (Reference("zbl", _zbl, {"Z1": 13.0, "Z2": 29.0}, low=0.3),)
