"""A job of everything: forces of a dataset, relaxed lattices with elastic constants, a vacancy and what it costs."""

from tests.helpers.small_jobs import dataset_element, job_text, potential

STRUCTURES = """
<group id="bulk" relative-weight="3">
  <diamond-lattice id="dia" relative-weight="2">
    <atom-type>Si</atom-type> <lattice-parameter>5.43</lattice-parameter>
    <properties>
      <lattice-parameter fit="true" target="5.43" min="4" max="7" tolerance="0.05"/>
      <atomic-energy fit="true" target="-4.34" tolerance="0.1"/>
      <C11 fit="true" target="160" tolerance="20"/>
      <C12 fit="true" target="70" tolerance="20"/>
      <C44 fit="true" target="60" tolerance="20" ions="relaxed"/>
      <bulk-modulus target="100"/>
    </properties>
  </diamond-lattice>
  <bcc-lattice id="bcc">
    <atom-type>Si</atom-type> <lattice-parameter>3.1</lattice-parameter>
    <properties><atomic-energy fit="true" target="-3.8" tolerance="0.1"/></properties>
    <relax-dof><lattice-parameter/></relax-dof>
  </bcc-lattice>
</group>
<diamond-lattice id="vacancy">
  <atom-type>Si</atom-type> <lattice-parameter>5.43</lattice-parameter>
  <repeat x="2" y="2" z="2"/> <vacancy site="0"/>
  <properties><total-energy/></properties>
  <relax-dof><atom-coordinates/></relax-dof>
  <output file="vacancy.xyz" format="extxyz"/>
</diamond-lattice>
<derived-property id="formation" unit="eV" fit="true" target="3.6" tolerance="0.2">
  <expression>{vacancy.total-energy} - 15*{dia.atomic-energy}</expression>
</derived-property>
"""


def mixed_job(fitting="<fitting><geodesic-lm/></fitting>"):
    forces = dataset_element(properties='<atomic-forces fit="true" tolerance="0.2"/><total-energy/>')
    return job_text(forces + STRUCTURES, potential(A=14.0, gamma=2.3), fitting)
