"""Makes processes that tests start cheap, and counts the lint rules of tests/rules apart from the tests."""

from __future__ import annotations

import os
import sys

import pytest

RULES = "tests/rules/"

# Without compiled files each start of hpcfit compiles 260 modules, a third of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Ranks of MPICH that wait sleep instead of spinning: tests have more ranks than cores.
os.environ.update(MPIR_CVAR_ENABLE_HEAVY_YIELD="1", MPIR_CVAR_POLLS_BEFORE_YIELD="1")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = [report.nodeid for report in terminalreporter.getreports("passed") if report.when == "call"]
    rules = sum(name.startswith(RULES) for name in passed)
    if rules:
        terminalreporter.write_line(f"passed: {len(passed) - rules} tests, {rules} of lint rules in {RULES}")
