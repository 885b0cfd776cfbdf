"""How a property follows from evaluations of a structure and of its images.

`Observable.moments` is linear in energies, forces and virials: [columns, k, m] from a `Point`, by the same operation
for values and for derivatives with respect to the fitted parameters. Where a property is not linear (a frequency is
the root of an eigenvalue), `finish` makes it from the moments, and `tangent` its change from theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hpcfit.records import FloatArray, PropertyForm, Structure
from hpcfit.structure.perturbations import Perturbation, Point


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
        From a point, [columns, k, m].
    perturbations
        Images of the structure that the moments need besides the structure itself.
    finish
        From moments [m], the components [p].
    tangent
        From moments [m] and changes [columns, m] of them, those of the components [columns, p].
    n
        Number of components.
    """

    moments: Callable[[Point], FloatArray]
    perturbations: tuple[Perturbation, ...] = ()
    finish: Callable[[FloatArray], FloatArray] = _same
    tangent: Callable[[FloatArray, FloatArray], FloatArray] = _same_tangent
    n: int = 1


@dataclass(frozen=True)
class ObservableForm(PropertyForm):
    """A property that structures have, and how it is computed.

    Parameters
    ----------
    observe
        From a structure, the arguments and the masses of the species (amu) to the observable; raises `ValueError` with
        what is wrong.
    n_images
        From the number of atoms to an estimate of the images that it evaluates, for the balance between blocks.
    """

    observe: Callable[[Structure, Mapping[str, str], Sequence[float]], Observable]
    n_images: Callable[[int], int] = field(default=lambda _: 0, kw_only=True)
