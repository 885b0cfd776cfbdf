"""Jobs as atomicrex's users write them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.records import DegreeOfFreedom, GeodesicOptions, WantedProperty
from hpcfit.units import BAR, GPA
from tests.helpers.eam_jobs import aluminium

XI = 'xmlns:xi="http://www.w3.org/2003/XInclude"'

JOB = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<job>
  <name> Al EAM </name>
  <verbosity>
    maximum
  </verbosity>
  <real-precision> 12 </real-precision>
  <validate-potentials/>
  <output-file>al.log</output-file>
  <fitting enabled="TRUE"><geodesic-lm/></fitting>
  <atom-types>
    <species mass="26.98" atomic-number="13"> Al </species>
  </atom-types>
  <potentials>
    <xi:include href="potential.xml" {XI}/>
  </potentials>
  <structures>
    <xi:include href="structures.xml" {XI}/>
  </structures>
</job>
"""

#: T1 of the reference: four lattices, nine fitted properties.
STRUCTURES = """<?xml version="1.0" encoding="iso-8859-1"?>
<group>
  <fcc-lattice id="fcc" relative-weight="5">
    <atom-type> Al </atom-type>
    <lattice-parameter> 4.05 </lattice-parameter>
    <properties>
      <lattice-parameter fit='True' target='4.05' relative-weight='2' min='3' max='5'/>
      <atomic-energy fit='TRUE' target='-3.36' relative-weight='2'/>
      <bulk-modulus fit='true' target='79' />
      <C11 fit='true' target='114' />
      <C12 fit='true' target='61.9' />
      <C44 fit='true' target='31.6' />
      <pressure output='true'/>
    </properties>
  </fcc-lattice>
  <A2-lattice id="bcc">
    <atom-type>Al</atom-type>
    <lattice-parameter> 2.6 </lattice-parameter>
    <properties>
      <lattice-parameter min="2.0" max="3.3"/>
      <atomic-energy fit='true' target='-3.25' relative-weight='0.1'/>
    </properties>
  </A2-lattice>
  <HCP-lattice id="hcp">
    <atom-type>Al</atom-type>
    <lattice-parameter> 3.0 </lattice-parameter>
    <ca-ratio>
      1.6
    </ca-ratio>
    <properties>
      <atomic-energy fit='true' target='-3.33' relative-weight='0.1'/>
    </properties>
  </HCP-lattice>
  <diamond-lattice id="diamond">
    <atom-type>Al</atom-type>
    <lattice-parameter> 5.0 </lattice-parameter>
    <properties>
      <atomic-energy fit='true' target='-2.36' relative-weight='0.01'/>
    </properties>
  </diamond-lattice>
</group>
"""


def test_four_lattices_of_aluminium(read_files, tmp_path):
    job = read_files(job=JOB, potential=aluminium(), structures=STRUCTURES)
    assert (job.name, job.species, job.masses, job.atomic_numbers) == ("Al EAM", ("Al",), (26.98,), (13,))
    assert (job.verbosity, job.precision, job.validate) == ("maximum", 12, True)
    assert job.log_file == str((tmp_path / "al.log").resolve())
    assert job.fitting is not None and job.fitting.solver == GeodesicOptions()
    assert {p.path: p.start for p in job.free} == {
        "EAM.V.A": 500.0,
        "EAM.V.lambda": 2.73,
        "EAM.rho.twomu": 1.14,
        "EAM.F.D": 8.0,
    }
    fcc, bcc, hcp, diamond = job.own_structures
    assert (fcc.kind, fcc.relative_weight, fcc.values) == ("fcc-lattice", 5.0, {"lattice-parameter": 4.05})
    assert np.allclose(fcc.atoms.cell, 4.05 / 2 * (1 - np.eye(3)), rtol=1e-15, atol=0)
    assert fcc.relaxed == (DegreeOfFreedom("lattice-parameter", 3.0, 5.0),)
    lines = [prop.line for prop in fcc.properties]
    wanted = [
        ("lattice-parameter", True, (4.05,), 2.0, 0.005),
        ("atomic-energy", True, (-3.36,), 2.0, 0.01),
        ("bulk-modulus", True, (79 * GPA,), 1.0, 2 * GPA),
        ("C11", True, (114 * GPA,), 1.0, 2 * GPA),
        ("C12", True, (61.9 * GPA,), 1.0, 2 * GPA),
        ("C44", True, (31.6 * GPA,), 1.0, 2 * GPA),
        ("pressure", False, (), 1.0, BAR),
    ]
    first, *others = (
        WantedProperty(*entry, "squared", line=line) for entry, line in zip(wanted, lines, strict=True)
    )
    assert fcc.properties == (replace(first, minimum=3.0, maximum=5.0), *others)
    assert (bcc.kind, bcc.relaxed, bcc.values) == ("bcc-lattice", (), {"lattice-parameter": 2.6})
    assert [(prop.name, prop.fit) for prop in bcc.properties] == [
        ("lattice-parameter", False),
        ("atomic-energy", True),
    ]
    assert (hcp.kind, hcp.values) == ("hcp-lattice", {"lattice-parameter": 3.0, "ca-ratio": 1.6})
    assert [len(structure.atoms) for structure in job.own_structures] == [1, 1, 2, 2]
    assert (diamond.properties[0].relative_weight, diamond.properties[0].target) == (0.01, (-2.36,))


#: T4 of the reference: 108 atoms with forces.
DISTORTED = """<job>
  <atom-types><species>Al</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <potentials>{potential}</potentials>
  <structures>
    <user-structure id="distorted">
      <pbc x="True" y="True" z="True"/>
      <cell>
        <a1 x="12.15" y="0" z="0"/>
        <a2 x="0" y="12.15" z="0"/>
        <a3 x="0" y="0" z="12.15"/>
        <atoms>{atoms}</atoms>
      </cell>
      <atomic-forces>{forces}</atomic-forces>
      <properties>
        <total-energy/>
        <atomic-forces fit="true" relative-weight="0.5" output-all="true"/>
      </properties>
    </user-structure>
  </structures>
</job>"""


def test_distorted_cell_of_aluminium(read_files):
    table = np.loadtxt(Path(__file__).parents[2] / "physics" / "aluminium.txt")
    rows = list(enumerate(table.tolist()))
    atoms = [f'<atom type="Al" x="{row[0]}" y="{row[1]}" z="{row[2]}" reduced="false"/>' for _, row in rows]
    forces = [f'<force x="{row[3]}" y="{row[4]}" z="{row[5]}" i="{i}"/>' for i, row in rows]
    text = DISTORTED.format(potential=aluminium(), atoms="\n".join(atoms), forces="\n".join(forces[::-1]))
    job = read_files(job=text)
    (structure,) = job.own_structures
    assert np.array_equal(structure.atoms.position, table[:, :3])
    assert np.array_equal(structure.atoms.cell, 12.15 * np.eye(3)) and structure.atoms.pbc.all()
    energy, force = structure.properties
    assert (energy.fit, energy.target) == (False, ())
    assert (force.fit, force.all_components, force.tolerance) == (True, True, 0.01)
    assert force.target == tuple(table[:, 3:].ravel())


TERSOFF = """<job>
  <atom-types><species>Si</species><species>C</species></atom-types>
  <potentials>
    <{form} id="bonds" species-a="*" species-b="*"{mode}>
      <param-file> SiC.tersoff </param-file>
      <export-potential> out.tersoff </export-potential>
      <fit-dof>
        {degrees}
      </fit-dof>
    </{form}>
  </potentials>
  <structures/>
</job>"""

#: e1 e2 e3 m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A
_ROW = "{} 3 1 0 38049 4.3484 -0.57058 0.72751 1.5724e-7 2.2119 346.7 1.95 0.15 3.4879 1393.6 # a comment\n"


def _bonds(read_files, tmp_path, form, degrees, mode=""):
    tags = [f"{a} {b} {c}" for a in ("Si", "C") for b in ("Si", "C") for c in ("Si", "C")]
    (tmp_path / "SiC.tersoff").write_text("".join(_ROW.format(tag) for tag in tags))
    job = read_files(job=TERSOFF.format(form=form, degrees=degrees, mode=mode))
    return {parameter.path: parameter for parameter in job.parameters}


def test_tersoff_with_tags_of_three_species(read_files, tmp_path):
    degrees = """<A tag="SiCC" enabled="True" min="1000" max="2000" reset="false"/>
        <B tag="CSiSi" enabled="true"/><theta0 tag="SiCSi"/><beta tag="CCC" enabled="false"/>"""
    table = _bonds(read_files, tmp_path, "tersoff", degrees)
    free = [path for path, parameter in table.items() if parameter.free]
    assert free == ["bonds.costheta0[SiCSi]", "bonds.B[CSi]", "bonds.A[SiC]"]
    assert (table["bonds.A[SiC]"].minimum, table["bonds.A[SiC]"].maximum) == (1000.0, 2000.0)
    assert table["bonds.costheta0[SiCSi]"].start == -0.57058


def test_abop_with_names_of_its_own(read_files, tmp_path):
    degrees = '<D0 tag="SiCC"/><h tag="SiCC"/><twomu tag="CCSi"/><beta2 tag="SiSiSi"/><powern tag="CCC"/>'
    table = _bonds(read_files, tmp_path, "abop", degrees, ' classic-mode="False"')
    free = [path for path, parameter in table.items() if parameter.free]
    assert free == [
        "bonds.D0[SiC]",
        "bonds.h[SiCC]",
        "bonds.twomu[CCSi]",
        "bonds.beta2[SiSi]",
        "bonds.powern[CC]",
    ]
    assert table["bonds.h[SiCC]"].start == 0.57058


def test_cutoffs_of_abop_are_switched_off(read_files, tmp_path, lines_of):
    """atomicrex lists them among what may be fitted; here they may not, and stand where its files have them."""
    degrees = (
        '<bigr tag="SiCC" enabled="False" min="1.8" max="2.1" reset="false"/><bigd enabled="false"/><D0/>'
    )
    table = _bonds(read_files, tmp_path, "abop", degrees)
    assert {path[:8] for path, parameter in table.items() if parameter.free} == {"bonds.D0"}
    job = TERSOFF.format(form="abop", degrees='<bigr tag="SiCC" enabled="true"/>', mode="")
    what = 'job.xml:8: bad value of enabled in <bigr>, found "true", allowed false: it cannot be fitted'
    assert what in lines_of(job=job)


def test_classic_mode_of_abop(read_files, tmp_path):
    """Values of a triplet are those of centre, third and third atom; nothing else is there to be fitted."""
    degrees = '<D0 tag="SiCC"/><h tag="SiCC"/><twomu/>'
    table = _bonds(read_files, tmp_path, "abop", degrees, ' classic-mode="True"')
    triplets = ("SiSiSi", "SiCC", "CSiSi", "CCC")
    free = [path for path, parameter in table.items() if parameter.free]
    assert free == ["bonds.D0[SiC]", "bonds.h[SiCC]", *(f"bonds.twomu[{tag}]" for tag in triplets)]
    assert [path for path in table if path.startswith("bonds.m[")] == [f"bonds.m[{tag}]" for tag in triplets]


def test_unused_triplets_of_classic_mode(lines_of, tmp_path):
    (tmp_path / "SiC.tersoff").write_text("")
    job = TERSOFF.format(form="abop", degrees='<h tag="SiCSi"/>', mode=' classic-mode="true"')
    faults = lines_of(job=job)
    what = "job.xml:8: unused ordered-triplet in the tag of <h>"
    assert f'{what}, found "SiCSi", allowed SiSiSi, SiCC, CSiSi, CCC, nearest SiSiSi' in faults


@pytest.mark.parametrize("form", ["tersoff", "abop"])
def test_species_of_a_potential_with_tags(form, lines_of, tmp_path):
    (tmp_path / "SiC.tersoff").write_text("")
    job = TERSOFF.format(form=form, degrees="", mode="").replace('species-b="*"', 'species-b="C"')
    what = f"job.xml:4: species-a and species-b of <{form}>, whose species are those of the tags"
    assert f'{what}, found "*" and "C", allowed "*"' in lines_of(job=job)


def test_species_of_a_potential_without_bonds(lines_of):
    one = '<one-body id="E" species-a="Si"><energy>1</energy></one-body>'
    job = f"""<job><atom-types><species>Si</species></atom-types>
      <potentials>{one}</potentials><structures/></job>"""
    what = 'species-a and species-b of <one-body>, which has no bonds, found "Si" and "*", allowed "*"'
    assert lines_of(job=job) == [f"job.xml:2: {what}"]


def test_tag_of_a_pair_that_a_potential_does_not_see(lines_of):
    text = """<job><atom-types><species>Si</species><species>C</species></atom-types>
      <potentials>
      <lennard-jones id="LJ" species-a="C" species-b="Si">
        <sigma>2</sigma><epsilon>1</epsilon><cutoff>5</cutoff>
        <fit-dof><sigma tag="CC"/></fit-dof>
      </lennard-jones></potentials><structures/></job>"""
    what = 'unused pair in the tag of <sigma>, found "CC", allowed SiC'
    assert lines_of(job=text) == [f"job.xml:5: {what}"]


MISHIN = """<job>
  <atom-types><species>Cu</species></atom-types>
  <potentials>
    <eam id="EAM" species-a="*" species-b="*">
      <mapping>
        <pair-interaction species-a="*" species-b="*" function="V"/>
        <electron-density species-a="*" species-b="*" function="rho"/>
        <embedding-energy species="*" function="F"/>
      </mapping>
      <functions>
        <sum id="V">
          <morse-B id="bond">
            <cutoff>5.5</cutoff>
            <D0>0.4</D0> <r0>2.5</r0> <beta>1.4</beta> <S>1.5</S> <delta>0.01</delta>
            <fit-dof> <delta enabled="true"/> </fit-dof>
            <screening><XpowN-cutoff id="s"><cutoff>5.5</cutoff><h>0.5</h><N>4</N></XpowN-cutoff></screening>
          </morse-B>
          <RsMinusRPowN id="core"><cutoff>5.5</cutoff><S>1</S><rs>2.2</rs><N>4</N></RsMinusRPowN>
        </sum>
        <spline id="rho">
          <cutoff>5.5</cutoff>
          <derivative-left>0</derivative-left> <derivative-right>0</derivative-right>
          <fit-dof> <derivative-left/> </fit-dof>
          <nodes>
            <node x="1" y="1.2" enabled="true" reset="false" min="0" max="2"/>
            <node x="5.5" y="0" enabled="false"/>
          </nodes>
        </spline>
        <Extended-Mishin-Cu-F id="F">
          <F0>-2.3</F0> <F2>1.4</F2> <f3>0</f3> <f4>0</f4> <f5>0</f5> <f6>0</f6>
          <a3>0</a3> <a4>0</a4> <a5>0</a5> <a6>0</a6> <d3>0</d3> <d4>0</d4> <d5>0</d5>
          <fit-dof> <F2/> </fit-dof>
        </Extended-Mishin-Cu-F>
      </functions>
    </eam>
  </potentials>
  <structures/>
</job>"""


def test_functions_of_copper(read_files):
    job = read_files(job=MISHIN)
    assert [parameter.path for parameter in job.free] == [
        "EAM.V.bond.delta",
        "EAM.rho.node[1].y",
        "EAM.rho.derivative-left",
        "EAM.F.F2",
    ]
