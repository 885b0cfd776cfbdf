"""Pressure and the components of the pressure tensor, virial over volume."""

from __future__ import annotations

from hpcfit.structure.observables._observable import Observable, ObservableForm
from hpcfit.units import BAR


def _pressure() -> Observable:
    return Observable(lambda at: at.base.virials[..., :3].sum(-1, keepdims=True) / (3.0 * at.volume[:, None]))


def _component(component: int) -> Observable:
    return Observable(lambda at: at.base.virials[..., component, None] / at.volume[:, None])


def _form(component: int, name: str) -> ObservableForm:
    return ObservableForm(
        name=name,
        rank=21 + component,
        unit="bar",
        size=BAR,
        description="component of the pressure tensor, positive in compression",
        needs_volume=True,
        observe=lambda _structure, _arguments, _masses: _component(component),
    )


RECORDS = (
    ObservableForm(
        name="pressure",
        rank=20,
        unit="bar",
        size=BAR,
        description="mean of pxx, pyy, pzz; positive in compression",
        needs_volume=True,
        observe=lambda _structure, _arguments, _masses: _pressure(),
    ),
    # In the order of the virial.
    *(_form(component, name) for component, name in enumerate(("pxx", "pyy", "pzz", "pyz", "pxz", "pxy"))),
)
