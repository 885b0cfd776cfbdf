"""What a file of this folder says of its potential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.physics.oracle_cells import Pairs

#: Energy of a structure in extended precision, of species, pairs, their vectors and parameters (or functions) by name.
Oracle = Callable[[NDArray[np.int32], Pairs, NDArray[Any], dict[str, NDArray[Any]]], Any]


@dataclass(frozen=True)
class Sample:
    """Sensible parameters of a form, and other ways of working out its energies.

    A form that is built from functions has those of oracle_functions.py.
    """

    name: str
    oracle: Oracle
    #: by parameter, the value for one species and the bounds of those for several
    values: dict[str, tuple[float, float, float]]
    distance: float  #: smallest distance between atoms in the test structures, Angstrom
    continuous: bool = True  #: whether energy and forces vanish continuously at the cut-off
    mutual: tuple[str, ...] = ()  #: parameters of ordered triplets of which (a, b, b) and (b, a, a) are equal
    sizes: tuple[int, ...] = ()  #: of a form whose table follows from them
    kinks: tuple[str, ...] = ()  #: other distances between atoms at which derivatives of some order jump
    tolerance: float = (
        1e-9  #: of derivatives by parameters against differences, relative to the largest component
    )
    #: LAMMPS' commands and file, of the parameters by name and the number of species; None where it has no such form
    lammps: Callable[[dict[str, Any], int], dict[str, Any]] | None = None
