"""Units: inside the code everything is eV, Angstrom and what follows from them; others live at the border.

Values are CODATA 2018, exact by the definition of the SI.
"""

from __future__ import annotations

ELEMENTARY_CHARGE = 1.602176634e-19

#: 1 GPa in eV/Angstrom^3.
GPA = 1e9 * 1e-30 / ELEMENTARY_CHARGE

#: 1 bar in eV/Angstrom^3.
BAR = 1e-4 * GPA

#: 1 J/m^2 in eV/Angstrom^2.
JOULE_PER_SQUARE_METRE = 1e-20 / ELEMENTARY_CHARGE

#: Units of stress that files come in, in eV/Angstrom^3.
STRESS_UNITS = {"eV/A^3": 1.0, "GPa": GPA, "kbar": 0.1 * GPA, "bar": BAR}

#: Longest cell vector and largest coordinate that a structure in Angstrom can have: a tenth of a millimetre.
LONGEST = 1e6

#: Largest weight, and the inverse of the smallest: squares of products of several stay finite.
LARGEST_WEIGHT = 1e30
