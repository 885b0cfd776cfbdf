"""The tables of docs/potentials.md are those that the records make."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("potential_tables", ROOT / "tools" / "potential_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(maker):
    page = (ROOT / "docs" / "potentials.md").read_text(encoding="utf-8")
    assert maker.written(page) == page, "run python tools/potential_tables.py"


def test_a_page_without_a_place_for_a_table(maker):
    with pytest.raises(ValueError, match="places for the table 'potentials'"):
        maker.written("# Potentials\n")
