import pytest

from hpcfit.job.document.tags import combination, tag_of
from hpcfit.records import ParameterForm, ParameterKind, PotentialForm, species_tuples

SPECIES = ("Si", "C", "O")


@pytest.mark.parametrize("kind", ParameterKind)
def test_every_combination_has_its_tag(kind):
    every = species_tuples(kind, 3)
    tags = [tag_of(found, SPECIES) for found in every]
    assert len(set(tags)) == len(every)
    assert [combination(tag, kind, SPECIES) for tag in tags] == every


@pytest.mark.parametrize(
    ("kind", "tag", "found"),
    [
        (ParameterKind.PAIR, "CSi", (0, 1)),
        (ParameterKind.TRIPLET, "OCSi", (2, 0, 1)),
        (ParameterKind.ORDERED_PAIR, "CSi", (1, 0)),
        (ParameterKind.ORDERED_PAIR, "CSiSi", (1, 0)),
        (ParameterKind.PAIR, "CSiSi", (0, 1)),
        (ParameterKind.ORDERED_TRIPLET, "OCSi", (2, 1, 0)),
    ],
)
def test_order_matters_where_it_is_said(kind, tag, found):
    assert combination(tag, kind, SPECIES) == found


@pytest.mark.parametrize(
    ("kind", "tag"),
    [
        (ParameterKind.ORDERED_PAIR, "Si"),
        (ParameterKind.ORDERED_PAIR, "SiCSi"),
        (ParameterKind.ORDERED_PAIR, "SiCCC"),
        (ParameterKind.SPECIES, "SiSiSi"),
        (ParameterKind.ORDERED_TRIPLET, "SiC"),
        (ParameterKind.ORDERED_TRIPLET, "SiCGe"),
    ],
)
def test_other_tags_name_nothing(kind, tag):
    assert combination(tag, kind, SPECIES) is None


_FORM = PotentialForm(
    "bonds",
    "E = sum B fc + sum k fc",
    "",
    (
        ParameterForm("B", "eV", "a strength", ParameterKind.ORDERED_PAIR, 0.0, 9.0, fittable=True),
        ParameterForm("k", "eV", "a strength", ParameterKind.ORDERED_TRIPLET, 0.0, 9.0, fittable=True),
        ParameterForm("m", "1", "an exponent", ParameterKind.PAIR, 1.0, 3.0, fittable=False, step=2.0),
    ),
)


@pytest.fixture
def forms(forms):
    return [*forms, _FORM]


_BONDS = """</stillinger-weber>
    <bonds id="TB">
      <B>1</B> <B tag="CSi">2</B> <B tag="SiC">1</B>
      <k>1</k> <k tag="SiCC">2</k>
      <m>{m}</m>
      <fit-dof><B tag="SiC"/> <B tag="CSi"/> <k tag="CSiC"/></fit-dof>
    </bonds>"""

CARBIDE = ("<species>Si</species>", "<species>Si</species> <species>C</species>")


def test_ordered_tags_in_a_job(faults_of):
    assert faults_of([CARBIDE, ("</stillinger-weber>", _BONDS.format(m=3))]) == []


def test_a_tag_that_names_nothing(faults_of):
    wrong = _BONDS.format(m=1).replace('tag="SiCC"', 'tag="SiC"')
    assert faults_of([CARBIDE, ("</stillinger-weber>", wrong)]) == [
        (
            'job.xml:24: unknown ordered-triplet in the tag of <k>, found "SiC", allowed SiSiSi, SiSiC, SiCSi, SiCC, '
            "CSiSi, CSiC, CCSi, CCC, nearest SiCC"
        )
    ]


@pytest.mark.parametrize("m", [2, 1.5, 4])
def test_a_value_between_the_steps(faults_of, m):
    assert faults_of([CARBIDE, ("</stillinger-weber>", _BONDS.format(m=m))]) == [
        f"job.xml:25: value of <m> out of range, found {float(m)}, allowed 1.0 .. 3.0 in steps of 2.0"
    ]


def test_half_of_an_ordered_pair(faults_of):
    """A bond with one order from a tag and the other from elsewhere is refused, unless a constraint joins them."""
    text = _BONDS.format(m=3)
    for half in (
        text.replace(' <B tag="SiC">1</B>', ""),
        text.replace(' <B tag="CSi">2</B> <B tag="SiC">1</B>', "").replace(
            '<B tag="CSi"/>', '<B tag="CSi" start="2"/>'
        ),
    ):
        (fault,) = faults_of([CARBIDE, ("</stillinger-weber>", half)])
        assert fault.endswith(
            '<B tag="CSi"> without the other order of the bond, found SiC from elsewhere or nowhere, '
            'allowed <B tag="SiC"> too'
        )
    joined = text.replace(' <B tag="SiC">1</B>', "").replace('<B tag="SiC"/>', "")
    constraint = """</potentials> <parameter-constraints>
    <constraint id="c" dependent-dof="TB.B[SiC]"><expression>{TB.B[CSi]}</expression></constraint>
  </parameter-constraints>"""
    found = faults_of([CARBIDE, ("</stillinger-weber>", joined), ("</potentials>", constraint)])
    assert not [line for line in found if "other order" in line]
