"""A script as users write it; argument: what its residual function does on the rank that has ``hot/21``."""

import sys

import numpy as np

import hpcfit
from hpcfit.errors import InputError


def residual_fn(identifier, natoms, weight, prediction, reference, data):
    if identifier == "hot/21" and sys.argv[1] in ("nan", "caught"):
        return prediction * np.nan
    if identifier == "hot/21" and sys.argv[1] == "interrupt":
        raise KeyboardInterrupt
    residual = np.arctan(0.1 * (prediction - reference)) if "hot" in identifier else prediction - reference
    return residual / natoms


class Weight(hpcfit.Weight):
    def compute_weight(self, config):
        self.config_weight = 2.0 if "hot" in config.identifier else 1.0


data = hpcfit.Dataset.from_path("si.extxyz", weight=Weight(), ignore_stress=True)
potential = hpcfit.Potential("stillinger-weber", species=["Si"])
potential.fit(A=(14.0, 1.0, 20.0), B="default", gamma=2.3)
calculator = hpcfit.Calculator(potential, data)

built_in = hpcfit.Loss(calculator)
first = built_in.minimize(verbosity="none")
first.save("run.h5")
own = hpcfit.Loss(calculator, residual_fn=residual_fn)
try:
    second = own.minimize("trf", output="own.h5")
except InputError as error:
    if sys.argv[1] != "caught":
        raise
    # All ranks have come here, and go on together.
    with open(f"caught.{first.comm.rank}", "w") as file:
        file.write(f"{error} {built_in.loss(first.x).hex()}")
    sys.exit()
numbers = [
    own.residual(),
    own.jacobian(),
    built_in.residual(first.x),
    own.gradient(),
    *calculator.get_prediction(),
]
with open(f"numbers.{first.comm.rank}", "wb") as file:
    file.writelines(np.ascontiguousarray(array).tobytes() for array in numbers)
