import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from tests.helpers.small_jobs import known

CASES = {
    "entity": (
        [("<job>", '<!DOCTYPE job [<!ENTITY a "aaaa">\n<!ENTITY b "&a;&a;">]>\n<job>'), ("silicon", "&b;")],
        ["job.xml:1: document type and entities are not allowed, found <!DOCTYPE"],
    ),
    "external dtd": (
        [("<job>", '<?xml version="1.0"?>\n<!DOCTYPE job SYSTEM "http://x/y.dtd">\n<job>')],
        ["job.xml:2: document type and entities are not allowed, found <!DOCTYPE"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(faults_of, name):
    changes, lines = CASES[name]
    assert faults_of(changes) == lines


NOT_WELL_FORMED = {
    "mismatched tags": ("</A>", "</AA>", 11),
    "bare ampersand": ("silicon", "a & b", 2),
    "undefined entity": ("silicon", "&b;", 2),
    "truncated": ("  </structures>\n</job>\n", "", 32),
    "null byte": ("silicon", "\0", 2),
    "two roots": ("</job>", "</job>\n<job/>", 34),
    "too deep": ("silicon", "<a>" * 300 + "</a>" * 300, 2),
}


@pytest.mark.parametrize("name", NOT_WELL_FORMED)
def test_not_well_formed(faults_of, name):
    """The rest of the line is libxml2's, whose words change from version to version."""
    old, new, number = NOT_WELL_FORMED[name]
    (line,) = faults_of([(old, new)])
    assert line.startswith(f"job.xml:{number}: not well-formed XML, found ")


BYTES = {
    "empty": (b"", "job.xml:1: not well-formed XML, found Document is empty"),
    "another encoding": (b"<job>\n\xe9</job>", "job.xml:2: not UTF-8 text, found byte 0xe9"),
}


@pytest.mark.parametrize("name", BYTES)
def test_what_is_no_text_or_no_xml(folder, forms, functions, monkeypatch, name):
    monkeypatch.chdir(folder)
    content, line = BYTES[name]
    (folder / "job.xml").write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_job("job.xml", known(forms, functions))
    assert str(caught.value) == line


def test_missing_job_names_the_nearest(folder, forms, functions, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(InputError) as caught:
        read_job("sy.h5", known(forms, functions))
    assert str(caught.value) == "sy.h5: no such file, nearest si.h5"
    with pytest.raises(InputError, match=r"^more: cannot be read, found is a folder$"):
        read_job("more", known(forms, functions))


def test_line_is_where_the_tag_begins(faults_of):
    changes = [('<dataset id="si"', '<!-- two\nlines -->\n<dataset\n id="si"\n'), ("si.h5", "x.h5")]
    assert faults_of(changes) == ['job.xml:27: no such file, found "x.h5", nearest si.h5']
