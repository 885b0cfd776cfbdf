import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.guard import SharedError
from hpcfit.records import DatasetIndex
from tests.helpers import small_jobs
from tests.helpers.small_jobs import LENNARD_JONES, dataset_element, job_text, sealed, silicon


def refused(tmp_path, structures, datasets, **changes):
    path = small_jobs.write_job(tmp_path, job_text(structures, **changes), datasets)
    with pytest.raises(SharedError) as shared:
        small_jobs.plan_of(path)
    assert shared.value.error.exit_code == 2
    return [line.replace(f"{path}:", "job:") for line in str(shared.value.error).splitlines()]


def test_all_faults_at_once_with_their_lines(tmp_path):
    no_stress = sealed(silicon(3), stress=np.full((3, 6), np.nan), mask=np.full(3, 4, np.uint8))
    structures = "\n".join(
        [
            dataset_element(name="carbide", file="sic.h5"),
            dataset_element('select="group=warm"', name="warm"),
            dataset_element('select="index=7:"', name="none"),
            dataset_element(properties='<total-energy fit="true"/><stress fit="true"/>', name="stress"),
        ]
    )
    datasets = {"sic.h5": silicon(2, symbols=("Si", "C")), "si.h5": no_stress}
    assert refused(tmp_path, structures, datasets) == [
        "job:13: sic.h5 holds a species that the job lacks, found C, allowed Si",
        "job:14: no group of the dataset matches, found 'warm', allowed cold, hot",
        "job:15: select matches no configuration, found 'index=7:'",
        "job:16: no target for <stress>, found 0 of 3 configurations",
    ]


def test_bonds_of_a_species_that_no_atom_is_of(tmp_path):
    seen = LENNARD_JONES.replace('id="LJ"', 'id="LJ" species-a="Si" species-b="S"')
    what = "species-b of LJ is in no structure or dataset, found S, allowed Si, nearest Si"
    assert refused(tmp_path, "", {"si.h5": silicon(2)}, potentials=seen, species=("Si", "S")) == [
        f"job:6: {what}"
    ]


def test_a_property_that_is_only_computed_needs_no_target(tmp_path):
    no_stress = sealed(silicon(3), stress=np.full((3, 6), np.nan), mask=np.full(3, 4, np.uint8))
    text = job_text(dataset_element(properties='<total-energy fit="true"/><stress/>'))
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text, {"si.h5": no_stress}))
    assert plan.n_residuals == 3


def test_nothing_to_fit(tmp_path):
    weightless = sealed(silicon(3), weight=np.zeros(3))
    (line,) = refused(tmp_path, "", {"si.h5": weightless})
    assert "nothing to fit, found all weights are zero or no target is given" in line


def test_selection_and_counts(tmp_path):
    structures = dataset_element('select="group=hot index=2:"') + dataset_element(name="all", file="si.h5")
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, job_text(structures)))
    assert [list(chosen) for chosen in plan.selected] == [[3, 5, 7, 9, 11], list(range(12))]
    assert (plan.n_structures, plan.n_atoms, plan.n_residuals) == (17, 17 * 8, 17 * 25)
    assert isinstance(plan.indices[0], DatasetIndex) and plan.loss_factor == 1.0


def test_blocks_read_what_was_selected(tmp_path):
    """A stride in the selection must not shift targets or weights; each of the four is a block, its energy first."""
    configurations = sealed(silicon(12), weight=np.arange(1.0, 13.0))
    text = job_text(
        dataset_element('select="index=1::3" energy-weight="1"', '<total-energy fit="true"/>'),
        weights="absolute",
    )
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text, {"si.h5": configurations}))
    local = LocalObjective(plan)
    local.own(0, len(plan.blocks))
    rows = np.concatenate(
        local.ask(lambda block: block.linearise(local.model.start)[0, : block._geometry.n_structures])
    )
    parameters = small_jobs.SILICON.copy()
    parameters[[0, 1, 5]] = local.model.start
    energy, _, _ = small_jobs.predictions("stillinger-weber", parameters, configurations)
    chosen = np.array([1, 4, 7, 10])
    assert rows == pytest.approx((chosen + 1) * (energy - configurations.energy)[chosen], rel=1e-11)
    assert local._owned == range(len(plan.blocks)) and len(local.seconds) == len(plan.blocks)


def test_blocks_are_kept_when_ranges_move(tmp_path):
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path))
    local = LocalObjective(plan)
    local.own(0, 6)
    kept = local.blocks[4]
    local.own(4, 9)
    assert local.blocks[0] is kept and len(local.blocks) == 5 and local._owned.start == 4


@pytest.mark.filterwarnings("error")
def test_numbers_that_are_not_finite_are_answers_without_warnings(tmp_path):
    data = sealed(silicon(4), energy=np.full(4, 1e200))
    local = LocalObjective(small_jobs.plan_of(small_jobs.write_job(tmp_path, datasets={"si.h5": data})))
    local.own(0, len(local.plan.blocks))
    assert local.ask(lambda block: block.cost(local.model.start)) == [np.inf] * 4
    assert local.first_non_finite() is None


def test_stress_without_a_volume_is_refused(tmp_path):
    c = silicon(4)
    flat, pbc = c.cell.copy(), c.pbc.copy()
    flat[2], pbc[2] = 0.0, False
    text = job_text(dataset_element('select="index=1:"', '<stress fit="true"/>'))
    path = small_jobs.write_job(tmp_path, text, {"si.h5": sealed(c, cell=flat, pbc=pbc)})
    local = LocalObjective(small_jobs.plan_of(path))
    with pytest.raises(
        InputError, match=r"^si\.h5: configuration 2: stress is fitted but the cell has no volume$"
    ):
        local.own(0, len(local.plan.blocks))


def test_a_jacobian_too_large_to_be_gathered(tmp_path, monkeypatch):
    text = job_text(fitting='<fitting assembly="gather"><geodesic-lm/></fitting>')
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text))
    assert (plan.assembly, plan.n_rows) == ("gather", 12 * 25)
    monkeypatch.setattr("hpcfit.objective.plan._MOST_GATHERED", 8 * 12 * 25 * 4 - 1)
    with pytest.raises(SharedError) as caught:
        small_jobs.plan_of(tmp_path / "job.xml")
    assert 'assembly="gather" needs too much memory on one rank, found 0 MB' in str(caught.value.error)
