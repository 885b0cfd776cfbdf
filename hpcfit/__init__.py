"""Fits interatomic potentials to reference data with exact Jacobians, on one core or a cluster."""

from hpcfit.version import __version__

__all__ = ["__version__"]
