"""Every folder of jobs says what it is, and is run by a test."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = sorted({path.parent.name for path in (ROOT / "jobs").glob("*/*.xml")})
TESTS = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*_job*.py"))


@pytest.mark.parametrize("name", FOLDERS)
def test_folder(name):
    readme = (ROOT / "jobs" / name / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(f"# {name}: ")
    assert "hpcfit run" in readme
    assert f'"jobs" / "{name}"' in TESTS or f'JOBS / "{name}"' in TESTS
