"""Properties of several structures."""

import pytest

from hpcfit.records import DerivedProperty, DerivedTerm, WantedProperty
from hpcfit.units import GPA

JOB = """<job>
  <atom-types><species>Al</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <potentials>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff>
    <fit-dof><sigma/></fit-dof></lennard-jones></potentials>
  <structures>
    {before}
    <group id="g" relative-weight="2">
      <derived-property id="difference" unit="eV" {attributes}>
        <expression>{expression}</expression>
      </derived-property>
      <fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter>
        <properties><C11 fit="true" target="100"/></properties></fcc-lattice>
      <bcc-lattice id="bcc"><atom-type>Al</atom-type><lattice-parameter>3</lattice-parameter></bcc-lattice>
    </group>
    <user-structure id="pair">
      <atoms><atom type="Al" x="0" y="0" z="0"/><atom type="Al" x="0" y="0" z="2"/></atoms>
    </user-structure>
  </structures>
</job>
"""

FITTED = 'fit="true" target="0.1"'


def _text(expression, attributes=FITTED, before=""):
    return JOB.format(expression=expression, attributes=attributes, before=before)


def test_terms_are_listed_with_their_structures(read_files):
    job = read_files(
        job=_text("{bcc.atomic-energy}\n - 2*{ fcc.atomic-energy } + {fcc.C11}/{bcc.atomic-energy}")
    )
    (derived,) = job.derived
    assert job.structures.children[0].children[0] == derived
    assert derived == DerivedProperty(
        id="difference",
        line=10,
        relative_weight=1.0,
        formula="term0 - 2* term1 + term2 / term3",
        terms=(
            DerivedTerm("term0", "bcc", "atomic-energy"),
            DerivedTerm("term1", "fcc", "atomic-energy"),
            DerivedTerm("term2", "fcc", "C11"),
            DerivedTerm("term3", "bcc", "atomic-energy"),
        ),
        unit="eV",
        wanted=WantedProperty("derived-property", True, (0.1,), 1.0, 0.2, "squared", line=10),
    )
    fcc, bcc, pair = job.own_structures
    energy = WantedProperty("atomic-energy", False, (), 1.0, 0.01, "squared", line=fcc.line)
    assert fcc.properties == (
        WantedProperty("C11", True, (100 * GPA,), 1.0, 2 * GPA, "squared", line=15),
        energy,
    )
    assert [(prop.name, prop.fit) for prop in bcc.properties] == [("atomic-energy", False)]
    assert pair.properties == ()


def test_weight_style_and_tolerance(read_files):
    attributes = 'relative-weight="3" residual-style="absolute-diff" tolerance="0.5" target="2"'
    (derived,) = read_files(job=_text("{pair.total-energy}", attributes)).derived
    assert (derived.relative_weight, derived.wanted.fit, derived.wanted.target) == (3.0, False, (2.0,))
    assert (derived.wanted.style, derived.wanted.tolerance) == ("absolute-diff", 0.5)


def test_a_derived_property_is_something_to_fit(read_files):
    text = _text("{bcc.total-energy}").replace(' fit="true" target="100"', "")
    assert read_files(job=text).derived[0].wanted.fit


FAULTS = {
    "unknown structure": (
        _text("{bbc.total-energy}"),
        ['job.xml:11: unknown structure in <expression>, found "bbc", allowed fcc, bcc, pair, nearest bcc'],
    ),
    "unknown property": (
        _text("{bcc.total-enrgy}"),
        ['job.xml:11: unknown scalar property in <expression>, found "total-enrgy", nearest total-energy'],
    ),
    "vector": (
        _text("{bcc.energy-volume}"),
        ['job.xml:11: unknown scalar property in <expression>, found "energy-volume"'],
    ),
    "no property": (
        _text("{bcc} - 1"),
        ["job.xml:11: term must be structure.property, found {bcc}, allowed {structure.property}"],
    ),
    "property that the structure lacks": (
        _text("{fcc.ca-ratio} + {pair.C11}"),
        [
            "job.xml:11: structure 'fcc' has no <ca-ratio>, allowed in a lattice with <ca-ratio>",
            "job.xml:11: structure 'pair' has no <C11>, allowed in a structure whose cell has a volume",
        ],
    ),
    "formula": (
        _text("{fcc.total-energy} - 4*"),
        ["job.xml:11: operand missing, found 'end of formula', allowed a number, a name or '('"],
    ),
    "nothing of a structure": (
        _text("2*3"),
        ["job.xml:11: <expression> without a property, allowed {structure.property}"],
    ),
    "no target": (
        _text("{fcc.total-energy}", 'fit="true"'),
        ['job.xml:10: <derived-property> is fitted without a target, allowed target="..."'],
    ),
    "no unit": (
        _text("{fcc.total-energy}").replace(' unit="eV"', ""),
        ["job.xml:10: missing attribute in <derived-property>, allowed unit"],
    ),
    "id of a structure": (
        _text("{fcc.total-energy}").replace('"difference"', '"pair"'),
        ['job.xml:17: id is not unique, found "pair", already in line 10'],
    ),
    "relative to nothing": (
        _text("{fcc.total-energy}", 'fit="true" target="0" residual-style="squared-relative"'),
        ["job.xml:10: squared-relative residual of <derived-property> with a target of 0"],
    ),
    "weight of zero alone": (
        _text("{fcc.total-energy}", f'{FITTED} relative-weight="0"').replace(' fit="true" target="100"', ""),
        [
            "job.xml:9: all relative weights inside <group> are 0, allowed one above 0",
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_lines(lines_of, name):
    text, expected = FAULTS[name]
    assert lines_of(job=text) == expected
