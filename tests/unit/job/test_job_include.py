import pytest

from hpcfit.errors import InputError
from hpcfit.job.document.include import expand
from hpcfit.job.reader import read_job
from hpcfit.records import Origin
from tests.helpers.small_jobs import known

XI = 'xmlns:xi="http://www.w3.org/{year}/XInclude"'

JOB = f"""<?xml version="1.0"?>
<job>
  <atom-types><species>Al</species></atom-types>
  <potentials>
    <xi:include {XI.format(year=2003)} href="potential.xml"/></potentials>
  <structures><xi:include {XI.format(year=2001)} href="group.xml" parse="xml"></xi:include>
    <fcc-lattice id="last"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter></fcc-lattice>
  </structures>
</job>
"""

POTENTIAL = """\ufeff<?xml version="1.0" encoding="utf-8"?>
<!-- in a file of its own -->
<lennard-jones id="LJ">
  <sigma>2</sigma> <epsilon>0.5</epsilon>
  <cutoff>6</cutoff></lennard-jones>"""

GROUP = f"""<group>
  <xi:include href="fcc.xml" {XI.format(year=2001)}/>
</group>
"""

FCC = """
<fcc-lattice id="fcc">
  <atom-type>Al</atom-type>
  <lattice-parameter>4</lattice-parameter>
</fcc-lattice>
"""

TEXTS = {"job": JOB, "potential": POTENTIAL, "group": GROUP, "fcc": FCC}


def test_the_text_is_put_together_and_its_lines_are_known(read_files):
    job = read_files(**TEXTS)
    assert [parameter.start for parameter in job.parameters] == [2.0, 0.5, 6.0]
    assert "xi:include" not in job.text and "in a file of its own" in job.text
    lines = job.text.splitlines()
    for structure, place in zip(job.own_structures, ["fcc.xml:2", "job.xml:7"], strict=True):
        assert f'id="{structure.id}"' in lines[structure.line - 1]
        assert job.place(structure.line) == place
    assert job.origins[:2] == (Origin(1, "job.xml", 1), Origin(6, "potential.xml", 1))


def test_stored_text_gives_the_same_job(read_files, forms, functions, catalogue, tmp_path):
    job = read_files(**TEXTS)
    (tmp_path / "potential.xml").unlink()
    again = read_job("job.xml", known(forms, functions, catalogue), text=job.text)
    assert (again.text, again.hash, again.parameters) == (job.text, job.hash, job.parameters)


def test_a_change_of_an_included_file_changes_text_and_hash(read_files):
    job = read_files(**TEXTS)
    changed = read_files(**TEXTS | {"fcc": FCC.replace("4", "4.1")})
    assert changed.hash != job.hash and changed.text != job.text


def test_text_without_includes_is_the_file(read_files):
    text = JOB.replace(
        f'<xi:include {XI.format(year=2003)} href="potential.xml"/>', POTENTIAL.split("-->")[1]
    )
    text = text.replace(f'<xi:include {XI.format(year=2001)} href="group.xml" parse="xml"></xi:include>', "")
    job = read_files(job=text)
    assert (job.text, job.origins) == (text, ())
    assert job.place(7) == "job.xml:7"


CASES = {
    "value in an included file": (
        {"fcc": FCC.replace("4", "four")},
        ['fcc.xml:4: bad value of <lattice-parameter>, found "four", allowed a finite number above 0'],
    ),
    "an id in two files": (
        {"fcc": FCC.replace('"fcc"', '"last"')},
        ['job.xml:7: id is not unique, found "last", already in line 2 of fcc.xml'],
    ),
    "no such file": (
        {"group": GROUP.replace("fcc.xml", "fc.xml")},
        ['group.xml:2: no such file, found "fc.xml", nearest fcc.xml'],
    ),
    "not well-formed": (
        {"fcc": FCC.replace("</fcc", "</fc")},
        ["fcc.xml:5: not well-formed XML, found ..."],
    ),
    "document type": (
        {"fcc": f"<!DOCTYPE fcc>{FCC}"},
        ["fcc.xml:1: document type and entities are not allowed, found <!DOCTYPE"],
    ),
    "itself": (
        {"group": GROUP.replace("fcc.xml", "./group.xml")},
        ['group.xml:2: file includes itself, found "./group.xml"'],
    ),
    "the job": (
        {"group": GROUP.replace("fcc.xml", "job.xml")},
        ['group.xml:2: file includes itself, found "job.xml"'],
    ),
    "outside": (
        {"group": GROUP.replace("fcc.xml", "../fcc.xml")},
        [
            'group.xml:2: included file is outside the job\'s folder, found "../fcc.xml", allowed inside, or '
            "--allow-outside"
        ],
    ),
    "by network": (
        {"group": GROUP.replace("fcc.xml", "http://127.0.0.1/fcc.xml")},
        ['group.xml:2: no such file, found "http://127.0.0.1/fcc.xml"'],
    ),
    "no file named": (
        {"group": GROUP.replace('href="fcc.xml"', "")},
        ["group.xml:2: missing attribute in <xi:include>, allowed href"],
    ),
    "a part of a file": (
        {"group": GROUP.replace('href="fcc.xml"', 'href="fcc.xml" xpointer="id"')},
        ['group.xml:2: attribute not allowed in <xi:include>, found xpointer="id", allowed href'],
    ),
    "fallback": (
        {"job": JOB.replace("></xi:include>", "><xi:fallback/></xi:include>")},
        ["job.xml:6: element not allowed in <xi:include>, allowed none"],
    ),
    "faults of several files": (
        {"potential": POTENTIAL.replace("<sigma>2", "<sigma>x"), "fcc": FCC.replace("Al", "Ni")},
        [
            'potential.xml:4: bad value of <sigma>, found "x", allowed a finite number',
            'fcc.xml:3: unknown species in <atom-type>, found "Ni", allowed Al',
        ],
    ),
    "in the wrong place": (
        {"group": FCC.replace('"fcc"', '"outer"').replace("</fcc", GROUP.split("\n")[1] + "</fcc")},
        ["fcc.xml:2: element not allowed in <fcc-lattice>, found <fcc-lattice>, ..."],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(lines_of, name):
    changes, expected = CASES[name]
    found = lines_of(**TEXTS | changes)
    assert len(found) == len(expected), found
    for line, text in zip(found, expected, strict=True):
        assert line == text or (text.endswith("...") and line.startswith(text[:-3])), found


def test_a_link_out_of_the_folder_is_outside(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "fcc.xml").write_text("<a/>")
    (tmp_path / "in" / "fcc.xml").symlink_to("../fcc.xml")
    job = str(tmp_path / "in" / "job.xml")
    with pytest.raises(InputError, match="outside the job's folder"):
        expand(GROUP.encode(), job, False)
    content, _ = expand(GROUP.encode(), job, True)
    assert content == b"<group>\n  \n<a/>\n\n</group>\n"


def test_includes_do_not_grow_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr("hpcfit.job.document.include._MOST", 20)
    include = '<xi:include href="f{}.xml"/>'
    for level in range(10):
        text = 2 * include.format(level + 1) if level < 9 else ""
        (tmp_path / f"f{level}.xml").write_text(f"<a {XI.format(year=2001)}>{text}</a>")
    with pytest.raises(InputError, match="too many files included, allowed 20"):
        expand((tmp_path / "f0.xml").read_bytes(), str(tmp_path / "f0.xml"), False)
