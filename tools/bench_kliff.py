"""Measures KLIFF's silicon tutorial in KLIFF and in hpcfit, one after the other on one core.

Needs PyPI's ``kliff`` and ``kimpy`` (Debian's ``libkim-api-dev`` and ``openkim-models`` for it) in some environment:
``python tools/bench_kliff.py FOLDER si.h5 [PYTHON]``, where FOLDER holds KLIFF's training set as files, ``si.h5`` the
same set as a dataset, and PYTHON is the interpreter of that environment (default: this one). KLIFF's predictions and
targets come from its own calculator; each program runs in a process of its own. Times are processor time.
"""

from __future__ import annotations

import os
import subprocess
import sys

KLIFF = """
import sys, time
import numpy as np
from loguru import logger
logger.remove()  # and no bounds of A below, which KLIFF's fastest method would refuse
# KLIFF's loss asks for PyTorch, which only its networks need.
import types
networks = types.ModuleType("calculator_torch")
networks.CalculatorTorch = type("CalculatorTorch", (), {})
sys.modules["kliff.legacy.calculators.calculator_torch"] = networks
from kliff.dataset import Dataset
from kliff.dataset.weight import Weight
from kliff.legacy.calculators import Calculator
from kliff.legacy.loss import Loss
from kliff.models import KIMModel
model = KIMModel(model_name="SW_StillingerWeber_1985_Si__MO_405512056662_005")
model.set_opt_params(A=[[5.0]], B=[["default"]], sigma=[[2.0951, "fix"]], gamma=[[1.5]])
configs = Dataset.from_path(sys.argv[1], weight=Weight(energy_weight=1.0, forces_weight=0.1)).get_configs()
calculator = Calculator(model)
calculator.create(configs)
loss = Loss(calculator, residual_data={"normalize_by_natoms": True}, nprocs=1)
theta = np.array(calculator.get_opt_params())
def seconds(work, repeats):
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return sorted(times)[repeats // 2]
def jacobian():
    base = loss._get_residual(theta)
    step = 1e-6 * np.eye(len(theta))
    return np.array([(loss._get_residual(theta + h) - base) / 1e-6 for h in step])
print("start", 0.5 * np.sum(loss._get_residual(theta) ** 2))
print("residual", seconds(lambda: loss._get_residual(theta), 5))
print("jacobian", seconds(jacobian, 3))
start = time.process_time()
result = loss.minimize(method="lm")
print("fit", time.process_time() - start)
print("end", result.cost)
"""

HPCFIT = """
import sys, time
import numpy as np
import hpcfit
data = hpcfit.Dataset.from_path(sys.argv[1], weight=hpcfit.Weight(energy_weight=1.0, forces_weight=0.1))
potential = hpcfit.Potential("stillinger-weber", species=["Si"])
potential.fit(A=(5.0, 1.0, 20.0), B="default", sigma=(2.0951, "fix"), gamma=1.5)
loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
theta = loss.start
def seconds(work, repeats):
    work()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return sorted(times)[repeats // 2]
print("start", loss.loss(theta))
print("residual", seconds(lambda: loss.residual(theta), 15))
print("jacobian", seconds(lambda: loss.jacobian(theta), 15))
start = time.process_time()
result = loss.minimize(verbosity="none")
print("fit", time.process_time() - start)
print("end", result.fun)
"""


def main(folder: str, dataset: str, python: str = sys.executable) -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    theirs, ours = measured(python, KLIFF, folder), measured(sys.executable, HPCFIT, dataset)
    print(f"{'':10}  {'KLIFF':>12}  {'hpcfit':>12}  ratio")
    for name, value in theirs.items():
        ratio = "" if name in ("start", "end") else f"  {value / ours[name]:5.0f}"
        print(f"{name:10}  {value:12.6g}  {ours[name]:12.6g}{ratio}")


def measured(python: str, program: str, source: str) -> dict[str, float]:
    """Run a program and return the numbers that it prints by name."""
    words = [python, "-c", program, source]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    lines = [line.split() for line in done.stdout.splitlines()]
    return {
        words[0]: float(words[1])
        for words in lines
        if words[0] in ("start", "residual", "jacobian", "fit", "end")
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
