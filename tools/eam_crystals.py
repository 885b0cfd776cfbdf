"""Embedded atoms on crystals, beside LAMMPS on tables of the same functions."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from ase.build import bulk
from crystals import IN_A_ROW, Row, as_configurations, jacobian_aim, lammps_engine, run_lammps, shaken

from hpcfit.cli.main import main as hpcfit
from hpcfit.fit import read
from hpcfit.objective.model import Model
from hpcfit.potential.library import Geometry
from hpcfit.potential.neighbours import find_neighbours

JOB = """<job><atom-types><species>{symbol}</species></atom-types><fitting enabled="false"><geodesic-lm/></fitting>
<potentials><eam id="EAM">
  <mapping>
    <pair-interaction species-a="*" species-b="*" function="V"/>
    <electron-density species-a="*" species-b="*" function="rho"/>
    <embedding-energy species="*" function="F"/>
  </mapping>
  <functions>
    <morse-A id="V">
      <D0>0.2</D0> <r0>{distance}</r0> <alpha>1.5</alpha> <cutoff>{cutoff}</cutoff>
      <fit-dof><D0/><r0/><alpha/></fit-dof>
      <screening><XpowN-cutoff id="v"><cutoff>{cutoff}</cutoff></XpowN-cutoff></screening>
    </morse-A>
    <born-mayer id="rho">
      <A>10</A> <rho>0.7</rho> <cutoff>{cutoff}</cutoff>
      <fit-dof><rho/></fit-dof>
      <screening><XpowN-cutoff id="r"><cutoff>{cutoff}</cutoff></XpowN-cutoff></screening>
    </born-mayer>
    <sqrt-embedding id="F"><D>2</D><fit-dof><D/></fit-dof></sqrt-embedding>
  </functions>
</eam></potentials>
<structures/></job>
"""


def eam_rows(folder: Path) -> list[Row]:
    """Return rows for copper with few and aluminium with many neighbours, and the same in LAMMPS."""
    return [*_rows(folder, "Cu", 3.615, 4.95), *_rows(folder, "Al", 4.05, 7.5)]


def _rows(folder: Path, symbol: str, lattice: float, cutoff: float) -> list[Row]:
    atoms = shaken(bulk(symbol, "fcc", a=lattice, cubic=True).repeat(10))
    text = JOB.format(symbol=symbol, distance=lattice / math.sqrt(2), cutoff=cutoff)
    job, table = folder / f"{symbol}.xml", folder / f"{symbol}.eam.alloy"
    job.write_text(text, encoding="utf-8")
    if (
        hpcfit(["export", str(job), "--format", "eam-alloy", "-o", str(table), "--largest-density", "40"])
        != 0
    ):
        raise ValueError(f"no table of {job}")
    model, n = Model(read(str(job))), len(atoms)
    batch = find_neighbours(as_configurations(atoms), [0], 1, cutoff)
    geometry = Geometry(batch)
    values, jacobian = (np.zeros((k, geometry.n_rows(False))) for k in (1, 1 + model.n_free))
    name = f"EAM {symbol} crystal, {n} atoms, {len(batch.neighbour) / n:.0f} neighbours"

    def own(columns: np.ndarray = values) -> None:
        for _ in range(IN_A_ROW):
            model.evaluate(geometry, model.start, columns, virials=False)

    rows = [
        Row(name, own, IN_A_ROW * n),
        Row(
            f"EAM {symbol} with {model.n_free} parameters' Jacobian",
            lambda: own(jacobian),
            IN_A_ROW * n,
            name,
            most=jacobian_aim(model.n_free),
        ),
    ]
    engine = lammps_engine(atoms, "eam/alloy", f"{table} {symbol}")
    if engine is None:
        return rows
    own()
    # LAMMPS interpolates in tables of 10,000 points.
    if not math.isclose(energy := engine.get_thermo("pe"), values[0, 0], rel_tol=1e-7):
        raise ValueError(f"energy of {name} in LAMMPS, found {energy}, allowed {values[0, 0]}")
    return [*rows, Row(f"LAMMPS: {name}", lambda: run_lammps(engine), IN_A_ROW * n, name, least=3)]
