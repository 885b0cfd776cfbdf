"""Pressure and pressure tensor: virial over volume."""

from __future__ import annotations

from hpcfit.records import CELL, SIZE
from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.units import BAR


def _pressure() -> Observable:
    return Observable(lambda at: at.base.virials[..., :3].sum(-1, keepdims=True) / (3.0 * at.volume[:, None]))


def _component(component: int) -> Observable:
    return Observable(lambda at: at.base.virials[..., component, None] / at.volume[:, None])


def _form(component: int, name: str) -> ObservableForm:
    return ObservableForm(
        name,
        21 + component,
        "bar",
        "component of the pressure tensor, positive in compression",
        lambda *_: _component(component),
        size=BAR,
        vanishes=CELL[1:] if component < 3 else CELL[2:],
        needs_volume=True,
    )


RECORDS = (
    ObservableForm(
        "pressure",
        20,
        "bar",
        "mean of pxx, pyy, pzz; positive in compression",
        lambda *_: _pressure(),
        size=BAR,
        vanishes=SIZE,
        needs_volume=True,
    ),
    # In the order of the virial.
    *(_form(component, name) for component, name in enumerate(("pxx", "pyy", "pzz", "pyz", "pxz", "pxy"))),
)
