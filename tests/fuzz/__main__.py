"""``make fuzz-inputs``: mutated inputs in bounded time; prints how they ended and every bad end with its case."""

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.inputs import Cases, prepare
from tests.fuzz.workers import run


def main() -> int:
    """Run the cases, and return 1 if one has ended badly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20000)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3600, help="limit of the whole")
    options = parser.parse_args()
    began = time.monotonic()
    ends: collections.Counter[str] = collections.Counter()
    kinds: dict[str, list[int]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        cases = Cases(folder, options.seed)
        numbers = list(range(options.first, options.first + options.cases))
        for outcome in run(numbers, cases.case, folder, options.workers):
            entry = cases.input_of(outcome.number)[0]
            is_good = outcome.text.startswith(f"{entry.name} ok")
            ends[f"{entry.name} {'ok' if is_good else 'bad'}"] += 1
            if not is_good and outcome.text not in kinds:
                print(f"case {outcome.number}: {outcome.text}", flush=True)
            if not is_good:
                kinds.setdefault(outcome.text, []).append(outcome.number)
            if time.monotonic() - began > options.seconds:
                print(
                    f"stopped after {sum(ends.values())} of {options.cases} cases: {options.seconds:g} s are over"
                )
                break
    for text, bad in sorted(kinds.items()):
        print(f"{len(bad)} times, first case {bad[0]}: {text}")
    for text, n in sorted(ends.items()):
        print(f"{text:<24}{n:7d}")
    print(f"seed {options.seed}, {sum(ends.values())} cases, {time.monotonic() - began:.0f} s")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
