import itertools

import numpy as np
import pytest

from hpcfit.objective.partition import assign_blocks, cut_blocks
from tests.helpers import small_jobs


@pytest.mark.parametrize("n_blocks", [None, 1, 2, 5, 40])
@pytest.mark.parametrize("seed", [1, 2])
def test_every_configuration_stands_in_one_block(n_blocks, seed):
    random = np.random.default_rng(seed)
    selected = [np.sort(random.permutation(50)[:n]) for n in (20, 1, 33)]
    sizes = [random.integers(1, 60, len(chosen)) for chosen in selected]
    blocks = cut_blocks(selected, sizes, n_blocks)
    for source, (chosen, size) in enumerate(zip(selected, sizes, strict=True)):
        own = [block for block in blocks if block.source == source]
        assert np.array_equal(np.concatenate([block.configurations for block in own]), chosen)
        atoms = dict(zip(chosen, size, strict=True))
        assert [block.n_atoms for block in own] == [
            sum(atoms[k] for k in block.configurations) for block in own
        ]
    assert [block.source for block in blocks] == sorted(block.source for block in blocks)


def test_blocks_are_about_equal_and_as_many_as_wanted():
    sizes = [np.full(1000, 8), np.full(500, 16)]
    selected = [np.arange(1000), np.arange(500)]
    assert [block.n_atoms for block in cut_blocks(selected, sizes, 20)] == [800] * 20
    assert len(cut_blocks(selected, sizes, None)) == 16
    assert len(cut_blocks([np.arange(3000)], [np.full(3000, 64)], None)) == 47  # 192,000 atoms, 4,096 a block


def test_many_parameters_want_few_blocks():
    selected, sizes = [np.arange(500)], [np.full(500, 8)]

    def n_blocks(n_free, wanted=None):
        return len(cut_blocks(selected, sizes, wanted, n_free))

    # 12,000 rows: a block has as many as there are parameters.
    assert [n_blocks(n) for n in (20, 256, 700, 1000, 3000, 50_000)] == [16, 16, 16, 12, 4, 1]
    assert n_blocks(3000, wanted=8) == 8
    large = cut_blocks([np.arange(3000)], [np.full(3000, 64)], None, 1000)
    assert len(large) == 47


def test_a_giant_among_small_ones():
    blocks = cut_blocks([np.arange(10)], [np.array([1, 1, 1, 1, 1000, 1, 1, 1, 1, 1])], 4)
    assert max(len(block.configurations) for block in blocks if 4 not in block.configurations) <= 5
    assert sum(block.n_atoms for block in blocks) == 1009


def test_a_plan_does_not_depend_on_ranks(tmp_path):
    """The blocks follow from the job: `make_plan` is not told of ranks, and `blocks` of a job is obeyed."""
    text = small_jobs.job_text(fitting='<fitting blocks="3"><geodesic-lm/></fitting>')
    plan = small_jobs.plan_of(small_jobs.write_job(tmp_path, text))
    assert [list(block.configurations) for block in plan.blocks] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 10, 11],
    ]


def bottleneck(costs, starts):
    return max(costs[a:b].sum() for a, b in itertools.pairwise(starts))


def least_bottleneck(costs, n_ranks):
    cuts = itertools.combinations_with_replacement(range(len(costs) + 1), n_ranks - 1)
    return min(bottleneck(costs, [0, *cut, len(costs)]) for cut in cuts)


@pytest.mark.parametrize("seed", range(20))
def test_the_dearest_rank_is_as_cheap_as_it_can_be(seed):
    random = np.random.default_rng(seed)
    costs = (
        10.0 ** random.uniform(-3, 3, random.integers(1, 9)) if seed % 2 else random.integers(1, 5, 8) * 1.0
    )
    for n_ranks in range(1, 7):
        starts = assign_blocks(costs, n_ranks)
        assert starts[0] == 0 and starts[-1] == len(costs) and (np.diff(starts) >= 0).all()
        assert starts[1] > 0  # rank 0 owns block 0
        assert bottleneck(costs, starts) == pytest.approx(least_bottleneck(costs, n_ranks), rel=1e-9)


def test_more_ranks_than_blocks():
    starts = assign_blocks(np.array([1.0, 5.0, 1.0]), 7)
    assert len(starts) == 8 and list(np.diff(starts)[:3]) in ([1, 1, 1], [2, 1, 0]) and starts[-1] == 3


def test_a_thousand_ranks_of_equal_blocks():
    assert set(np.diff(assign_blocks(np.full(3000, 0.1), 1000))) == {3}
