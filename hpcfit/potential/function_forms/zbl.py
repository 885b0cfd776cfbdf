"""The screened nuclear repulsion of Ziegler, Biersack and Littmark."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

RECORDS = (
    function_form(
        "zbl",
        """14.399645478425668*Z1*Z2/x*(0.18175*exp(-3.19980*x*(Z1^0.23+Z2^0.23)/0.46850)
        + 0.50986*exp(-0.94229*x*(Z1^0.23+Z2^0.23)/0.46850) + 0.28022*exp(-0.40290*x*(Z1^0.23+Z2^0.23)/0.46850)
        + 0.02817*exp(-0.20162*x*(Z1^0.23+Z2^0.23)/0.46850))""",
        "Z1:1 Z2:1",
        "J. F. Ziegler, J. P. Biersack and U. Littmark, The Stopping and Range of Ions in Matter (1985)",
    ),
)
