"""``make faults``: fits, imports and appends on disks that become full at 30 sizes each."""

import collections
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hpcfit.dataset.exporting import export_dataset
from hpcfit.dataset.reader import Dataset
from hpcfit.dataset.validation import validate
from hpcfit.errors import InputError
from hpcfit.runfile.store import load
from tests.faults.disks import Disk, disk
from tests.helpers.small_jobs import silicon, write_dataset, write_job

N_SIZES = 30

_HPCFIT = [sys.executable, "-m", "hpcfit"]
_STRESS = ["--stress-unit", "eV/A^3", "--stress-sign", "tension"]


def _fit(place: Disk, free: int) -> str:
    write_job(place.folder)
    done = place.run([*_HPCFIT, "run", "job.xml", "-o", "run.h5"], free)
    damage = ""
    if (place.folder / "run.h5").exists():
        try:
            stored = load(str(place.folder / "run.h5"))
            damage = "" if done.returncode or stored.complete else "not complete after exit code 0"
        except InputError as error:
            damage = str(error)
    elif done.returncode == 0:
        damage = "no run file after exit code 0"
    return _end(place, done.returncode, done.stderr, damage)


def _import(place: Disk, free: int) -> str:
    write_dataset(place.folder / "source.h5", silicon(200))
    with Dataset(place.folder / "source.h5") as dataset:
        export_dataset(dataset, place.folder / "si.extxyz")
    (place.folder / "source.h5").unlink()
    done = place.run([*_HPCFIT, "data", "import", "si.extxyz", "-o", "si.h5", *_STRESS], free)
    path = place.folder / "si.h5"
    damage = (
        "" if path.exists() == (done.returncode == 0) else "a file after a failure, or none after a success"
    )
    if path.exists():
        damage = damage or "; ".join(map(str, validate(path)))
    return _end(place, done.returncode, done.stderr, damage)


def _append(place: Disk, free: int) -> str:
    write_dataset(place.folder / "more.h5", silicon(200, seed=2))
    with Dataset(place.folder / "more.h5") as dataset:
        export_dataset(dataset, place.folder / "more.extxyz")
    (place.folder / "more.h5").unlink()
    path = place.folder / "si.h5"
    write_dataset(path, silicon(200))
    before = path.read_bytes()
    done = place.run([*_HPCFIT, "data", "import", "more.extxyz", "--append", "-o", "si.h5", *_STRESS], free)
    damage = "; ".join(str(finding) for finding in validate(path))
    if done.returncode and path.read_bytes() != before:
        damage = damage or "changed by an append that failed"
    if not done.returncode:
        with Dataset(path) as dataset:
            damage = damage or (
                "" if len(dataset) == 400 else "an append that says it succeeded adds nothing"
            )
    return _end(place, done.returncode, done.stderr, damage)


def _end(place: Disk, code: int, said: str, damage: str) -> str:
    left = [path.name for path in place.folder.iterdir() if ".tmp." in path.name]
    if code < 0:
        return f"bad: signal {-code}"
    if damage:
        return f"bad: damaged, {damage}"
    if "Traceback" in said or left:
        return f"bad: {said.strip().splitlines()[-1] if 'Traceback' in said else left}"
    if code and not (len(said.splitlines()) == 1 and "space" in said):
        return f"bad: exit code {code}: {said!r}"
    return "complete" if code == 0 else f"one line, exit code {code}"


#: What is tried, and the bytes up to which a disk is filled: what it writes at most and a little more.
TRIES: dict[str, tuple[Callable[[Disk, int], str], int]] = {
    "fit": (_fit, 400_000),
    "import": (_import, 400_000),
    "append": (_append, 800_000),
}


def main() -> int:
    """Try all, print how they ended, and return 1 if one has ended badly."""
    is_bad = False
    for name, (one, largest) in TRIES.items():
        ends: collections.Counter[str] = collections.Counter()
        with tempfile.TemporaryDirectory() as folder, disk(Path(folder)) as place:
            for free in np.linspace(0, largest, N_SIZES).astype(int).tolist():
                ends[one(place, free)] += 1
                for path in place.folder.iterdir():
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            print(f"{name}, {N_SIZES} sizes of a full disk ({place.kind}):")
        for text, n in sorted(ends.items()):
            print(f"  {n:3d} {text}", flush=True)
        is_bad = is_bad or any(text.startswith("bad") for text in ends)
    return int(is_bad)


if __name__ == "__main__":
    sys.exit(main())
