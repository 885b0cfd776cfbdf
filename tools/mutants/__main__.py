"""A mutation run: ``python tools/mutants --help``; docs/mutants.md says how to read it."""

from __future__ import annotations

import argparse
import queue
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import equivalent
from judging import Judge, JudgeError, Suite, Verdict, record, scratch
from mutations import Mutant, mutants, sample, sources

#: Rooms whose tests stand elsewhere than in tests/unit/<room>: how the paths of these tests begin.
ROOMS = {
    "calculator": ("tests/unit/test_calculator.py",),
    "catalogue": ("tests/unit/test_catalogue.py",),
    "fit": ("tests/unit/test_run", "tests/unit/test_eam_fit.py"),
    "known": ("tests/unit/job/",),
    "listeners": ("tests/unit/test_run", "tests/unit/listeners/"),
    "potential": ("tests/unit/potential/", "tests/physics/"),
}

#: Tests that start processes cannot be recorded; the whole suite begins with those that run most of the program.
SUITE = Suite("hpcfit", ROOMS, ("tests/unit", "tests/physics"), ("tests/jobs", "tests/parallel", "tests"))


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    root = Path(__file__).resolve().parents[2]
    parser = argparse.ArgumentParser(
        prog="mutants", description="changes the code at random; tests must notice"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=150, help="how many mutants")
    parser.add_argument(
        "--rooms", nargs="+", default=[], metavar="ROOM", help="only these folders or files of the package"
    )
    parser.add_argument("--jobs", type=int, default=1, help="how many are judged at a time")
    parser.add_argument(
        "--bound", type=float, default=60.0, help="most seconds of tests of other rooms for a mutant"
    )
    parser.add_argument("--whole", action="store_true", help="the whole suite judges those that live")
    parser.add_argument("--root", type=Path, default=root, help="the project")
    parser.add_argument("--package", default=SUITE.package)
    return parser.parse_args(argv)


def _judged(
    judges: queue.Queue[Judge], mutant: Mutant, known: list[equivalent.Equivalent]
) -> tuple[Mutant, Verdict]:
    if any(entry.is_one(mutant) for entry in known):
        return mutant, Verdict("equivalent", 0.0)
    judge = judges.get()
    try:
        return mutant, judge.judge(mutant)
    finally:
        judges.put(judge)


def _row(mutant: Mutant, verdict: Verdict) -> str:
    change = " ".join(f"{mutant.before}  ->  {mutant.after}".split())
    return f"{verdict.word:10} {verdict.seconds:6.1f} s  {mutant.file}:{mutant.lines[0]}  {change}"


def _summary(judged: list[tuple[Mutant, Verdict]]) -> str:
    words = [verdict.word for _, verdict in judged]
    counted = len(words) - words.count("equivalent")
    lives = words.count("lives")
    share = 100 * lives / counted if counted else 0.0
    parts = ", ".join(
        f"{word} {words.count(word)}" for word in ("room", "wider", "whole", "time") if word in words
    )
    return (
        f"{len(words)} mutants, {len(words) - counted} equivalent, {counted - lives} killed ({parts}), "
        f"{lives} live: {share:.1f} % of {counted}"
    )


def main(argv: list[str] | None = None) -> int:
    """Run, print a row per mutant, those that live, and the share; return 0 when all were judged, else 2."""
    args = _arguments(argv)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the copies are removed
    suite = Suite(args.package, SUITE.rooms, SUITE.recorded, SUITE.whole)
    every = [
        m for file, source in sources(args.root, args.package, set()).items() for m in mutants(file, source)
    ]
    chosen = sample(sources(args.root, args.package, set(args.rooms)), args.count, args.seed)
    listed = args.root / "tools" / "mutants" / "equivalent.txt"
    known = equivalent.read(listed) if listed.is_file() else []
    for entry in equivalent.stale(known, every):
        print(f"no such mutant: {entry.file}: {entry.statement}", file=sys.stderr)
    print(f"seed {args.seed}: {len(chosen)} of {len(every)} mutants of {args.package}", flush=True)
    judges: queue.Queue[Judge] = queue.Queue()
    judged = []
    with ExitStack() as stack:
        tree = stack.enter_context(scratch(args.root))
        try:
            recorded, failed = record(tree, suite, args.root / ".run" / "mutants")
        except JudgeError as error:
            print(error, file=sys.stderr)
            return 2
        for name in failed:
            print(f"does not judge, because it does not pass: {name}", flush=True)
        for one in [tree, *(stack.enter_context(scratch(tree)) for _ in range(args.jobs - 1))]:
            judges.put(Judge(one, suite, recorded, args.bound, args.whole))
        pool = stack.enter_context(ThreadPoolExecutor(args.jobs))
        for mutant, verdict in pool.map(lambda one: _judged(judges, one, known), chosen):
            judged.append((mutant, verdict))
            print(_row(mutant, verdict), flush=True)
    for mutant, verdict in judged:
        if verdict.word == "lives":
            print(f"\n{mutant.file}\n- {mutant.statement}\n+ {mutant.mutated}")
    print(f"\n{_summary(judged)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
