from dataclasses import replace

import numpy as np
import pytest

from hpcfit.report.metrics import error_rows


def table(predictions):
    return {(row.group, row.quantity): row for row in error_rows(predictions)}


def rmse(errors):
    return np.sqrt(np.mean(np.square(errors)))


def check(row, errors):
    assert row.n == np.size(errors)
    assert row.rmse == pytest.approx(rmse(errors), rel=1e-14)
    assert row.mae == pytest.approx(np.mean(np.abs(errors)), rel=1e-14)


def test_by_hand(predictions):
    rows = table([predictions])
    # per atom: 0.2 eV on two atoms, -0.4 eV on two; the second configuration has no target
    check(rows["bulk", "energy"], [0.1, -0.2])
    assert rows["bulk", "force"].n == 12
    assert rows["bulk", "force"].mae == pytest.approx(0.1)
    assert set(rows) == {(g, q) for g in ("bulk", "all") for q in ("energy", "force")}


def test_random_data_with_gaps_against_numpy(predictions):
    random = np.random.default_rng(5)
    n, n_groups = 40, 3
    ptr = np.concatenate([[0], np.cumsum(random.integers(1, 6, n))])
    group = random.integers(0, n_groups, n).astype(np.int32)
    values = {
        "energy": random.standard_normal((2, n)),
        "force": random.standard_normal((2, ptr[-1], 3)),
        "stress": random.standard_normal((2, n, 6)),
    }
    for both in values.values():
        both[1][random.random(both[1].shape) < 0.2] = np.nan
    made = replace(
        predictions,
        groups=("a", "b", "c"),
        group=group,
        ptr=ptr,
        **{name: both[0] for name, both in values.items()},
        **{f"{name}_target": both[1] for name, both in values.items()},
    )
    rows = table([made])
    atoms = np.repeat(group, np.diff(ptr))
    errors = {name: both[0] - both[1] for name, both in values.items()}
    errors["energy"] = errors["energy"] / np.diff(ptr)
    for name, error in errors.items():
        check(rows["all", name], error[~np.isnan(error)])
        for k, label in enumerate("abc"):
            part = error[(atoms if name == "force" else group) == k]
            check(rows[label, name], part[~np.isnan(part)])


def test_several_datasets_keep_their_groups_apart(predictions):
    other = replace(predictions, source="test", energy=predictions.energy + 1.0)
    rows = table([predictions, other])
    check(rows["train/si/bulk", "energy"], [0.1, -0.2])
    check(rows["test/bulk", "energy"], [0.6, 0.3])
    check(rows["all", "energy"], [0.1, -0.2, 0.6, 0.3])


def test_missing_prediction_is_not_hidden(predictions):
    rows = table([replace(predictions, energy=np.full(3, np.nan))])
    assert np.isnan(rows["all", "energy"].rmse)
    assert rows["all", "energy"].n == 2


def test_no_datasets_have_no_rows():
    assert error_rows([]) == []
