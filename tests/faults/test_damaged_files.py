"""A bounded part of `make faults`, and that its counts can be trusted."""

import os
import signal
import time

import pytest

from tests.faults import damage
from tests.faults.damage import DETECTED, Damage, counts, random_damage, tried
from tests.faults.subjects import subjects


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return {subject.name: subject for subject in subjects(tmp_path_factory.mktemp("faults"))}


@pytest.mark.parametrize("name", ["finished run", "unfinished run", "dataset"])
def test_all_damage_is_detected(files, name):
    subject = files[name]
    damages = random_damage(subject.path.read_bytes(), flips=12, zeros=5, cuts=4, seed=os.getpid())
    outcomes = tried(subject.path, damages, subject.judge)
    assert counts(outcomes) == {DETECTED: 21}, outcomes
    assert subject.judge() == damage.HARMLESS


def test_every_outcome_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(damage, "LIMIT", 0.5)
    path = tmp_path / "file"
    path.write_bytes(b"abcdefghij")

    def judge():
        """Crash, hang and be deceived by what the file holds."""
        length = len(path.read_bytes())
        if length == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        if length == 3:
            time.sleep(60)
        if length == 4:
            raise KeyError
        return "silent" if length == 5 else "detected"

    outcomes = [outcome for _, outcome in tried(path, [Damage("cut", k) for k in range(8)], judge)]
    assert outcomes[:4] == ["detected", "detected", f"crashed ({-signal.SIGTERM})", "hung"]
    assert outcomes[4:] == ["crashed (1)", "silent", "detected", "detected"]
    assert path.read_bytes() == b"abcdefghij"
