"""What a user states of a source before it is imported."""

from __future__ import annotations

from dataclasses import dataclass

#: Which stress is positive, and the factor that makes tension positive.
STRESS_SIGNS = {"tension": 1.0, "compression": -1.0}


@dataclass(frozen=True)
class ImportOptions:
    """What the user states of a source; None where nothing was stated.

    Parameters
    ----------
    energy_key, forces_key, weight_key, group_key
        Names of the source's entries.
    energy_kind
        What the energies are; by default the name they are read under, in lower case.
    stress_unit
        A name of `hpcfit.units.STRESS_UNITS`.
    stress_sign
        A name of `STRESS_SIGNS`: which stress is positive.
    ignore_stress
        Leave stress and virial out.
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
