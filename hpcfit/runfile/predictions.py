"""Predictions of datasets, merged from blocks, with the targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hpcfit.objective.local import LocalObjective
from hpcfit.records import FloatArray, Predictions


def dataset_predictions(
    local: LocalObjective, answers: Sequence[tuple[FloatArray, FloatArray, FloatArray]]
) -> tuple[Predictions, ...]:
    """Return the predictions of every dataset.

    Parameters
    ----------
    local
        Holds the job and opens its datasets.
    answers
        Energies, forces and stresses of every block of a dataset, in order.
    """
    plan, joined = local.plan, []
    for number, source in enumerate(plan.sources):
        own = [
            answer for answer, block in zip(answers, plan.data_blocks, strict=True) if block.source == number
        ]
        chosen, factors = plan.selected[number], plan.weights.datasets[number]
        with local.open_source(number) as dataset:
            targets = dataset.read(int(chosen[0]), int(chosen[-1]) + 1).take(chosen - chosen[0])
        joined.append(
            Predictions(
                source=source.id,
                groups=targets.groups,
                configuration=chosen,
                group=targets.group,
                ptr=targets.ptr,
                energy=np.concatenate([energy for energy, _, _ in own]),
                energy_target=targets.energy,
                force=np.concatenate([force for _, force, _ in own]),
                force_target=targets.force,
                stress=np.concatenate([stress for _, _, stress in own]),
                stress_target=targets.stress,
                fitted=np.stack([factors.energy, factors.forces, factors.stress], axis=1) != 0.0,
            )
        )
    return tuple(joined)
