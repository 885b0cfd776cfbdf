"""The properties that structures have: names, units, and what their elements may say."""

from __future__ import annotations

from hpcfit.records import PropertyForm
from hpcfit.units import BAR, GPA

#: The 21 elastic constants, ``C11``, ``C12``, ... ``C66``, and their places in Voigt's order.
ELASTIC = {f"C{i + 1}{j + 1}": (i, j) for i in range(6) for j in range(i, 6)}

#: Components of the pressure tensor, in the order of the virial: xx yy zz yz xz xy.
STRESSES = ("pxx", "pyy", "pzz", "pyz", "pxz", "pxy")

_IONS = {
    "ions": "clamped (the default): atoms follow the strain; relaxed: atoms come to rest in the strained cell"
}
_CURVE = {
    "volumes": "volumes per atom, A^3",
    "scales": "volumes over that of the structure, in place of volumes",
}


def _scalar(name: str, unit: str, size: float, description: str, always: bool = False) -> PropertyForm:
    return PropertyForm(name, unit, size, vector=False, mirrors="", always=always, description=description)


def _mirror(name: str, unit: str, description: str) -> PropertyForm:
    return PropertyForm(name, unit, 1.0, vector=False, mirrors=name, always=False, description=description)


def _elastic(name: str) -> PropertyForm:
    said = "elastic constant: stress over strain in the structure's present cell"
    return PropertyForm(
        name, "GPa", GPA, vector=False, mirrors="", always=False, description=said, arguments=_IONS
    )


def _vector(name: str, unit: str, description: str, arguments: dict[str, str]) -> PropertyForm:
    return PropertyForm(
        name, unit, 1.0, vector=True, mirrors="", always=False, description=description, arguments=arguments
    )


PROPERTIES = (
    _scalar("total-energy", "eV", 1.0, "potential energy", always=True),
    _scalar("atomic-energy", "eV/atom", 1.0, "potential energy over the number of atoms", always=True),
    _scalar("total-volume", "A^3", 1.0, "volume of the cell", always=True),
    _scalar("atomic-volume", "A^3/atom", 1.0, "volume over the number of atoms", always=True),
    _scalar("pressure", "bar", BAR, "mean of pxx, pyy, pzz; positive in compression"),
    *(
        _scalar(name, "bar", BAR, "component of the pressure tensor, positive in compression")
        for name in STRESSES
    ),
    _scalar("bulk-modulus", "GPa", GPA, "V d2E/dV2, all lengths scaled alike"),
    _scalar("bulk-modulus-derivative", "1", 1.0, "dB/dp of the bulk modulus, all lengths scaled alike"),
    *(_elastic(name) for name in ELASTIC),
    _mirror("lattice-parameter", "A", "lattice parameter"),
    _mirror("ca-ratio", "1", "ratio of the lattice parameters along z and x"),
    _mirror("atom-distance", "A", "distance between the first and the second atom"),
    _vector("atomic-forces", "eV/A", "forces on all atoms, row by row", {}),
    _vector(
        "phonon-frequencies",
        "THz",
        "frequencies at a wave vector in ascending order; negative where a mode is unstable",
        {"q": "wave vector in units of the reciprocal cell vectors, as in 1/2 0 0.25"},
    ),
    _vector(
        "energy-volume", "eV/atom", "energies per atom at given volumes, all lengths scaled alike", _CURVE
    ),
)
