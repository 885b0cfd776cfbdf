import numpy as np
import pytest

from hpcfit.dataset.reader import Dataset
from hpcfit.objective.local import LocalObjective
from hpcfit.units import GPA
from tests.helpers import small_jobs
from tests.helpers.small_jobs import SILICON, dataset_element, job_text, sealed, silicon

X = np.array([14.0, 0.61, 2.3])

NESTED = """
<group id="A" relative-weight="3">
  <dataset id="a" file="a.h5"><properties>
    <total-energy fit="true" tolerance="0.5"/>
    <atomic-forces fit="true" relative-weight="3" tolerance="0.1"/>
    <stress relative-weight="7"/>
  </properties></dataset>
  <group id="AA" relative-weight="2">
    <dataset id="b" file="b.h5" relative-weight="9" select="index=1:"><properties>
      <total-energy fit="true" relative-weight="2" tolerance="0.2"/>
      <atomic-energy fit="true" relative-weight="1" tolerance="0.02"/>
      <stress fit="true" relative-weight="5" tolerance="0.25"/>
    </properties></dataset>
  </group>
</group>
<group id="B" relative-weight="1">
  <dataset id="c" file="b.h5"><properties>
    <atomic-forces fit="true" tolerance="0.1"/>
  </properties></dataset>
</group>
<group id="C" relative-weight="100">
  <dataset id="d" file="a.h5"><properties><total-energy/></properties></dataset>
</group>
"""


def with_missing():
    """Three configurations: whole with weight 2, without forces, without energy and forces."""
    c = silicon(3, seed=4)
    force = c.force.copy()
    force[8:] = np.nan
    energy = np.where([False, False, True], np.nan, c.energy)
    return sealed(
        c, mask=np.array([0, 2, 3], np.uint8), energy=energy, force=force, weight=np.array([2.0, 1.0, 5.0])
    )


@pytest.fixture
def nested(tmp_path):
    datasets = {"a.h5": with_missing(), "b.h5": silicon(2, seed=5)}
    return small_jobs.plan_of(small_jobs.write_job(tmp_path, job_text(NESTED), datasets))


def test_nested_groups_by_hand(nested):
    a, b, c, d = nested.factors
    # C has nothing fitted. A : B = 3 : 1, a : AA = 1 : 2, configurations of a 2 : 1 : 0, energy : forces = 1 : 3.
    of_a = 3 / 4 * 1 / 3
    assert a.energy == pytest.approx(
        [np.sqrt(of_a * 2 / 3 * 1 / 4) / 0.5, np.sqrt(of_a * 1 / 3) / 0.5, 0.0], rel=1e-14
    )
    assert a.forces == pytest.approx([np.sqrt(of_a * 2 / 3 * 3 / 4) / 0.1, 0.0, 0.0], rel=1e-14)
    assert not a.stress.any()
    of_b = 3 / 4 * 2 / 3
    energy = 2 / 8 / 0.2**2 + 1 / 8 / (0.02 * 8) ** 2
    assert b.energy == pytest.approx([np.sqrt(of_b * energy)], rel=1e-14)
    assert b.stress == pytest.approx([np.sqrt(of_b * 5 / 8) / (0.25 * GPA)], rel=1e-14)
    assert c.forces == pytest.approx(np.full(2, np.sqrt(1 / 4 * 1 / 2) / 0.1), rel=1e-14)
    assert not (d.energy.any() or d.forces.any() or d.stress.any())


def test_residuals_are_counted_where_there_is_a_target(nested):
    assert nested.n_residuals == 2 + 24 + (1 + 6) + 48


def kernel_at(x):
    parameters = SILICON.copy()
    parameters[[0, 1, 5]] = x
    return parameters


def differences(plan, number):
    """Per selected configuration of a dataset: prediction - target of energy, forces and stress."""
    source = plan.sources[number]
    with Dataset(source.path) as dataset:
        configurations = dataset.read(0, len(dataset)).take(plan.selected[number])
    parameters = kernel_at(X)
    for k in range(len(configurations)):
        one = configurations.take(np.array([k]))
        energy, force, stress = small_jobs.predictions("stillinger-weber", parameters, one)
        yield (
            energy[0] - one.energy[0],
            force - one.force,
            stress[0] - one.stress[0],
            configurations.weight[k],
        )


def cost(plan):
    local = LocalObjective(plan)
    local.own(0, len(plan.blocks))
    return sum(local.ask(lambda block: block.cost(X)))


def test_the_sum_of_squares_is_the_formula(nested):
    """chi^2 = sum W ((p - t) / delta)^2 over components, by loops over what each level of the job says."""
    shares = {0: 3 / 4 * 1 / 3, 1: 3 / 4 * 2 / 3, 2: 1 / 4}
    chi2 = 0.0
    for number, share in shares.items():
        rows = []
        for energy, force, stress, weight in differences(nested, number):
            parts = []
            for prop in (p for p in nested.sources[number].properties if p.fit):
                per_atom = len(force) if prop.name == "atomic-energy" else 1
                kinds = {"atomic-forces": force, "stress": stress}
                difference = np.ravel(kinds.get(prop.name, energy / per_atom))
                if not np.isnan(difference).any():
                    parts.append((prop.relative_weight, ((difference / prop.tolerance) ** 2).sum()))
            if parts:
                rows.append((weight, sum(w * square for w, square in parts) / sum(w for w, _ in parts)))
        chi2 += share * sum(w * square for w, square in rows) / sum(w for w, _ in rows)
    assert cost(nested) == pytest.approx(chi2, rel=1e-12)


@pytest.mark.parametrize("by_atoms", [True, False])
def test_absolute_weights_are_those_of_kliff(tmp_path, by_atoms):
    """Loss of KLIFF: 1/2 sum over configurations of |w_config (w_E dE, w_F dF) [/ n_atoms]|^2."""
    attributes = f'energy-weight="1.5" forces-weight="0.1" normalize-by-natoms="{str(by_atoms).lower()}"'
    text = job_text(dataset_element(attributes), weights="absolute")
    configurations = sealed(silicon(4), weight=np.array([1.0, 0.5, 0.0, 3.0]))
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text, {"si.h5": configurations}))
    loss = 0.0
    for energy, force, _, weight in differences(plan, 0):
        per = len(force) if by_atoms else 1
        residual = weight / per * np.concatenate([[1.5 * energy], 0.1 * force.ravel()])
        loss += 0.5 * residual @ residual
    assert plan.loss_factor * cost(plan) == pytest.approx(loss, rel=1e-12)
    assert plan.n_residuals == 3 * 25


def test_absolute_weights_of_atomic_energy_and_stress(tmp_path):
    attributes = 'energy-weight="2" stress-weight="30"'
    properties = '<atomic-energy fit="true"/><total-energy fit="true"/><stress fit="true"/><atomic-forces/>'
    text = job_text(dataset_element(attributes, properties), weights="absolute")
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text, {"si.h5": silicon(2)}))
    squares = 0.0
    for energy, force, stress, _ in differences(plan, 0):
        squares += (2 * energy) ** 2 + (2 * energy / len(force)) ** 2 + ((30 * stress) ** 2).sum()
    assert cost(plan) == pytest.approx(squares, rel=1e-12)
