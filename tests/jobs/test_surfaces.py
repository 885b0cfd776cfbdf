"""Surfaces of copper in a job: energies of slabs as ASE's builders make them, and surface energies."""

from __future__ import annotations

import pytest

from hpcfit.fit import Fit, prepare, read
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.units import ELEMENTARY_CHARGE

JOB = """<job><name>surfaces</name><atom-types><species>Cu</species></atom-types>
<potentials><eam id="EAM"><mapping>
<pair-interaction species-a="*" species-b="*" function="V"/>
<electron-density species-a="*" species-b="*" function="rho"/><embedding-energy species="*" function="F"/></mapping>
<functions><morse-A id="V"><D0>0.35</D0><r0>2.9</r0><alpha>1.36</alpha><cutoff>6</cutoff>
<screening><XpowN-cutoff id="s"><cutoff>6</cutoff><h>3</h></XpowN-cutoff></screening>{free}</morse-A>
<user-function id="rho"><input-var>r</input-var><expression>exp(-1.1*r)</expression><cutoff>6</cutoff>
<screening><XpowN-cutoff id="s2"><cutoff>6</cutoff><h>3</h></XpowN-cutoff></screening></user-function>
<sqrt-embedding id="F"><D>5</D></sqrt-embedding></functions></eam></potentials>
<structures>{structures}</structures></job>
"""
FREE = "<fit-dof><D0/><alpha/></fit-dof>"
SLAB = """<fcc-lattice id="{name}"><atom-type>Cu</atom-type><lattice-parameter>3.615</lattice-parameter>
<surface {indices} layers="12" vacuum="{vacuum}"/><properties>{properties}</properties></fcc-lattice>"""
BULK = """<fcc-lattice id="fcc"><atom-type>Cu</atom-type><lattice-parameter>3.615</lattice-parameter>
<relax-dof><lattice-parameter/></relax-dof><properties><atomic-energy fit="true" target="-4.7"/></properties>
</fcc-lattice>"""

INDICES = {"s100": 'h="1" k="0" l="0"', "s110": 'h="1" k="1" l="0"', "s111": 'h="1" k="1" l="1"'}


@pytest.fixture
def fit(tmp_path):
    def opened(structures, free="", text=JOB):
        path = tmp_path / "job.xml"
        path.write_text(text.format(structures=structures, free=free))
        return Fit(prepare(lambda: read(str(path)), Serial()), Serial())

    return opened


def outcomes(fit):
    found = fit.on_root(lambda: fit.structures(fit.local.model.start)[0])
    return {outcome.id: {prop.name: prop.value for prop in outcome.properties} for outcome in found}


def slab(name, properties, vacuum=12, indices=None):
    return SLAB.format(name=name, indices=indices or INDICES[name], vacuum=vacuum, properties=properties)


def test_energies_of_slabs_of_the_conventional_cell(fit):
    made = outcomes(fit("".join(slab(name, "<total-energy/>") for name in INDICES)))
    # Twelve layers of ASE's fcc100, fcc110 and fcc111, of one atom each.
    expected = {"s100": -53.799452, "s110": -52.649689, "s111": -54.191556}
    assert {name: one["total-energy"][0] for name, one in made.items()} == pytest.approx(expected, abs=1e-6)


def test_a_surface_energy_is_that_of_two_sides(fit):
    listed = '<total-energy/><surface-area/><surface-energy bulk="fcc"/>'
    made = outcomes(fit(slab("s111", listed) + BULK))
    cut = made["s111"]["total-energy"] - 12 * made["fcc"]["atomic-energy"]
    # J/m^2 from eV/A^2.
    expected = cut / (2 * made["s111"]["surface-area"]) * ELEMENTARY_CHARGE * 1e20
    (found,) = made["s111.surface-energy"].values()
    assert found == pytest.approx(expected, rel=1e-12)
    assert found[0] > 0.0


def test_a_fitted_surface_energy_has_an_exact_jacobian_through_the_bulk(fit):
    listed = '<total-energy fit="true" target="-50" relative-weight="3"/>'
    listed += '<surface-energy bulk="fcc" fit="true" target="1.5" tolerance="0.1"/>'
    opened = fit(slab("s111", listed) + BULK, FREE)
    weights = opened.plan.weights
    # One quarter of the weight of the slab, which is one half of the job.
    assert weights.derived == pytest.approx((0.125,))
    assert [w for own in weights.structures for w in own if w] == pytest.approx([0.375, 0.5])
    with opened.root():
        x = opened.local.model.start
        at = opened.problem.linearise(x)
        step = 1e-4
        for k in range(len(x)):
            costs = []
            for factor in (-2, -1, 1, 2):
                moved = x.copy()
                moved[k] += factor * step
                costs.append(opened.problem.cost(moved))
            slope = (costs[0] - 8 * costs[1] + 8 * costs[2] - costs[3]) / (12 * step)
            assert 2 * at.gradient[k] == pytest.approx(slope, rel=1e-7)


@pytest.mark.parametrize(
    ("structures", "message"),
    [
        (
            slab("s111", '<surface-energy bulk="fc"/>') + BULK,
            "unknown structure in <surface-energy>, found 'fc'",
        ),
        (
            slab("s111", '<surface-energy bulk="fcc"/><surface-energy bulk="fcc"/>') + BULK,
            "<surface-energy> twice in <properties>",
        ),
        (
            slab("s111", '<surface-energy bulk="fcc" fit="true"/>') + BULK,
            "<surface-energy> is fitted without a target",
        ),
        (slab("s111", "<surface-energy/>") + BULK, "bulk"),
        (
            slab("s", "", indices='h="1" k="0" i="-1" l="0"'),
            "index i of <surface>, found -1, allowed h, k, l; i in",
        ),
        (
            slab("s", "", indices='h="1" k="0" l="0" termination="1"'),
            "termination of the surface, found 1, allowed 0",
        ),
        (slab("s", "", indices='h="1" k="0" l="0" termination="0 1 2"'), "termination"),
        (
            slab("s", "", indices='h="1" k="0" l="0"').replace('"12"', '"2000000"', 1),
            "too many atoms in a structure",
        ),
    ],
)
def test_faults(fit, structures, message):
    with pytest.raises(SharedError) as caught:
        fit(structures)
    assert message in str(caught.value).replace('"', "'")


HCP = """<hcp-lattice id="h"><atom-type>Cu</atom-type><lattice-parameter>2.56</lattice-parameter>
<surface h="1" k="0" i="{i}" l="0" layers="4" vacuum="6"/></hcp-lattice>"""


def test_four_indices_of_a_hexagonal_lattice(fit):
    made = fit(HCP.format(i=-1)).plan.job.own_structures[0].atoms
    assert len(made) == 8
    with pytest.raises(
        SharedError, match=r"indices h k i of <surface>, found 1 0 1, allowed i = -\(h \+ k\) = -1"
    ):
        fit(HCP.format(i=1))


def test_a_slab_of_another_composition_has_no_surface_energy(fit):
    pair = """<user-structure id="u"><cell><a1 x="4" y="0" z="0"/><a2 x="0" y="4" z="0"/><a3 x="0" y="0" z="9"/></cell>
    <atoms><atom type="Cu" x="0" y="0" z="0"/><atom type="Ag" x="2" y="2" z="2"/></atoms>
    <properties><surface-energy bulk="fcc"/></properties></user-structure>"""
    text = JOB.replace("<species>Cu</species>", "<species>Cu</species><species>Ag</species>")
    with pytest.raises(SharedError, match="composition than 'fcc', found Cu1 Ag1, allowed a multiple of Cu1"):
        fit(pair + BULK, text=text)
