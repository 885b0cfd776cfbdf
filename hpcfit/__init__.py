"""Fits interatomic potentials to reference data with exact Jacobians, on one core or a cluster."""

from hpcfit.version import __version__

# The console script imports this file before it can handle signals, so that it imports nothing that takes time.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Public names by file of `hpcfit.api`; a file is imported when one of its names is first used.
_EXPORTS = {
    "Calculator": "calculator",
    "Dataset": "dataset",
    "Free": "potential",
    "Job": "job",
    "Loss": "loss",
    "MagnitudeInverseWeight": "weights",
    "Potential": "potential",
    "Result": "result",
    "Weight": "weights",
    "energy_forces_residual": "residuals",
    "energy_forces_stress_residual": "residuals",
    "energy_residual": "residuals",
    "forces_residual": "residuals",
}

__all__ = ["__version__", *_EXPORTS]  # noqa: PLE0604 (names of a dictionary)


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    if name not in _EXPORTS:
        raise AttributeError(f"module 'hpcfit' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"hpcfit.api.{_EXPORTS[name]}"), name)
    return value


def __dir__() -> list[str]:
    return [*globals(), *_EXPORTS]
