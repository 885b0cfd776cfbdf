"""A mutation run of a made-up package: what is killed, what lives, what is equivalent."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "mutants"))

import equivalent
import judging
from mutations import mutants, sample

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "mutants"

LENGTHS = '''"""Lengths."""

from functools import lru_cache

FACTOR = 10.0


def longer(a: int, b: int) -> int:
    """Return the longer one, 1 or more."""
    return a if a > b else b


@lru_cache
def in_millimetres(length: float) -> float:
    return length * FACTOR


def unused(length: float) -> float:
    return length + FACTOR


def tripled(length: float) -> float:
    return length + length + length
'''

TESTS = """import pytest
from made_up.lengths.lengths import in_millimetres, longer

@pytest.fixture(scope="module")
def millimetres():
    return in_millimetres(2.0)

def test_longer():
    assert [longer(1, 2), longer(2, 1)] == [2, 2]

def test_nothing_of_millimetres(millimetres):
    pass

def test_millimetres(millimetres):
    assert millimetres == 20.0

def test_millimetres_again():
    assert in_millimetres(2.0) == 20.0

def test_that_fails():
    assert longer(3, 4) == 5
"""

WIDTHS = """from made_up.lengths.lengths import tripled

def test_tripled():
    assert tripled(2.0) == 6.0
"""

KNOWN = """# A comment.
made_up/lengths/lengths.py
- return a if a > b else b
+ return a if a >= b else b
equal lengths are
the same

made_up/lengths/lengths.py
- return a - b
+ return a + b
gone
"""


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    files = {
        "made_up/__init__.py": "",
        "made_up/lengths/__init__.py": "",
        "made_up/lengths/lengths.py": LENGTHS,
        "made_up/other.py": "def none():\n    return 1\n",
        "tests/unit/lengths/test_lengths.py": TESTS,
        "tests/unit/widths/test_widths.py": WIDTHS,
        "tools/mutants/equivalent.txt": KNOWN,
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_a_run_of_all_mutants_of_a_room(project):
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    command = [
        sys.executable,
        str(TOOL),
        "--root",
        str(project),
        "--package",
        "made_up",
        "--rooms",
        "lengths",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    rows = {" ".join(line.split()[3:]): line.split()[0] for line in lines if " s  made_up/" in line}
    assert rows == {
        "made_up/lengths/lengths.py:5 10.0 -> 20.0": "room",
        "made_up/lengths/lengths.py:10 a > b -> not a > b": "room",
        "made_up/lengths/lengths.py:10 a > b -> a >= b": "equivalent",
        "made_up/lengths/lengths.py:10 a > b -> a <= b": "room",
        "made_up/lengths/lengths.py:15 length * FACTOR -> length / FACTOR": "room",
        "made_up/lengths/lengths.py:19 length + FACTOR -> length - FACTOR": "lives",
        "made_up/lengths/lengths.py:23 length + length + length -> length + length - length": "wider",
        "made_up/lengths/lengths.py:23 length + length -> length - length": "wider",
    }
    assert lines[-1] == "8 mutants, 1 equivalent, 6 killed (room 4, wider 2), 1 live: 14.3 % of 7"
    assert lines[-5:-2] == [
        "made_up/lengths/lengths.py",
        "- return length + FACTOR",
        "+ return length - FACTOR",
    ]
    assert "does not pass: tests/unit/lengths/test_lengths.py::test_that_fails" in done.stdout
    assert done.stderr == "no such mutant: made_up/lengths/lengths.py: return a - b\n"
    after = {
        path: path.read_bytes() for path in project.rglob("*") if path.is_file() and ".run" not in path.parts
    }
    assert after == before


def test_tests_that_run_a_statement_are_known_through_fixtures_and_caches(project, tmp_path):
    suite = judging.Suite("made_up", {}, ("tests/unit",), ())
    with judging.scratch(project) as tree:
        recorded, failed = judging.record(tree, suite, tmp_path / "records")
        again, _ = judging.record(tree, suite, tmp_path / "records")
    file = "made_up/lengths/lengths.py"
    names = {one.name.split("::")[1] for one in recorded if 15 in one.lines.get(file, ())}
    # The fixture is that of two tests; the third finds its value in the cache.
    assert names == {"test_nothing_of_millimetres", "test_millimetres"}
    change = next(one for one in mutants(file, (project / file).read_bytes()) if one.lines == (15, 15))
    judge = judging.Judge(project, suite, recorded, bound=10.0, whole=False)
    first, further = ([one.name.split("::")[1] for one in tests] for tests in judge.chosen(change))
    assert set(first) == names
    assert set(further) == {"test_longer", "test_millimetres_again"}
    assert failed == ["tests/unit/lengths/test_lengths.py::test_that_fails"]
    assert {one.name for one in again} == {one.name for one in recorded}


def test_a_mutant_that_runs_forever_is_killed(project, monkeypatch):
    monkeypatch.setattr(judging, "_PATIENCE", 3.0)
    source = "def none():\n    n = 3\n    while n > 0:\n        n -= 1\n    return n\n"
    (project / "made_up/other.py").write_text(source)
    test = project / "tests/unit/other/test_other.py"
    test.parent.mkdir()
    test.write_text("from made_up.other import none\n\ndef test_none():\n    assert none() == 0\n")
    suite = judging.Suite("made_up", {}, ("tests/unit/other",), ())
    lost = [one for one in mutants("made_up/other.py", source.encode()) if one.after == "pass"]
    with judging.scratch(project) as tree:
        recorded, _ = judging.record(tree, suite, project / ".run")
        verdict = judging.Judge(tree, suite, recorded, bound=0.0, whole=False).judge(lost[0])
    assert (len(lost), verdict.word) == (1, "time")


def test_changes_of_a_statement():
    source = (
        b"def f(x, n=0):\n    if not x and n < 1:\n        n += 1\n        g(-n)\n    return [x for _ in y]\n"
    )
    changed = [one.mutated for one in mutants("a/b.py", source)]
    assert changed == [
        "def f(x, n=1):",
        "if not (not x and n < 1):",
        "if not x or n < 1:",
        "if not not x and n < 1:",
        "if not x and n <= 1:",
        "if not x and n >= 1:",
        "if not x and n < 2:",
        "if not x and n < 0:",
        "n -= 1",
        "n += 2",
        "n += 0",
        "pass",
        "g(+n)",
        "pass",
    ]


def test_sizes_that_numpy_finds_out_are_left_alone():
    changed = [one.mutated for one in mutants("a/b.py", b"y = x.reshape(-1, 3)")]
    assert changed == ["y = x.reshape(+1, 3)", "y = x.reshape(-1, 4)", "y = x.reshape(-1, 2)"]


def test_every_mutant_is_its_statement_changed_in_place():
    source = (ROOT / "hpcfit" / "units.py").read_bytes() + "\nµ = (1 +  # one\n  2)  # µ\n".encode()
    for one in mutants("hpcfit/units.py", source):
        changed = one.apply(source)
        compile(changed, one.file, "exec")
        assert changed != source
    assert one.apply(source).endswith("\nµ = (1 +  # one\n  (1))  # µ\n".encode())


@pytest.mark.parametrize(
    "source",
    [
        '"""Doc 1."""',
        'raise ValueError("x" + str(n + 1))',
        "def f(x: A | B = None) -> C | D: ...",
        "@dataclass(frozen=True)\nclass A(B[1]): ...",
        "X: TypeAlias = A | B",
        "__all__ = a + b",
        'x = f"{n + 1:{width - 1}}"',
        "x = Fault(where, n + 1)",
        "x = text.ljust(n + 1)",
        "x = zip(a, b, strict=True)",
        "if TYPE_CHECKING:\n    n = 1",
        "from a import b",
    ],
)
def test_places_without_a_meaning_are_left_out(source):
    assert [one for one in mutants("a/b.py", source.encode()) if one.after != "pass"] == []


def test_same_seed_same_mutants():
    files = {
        f"hpcfit/{name}.py": (ROOT / "hpcfit" / f"{name}.py").read_bytes() for name in ("atomic", "units")
    }
    one, same = sample(files, 5, 3), sample(dict(reversed(files.items())), 5, 3)
    assert one == same
    assert len(set(one)) == 5
    assert sample(files, 5, 4) != one


def test_a_bad_list_is_refused(tmp_path):
    path = tmp_path / "equivalent.txt"
    path.write_text("a/b.py\n- x = 1\n+ x = 2\n", encoding="utf-8")
    with pytest.raises(ValueError, match="bad entry, found"):
        equivalent.read(path)


def test_every_entry_of_the_list_is_a_mutant():
    entries = equivalent.read(TOOL / "equivalent.txt")
    every = [
        one for file in {entry.file for entry in entries} for one in mutants(file, (ROOT / file).read_bytes())
    ]
    assert equivalent.stale(entries, every) == []
