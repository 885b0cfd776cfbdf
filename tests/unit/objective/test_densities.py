"""Densities that atoms are embedded in: their sum is the energy where F is the density itself and pairs have none."""

import itertools

import numpy as np
import pytest

from hpcfit.objective.model import Model
from tests.helpers.eam_jobs import eam_job, read
from tests.physics.oracle_cells import batch_of
from tests.physics.oracle_samples import sample_structures

FORM = """<{form} id="P">
  <mapping>
    <electron-density function="rho"/> <electron-density species-a="Cu" species-b="*" function="sigma"/>
    <embedding-energy species="Al" function="F"/> <embedding-energy species="Cu" function="F"/> {angles}
  </mapping>
  <functions>
    <user-function id="rho"><input-var>r</input-var><expression>b*(cutoff-r)^2</expression><param name="b">0.3</param>
      <cutoff>4</cutoff><fit-dof><b/></fit-dof></user-function>
    <user-function id="sigma"><input-var>r</input-var><expression>(cutoff-r)^3</expression><cutoff>4.5</cutoff>
    </user-function>
    <poly id="F"><coefficients><coeff n="1" value="1" enabled="false"/></coefficients></poly> {functions}
  </functions>
</{form}>"""

ANGLES = {
    "eam": ("", ""),
    "adp": ("", ""),
    "meam": (
        '<f-function function="f"/><g-function function="g"/>',
        """<user-function id="f"><input-var>r</input-var><expression>cutoff-r</expression><cutoff>4</cutoff>
        </user-function><poly id="g"><coefficients><coeff n="1" value="0.2" enabled="false"/></coefficients></poly>""",
    ),
}


@pytest.mark.parametrize("form", ANGLES)
def test_sums(form, tmp_path):
    angles, functions = ANGLES[form]
    text = FORM.format(form=form, angles=angles, functions=functions)
    model = Model(read(tmp_path, eam_job(text, species=("Al", "Cu", "Ni"))))
    structures = list(sample_structures("eam", 3).values())
    geometry = model.geometry(batch_of(structures, model.cutoff, 3))
    (densities,) = model.densities(geometry, model.start)
    species = np.concatenate([structure.species for structure in structures])
    assert np.array_equal(np.isnan(densities), species == 2)
    columns = np.zeros((1, geometry.n_rows(False)))
    assert model.evaluate(geometry, model.start, columns, virials=False) is None
    sizes = np.cumsum([0, *(len(structure.species) for structure in structures)])
    sums = [np.nansum(densities[a:b]) for a, b in itertools.pairwise(sizes)]
    np.testing.assert_allclose(sums, columns[0, : len(structures)], rtol=1e-13, atol=1e-13)
    assert model.embedding == ("P",)
    assert model.largest_densities(geometry, model.start) == [np.nanmax(densities)] != [0.0]
