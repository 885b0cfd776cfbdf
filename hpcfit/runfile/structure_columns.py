"""Conversion of outcomes of structures to flat columns of a run file, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from hpcfit.records import IntArray
from hpcfit.runfile.outcomes import PropertyOutcome, StructureOutcome

Columns = Mapping[str, Any]

_COMPONENTS = ("start", "value", "target")
_OF_PROPERTY = tuple(f.name for f in fields(PropertyOutcome) if f.name not in _COMPONENTS)


def structure_columns(outcomes: Sequence[StructureOutcome]) -> dict[str, Any]:
    """Return the columns that `hpcfit.runfile.layout.STRUCTURE_FIELDS` describes."""
    return {
        **{name: [getattr(outcome, name) for outcome in outcomes] for name in ("id", "kind")},
        "trouble": [outcome.failure for outcome in outcomes],
        "cell": np.array([outcome.cell for outcome in outcomes]).reshape(-1, 3, 3),
        "pbc": np.array([outcome.pbc for outcome in outcomes], dtype=bool).reshape(-1, 3),
        "ptr": _offsets(len(outcome.symbols) for outcome in outcomes),
        "symbol": [symbol for outcome in outcomes for symbol in outcome.symbols],
        "position": np.concatenate([np.zeros((0, 3)), *(outcome.position for outcome in outcomes)]),
        "property_ptr": _offsets(len(outcome.properties) for outcome in outcomes),
    }


def property_columns(outcomes: Sequence[StructureOutcome]) -> dict[str, Any]:
    """Return the columns that `hpcfit.runfile.layout.PROPERTY_FIELDS` describes."""
    properties = [prop for outcome in outcomes for prop in outcome.properties]
    return {
        **{name: [getattr(prop, name) for prop in properties] for name in _OF_PROPERTY},
        "residual": [prop.residual for prop in properties],
        "ptr": _offsets(len(prop.value) for prop in properties),
        **{
            name: np.concatenate([np.zeros(0), *(getattr(prop, name) for prop in properties)])
            for name in _COMPONENTS
        },
    }


def outcomes_of(structures: Columns, properties: Columns) -> tuple[StructureOutcome, ...]:
    """Return the outcomes that columns were made from."""
    every = [_property(properties, k) for k in range(len(properties["name"]))]
    return tuple(_structure(structures, every, k) for k in range(len(structures["id"])))


def _structure(columns: Columns, properties: list[PropertyOutcome], k: int) -> StructureOutcome:
    atoms = slice(*columns["ptr"][k : k + 2])
    return StructureOutcome(
        id=columns["id"][k],
        kind=columns["kind"][k],
        failure=columns["trouble"][k],
        cell=columns["cell"][k],
        pbc=columns["pbc"][k],
        symbols=tuple(columns["symbol"][atoms].tolist()),
        position=columns["position"][atoms],
        properties=tuple(properties[slice(*columns["property_ptr"][k : k + 2])]),
    )


def _property(columns: Columns, k: int) -> PropertyOutcome:
    components = slice(*columns["ptr"][k : k + 2])
    own = {name: _plain(columns[name][k]) for name in _OF_PROPERTY}
    return PropertyOutcome(**own, **{name: columns[name][components] for name in _COMPONENTS})


def _offsets(counts: Iterable[int]) -> IntArray:
    return np.cumsum([0, *counts], dtype=np.int64)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
