"""Fits interatomic potentials to reference data with exact Jacobians, on one core or a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hpcfit.version import __version__

if TYPE_CHECKING:
    from hpcfit.api.job import Job

__all__ = ["Job", "__version__"]


def __getattr__(name: str) -> Any:
    # Loaded when first used: programs that want the version alone must not wait for it.
    if name == "Job":
        from hpcfit.api.job import Job

        return Job
    raise AttributeError(f"module 'hpcfit' has no attribute '{name}'")
