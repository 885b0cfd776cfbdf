"""Malformed jobs and datasets through the command line: a clear line per fault, exit code 2, nothing left behind."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from hpcfit.cli import main as command_line
from hpcfit.parallel.communicator import Serial
from tests.helpers import small_jobs
from tests.helpers.edited import edited as open_edited
from tests.helpers.malformed_structures import STRUCTURES
from tests.helpers.small_jobs import dataset_element, job_text, sealed, silicon

# A warning on the screen would be one line more than the fault.
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")

JOB = job_text()
ENTRY = [sys.executable, "-c", "from hpcfit.cli.main import entry; entry()"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    path = tmp_path_factory.mktemp("malformed") / "si.h5"
    small_jobs.write_dataset(path, silicon(4))
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch, dataset):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "world", Serial)
    shutil.copy(dataset, tmp_path / "si.h5")
    (tmp_path / "job.xml").write_text(JOB)
    return tmp_path


def edited(old, new):
    """A fault of the job: `new` in place of `old`."""

    def edit(folder):
        assert JOB.count(old) == 1
        (folder / "job.xml").write_text(JOB.replace(old, new))

    return edit


def written(content):
    return lambda folder: (folder / "job.xml").write_text(content)


def damaged(change):
    """A fault of the dataset: `change(file)` on the open file."""

    def damage(folder):
        with open_edited(folder / "si.h5") as file:
            change(file)

    return damage


def replaced(structures="", **changes):
    """A sound dataset that does not suit the job."""

    def replace(folder):
        (folder / "si.h5").unlink()
        small_jobs.write_dataset(folder / "si.h5", sealed(silicon(4), **changes))
        (folder / "job.xml").write_text(job_text(structures))

    return replace


def truncate(folder):
    content = (folder / "si.h5").read_bytes()
    (folder / "si.h5").write_bytes(content[: len(content) // 2])


def transpose(file):
    force = file["atom/force"][:]
    del file["atom/force"]
    file["atom/force"] = force.T


def unorder(file):
    ptr = file["config/ptr"][:]
    ptr[[1, 2]] = ptr[[2, 1]]
    file["config/ptr"][:] = ptr


STRESS = dataset_element(properties='<stress fit="true"/><total-energy fit="true"/>')
NO_STRESS = {"stress": np.full((4, 6), np.nan), "mask": np.full(4, 4, np.uint8)}
FLAT = {"cell": np.zeros((4, 3, 3)), "pbc": np.zeros((4, 3), dtype=bool)}

LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE job [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>\n'
    + JOB.replace("small", "&b;")
)

#: How to spoil the folder, and the pattern of every line that must be said of it.
CASES = {
    "unknown attribute": (
        edited("<geodesic-lm/>", '<geodesic-lm max-itr="3"/>'),
        [r"job\.xml:4: .*attribute.*max-itr.*allowed .*max-iter.*nearest max-iter"],
    ),
    "bad number": (edited("<A>5.0</A>", "<A>five</A>"), [r'job\.xml:\d+: .*"five".*allowed a finite number']),
    "unknown element": (
        edited("<geodesic-lm/>", "<geodesic-ml/>"),
        [r"job\.xml:4: .*<geodesic-ml>.*nearest <geodesic-lm>"],
    ),
    "missing dataset": (
        lambda folder: (folder / "si.h5").rename(folder / "sj.h5"),
        [r'job\.xml:13: no such file, found "si\.h5", nearest sj\.h5'],
    ),
    "wrong species": (
        replaced(symbols=("C",)),
        [r"job\.xml:\d+: si\.h5 holds a species that the job lacks, found C, allowed Si"],
    ),
    "truncated dataset": (truncate, [r"si\.h5: cannot be read as HDF5, found truncated file.*"]),
    "swapped shapes": (
        damaged(transpose),
        [r"si\.h5: /atom/force: wrong shape, found \[3, 32\], allowed \[n_atoms, 3\]"],
    ),
    "start outside bounds": (
        edited('min="1" max="20"', 'min="6" max="20"'),
        [r"job\.xml:\d+: .*A.*5.*6.*20.*"],
    ),
    "entity expansion": (
        written(LAUGHS),
        [r"job\.xml:2: document type and entities are not allowed, found <!DOCTYPE"],
    ),
    "not HDF5": (
        lambda folder: (folder / "si.h5").write_text("Si 0 0 0\n"),
        [r"si\.h5: cannot be read as HDF5, .*"],
    ),
    "another format version": (
        damaged(lambda file: file.attrs.modify("format version", 99)),
        [r"si\.h5: .*version.*found 99, allowed 1"],
    ),
    "empty selection": (
        written(job_text(dataset_element('select="group=h* index=:1"'))),
        [r"job\.xml:\d+: select matches no configuration, found 'group=h\* index=:1'"],
    ),
    "offsets not monotone": (damaged(unorder), [r"si\.h5: /config/ptr: .*"]),
    "not XML": (written("A = 5\n"), [r"job\.xml:1: not well-formed XML, .*"]),
    "misspelt potential": (
        written(JOB.replace("stillinger-weber", "stillinger-webber")),
        [r"job\.xml:\d+: .*<stillinger-webber>.*nearest <stillinger-weber>"],
    ),
    "missing parameter": (edited("<gamma>1.5</gamma>", ""), [r"job\.xml:\d+: no value for SW\.gamma"]),
    "duplicate id": (
        written(job_text(dataset_element() + "\n" + dataset_element())),
        [r'job\.xml:14: id is not unique, found "si", already in line 13'],
    ),
    "negative weight": (
        written(job_text(dataset_element('relative-weight="-1"'))),
        [r'job\.xml:\d+: .*relative-weight.*"-1", allowed a finite number not below 0'],
    ),
    "negative weight in the dataset": (
        damaged(lambda file: file["config/weight"].write_direct(np.array([1.0, -1.0, 1.0, 1.0]))),
        [r"si\.h5: configuration 1: weight is negative or not finite"],
    ),
    "stress that is not there": (
        replaced(STRESS, **NO_STRESS),
        [r"job\.xml:\d+: no target for <stress>, found 0 of 4 configurations"],
    ),
    "stress without volume": (
        replaced(STRESS, **FLAT),
        [r"si\.h5: configuration 0: stress is fitted but the cell has no volume"],
    ),
    "NaN in the dataset": (
        damaged(lambda file: file["atom/position"].write_direct(np.full((32, 3), np.nan))),
        [r"si\.h5: configuration 0: positions are not finite.*"],
    ),
    "cut-off of zero": (
        edited("<cutoff>3.77118</cutoff>", "<cutoff>0</cutoff>"),
        [r"job\.xml:\d+: value of <cutoff>.*"],
    ),
    "preset": (
        edited("<name>", "<tolerance-preset>exact</tolerance-preset><name>"),
        [r'job\.xml:2: bad value of <tolerance-preset>, found "exact", allowed uniform, balanced, .*'],
    ),
    "verbosity and digits": (
        edited("<name>", "<verbosity>mediun</verbosity><real-precision>99</real-precision><name>"),
        [
            r'job\.xml:2: bad value of <verbosity>, found "mediun", allowed none, .*, nearest medium',
            r'job\.xml:2: bad value of <real-precision>, found "99", allowed a whole number from 1 to 17',
        ],
    ),
    **STRUCTURES,
    "several faults": (
        written(
            JOB.replace("<B>0.6</B>", "<B>x</B>").replace("si.h5", "so.h5").replace("<gamma/>", "<delta/>")
        ),
        [
            r'job\.xml:\d+: .*"x".*',
            r"job\.xml:\d+: .*<delta>.*",
            r"job\.xml:\d+: no such file.*so\.h5.*si\.h5",
        ],
    ),
}


def said(arguments, capsys):
    code = command_line.main(arguments)
    streams = capsys.readouterr()
    assert code == 2 and streams.out == ""
    return streams.err.splitlines()


def expect(lines, patterns):
    assert len(lines) == len(patterns), lines
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), line


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize("name", CASES)
def test_a_line_per_fault_and_nothing_left(name, command, folder, capsys):
    spoil, patterns = CASES[name]
    spoil(folder)
    before = sorted(path.name for path in folder.iterdir())
    expect(said([command, "job.xml"], capsys), patterns)
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize("name", ["several faults", "truncated dataset", "stress without volume"])
def test_the_same_from_the_shell(name, folder):
    spoil, patterns = CASES[name]
    spoil(folder)
    before = sorted(path.name for path in folder.iterdir())
    done = subprocess.run([*ENTRY, "run", "job.xml"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and done.stdout == ""
    expect(done.stderr.splitlines(), patterns)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_output_that_cannot_be(folder, capsys):
    expect(
        said(["run", "job.xml", "-o", "runs/run.h5"], capsys),
        [r"runs/run\.h5: folder of the run file does not exist, found runs"],
    )
    assert not (folder / "runs").exists()


def test_a_run_that_exists_is_not_replaced(folder, capsys):
    assert command_line.main(["run", "job.xml"]) == 0
    content = (folder / "job.run.h5").read_bytes()
    capsys.readouterr()
    expect(
        said(["run", "job.xml"], capsys),
        [
            r"job\.run\.h5: run file exists, found a finished run \(converged: .*\), "
            "allowed --overwrite or hpcfit resume, in Python overwrite=True or resume=True"
        ],
    )
    assert (folder / "job.run.h5").read_bytes() == content
    assert command_line.main(["run", "job.xml", "--overwrite"]) == 0


def test_another_file_is_never_replaced(folder, capsys):
    for words in (["-o", "si.h5"], ["-o", "si.h5", "--overwrite"]):
        content = (folder / "si.h5").read_bytes()
        (line,) = said(["run", "job.xml", *words], capsys)
        assert line.startswith("si.h5: not a run file")
        assert (folder / "si.h5").read_bytes() == content


def test_energies_that_are_not_finite_are_not_imported(folder, capsys):
    frame = '1\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3 energy={}\nSi 0.1 0 0\n'
    (folder / "set.xyz").write_text(frame.format("-1.5") + frame.format("nan"))
    (line,) = said(["data", "import", "set.xyz", "-o", "set.h5"], capsys)
    assert re.match(r"set\.xyz: .*1.*energy is not finite", line)
    assert not (folder / "set.h5").exists()


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["run", "jobb.xml"], r"jobb\.xml: no such file, nearest job\.xml"),
        (["resume", "run.h5"], r"run\.h5: no such file"),
        (["resume", "si.h5"], r"si\.h5: not a run file.*"),
        (["report", "si.h5"], r"si\.h5: not a run file.*"),
        (["data", "info", "job.xml"], r"job\.xml: cannot be read as HDF5.*"),
    ],
)
def test_files_of_the_wrong_kind(words, pattern, folder, capsys):
    expect(said(words, capsys), [pattern])
