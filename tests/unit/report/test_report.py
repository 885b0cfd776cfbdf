import io
import re
from dataclasses import replace

import numpy as np
import pytest

from hpcfit.report import report
from hpcfit.runfile.store import RunStore
from hpcfit.units import GPA


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def path(tmp_path, header, states):
    store = RunStore.create(str(tmp_path / "run.h5"), header)
    for state in states:
        store.save(state, 0.125)
    return store._path


@pytest.fixture
def store(path, header, result):
    store = RunStore.create(path, header, overwrite=True)
    store.finish(replace(result, state=replace(result.state, cost=1.388157858)))
    return store


PLAIN = """
outcome          converged: step
loss             0.6940789290
iterations       3
evaluations      3 linearisations, 9007199254740993 costs, 2 second derivatives
restart          no progress, again from the start with scaling="identity"
time             1.750 s (start 0.250 s, iterations 1.500 s)
singular values  1.230e+02 to 4.500e-07
loosest          +SW.A[SiSi] 64%, -SW.B[SiSi] 36%

parameters
parameter              start   final     std error  min  max      unit
SW.A[SiSi]                 5       1           0.2    1   20        eV  at bound
SW.B[SiSi]      0.6022245584  0.5874  undetermined    -    -         1
SW.sigma[SiSi]        2.0951  2.0951         fixed    -    -  Angstrom

not determined by the data: SW.B[SiSi]

errors
group       set  quantity      RMSE       MAE      unit   n
bulk   training    energy  158.1139  150.0000  meV/atom   2
bulk   training     force    0.1000    0.1000      eV/A  12
"""


def test_plain_report_from_the_file_alone(path, store):
    stream = io.StringIO()
    report.from_file(path, stream)
    assert stream.getvalue() == PLAIN


def test_report_of_the_store_is_that_of_the_file(path, store):
    stream = io.StringIO()
    report.write(store.run, stream)
    assert stream.getvalue() == PLAIN


def test_the_spectrum_on_request(path, store):
    stream = io.StringIO()
    report.from_file(path, stream, spectrum=True)
    lines = stream.getvalue().splitlines(keepends=True)
    first = lines.index("spectrum\n")
    assert [line.split() for line in lines[first + 1 : first + 4]] == [
        ["direction", "singular", "value", "of", "the", "largest"],
        ["+SW.B[SiSi]", "64%,", "+SW.A[SiSi]", "36%", "1.230e+02", "1.000e+00"],
        ["+SW.A[SiSi]", "64%,", "-SW.B[SiSi]", "36%", "4.500e-07", "3.659e-09"],
    ]
    assert "".join(lines[: first - 1] + lines[first + 4 :]) == PLAIN


def test_without_a_spectrum_a_request_is_answered_all_the_same(path, header, states, store, result):
    def last_line(run):
        stream = io.StringIO()
        report.write(run, stream, spectrum=True)
        return [line for line in stream.getvalue().splitlines() if line.startswith("no spectrum")]

    run = store.run
    assert last_line(run) == []
    assert last_line(replace(run, result=None)) == [
        "no spectrum: the run is unfinished, hpcfit resume continues it"
    ]
    none = replace(result, directions=np.zeros((0, 0)), singular_values=np.zeros(0))
    assert last_line(replace(run, result=none)) == ["no spectrum: no free parameters"]


def test_a_parameter_at_its_bound_is_not_called_undetermined(store, result):
    lost = replace(result, covariance=np.full((2, 2), np.nan))
    run = replace(store.run, values=np.array([20.0, 0.5, 2.0951]), result=lost)
    stream = io.StringIO()
    report.write(run, stream)
    row = next(line for line in stream.getvalue().splitlines() if line.startswith("SW.A")).split()
    assert row[3] == "-" and "not determined by the data: SW.B[SiSi]\n" in stream.getvalue()


@pytest.mark.parametrize(("values", "named"), [([123.0, 0.5], ""), ([123.0, 0.0], "SW.B[SiSi]")])
def test_parameters_without_a_variance_may_be_determined_all_the_same(store, result, values, named):
    """As many residuals as directions: no standard errors, but only what the loose directions hold is unknown."""
    lost = replace(
        result,
        covariance=np.full((2, 2), np.nan),
        singular_values=np.array(values),
        directions=np.eye(2),
    )
    header = replace(
        store.run.header, counts=replace(store.run.header.counts, n_residuals=2 if not named else 1)
    )
    stream = io.StringIO()
    report.write(replace(store.run, header=header, result=lost), stream)
    text = stream.getvalue()
    assert [line.split()[3] for line in text.splitlines() if line.startswith("SW.A")] == ["-"]
    assert (f"not determined by the data: {named}\n" in text) == ("determined" in text) == bool(named)


def test_terminal_shows_every_word_of_the_plain_report(path, store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    report.from_file(path, stream)
    text = stream.getvalue()
    words = re.sub("\x1b\\[[0-9;]*m", "", text).split()
    assert text != re.sub("\x1b", "", text)
    assert set(PLAIN.split()) <= set(words)


def test_unfinished_run_says_so(path):
    stream = io.StringIO()
    report.from_file(path, stream)
    text = stream.getvalue()
    assert "outcome      unfinished\n" in text
    assert "time         0.500 s\n" in text
    assert "undetermined" not in text
    assert "errors" not in text


def test_fallback_is_said_first(path):
    with open(path, "w"):
        pass
    stream = io.StringIO()
    report.from_file(path, stream)
    assert stream.getvalue().startswith(f"{path}: unreadable, ")


def test_stress_is_shown_in_gpa_and_a_gap_has_no_row(store, result, predictions):
    target = np.full((3, 6), np.nan)
    target[1] = 2.5 * GPA
    changed = replace(predictions, stress_target=target)
    run = replace(store.run, result=replace(result, predictions=(changed,)))
    stream = io.StringIO()
    report.write(run, stream)
    errors = stream.getvalue().split("\nerrors\n")[1].splitlines()
    assert errors[-1].split() == ["slab", "validation", "stress", "2.5000", "2.5000", "GPa", "6"]
    assert [line.split()[0] for line in errors] == ["group", "bulk", "bulk", "slab"]


def test_a_wide_table_is_folded_into_tables_of_80_columns(store):
    """Long names, bounds and a prior: nothing is lost and no line is longer."""
    long = "SW.a-function-of-two-species[SiGe]"
    parameters = tuple(
        replace(p, path=f"{long}{k}", maximum=30.0, prior_mean=1.0, prior_sigma=0.5)
        for k, p in enumerate(store.run.header.parameters)
    )
    run = replace(store.run, header=replace(store.run.header, parameters=parameters))
    for stream in (io.StringIO(), Terminal()):
        report.write(run, stream)
        text = re.sub("\x1b\\[[0-9;]*m", "", stream.getvalue())
        text = re.sub(" +\n", "\n", text)
        table = text[text.index("parameters\n") : text.index("not determined")]
        assert max(map(len, table.splitlines())) <= 80
        assert table.count(f"{long}1") >= 2
        for title in ("start", "final", "std error", "min", "max", "unit", "prior", "off by"):
            assert title in table


def error_lines(run, *predictions):
    stream = io.StringIO()
    report.write(replace(run, result=replace(run.result, predictions=predictions)), stream)
    return [line.split() for line in stream.getvalue().split("\nerrors\n")[1].splitlines()[1:] if line]


def test_training_and_validation_are_apart_and_no_row_comes_twice(store, predictions):
    """Two groups, the second not fitted; then twice, as two datasets."""
    target = np.where(np.isnan(predictions.energy_target), -4.5, predictions.energy_target)
    fitted = np.array([[True, False, False], [False] * 3, [True, False, False]])
    apart = replace(predictions, energy_target=target, fitted=fitted)
    lines = error_lines(store.run, apart)
    assert lines == [
        ["bulk", "training", "energy", "158.1139", "150.0000", "meV/atom", "2"],
        ["bulk", "validation", "force", "0.1000", "0.1000", "eV/A", "12"],
        ["slab", "validation", "energy", "500.0000", "500.0000", "meV/atom", "1"],
    ]
    several = error_lines(store.run, apart, replace(apart, source="b", groups=("all", "b")))
    energies = [(line[0], line[1], line[-1]) for line in several if line[2] == "energy"]
    assert energies == [
        ("train/si/bulk", "training", "2"),
        ("b/all", "training", "2"),
        ("all", "training", "4"),
        ("train/si/slab", "validation", "1"),
        ("b/b", "validation", "1"),
        ("all", "validation", "2"),
    ]


def test_a_run_file_of_an_earlier_version_does_not_tell_the_set(store, predictions):
    lines = error_lines(store.run, replace(predictions, fitted=np.zeros((0, 3), bool)))
    assert [line[1] for line in lines] == ["energy", "force"]


@pytest.mark.parametrize(
    ("value", "marked"),
    [(20.0, True), (np.nextafter(20.0, 0.0), True), (19.999, False), (1.0, True), (1.001, False)],
)
def test_bounds_are_marked_within_rounding(store, value, marked):
    run = replace(store.run, values=np.array([value, 0.5, 2.0951]))
    stream = io.StringIO()
    report.write(run, stream)
    line = next(line for line in stream.getvalue().splitlines() if line.startswith("SW.A"))
    assert line.endswith("at bound") == marked
