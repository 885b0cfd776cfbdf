import pytest

_ANOTHER = """</stillinger-weber>
    <lennard-jones id="SW"><sigma>2</sigma><epsilon>1</epsilon><cutoff>5</cutoff></lennard-jones>"""

CASES = {
    "missing parameters": (
        [("<sigma>2.0951</sigma>", ""), ("<lambda>45.5322</lambda>", "")],
        ["job.xml:10: no value for SW.sigma, SW.lambda"],
    ),
    "four species for a pair": (
        [("<A>", '<A tag="SiSiSiSi">')],
        ['job.xml:11: unknown pair in the tag of <A>, found "SiSiSiSi", allowed SiSi, nearest SiSi'],
    ),
    "tag with unknown species": (
        [("<lambda>", '<lambda tag="SiGeSi">')],
        [
            (
                'job.xml:15: unknown triplet in the tag of <lambda>, found "SiGeSi", allowed '
                "SiSiSi, nearest SiSiSi"
            )
        ],
    ),
    "bounds exclude the start": (
        [('start="5.0"', 'start="0.5"')],
        ["job.xml:18: bounds exclude the start of SW.A, found 0.5, allowed 1.0 .. 20.0"],
    ),
    "bounds exclude the value": (
        [("<B/>", '<B max="0.5"/>')],
        ["job.xml:19: bounds exclude the start of SW.B, found 0.6, allowed -inf .. 0.5"],
    ),
    "min above max": (
        [('min="1" max="20"', 'min="20" max="1"')],
        ["job.xml:18: min of <A> above max, found 20.0, allowed at most 1.0"],
    ),
    "value out of range": (
        [("<costheta0>-0.3", "<costheta0>-1.5")],
        ["job.xml:16: value of <costheta0> out of range, found -1.5, allowed -1.0 .. 1.0"],
    ),
    "value above its range": (
        [("<costheta0>-0.3", "<costheta0>1.01")],
        ["job.xml:16: value of <costheta0> out of range, found 1.01, allowed -1.0 .. 1.0"],
    ),
    "start out of range": (
        [('start="5.0" min="1"', 'start="-1" min="-2"')],
        [
            "job.xml:18: start of <A> out of range, found -1.0, allowed 0.0 .. inf",
            "job.xml:18: min of <A> out of range, found -2.0, allowed 0.0 .. inf",
        ],
    ),
    "prior without width": (
        [("<B/>", '<B><prior mean="0.5"/></B>')],
        ["job.xml:19: missing attribute in <prior>, allowed sigma"],
    ),
    "prior of width 0": (
        [("<B/>", '<B><prior mean="0.5" sigma="0"/></B>')],
        ['job.xml:19: bad value of sigma in <prior>, found "0", allowed a finite number above 0'],
    ),
    "prior of what is not free": (
        [("<B/>", '<B enabled="false"><prior mean="0.5" sigma="1"/></B>')],
        ["job.xml:19: prior of SW.B has no effect: it is not free"],
    ),
    "value given twice": (
        [("<B>0.6</B>", "<B>0.6</B>\n      <B>0.7</B>")],
        ["job.xml:13: <B> twice for the same species, found another in line 12"],
    ),
    "degree of freedom given twice": (
        [("<B/>", '<B/>\n        <B tag="SiSi"/>')],
        ["job.xml:20: <B> twice for the same species, found another in line 19"],
    ),
    "id of two potentials": (
        [
            (
                "</stillinger-weber>",
                _ANOTHER,
            )
        ],
        ['job.xml:22: id is not unique, found "SW", already in line 10'],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(faults_of, name):
    changes, lines = CASES[name]
    assert faults_of(changes) == lines


CARBIDE = ("<species>Si</species>", "<species>Si</species> <species>C</species>")

TWO_SPECIES = {
    "pair given in both orders": (
        [("<B>0.6</B>", '<B>1</B> <B tag="SiC">1</B> <B tag="CSi">1</B>')],
        ["job.xml:12: <B> twice for the same species, found another in line 12"],
    ),
    "neighbours given in both orders": (
        [("<lambda>45.5322", '<lambda>1</lambda><lambda tag="SiSiC">1</lambda>\n<lambda tag="SiCSi">1')],
        ["job.xml:16: <lambda> twice for the same species, found another in line 15"],
    ),
    "combinations without a value": (
        [("<B>", '<B tag="CC">'), ("<lambda>45.5322</lambda>", '<lambda tag="CSiSi">1</lambda>')],
        [
            "job.xml:10: no value for SW.B[SiSi], SW.B[SiC], SW.lambda[SiSiSi], SW.lambda[SiSiC], "
            "SW.lambda[SiCC], SW.lambda[CSiC], SW.lambda[CCC]"
        ],
    ),
    "bounds exclude one of the values": (
        [("<B>0.6</B>", '<B>0.6</B><B tag="CC">7</B>'), ("<B/>", '<B max="1"/>')],
        ["job.xml:19: bounds exclude the start of SW.B[CC], found 7.0, allowed -inf .. 1.0"],
    ),
    "unknown species in one tag": (
        [("<B>0.6</B>", '<B>1</B> <B tag="SiGe">1</B>')],
        ['job.xml:12: unknown pair in the tag of <B>, found "SiGe", allowed SiSi, SiC, CC'],
    ),
}


@pytest.mark.parametrize("name", TWO_SPECIES)
def test_fault_lines_with_two_species(faults_of, name):
    changes, lines = TWO_SPECIES[name]
    assert faults_of([CARBIDE, *changes]) == lines


def test_a_start_is_a_value(faults_of):
    changes = [("<sigma>2.0951</sigma>", ""), ("<B/>", '<B/><sigma start="2"/>')]
    assert faults_of(changes) == []
