"""A bounded part of ``make fuzz-inputs``, and what the harness must notice."""

import contextlib
import io
import os
import random
import signal

import pytest

from hpcfit.cli import main as command_line
from tests.fuzz import inputs, workers
from tests.fuzz.mutations import BINARY, TEXT, mutated


@pytest.fixture
def cases(tmp_path, monkeypatch):
    for name in ("world", "_parser"):
        monkeypatch.setattr(command_line, name, getattr(command_line, name))
    with contextlib.redirect_stdout(io.StringIO()):
        inputs.prepare(tmp_path)
    return inputs.Cases(tmp_path, seed=2)


def _bad_ends(cases, folder, n):
    outcomes = list(workers.run(list(range(n)), cases.case, folder))
    assert sorted(outcome.number for outcome in outcomes) == list(range(n))
    return [outcome for outcome in outcomes if " ok " not in outcome.text]


def test_no_traceback_for_any_input(cases, tmp_path):
    assert _bad_ends(cases, tmp_path, 60) == []


@pytest.mark.long
def test_no_traceback_for_many_inputs(cases, tmp_path):
    assert _bad_ends(cases, tmp_path, 1000) == []


def test_crashes_and_hangs_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "_SECONDS", 0.2)

    def case(number, _):
        if number == 1:
            os.kill(os.getpid(), signal.SIGSEGV)
        while number == 3:
            pass
        return f"fine {number}"

    found = {outcome.number: outcome.text for outcome in workers.run(list(range(5)), case, tmp_path)}
    assert found == {
        0: "fine 0",
        1: "crashed: SIGSEGV",
        2: "fine 2",
        3: "hung: over 0.2 s of processor time",
        4: "fine 4",
    }


def test_bad_ends_are_noticed(tmp_path, monkeypatch):
    def fail(_):
        raise ZeroDivisionError("found")

    monkeypatch.setattr(command_line, "main", fail)
    assert inputs.Cases._end(["check"], tmp_path) == "bad: check raised ZeroDivisionError: found"
    monkeypatch.setattr(command_line, "main", lambda _: 2)
    assert inputs.Cases._end(["check"], tmp_path) == "bad: check exit code 2"
    monkeypatch.setattr(command_line, "main", lambda _: 0)
    assert inputs.Cases._end(["check"], tmp_path) == "0"
    (tmp_path / "x.h5.tmp.1").touch()
    assert inputs.Cases._end(["check"], tmp_path) == "bad: check left x.h5.tmp.1"


@pytest.mark.parametrize("mutate", [*TEXT, *BINARY])
@pytest.mark.parametrize("content", [b"", b"a", b'<a b="1.5">\n<c>2</c>\n</a>\n'])
def test_mutations_take_any_content(mutate, content):
    assert all(isinstance(mutate(content, random.Random(seed)), bytes) for seed in range(20))


def test_a_seed_gives_the_same_mutations():
    first, again, other = (mutated(b"<a>1</a>" * 9, True, random.Random(seed)) for seed in (1, 1, 2))
    assert first == again != other
