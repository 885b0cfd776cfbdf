"""KLIFF's loss in a job: residual functions, weights, and their faults."""

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.job.structures.losses import read_weight_table
from hpcfit.known import catalogue
from hpcfit.records import MagnitudeInverse, ReadOptions
from tests.helpers import small_jobs
from tests.helpers.small_jobs import job_text

BUILT_IN = '<residual-function name="energy-forces" normalize-by-natoms="true"/>'
PROPERTIES = "<properties><total-energy fit='true'/><atomic-forces fit='true'/></properties>"
FILE = f'<residual-function file="mine.py" name="mine"/>{PROPERTIES}'


@pytest.fixture
def read(tmp_path):
    small_jobs.write_dataset(tmp_path / "si.h5", small_jobs.silicon(2))
    (tmp_path / "mine.py").write_text("def mine(*arguments):\n    return 0\n")
    (tmp_path / "w.txt").write_text("Config Energy\n1 2\n")

    def read(inside, attributes="", weights="absolute", **more):
        element = f'<dataset id="si" file="si.h5" {attributes}>\n{inside}\n</dataset>'
        (tmp_path / "job.xml").write_text(job_text(element, weights=weights))
        job = read_job(tmp_path / "job.xml", catalogue(), ReadOptions(**more))
        return job.datasets[0]

    return read


def test_a_built_in_function_is_short_for_properties_and_attributes(read):
    long = read(PROPERTIES, 'forces-weight="0.1" normalize-by-natoms="true"')
    short = read(BUILT_IN + '<weight forces="0.1"/>')
    assert short.properties == long.properties
    assert short.used == (True, True, False)
    for name in ("energy", "forces", "config", "normalize_by_natoms", "function"):
        assert getattr(short.absolute, name) == getattr(long.absolute, name), name


def test_residuals_are_per_atom_unless_told_otherwise(read):
    assert read('<residual-function name="energy"/>').absolute.normalize_by_natoms
    off = read('<residual-function name="energy" normalize-by-natoms="false"/>')
    assert not off.absolute.normalize_by_natoms and off.used == (True, False, False)


def test_stress_counts_where_the_function_names_it(read):
    found = read('<residual-function name="energy-forces-stress"/>')
    assert found.used == (True, True, True) and found.absolute.stress == 1.0


def test_tolerances_are_inverse_weights(read):
    found = read(BUILT_IN + '<weight config="3" energy-tolerance="0.004" forces-tolerance="0.5"/>').absolute
    assert (found.config, found.energy, found.forces) == (3.0, 250.0, 2.0)


def test_weights_by_magnitude(read):
    found = read(BUILT_IN + '<weight><magnitude-inverse energy-c1="2" forces-c2="0.5"/></weight>').absolute
    assert found.inverse == MagnitudeInverse((2.0, 0.0), (1.0, 0.5), (1.0, 0.0))
    expected = 1 / np.sqrt(1 + 0.25 * np.array([0.0, 4.0]) ** 2)
    assert found.inverse.of("forces", np.array([0.0, 4.0])) == pytest.approx(expected, rel=1e-15)
    assert found.inverse.of("forces", np.array([np.nan])) == [1.0]


def test_a_table(read):
    found = read(BUILT_IN + '<weight file="w.txt"/>').absolute.table
    assert (found.config, found.energy, found.forces, found.stress) == ([1.0], [2.0], None, None)
    assert found.n_lines == 1 and found.column("energy", 3).tolist() == [2.0, 2.0, 2.0]


def test_a_file_is_read_when_python_is_allowed(read):
    found = read(FILE, allow_python=True).absolute.function
    assert (found.name, found.file) == ("mine", "mine.py")
    assert found.source.startswith("def mine")


@pytest.mark.parametrize(
    ("inside", "attributes", "line"),
    [
        (FILE, "", 'residual function in a Python file, found "mine.py", allowed with --allow-python'),
        (
            '<residual-function name="energy-force"/>',
            "",
            'unknown residual function, found "energy-force", allowed energy, forces, energy-forces, '
            "energy-forces-stress, or with file, a function in it, nearest energy-forces",
        ),
        (BUILT_IN + PROPERTIES, "", "<properties> besides a built-in <residual-function>"),
        ("", "", "missing element in <dataset>, allowed <properties>, or <residual-function> with one of"),
        (BUILT_IN + '<weight stress="1"/>', "", "stress-weight without a fitted property"),
        (
            BUILT_IN + '<weight energy="1"/>',
            'energy-weight="2"',
            "energy-weight twice, found in <weight> and in <dataset>",
        ),
        (BUILT_IN, 'normalize-by-natoms="true"', "normalize-by-natoms twice"),
        (BUILT_IN + '<weight energy="1" energy-tolerance="1"/>', "", "energy and energy-tolerance"),
        (
            BUILT_IN + '<weight energy-tolerance="0"/>',
            "",
            'bad value of energy-tolerance in <weight>, found "0", allowed a finite number above 0',
        ),
        (
            BUILT_IN + '<weight><magnitude-inverse stress-c1="2"/></weight>',
            "",
            'stress-c1 without a fitted property, allowed with <stress fit="true"/>',
        ),
        (BUILT_IN + '<weight file="v.txt"/>', "", 'no such file, found "v.txt"'),
        (BUILT_IN + '<weight energy="-1"/>', "", 'found "-1", allowed a finite number not below 0'),
    ],
)
def test_faults(read, inside, attributes, line):
    with pytest.raises(InputError) as caught:
        read(inside, attributes)
    assert len(caught.value.faults) == 1
    assert line in str(caught.value) and "job.xml:" in str(caught.value)


def test_only_with_absolute_weights(read):
    with pytest.raises(InputError, match='<weight> has no effect here, allowed only with weights="absolute"'):
        read(PROPERTIES + '<weight energy="2"/>', weights="normalised")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "w.txt: no table of weights"),
        (
            "energy force\n1 2",
            "w.txt:1: unknown or repeated column of weights, found force, .* nearest forces",
        ),
        ("energy energy\n1 2", "w.txt:1: unknown or repeated column"),
        ("# head\nenergy forces\n1 2\n1", "w.txt:4: not a line of weights, found 1, allowed 2 numbers"),
        ("energy\n-1\nx", "w.txt:2: not a line .*\nw.txt:3: not a line of weights, found x"),
    ],
)
def test_faults_of_tables(text, message):
    with pytest.raises(InputError, match=message):
        read_weight_table(text, "w.txt")
