"""Counts the lint rules of tests/rules apart from the tests."""

from __future__ import annotations

import pytest

RULES = "tests/rules/"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed = [report.nodeid for report in terminalreporter.getreports("passed") if report.when == "call"]
    rules = sum(name.startswith(RULES) for name in passed)
    if rules:
        terminalreporter.write_line(f"passed: {len(passed) - rules} tests, {rules} of lint rules in {RULES}")
