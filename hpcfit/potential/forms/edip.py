"""Environment-dependent interatomic potential."""

from __future__ import annotations

from hpcfit.records import ColumnFile, FormRecord, ParameterSet

_COLUMNS = "A B cutoffA cutoffC alpha beta eta gamma lambda mu rho sigma Q0 u1 u2 u3 u4"

_JUSTO = ParameterSet(
    ("Si",),
    "J. F. Justo et al., Phys. Rev. B 58, 2539 (1998)",
    {
        "A": 7.982173,
        "B": 1.5075463,
        "cutoffA": 3.121382,
        "cutoffC": 2.5609104,
        "alpha": 3.1083847,
        "beta": 0.0070975,
        "eta": 0.2523244,
        "gamma": 1.1247945,
        "lambda": 1.4533108,
        "mu": 0.6966326,
        "rho": 1.2085196,
        "sigma": 0.5774108,
        "Q0": 312.1341346,
        "u1": -0.165799,
        "u2": 32.557,
        "u3": 0.286198,
        "u4": 0.66,
    },
)

RECORDS = (
    FormRecord(
        "edip",
        published=(_JUSTO,),
        lammps=ColumnFile(
            "lammps-edip",
            "edip/multi",
            tuple(_COLUMNS.split()),
            note="pair_style edip reads the file too, and interpolates in tables",
        ),
    ),
)
