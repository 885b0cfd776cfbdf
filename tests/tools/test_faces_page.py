"""docs/faces.md: a cell for every option of a job and every face, and the page as the script writes it."""

import pytest

from tools import faces


def test_no_cell_is_empty():
    assert [option for option in faces.options() if not all(faces.cells(option))] == []


def test_the_page_is_the_generated_one():
    assert faces.PAGE.read_text(encoding="utf-8") == faces.page(), "run python tools/faces.py"


@pytest.mark.parametrize("option", ["new", "fitting: fitting@new", "structures: dataset@new"])
def test_an_option_that_nobody_has_judged_has_empty_cells(option):
    assert faces.cells(option) == ("",) * len(faces.FACES)


def test_every_rule_has_a_cell_for_every_face_and_an_option():
    options = faces.options()
    assert {len(cells) for _, cells in faces.RULES} == {len(faces.FACES)}
    found = {faces.cells(option) for option in options}
    assert [rule for rule, cells in faces.RULES if cells not in found] == []


def test_options_are_those_of_the_grammar():
    options = faces.options()
    for option in (
        "name",
        "fitting: fitting@assembly",
        "potentials: prior@sigma",
        "own structures: output@format",
    ):
        assert option in options
    assert len(options) == len(set(options)) > 300
