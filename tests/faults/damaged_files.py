"""Damage run files and datasets at random, and count what readers notice: ``make faults``.

0 silent, hung and crashed are allowed; the exit code says whether there were any.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.damage import CRASHED, DETECTED, HARMLESS, HUNG, SILENT, counts, random_damage, tried
from tests.faults.subjects import subjects

OUTCOMES = (DETECTED, HARMLESS, SILENT, HUNG, CRASHED)


def main() -> int:
    """Print a table, then every damage that was not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("flips", 1000), ("zeros", 200), ("cuts", 100), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=number)
    options = parser.parse_args()
    bad = []
    print(
        f"{'file':16} {'bytes':>8} {'kind':5}", *(f"{outcome:>9}" for outcome in OUTCOMES), f"{'seconds':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for subject in subjects(Path(folder)):
            content = subject.path.read_bytes()
            for kind in ("flips", "zeros", "cuts"):
                wanted = {"flips": 0, "zeros": 0, "cuts": 0, kind: getattr(options, kind)}
                begun = time.perf_counter()
                outcomes = tried(
                    subject.path, random_damage(content, **wanted, seed=options.seed), subject.judge
                )
                found, seconds = counts(outcomes), time.perf_counter() - begun
                numbers = (f"{found[outcome]:9d}" for outcome in OUTCOMES)
                print(f"{subject.name:16} {len(content):8} {kind:5}", *numbers, f"{seconds:8.1f}")
                bad += [(subject.name, *case) for case in outcomes if case[1] not in (DETECTED, HARMLESS)]
    for case in bad:
        print(*case)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
