"""The options of an import."""

from __future__ import annotations

from dataclasses import dataclass

#: Sign conventions, and the factors that make tension positive.
STRESS_SIGNS = {"tension": 1.0, "compression": -1.0}


@dataclass(frozen=True)
class ImportOptions:
    """The options of an import; None where not given.

    Parameters
    ----------
    energy_key, forces_key, weight_key, group_key
        Names of the source's entries.
    energy_kind
        Kind of the energies; by default their key in lower case.
    stress_unit
        A name of `hpcfit.units.STRESS_UNITS`.
    stress_sign
        A name of `STRESS_SIGNS`.
    ignore_stress
        Whether to skip stress and virial.
    group_split
        The group is the part of the name before this text.
    """

    energy_key: str | None = None
    energy_kind: str | None = None
    forces_key: str | None = None
    stress_unit: str | None = None
    stress_sign: str | None = None
    ignore_stress: bool = False
    group_key: str | None = None
    group_split: str | None = None
    weight_key: str | None = None
