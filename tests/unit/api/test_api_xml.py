"""XML handed to Python's potentials is data: it reads no other files."""

import pytest

import hpcfit

SW = """<!DOCTYPE stillinger-weber [<!ENTITY other SYSTEM "file://{path}"> <!ENTITY own "15.0">]>
<stillinger-weber id="SW"><A>{A}</A></stillinger-weber>"""


@pytest.mark.parametrize("A", ["&other;", "&own;"])
def test_entities_are_not_replaced(tmp_path, A):
    (tmp_path / "number.txt").write_text("15.0")
    text = SW.format(path=tmp_path / "number.txt", A=A)
    (tmp_path / "sw.xml").write_text(text)
    for source in (text, tmp_path / "sw.xml"):
        potential = hpcfit.Potential.from_xml(source, species=["Si"])
        assert "15.0" not in potential.to_xml()
