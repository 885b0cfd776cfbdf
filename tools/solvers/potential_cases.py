"""Fits of potentials from random starts: three of silicon, and aluminium from relaxed lattices.

Silicon is fitted to the 214 configurations of mlearn's set, aluminium as in the job
``aluminium-lattices``.
Variables are the logarithms of positive parameters, the others as they are. Starts are a Latin hypercube: in the
logarithm between published / factor and published * factor (the job's start for aluminium), or between two given
values. EDIP is fitted to energies and forces made with EDIP itself at the published parameters, so that the minimum is
zero, the others of silicon to those of the data with one energy per atom. A fit ends when it is solved, within 1e-6 of
the best sum of squares that any solver has found from any start, or at 1e-12 of EDIP's misfit to the data themselves
where the minimum is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from cases import Array, Case

from hpcfit.cli.main import main
from hpcfit.fit import prepare, read
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.communicator import Serial

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlearn_Si_training.extxyz.gz"

JOBS = Path(__file__).resolve().parents[2] / "jobs"

N_JACOBIANS = 300

_JOB = """<job>
  <name>{name}</name>
  <atom-types><species>Si</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <potentials>{offset}<{name} id="P">{values}<fit-dof>{free}</fit-dof></{name}></potentials>
  <structures>
    <dataset id="training" file="training.h5">
      <properties>
        <atomic-energy fit="true" tolerance="0.05"/>
        <atomic-forces fit="true" tolerance="5"/>
      </properties>
    </dataset>
  </structures>
</job>
"""

_OFFSET = '<one-body id="offset"><energy>-1</energy><fit-dof><energy/></fit-dof></one-body>'


@dataclass(frozen=True)
class Family:
    """A potential with published values and what varies.

    Parameters
    ----------
    values
        All parameters, in the order of the job file.
    factors
        Of parameters varied in the logarithm.
    ranges
        Of parameters varied as they are: between which values a start lies.
    best
        Least sum of squares known; zero for `recovered`.
    recovered
        Whether the data are the potential's own.
    job
        Name of the job among the examples; empty for one of silicon.
    """

    values: dict[str, float]
    factors: dict[str, float]
    best: float
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict)
    recovered: bool = False
    job: str = ""


def _values(text: str) -> dict[str, float]:
    return {name: float(value) for name, value in (word.split("=") for word in text.split())}


FAMILIES = {
    "stillinger-weber": Family(
        _values(
            "A=15.2848479 B=0.6022245584 p=4 q=0 sigma=2.0951 gamma=2.51412 cutoff=3.77118 lambda=45.5322"
        )
        | {"costheta0": -1 / 3},
        _values("A=2 B=2 sigma=1.2 gamma=2 lambda=2"),
        ranges={"costheta0": (-1.0, 0.0)},
        best=0.413844872997,
    ),
    "tersoff": Family(
        _values(
            "m=3 gamma=1 lambda3=0 c=1.0039e5 d=16.217 costheta0=-0.59825 n=0.78734 beta=1.1e-6 lambda2=1.7322"
            " B=471.18 R=2.85 D=0.15 lambda1=2.4799 A=1830.8"
        ),
        _values("A=2 B=2 lambda1=1.2 lambda2=1.2 beta=2 n=2 d=2"),
        ranges={"costheta0": (-1.0, 0.0)},
        best=0.512481251522,
    ),
    "edip": Family(
        _values(
            "A=7.982173 B=1.5075463 cutoffA=3.121382 cutoffC=2.5609104 alpha=3.1083847 beta=0.0070975 eta=0.2523244"
            " gamma=1.1247945 lambda=1.4533108 mu=0.6966326 rho=1.2085196 sigma=0.5774108 Q0=312.1341346"
            " u1=-0.165799 u2=32.557 u3=0.286198 u4=0.66"
        ),
        _values("A=2 B=1.2 beta=2 eta=2 gamma=2 lambda=2 mu=2 rho=2 sigma=1.2 Q0=2"),
        best=0.0,
        recovered=True,
    ),
    "aluminium-lattices": Family(
        {}, _values("A=3 lambda=1.3 twomu=1.5 D=2"), best=792.73148, job="aluminium-lattices"
    ),
}


def import_data(folder: Path) -> None:
    """Make the dataset that the jobs name."""
    stated = ["--stress-unit", "eV/A^3", "--stress-sign", "tension"]
    code = main(["data", "import", str(DATA), "-o", str(folder / "training.h5"), *stated])
    if code:
        raise RuntimeError(f"import of {DATA} failed")


def _silicon(name: str, family: Family, folder: Path) -> Path:
    """Write the job of a potential for silicon, and return where it is."""
    free = "".join(
        [f'<{key} transform="log"/>' for key in family.factors] + [f"<{key}/>" for key in family.ranges]
    )
    values = "".join(f"<{key}>{value!r}</{key}>" for key, value in family.values.items())
    offset = "" if family.recovered else _OFFSET
    path = folder / f"{name}.xml"
    path.write_text(_JOB.format(name=name, offset=offset, values=values, free=free), encoding="utf-8")
    return path


def _example(family: Family, folder: Path) -> Path:
    """Copy one of the example jobs with its free parameters in the logarithm, and return where it is."""
    for source in (JOBS / family.job).glob("*.xml"):
        text = source.read_text(encoding="utf-8")
        for key in family.factors:
            text = text.replace(f"<{key}/>", f'<{key} transform="log"/>')
        (folder / source.name).write_text(text, encoding="utf-8")
    return folder / "job.xml"


class Objective:
    """A potential's residual rows as functions of the variables; residual and Jacobian come from one evaluation."""

    def __init__(self, name: str, folder: Path) -> None:
        family = FAMILIES[name]
        path = _example(family, folder) if family.job else _silicon(name, family, folder)
        plan = prepare(lambda: read(str(path)), Serial())
        self._local = LocalObjective(plan)
        self._local.own(0, len(plan.blocks))
        self._relaxed = self._local.relaxed
        self.paths = [parameter.path for parameter in plan.job.free]
        self.published = self._local.model.start
        self._point = np.full(len(self.published), np.nan)
        self._rows = np.zeros((0, 0))
        self._shift: Array = np.zeros(1)
        self.scale = 0.0  #: of a sum of squares that is to vanish
        if family.recovered:
            self._shift = self.residual(self.published)
            self._point[:] = np.nan
            self.scale = float(self._shift @ self._shift)

    def _at(self, x: Array) -> Array:
        """Return the rows of [r J^T]."""
        if not np.array_equal(x, self._point):
            # Structures relax from where they start: a residual is a function of x alone.
            self._local.restore(self._relaxed)
            blocks = self._local.ask(lambda block: block.linearise(x).copy())
            self._rows = np.concatenate(blocks, axis=1)
            self._rows[0] -= self._shift
            self._point = x.copy()
        return self._rows

    def residual(self, x: Array) -> Array:
        """Return r [N]."""
        return self._at(x)[0].copy()

    def jacobian(self, x: Array) -> Array:
        """Return J [N, P]."""
        return self._at(x)[1:].T.copy()


def starts(name: str, objective: Objective, n_starts: int, seed: int) -> Array:
    """Return starts [n_starts, P] of a Latin hypercube."""
    from scipy.stats.qmc import LatinHypercube

    family = FAMILIES[name]
    lower, upper = objective.published.copy(), objective.published.copy()
    for place, path in enumerate(objective.paths):
        key = path.split(".")[-1]
        if path.startswith("offset"):
            lower[place], upper[place] = -2.0, 0.0
        elif key in family.ranges:
            lower[place], upper[place] = family.ranges[key]
        else:
            width = np.log(family.factors[key])
            lower[place], upper[place] = lower[place] - width, upper[place] + width
    cube = LatinHypercube(len(lower), seed=np.random.default_rng([seed, len(lower)])).random(n_starts)
    return np.asarray(lower + cube * (upper - lower))


def cases(name: str, objective: Objective, n_starts: int, seed: int) -> list[Case]:
    """Return the fits of one potential."""
    goal = FAMILIES[name].best * (1 + 1e-6) + 1e-12 * objective.scale
    return [
        Case(
            f"{name}#{k}",
            objective.residual,
            start,
            goal,
            n_jacobians=N_JACOBIANS,
            derivative=objective.jacobian,
            ends=True,
        )
        for k, start in enumerate(starts(name, objective, n_starts, seed))
    ]
