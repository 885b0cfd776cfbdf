"""Jobs as atomicrex's users write them."""

from pathlib import Path

import numpy as np
from eam_jobs import aluminium

from hpcfit.records import Freedom, GeodesicOptions, WantedProperty
from hpcfit.units import BAR, GPA

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
  <A2-lattice id="bcc" relative-weight="0.1">
    <atom-type>Al</atom-type>
    <lattice-parameter> 2.6 </lattice-parameter>
    <properties>
      <lattice-parameter min="2.0" max="3.3"/>
      <atomic-energy fit='true' target='-3.25'/>
    </properties>
  </A2-lattice>
  <HCP-lattice id="hcp" relative-weight="0.1">
    <atom-type>Al</atom-type>
    <lattice-parameter> 3.0 </lattice-parameter>
    <ca-ratio>
      1.6
    </ca-ratio>
    <properties>
      <atomic-energy fit='true' target='-3.33'/>
    </properties>
  </HCP-lattice>
  <diamond-lattice id="diamond" relative-weight="0.01">
    <atom-type>Al</atom-type>
    <lattice-parameter> 5.0 </lattice-parameter>
    <properties>
      <atomic-energy fit='true' target='-2.36'/>
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
    assert fcc.relaxed == (Freedom("lattice-parameter", 3.0, 5.0),)
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
    assert fcc.properties == tuple(
        WantedProperty(*entry, "squared", line=line) for entry, line in zip(wanted, lines, strict=True)
    )
    assert (bcc.kind, bcc.relaxed, bcc.values) == ("bcc-lattice", (), {"lattice-parameter": 2.6})
    assert [(prop.name, prop.fit) for prop in bcc.properties] == [
        ("lattice-parameter", False),
        ("atomic-energy", True),
    ]
    assert (hcp.kind, hcp.values) == ("hcp-lattice", {"lattice-parameter": 3.0, "ca-ratio": 1.6})
    assert [len(structure.atoms) for structure in job.own_structures] == [1, 1, 2, 2]
    assert (diamond.relative_weight, diamond.properties[0].target) == (0.01, (-2.36,))


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
