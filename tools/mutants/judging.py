"""Judges mutants in a copy of the project: which tests run the changed lines, and whether one of them fails."""

from __future__ import annotations

import ast
import hashlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutations import Mutant, room_of
from recording import FOLDER, PACKAGE, Recorded, flat, read

#: What a copy of the project does without.
_NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv*", ".run", "build", "dist", "*.egg-info", ".*_cache", "*.o"
)

#: Seconds of processor time that a mutant may take beyond four times what its tests take.
_PATIENCE = 20.0

#: On a busy machine, or where processes wait, seconds of processor time take so many on the clock.
_WAITING = 10.0


class JudgeError(Exception):
    """The tests cannot be recorded."""


@dataclass(frozen=True)
class Suite:
    """Where tests are.

    Parameters
    ----------
    package
        Name of the package.
    rooms
        Room -> how the paths of its tests begin; those of other rooms begin with ``tests/unit/<room>/``.
    recorded
        Files and folders of all tests whose lines are recorded.
    whole
        Files and folders of the whole suite, those that kill soonest first.
    """

    package: str
    rooms: dict[str, tuple[str, ...]]
    recorded: tuple[str, ...]
    whole: tuple[str, ...]

    def room(self, file: str) -> tuple[str, ...]:
        """Return how the paths of the tests begin that belong to a file's room."""
        room = room_of(file)
        return self.rooms.get(room, (f"tests/unit/{room}/",))


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant: ``room``, ``wider``, ``whole`` say who killed it; else ``time`` or ``lives``."""

    word: str
    seconds: float


@contextmanager
def scratch(root: Path) -> Iterator[Path]:
    """Give a copy of the project that is gone afterwards; data beside the project are there too."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(root, tree, ignore=_NOT_COPIED)
        if (root.parent / "shared").is_dir():
            (Path(folder) / "shared").symlink_to(root.parent / "shared")
        yield tree


def record(tree: Path, suite: Suite, folder: Path) -> tuple[list[Recorded], list[str]]:
    """Return the recorded tests and the names of those that do not pass; files that did not change are not run again.

    Parameters
    ----------
    tree
        The project's copy.
    suite
        Its tests.
    folder
        Where records are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [file for part in suite.recorded for file in _test_files(tree, part)]
    helpers = [path for path in sorted((tree / "tests").rglob("*.py")) if not path.name.startswith("test_")]
    common = _digest(*sorted((tree / suite.package).rglob("*.py")), *helpers)
    keys = {file: common + _digest(tree / file) for file in files}
    stale = [file for file in files if not _is_key(folder / f"{flat(file)}.key", keys[file])]
    failed: list[str] = []
    # One folder at a time, so that an interrupted run loses little.
    for _, some in itertools.groupby(stale, key=lambda file: file.rpartition("/")[0]):
        failed += _recorded(tree, suite, folder, {file: keys[file] for file in some})
    paths = [folder / f"{flat(file)}.json" for file in files]
    return [one for path in paths if path.is_file() for one in read(path)], failed


def _recorded(tree: Path, suite: Suite, folder: Path, keys: dict[str, str]) -> list[str]:
    """Record files of tests, keep the keys of those that pass, and return the names of tests that fail."""
    code = _pytest(tree, ["-p", "recording", *keys], None, {PACKAGE: suite.package, FOLDER: str(folder)})
    if code not in (0, 1):
        said = (tree.parent / "output.txt").read_text(encoding="utf-8", errors="replace")[-2000:]
        raise JudgeError(f"pytest ends with {code} while it records what tests run:\n{said}")
    failed = list(filter(None, (folder / "failed.txt").read_text(encoding="utf-8").split("\n")))
    for file, key in keys.items():
        if not any(name.startswith(file) for name in failed):
            (folder / f"{flat(file)}.key").write_text(key, encoding="utf-8")
    return failed


class Judge:
    """Judges one mutant after the other in one copy of the project.

    Parameters
    ----------
    tree
        The copy.
    suite
        Its tests.
    recorded
        What they run.
    bound
        Most seconds of tests of other rooms.
    whole
        Whether the whole suite judges those that live.
    """

    def __init__(self, tree: Path, suite: Suite, recorded: list[Recorded], bound: float, whole: bool) -> None:
        self._tree, self._suite, self._recorded, self._bound, self._whole = (
            tree,
            suite,
            recorded,
            bound,
            whole,
        )
        self._imports = {file: _imported(tree / file) for file in {one.file for one in recorded}}

    def judge(self, mutant: Mutant) -> Verdict:
        """Return what becomes of a mutant; the copy is as before afterwards."""
        path = self._tree / mutant.file
        source = path.read_bytes()
        start = time.perf_counter()
        path.write_bytes(mutant.apply(source))
        try:
            word = self._word(mutant)
        finally:
            path.write_bytes(source)
        return Verdict(word, time.perf_counter() - start)

    def _word(self, mutant: Mutant) -> str:
        room, others = self.chosen(mutant)
        for word, tests in (("room", room), ("wider", others)):
            if tests:
                names = self._tree.parent / "names.txt"
                names.write_text("\n".join(one.name for one in tests), encoding="utf-8")
                limit = _PATIENCE + 4 * sum(one.seconds for one in tests)
                code = _pytest(self._tree, ["-x", "--tb=no", f"@{names}"], limit, {})
                if code != 0:
                    return "time" if code is None else word
        if self._whole and _pytest(self._tree, ["-x", "--tb=no", *self._suite.whole], None, {}) != 0:
            return "whole"
        return "lives"

    def chosen(self, mutant: Mutant) -> tuple[list[Recorded], list[Recorded]]:
        """Return the room's tests that run the changed lines, and further ones as far as the bound allows.

        These are tests of other rooms that run the lines, and those beside one of the room's that do: what a test
        runs the next one may find in a cache.
        """
        first, last = mutant.lines
        lines = frozenset(range(first, last + 1))
        running = [one for one in self._recorded if lines & one.lines.get(mutant.file, frozenset())]
        if not running:  # run at import alone: whoever uses the module may notice
            running = [one for one in self._recorded if mutant.file in one.lines]
        room = [one for one in running if one.file.startswith(self._suite.room(mutant.file))]
        names, files = {one.name for one in room}, {one.file for one in room}
        ran = {one.name for one in running}
        others = [
            one for one in self._recorded if one.name not in names and (one.name in ran or one.file in files)
        ]
        return self._sorted(mutant, room), self._sorted(mutant, _within(others, self._bound))

    def _sorted(self, mutant: Mutant, tests: list[Recorded]) -> list[Recorded]:
        """Return tests in the order most likely to kill soon: files that import the module first, short ones first."""
        seconds: dict[str, float] = {}
        for one in tests:
            seconds[one.file] = seconds.get(one.file, 0.0) + one.seconds
        module = mutant.file.removesuffix(".py").replace("/", ".")

        def place(one: Recorded) -> tuple[bool, float, str, float]:
            return module not in self._imports[one.file], seconds[one.file], one.file, one.seconds

        return sorted(tests, key=place)


def _within(tests: list[Recorded], bound: float) -> list[Recorded]:
    """Return tests that take no longer than the bound together: of every file the shortest, the second shortest, ..."""
    ranks: dict[str, int] = {}
    ranked = []
    for one in sorted(tests, key=lambda one: one.seconds):
        ranks[one.file] = ranks.get(one.file, 0) + 1
        ranked.append((ranks[one.file], one.seconds, one))
    chosen, total = [], 0.0
    for _, seconds, one in sorted(ranked, key=lambda row: row[:2]):
        if total + seconds <= bound:
            chosen.append(one)
            total += seconds
    return chosen


def _pytest(tree: Path, arguments: list[str], limit: float | None, more: dict[str, str]) -> int | None:
    """Return pytest's exit code in the copy, None where it takes more processor time than the limit, or hangs."""
    path = os.pathsep.join([str(tree), str(Path(__file__).parent)])
    # Byte code of a mutant must not be written: the next one may have its size and second.
    environment = {**os.environ, "PYTHONPATH": path, **more}
    if PACKAGE not in more:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    if limit is not None:
        command = ["/bin/sh", "-c", f'ulimit -t {round(limit)} && exec "$@"', "sh", *command]
    with (tree.parent / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=tree, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(limit and _WAITING * limit)
            return None if code in (-signal.SIGXCPU, -signal.SIGKILL) else code
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _test_files(tree: Path, part: str) -> list[str]:
    paths = [tree / part] if part.endswith(".py") else sorted((tree / part).rglob("test_*.py"))
    return [path.relative_to(tree).as_posix() for path in paths]


def _imported(path: Path) -> frozenset[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.update([node.module, *(f"{node.module}.{alias.name}" for alias in node.names)])
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return frozenset(found)


def _digest(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_key(path: Path, key: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == key
