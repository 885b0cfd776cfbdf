"""Samples of the properties of structures: one file for each of `hpcfit.structure.observables`."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import hpcfit.structure.observables
from tests.observables._sample import Sample

#: Names of the files that need one here.
FILES = tuple(
    module.name
    for module in pkgutil.iter_modules(hpcfit.structure.observables.__path__)
    if not module.name.startswith("_")
)


def missing(name: str) -> bool:
    """Return whether a file has none here."""
    return not (Path(__file__).parent / f"{name}.py").exists()


def samples() -> tuple[Sample, ...]:
    """Return all samples."""
    present = [importlib.import_module(f"tests.observables.{name}") for name in FILES if not missing(name)]
    return tuple(sample for module in present for sample in module.SAMPLES)
