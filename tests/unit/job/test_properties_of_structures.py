"""Properties of a job's own structures: targets, tolerances, weights, and what they make relax."""

import math

import pytest

from hpcfit.records import DegreeOfFreedom
from hpcfit.units import BAR, GPA

JOB = """<job>{top}
  <atom-types><species>Al</species></atom-types>
  <potentials>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff></lennard-jones>
  </potentials>
  <structures{mode}>
    {structures}
  </structures>
</job>
"""

HCP = """<hcp-lattice id="hcp"{attributes}>
      <atom-type>Al</atom-type><lattice-parameter>3</lattice-parameter><ca-ratio>1.6</ca-ratio>
      {relax}
      <properties>
        {properties}
      </properties></hcp-lattice>"""

PAIR = """<user-structure id="pair">
      <atoms><atom type="Al" x="0" y="0" z="0"/><atom type="Al" x="0" y="0" z="2"/></atoms>
      {relax}
      <properties>{properties}</properties></user-structure>"""


def _text(properties="", relax="", attributes="", form=HCP, **around):
    structure = form.format(properties=properties, relax=relax, attributes=attributes)
    return JOB.format(structures=structure, **{"top": "", "mode": "", **around})


@pytest.fixture
def read(read_files):
    """Return the only structure of a job."""

    def structure(*arguments, **options):
        (found,) = read_files(job=_text(*arguments, **options)).own_structures
        return found

    return structure


@pytest.fixture
def lines(lines_of):
    def faults(*arguments, **options):
        return lines_of(job=_text(*arguments, **options))

    return faults


def test_targets_and_tolerances_are_in_the_unit_of_the_property(read):
    wanted = read(
        """<C11 fit="true" target="100" tolerance="3" relative-weight="4" residual-style="absolute-diff"
             ions="relaxed"/>
        <pressure target="-20" relax="false"/>
        <total-volume fit="true" target="30" residual-style=" squared-relative "/>
        <atomic-forces output-all="TRUE" fit="true" target=" 0 1e-1
          -2 .5 0 +3"/>
        <phonon-frequencies q="1/2 0 0"/><phonon-frequencies q="0 0 0"/>"""
    ).properties
    elastic, pressure, volume, forces, *phonons = wanted
    assert (elastic.target, elastic.tolerance) == ((100 * GPA,), 3 * GPA)
    assert (elastic.fit, elastic.relative_weight, elastic.style) == (True, 4.0, "absolute-diff")
    assert (elastic.arguments, elastic.relaxed, elastic.line) == ({"ions": "relaxed"}, True, 11)
    assert (pressure.target, pressure.tolerance, pressure.relaxed) == ((-20 * BAR,), BAR, False)
    assert (volume.target, volume.tolerance, volume.style) == ((30.0,), 1.0, "squared-relative")
    assert forces.target == (0.0, 0.1, -2.0, 0.5, 0.0, 3.0) and forces.all_components
    assert [entry.arguments["q"] for entry in phonons] == ["1/2 0 0", "0 0 0"]


TOLERANCES = {
    "uniform": (1.0, 1.0, 1.0, 1.0, 1.0, 1.0),
    "balanced": (0.2, 0.01, 2.0, 0.005, 0.01, 1.0),
    "accurate-energies": (0.1, 0.005, 2.0, 0.005, 0.01, 1.0),
}
LISTED = "<total-energy/><atomic-energy/><C44/><lattice-parameter/><atomic-forces/><pressure/>"


@pytest.mark.parametrize("place", ["top", "attributes", "nowhere"])
@pytest.mark.parametrize("preset", TOLERANCES)
def test_presets(read, preset, place):
    element = f"<tolerance-preset> {preset} </tolerance-preset>"
    if place == "nowhere":
        preset, element = "balanced", ""
    around = {"top": element} if place == "top" else {"form": HCP + element}
    sizes = (1, 1, GPA, 1, 1, BAR)
    expected = [value * size for value, size in zip(TOLERANCES[preset], sizes, strict=True)]
    assert [prop.tolerance for prop in read(LISTED, **around).properties] == expected


def test_presets_are_for_datasets_too(read_files, tmp_path):
    (tmp_path / "a.h5").touch()
    listed = '<total-energy residual-style="squared"/><atomic-energy/><atomic-forces/><stress/>'
    dataset = f'<dataset id="d" file="a.h5"><properties>{listed}</properties></dataset>'
    preset = "<tolerance-preset>accurate-energies</tolerance-preset>"
    (source,) = read_files(job=JOB.format(structures=dataset, top=preset, mode="")).datasets
    assert [entry.tolerance for entry in source.properties] == [0.1, 0.005, 0.01, 2 * GPA]


def test_a_structure_out_of_the_fit_relaxes_as_it_would(read):
    listed = '<lattice-parameter fit="true" target="3"/><total-energy fit="true" target="1"/>'
    inside, outside = read(listed, attributes=' fit="TRUE"'), read(listed, attributes=' fit=" false "')
    assert [prop.fit for prop in inside.properties] == [True, True]
    assert [prop.fit for prop in outside.properties] == [False, False]
    assert inside.relaxed == outside.relaxed == (DegreeOfFreedom("lattice-parameter"),)
    assert outside.properties[1].target == (1.0,)


def test_what_is_neither_fitted_nor_printed_is_left_out(read):
    found = read(
        '<pressure output="false"/><pxx output="true"/><total-energy fit="true" target="1" output="False"/>'
    )
    assert [prop.name for prop in found.properties] == ["pxx", "total-energy"]


DEGREES_OF_FREEDOM = {
    "nothing": ("<lattice-parameter min='2' max='4'/>", "", ()),
    "fitted": (
        "<ca-ratio fit='true' target='1.6' max='1.7'/>",
        "",
        (DegreeOfFreedom("ca-ratio", -math.inf, 1.7),),
    ),
    "listed": (
        "",
        '<relax-dof><cell/><atom-coordinates/><lattice-parameter min="2"/></relax-dof>',
        (
            DegreeOfFreedom("lattice-parameter", 2.0),
            DegreeOfFreedom("atom-coordinates"),
            DegreeOfFreedom("cell-full"),
        ),
    ),
    "shapes": ("", '<relax><cell shape="hydrostatic"/></relax>', (DegreeOfFreedom("cell-hydrostatic"),)),
    "switched off": ("", '<relax-dof><cell shape="full" enabled="FALSE"/></relax-dof>', ()),
    "bounds from both": (
        "<lattice-parameter min='2' max='4'/>",
        '<relax-dof><lattice-parameter min="2.5"/></relax-dof>',
        (DegreeOfFreedom("lattice-parameter", 2.5, 4.0),),
    ),
}


@pytest.mark.parametrize("name", DEGREES_OF_FREEDOM)
def test_freedoms(read, name):
    properties, relax, expected = DEGREES_OF_FREEDOM[name]
    assert read(properties, relax).relaxed == expected


def test_tolerance_without_effect_is_told(read_files):
    job = read_files(
        job=_text('<total-energy fit="true" target="1" tolerance="2" residual-style="absolute-diff"/>')
    )
    assert job.warnings == (
        "job.xml:11: tolerance of <total-energy> has no effect on residuals of style absolute-diff",
    )


def test_fitted_value_before_the_relaxation_is_told(read_files):
    job = read_files(job=_text('<ca-ratio fit="true" target="1.6" relax="false"/>'))
    assert job.warnings == ("job.xml:11: fitted <ca-ratio> before the relaxation never changes",)
    bounded = '<lattice-parameter min="2" max="4"/>'
    cell = "<relax-dof><cell/></relax-dof>"
    job = read_files(job=_text(bounded, cell))
    what = "bounds of <lattice-parameter> have no effect where only <cell> relaxes it"
    assert job.warnings == (f"job.xml:11: {what}",)
    assert read_files(job=_text(bounded)).warnings == ()
    assert read_files(job=_text(bounded.replace("/>", ' fit="true" target="3"/>'), cell)).warnings == ()


FAULTS = {
    "no target": (
        ('<C11 fit="true"/>',),
        ['job.xml:11: <C11> is fitted without a target, allowed target="..."'],
    ),
    "no target of a vector": (
        ('<atomic-forces fit="true"/>',),
        ['job.xml:11: <atomic-forces> is fitted without a target, allowed target="..."'],
    ),
    "bad target": (
        ('<C11 fit="true" target="100 GPa"/>',),
        ['job.xml:11: bad value of target in <C11>, found "100 GPa", allowed a finite number'],
    ),
    "infinite component": (
        ('<atomic-forces target="1 2 3 4 5 1e999"/>',),
        [
            'job.xml:11: bad value of target in <atomic-forces>, found "1 2 3 4 5 1e999", allowed finite '
            "numbers, blanks between them"
        ],
    ),
    "words for components": (
        ('<atomic-forces target="1 2 three"/>',),
        [
            'job.xml:11: bad value of target in <atomic-forces>, found "1 2 three", allowed finite numbers, '
            "blanks between them"
        ],
    ),
    "too few forces": (
        ('<atomic-forces target="1 2 3"/>',),
        ["job.xml:11: target of atomic-forces, found 3 numbers, allowed 6"],
    ),
    "too many frequencies": (
        ('<phonon-frequencies target="1 2 3 4 5 6 7"/>',),
        ["job.xml:11: target of phonon-frequencies, found 7 numbers, allowed 6"],
    ),
    "points of a curve": (
        ('<energy-volume scales="0.9 1 1.1" target="1 2"/>',),
        ["job.xml:11: target of energy-volume, found 2 numbers, allowed 3"],
    ),
    "unknown property": (
        ("<c11/>",),
        ["job.xml:11: element not allowed in <properties>, found <c11>, ..., nearest <C11>"],
    ),
    "unknown attribute": (
        ('<C11 tolerence="1"/>',),
        [
            "job.xml:11: unknown attribute in <C11>, found tolerence, allowed fit, ions, max, min, output, "
            "relative-weight, relax, residual-style, target, tolerance, nearest tolerance"
        ],
    ),
    "bad argument": (
        ('<C11 ions="frozen"/>',),
        ["job.xml:11: ions of C11, found 'frozen', allowed clamped, relaxed"],
    ),
    "bad wave vector": (
        ('<phonon-frequencies q="1/2 0"/>',),
        ["job.xml:11: wave vector, found '1/2 0', ..."],
    ),
    "property that the lattice lacks": (
        ("<atom-distance/>",),
        ["job.xml:11: structure has no <atom-distance>, allowed in a lattice with <atom-distance>"],
    ),
    "twice": (
        ("<C11/>\n<C11/>",),
        ["job.xml:12: <C11> twice in <properties>, found another in line 11"],
    ),
    "bounds of what does not relax": (
        ('<C11 min="1" max="2"/>',),
        [
            "job.xml:11: min of <C11> has no effect: it is not relaxed",
            "job.xml:11: max of <C11> has no effect: it is not relaxed",
        ],
    ),
    "bounds the wrong way round": (
        ('<ca-ratio min="2" max="1"/>',),
        ["job.xml:11: min of <ca-ratio> above max, found 2.0, allowed at most 1.0"],
    ),
    "start outside bounds": (
        ('<lattice-parameter max="2.9"/>',),
        ["job.xml:11: bounds exclude the start of <lattice-parameter>, found 3.0, allowed -inf .. 2.9"],
    ),
    "start outside bounds of the freedom": (
        ("", '<relax-dof><ca-ratio min="1.7"/></relax-dof>'),
        ["job.xml:9: bounds exclude the start of <ca-ratio>, found 1.6, allowed 1.7 .. inf"],
    ),
    "fitted and held": (
        ('<ca-ratio fit="true" target="1"/>', '<relax-dof><ca-ratio enabled="false"/></relax-dof>'),
        ['job.xml:9: <ca-ratio> is fitted and must relax, found enabled="false"'],
    ),
    "freedom that the lattice lacks": (
        ("", "<relax-dof><atom-distance/></relax-dof>"),
        [
            "job.xml:9: structure has no atom-distance that could relax, allowed <lattice-parameter>, "
            "<ca-ratio>"
        ],
    ),
    "relaxed twice": (
        ("", "<relax-dof/><relax/>"),
        [
            "job.xml:9: one element too many in <hcp-lattice>, found another <relax>, allowed one of "
            "<relax>, <relax-dof>"
        ],
    ),
    "shape of the cell": (
        ("", '<relax-dof><cell shape="cubic"/></relax-dof>'),
        ['job.xml:9: bad value of shape in <cell>, found "cubic", allowed hydrostatic, orthorhombic, full'],
    ),
    "bounds of a cell": (
        ("", '<relax-dof><cell min="1"/></relax-dof>'),
        ["job.xml:9: unknown attribute in <cell>, found min, allowed enabled, shape"],
    ),
    "relative residual of forces": (
        ('<atomic-forces fit="true" target="1 2 3 4 5 6" residual-style="squared-relative"/>',),
        [
            "job.xml:11: residual-style of <atomic-forces>, found squared-relative, allowed squared, "
            "absolute-diff"
        ],
    ),
    "relative to nothing": (
        ('<total-energy fit="true" target="0" residual-style="squared-relative"/>',),
        ["job.xml:11: squared-relative residual of <total-energy> with a target of 0"],
    ),
    "unknown style": (
        ('<total-energy fit="true" target="0" residual-style="absolute"/>',),
        [
            'job.xml:11: bad value of residual-style in <total-energy>, found "absolute", allowed squared, '
            "squared-relative, absolute-diff, nearest absolute-diff"
        ],
    ),
    "all weights zero": (
        ('<total-energy fit="true" target="1" relative-weight="0"/>',),
        ["job.xml:7: all relative weights inside <hcp-lattice> are 0, allowed one above 0"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_lines(lines, name):
    arguments, expected = FAULTS[name]
    _expect(lines(*arguments), expected)


def _expect(found, expected):
    assert len(found) == len(expected), found
    for line, text in zip(found, expected, strict=True):
        start, _, end = text.partition("...")
        assert line == text or ("..." in text and line.startswith(start) and line.endswith(end)), line


def test_a_molecule_has_no_pressure_and_no_cell(lines):
    found = lines("<pressure/>", "<relax-dof><cell/></relax-dof>", form=PAIR)
    assert found == [
        "job.xml:9: cell of a structure that is not periodic along x, y and z cannot relax",
        "job.xml:10: structure has no <pressure>, allowed in a structure whose cell has a volume",
    ]


def test_forces_are_given_once(lines):
    forces = "".join(f'<force x="0" y="0" z="0" i="{i}"/>' for i in (0, 1))
    found = lines(
        '<atomic-forces target="1 2 3 4 5 6"/>', f"<atomic-forces>{forces}</atomic-forces>", form=PAIR
    )
    assert found == ["job.xml:10: targets of forces are given twice, found target"]


def test_forces_that_no_property_lists_are_compared_with(read):
    forces = "".join(f'<force x="{i}" y="0" z="0" i="{i}"/>' for i in (0, 1))
    structure = read("<total-energy/>", f"<atomic-forces>{forces}</atomic-forces>", form=PAIR)
    _, listed = structure.properties
    assert (listed.name, listed.fit, listed.target) == ("atomic-forces", False, (0, 0, 0, 1, 0, 0))


def test_presets_have_names(lines):
    assert lines(top="<tolerance-preset>exact</tolerance-preset>") == [
        'job.xml:1: bad value of <tolerance-preset>, found "exact", allowed uniform, balanced, accurate-energies'
    ]
    preset = "<tolerance-preset>uniform</tolerance-preset>"
    assert lines(top=preset, form=f"{preset}{HCP}") == [
        "job.xml:7: <tolerance-preset> twice, found another in line 1"
    ]


def test_absolute_weights_are_for_datasets_alone(lines):
    preset = "<tolerance-preset>uniform</tolerance-preset>"
    found = lines(
        '<total-energy tolerance="1"/>',
        attributes=' relative-weight="2"',
        mode=' weights="absolute"',
        top=preset,
    )
    assert found == [
        'job.xml:1: <tolerance-preset> has no effect with weights="absolute"',
        'job.xml:7: <hcp-lattice> in structures with weights="absolute", allowed <dataset>',
    ]
