from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpcfit.dataset.hashing import content_ids
from hpcfit.dataset.layout import Provenance
from hpcfit.dataset.writer import write
from hpcfit.records import Configurations, Missing

PROVENANCE = Provenance("here.xyz", "0" * 64, "{}", "2026-01-01T00:00:00+00:00", "0.1.0")


def random_configurations(
    n: int = 7,
    seed: int = 1,
    symbols: tuple[str, ...] = ("Si", "C"),
    groups: tuple[str, ...] = ("bulk", "a b"),
) -> Configurations:
    """Configurations with every peculiarity: missing targets, no cell, a slab, weights, negative zeros."""
    random = np.random.default_rng(seed)
    ptr = np.concatenate([[0], np.cumsum(random.integers(1, 6, n))])
    mask = np.resize([0, 4, 7, 2, 1], n).astype(np.uint8)
    cell = 9 * np.eye(3) + random.normal(size=(n, 3, 3))
    pbc = np.ones((n, 3), dtype=bool)
    cell[2], pbc[2], pbc[1, 2] = 0, False, False
    force = random.normal(size=(ptr[-1], 3))
    force[0] = -0.0
    force[np.repeat((mask & Missing.FORCES) != 0, np.diff(ptr))] = np.nan
    configurations = Configurations(
        symbols=symbols,
        groups=groups,
        ptr=ptr,
        cell=cell,
        pbc=pbc,
        energy=np.where(mask & Missing.ENERGY, np.nan, random.normal(size=n) * 1e3),
        stress=np.where((mask & Missing.STRESS)[:, np.newaxis], np.nan, random.normal(size=(n, 6)) * 1e-5),
        mask=mask,
        group=random.integers(0, len(groups), n).astype(np.int32),
        weight=np.resize([1.0, 0.1], n),
        id=np.zeros((n, 16), dtype=np.uint8),
        species=random.integers(0, len(symbols), ptr[-1]).astype(np.int32),
        position=random.normal(size=(ptr[-1], 3)) * 10,
        force=force,
    )
    return replace(configurations, id=content_ids(configurations))


@pytest.fixture
def configurations() -> Configurations:
    return random_configurations()


@pytest.fixture
def make() -> Callable[..., Configurations]:
    return random_configurations


@pytest.fixture
def provenance() -> Provenance:
    return PROVENANCE


@pytest.fixture
def stored(tmp_path: Path, configurations: Configurations) -> Path:
    path = tmp_path / "set.h5"
    write(path, configurations, PROVENANCE, "energy")
    return path
