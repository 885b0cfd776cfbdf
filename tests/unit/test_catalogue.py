from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hpcfit.catalogue import records


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in [name for name in sys.modules if name.split(".")[0] == "shelf"]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_records_of_all_modules_in_order(package: Path) -> None:
    (package / "b.py").write_text("RECORDS = (3,)")
    (package / "a.py").write_text("RECORDS = (1, 2)")
    (package / "_helper.py").write_text("")
    assert records("shelf", int) == (1, 2, 3)


@pytest.mark.parametrize("text", ["", "RECORDS = [1]", "RECORDS = ('1',)"])
def test_a_module_without_records_is_named(package: Path, text: str) -> None:
    (package / "a.py").write_text(text)
    with pytest.raises(TypeError, match=r"shelf\.a needs RECORDS, a tuple of int"):
        records("shelf", int)
