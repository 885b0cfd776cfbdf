"""References of the functions of `rs_minus_r`."""

from __future__ import annotations

import numpy as np

from tests.function_forms._reference import Reference

RECORDS = (
    Reference(
        "RsMinusRPowN",
        lambda x, c, S, rs, N: np.where(x < rs, S * np.abs(rs - x) ** N, 0),
        {"S": 0.4, "rs": 4.2, "N": 3.0},
        kinks=(4.2,),
        ends=True,
        sample={"rs": 4.9},
        moving=("rs",),
    ),
)
