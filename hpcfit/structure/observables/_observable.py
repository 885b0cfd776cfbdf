"""Observables: properties computed from evaluations of a structure and its images.

`Observable.moments` is linear in energies, forces and virials: [columns, k, m] from a `Point`, by the same operation
for values and for derivatives by the fitted parameters. For a nonlinear property (a frequency is the root of an
eigenvalue), `finish` computes it from the moments, and `tangent` its change from changes of the moments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hpcfit.records import FloatArray, PropertyForm, Structure
from hpcfit.structure.perturbations import Perturbation, Point


def _none(_: float) -> tuple[Perturbation, ...]:
    return ()


def _same(moments: FloatArray) -> FloatArray:
    return moments


def _same_tangent(_: FloatArray, change: FloatArray) -> FloatArray:
    return change


@dataclass(frozen=True)
class Observable:
    """A property of one structure.

    Parameters
    ----------
    moments
        Computes [columns, k, m] from a point.
    perturbations
        Perturbed images that the moments need besides the structure itself.
    finish
        Computes the components [p] from moments [m].
    tangent
        Computes changes [columns, p] of the components from moments [m] and their changes [columns, m].
    n
        Number of components.
    stencil
        Images for differences, from their steps over the standard ones, `Point.fraction`.
    """

    moments: Callable[[Point], FloatArray]
    perturbations: tuple[Perturbation, ...] = ()
    finish: Callable[[FloatArray], FloatArray] = _same
    tangent: Callable[[FloatArray, FloatArray], FloatArray] = _same_tangent
    n: int = 1
    stencil: Callable[[float], tuple[Perturbation, ...]] = _none

    @property
    def has_stencil(self) -> bool:
        """Whether it is a difference of evaluations, which a shell near a cut-off disturbs."""
        return self.stencil is not _none

    def images(self, fraction: float) -> tuple[Perturbation, ...]:
        """Return all perturbed images."""
        return (*self.perturbations, *self.stencil(fraction))


@dataclass(frozen=True)
class ObservableForm(PropertyForm):
    """A property of structures, and how it is computed.

    Parameters
    ----------
    observe
        Returns the observable from a structure, arguments and masses of the species (amu); raises `ValueError`.
    n_images
        Estimates the number of evaluated images from the number of atoms, for load balance.
    """

    observe: Callable[[Structure, Mapping[str, str], Sequence[float]], Observable]
    n_images: Callable[[int], int] = field(default=lambda _: 0, kw_only=True)
