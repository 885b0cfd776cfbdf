"""Default tolerances by unit, those of atomicrex's presets."""

from __future__ import annotations

from lxml import etree

from hpcfit.job.document import values
from hpcfit.job.document.values import Faults

#: By printed unit of a property. Units that are not listed (bar, A^3, ...) have 1 in every preset.
PRESETS = {
    "uniform": {},
    "balanced": {
        "eV": 0.2,
        "eV/atom": 0.01,
        "GPa": 2.0,
        "A": 0.005,
        "meV": 10.0,
        "meV/A": 10.0,
        "eV/A": 0.01,
    },
    "accurate-energies": {
        "eV": 0.1,
        "eV/atom": 0.005,
        "GPa": 2.0,
        "A": 0.005,
        "meV": 5.0,
        "meV/A": 10.0,
        "eV/A": 0.01,
    },
}


class Tolerances:
    """The tolerances of one preset.

    Parameters
    ----------
    preset
        One of `PRESETS`.
    """

    def __init__(self, preset: str) -> None:
        self.preset = preset
        self._by_unit: dict[str, float] = PRESETS[preset]

    def default(self, unit: str) -> float:
        """Return the default tolerance of a property by its printed unit, in that unit."""
        return self._by_unit.get(unit, 1.0)


def read_tolerances(root: etree._Element, faults: Faults) -> Tolerances:
    """Return the tolerances of the preset in ``<job>`` or ``<structures>``."""
    elements = [*root.findall("tolerance-preset"), *root.findall("structures/tolerance-preset")]
    for element in elements[1:]:
        what = "<tolerance-preset> twice"
        faults.add(element, what, f"another in {faults.line(elements[0])}")
    name = values.line_of_text(elements[0].text) if elements else "balanced"
    return Tolerances(name if name in PRESETS else "balanced")
