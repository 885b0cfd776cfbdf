from datetime import datetime

import pytest

from hpcfit.report.pace import duration, pace_text

NOW = datetime(2026, 1, 2, 23, 0, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "0.0123 s"),
        (59.94, "59.9 s"),
        (60.0, "1 min 00 s"),
        (3599.6, "1 h 00 min"),
        (11220.0, "3 h 07 min"),
        (190800.0, "2 d 5 h"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("options", "end"),
    [
        ({"max_iter": 100}, "iteration 10 of at most 100, 20 s, 2 s each, ends by 23:03:00"),
        ({"max_iter": 10000}, "iteration 10 of at most 10000, 20 s, 2 s each, ends by 2026-01-03 04:33"),
        (
            {"max_iter": 100, "max_time": 80.0},
            "iteration 10 of at most 100, 20 s, 2 s each, limit 1 min 20 s, ends by 23:01:00",
        ),
        ({"max_iter": 10**9}, "iteration 10 of at most 1000000000, 20 s, 2 s each, ends by 2089-"),
        ({"max_iter": 10**15}, "iteration 10 of at most 1000000000000000, 20 s, 2 s each, ends by no date"),
        ({}, "iteration 10, 20 s, 2 s each"),
    ],
)
def test_the_limit_that_comes_first_is_the_expected_end(options, end):
    assert pace_text(10, 20.0, [2.0] * 10, options, NOW).startswith(end)


def test_of_a_run_that_does_not_go_on_nothing_is_expected():
    assert pace_text(10, 20.0, [2.0] * 10, {"max_iter": 100}) == "iteration 10 of at most 100, 20 s, 2 s each"
    assert pace_text(0, 0.5, [], {"max_iter": 100}, NOW) == "iteration 0 of at most 100, 0.5 s"
