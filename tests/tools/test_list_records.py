"""The tables of the manual are those of the records."""

import re

import pytest

from tools.list_records import BLOCKS, DOCS, filled

PAGES = {page.name: page.read_text(encoding="utf-8") for page in DOCS.glob("*.md")}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_pages_are_up_to_date(name):
    assert filled(PAGES[name]) == PAGES[name], "run python -m tools.list_records"


def test_every_block_is_in_the_manual():
    listed = re.findall(r"<!-- records: (.*?) -->", "".join(PAGES.values()))
    assert sorted(listed) == sorted(BLOCKS)
