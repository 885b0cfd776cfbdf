"""A plugin of pytest that records which lines of a package each test runs and how long it takes."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

#: Variables of the environment that say what to record and where to.
PACKAGE, FOLDER = "MUTANTS_PACKAGE", "MUTANTS_FOLDER"


@dataclass(frozen=True)
class Recorded:
    """One test.

    Parameters
    ----------
    name
        What pytest calls it, from the root of the project.
    seconds
        Processor time that it took, with its fixtures and processes.
    lines
        File -> lines that it ran.
    """

    name: str
    seconds: float
    lines: dict[str, frozenset[int]]

    @property
    def file(self) -> str:
        """The file it stands in."""
        return self.name.split("::")[0]


class _Recorder:
    """Gives every test a context of its own in coverage's data, and every fixture that tests share another."""

    def __init__(self, package: str, folder: Path) -> None:
        import coverage

        self._package, self._folder = package, folder
        self._root = Path.cwd()
        self._coverage = coverage.Coverage(
            data_file=None,
            config_file=False,
            source=[package],
            concurrency=["thread", "greenlet"],
            messages=False,
        )
        self._coverage.start()
        self._contexts = [""]
        self._seconds: dict[str, float] = {}
        self._shared: dict[str, list[str]] = {}
        self._file = ""
        self._failed: set[str] = set()
        self._skipped: set[str] = set()

    def _enter(self, context: str) -> None:
        self._contexts.append(context)
        self._coverage.switch_context(context)

    def _leave(self) -> None:
        self._contexts.pop()
        self._coverage.switch_context(self._contexts[-1])

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        if self._file != (file := item.nodeid.split("::")[0]):
            self._file = file
            self._forget()
        definitions = item._fixtureinfo.name2fixturedefs
        self._shared[item.nodeid] = [
            _context(one)
            for name in item.fixturenames
            for one in definitions.get(name, ())
            if one.scope != "function"
        ]
        self._enter(item.nodeid)
        start = sum(os.times()[:4])
        yield
        self._seconds[item.nodeid] = sum(os.times()[:4]) - start
        self._leave()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        shared = fixturedef.scope != "function"
        if shared:
            self._enter(_context(fixturedef))
        yield
        if shared:
            self._leave()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.outcome != "passed":
            (self._failed if report.outcome == "failed" else self._skipped).add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines: dict[str, dict[str, list[int]]] = {}
        for path in data.measured_files():
            file = Path(path).relative_to(self._root).as_posix()
            for line, contexts in data.contexts_by_lineno(path).items():
                for context in contexts:
                    lines.setdefault(context, {}).setdefault(file, []).append(line)
        found: dict[str, list[Any]] = {}
        for name in self._seconds.keys() - self._failed - self._skipped:
            ran: dict[str, set[int]] = {}
            for context in (name, *self._shared[name]):
                for file, some in lines.get(context, {}).items():
                    ran.setdefault(file, set()).update(some)
            masks = {file: f"{sum(1 << line for line in some):x}" for file, some in ran.items()}
            found.setdefault(name.split("::")[0], []).append((name, self._seconds[name], masks))
        for file in {name.split("::")[0] for name in self._seconds}:
            target = self._folder / f"{flat(file)}.json"
            target.write_text(json.dumps(sorted(found.get(file, []))), encoding="utf-8")
        (self._folder / "failed.txt").write_text("\n".join(sorted(self._failed)), encoding="utf-8")

    def _forget(self) -> None:
        """Empty the package's caches: the tests of a file run the lines they need, whichever files ran before it."""
        for name in [name for name in sys.modules if name.split(".")[0] == self._package]:
            for value in list(vars(sys.modules[name]).values()):
                if isinstance(value, functools._lru_cache_wrapper):
                    value.cache_clear()


def _context(fixture: Any) -> str:
    return f"fixture {fixture.argname} of {fixture.baseid}"


def flat(file: str) -> str:
    return file.replace("/", "+")


def pytest_configure(config: pytest.Config) -> None:
    """Start to record, before the tests import the package."""
    if PACKAGE in os.environ:
        config.pluginmanager.register(_Recorder(os.environ[PACKAGE], Path(os.environ[FOLDER])))


def read(path: Path) -> list[Recorded]:
    """Return the tests of a file of records."""
    return [
        Recorded(name, seconds, {file: _bits(mask) for file, mask in masks.items()})
        for name, seconds, masks in json.loads(path.read_text(encoding="utf-8"))
    ]


def _bits(mask: str) -> frozenset[int]:
    digits = bin(int(mask, 16))[:1:-1]
    return frozenset(k for k, digit in enumerate(digits) if digit == "1")
