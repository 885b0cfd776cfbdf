"""Properties that a structure does not have, and arguments that make no sense."""

from dataclasses import replace

import pytest

from hpcfit.structure.observing import observe
from tests.helpers.structure_works import lattice

FCC = lattice("fcc", {"lattice-parameter": 4.0})
LAYER = lattice("graphene", {"lattice-parameter": 3.9})
ALONE = replace(FCC, values={**FCC.values, "atom-distance": 2.5})


@pytest.mark.parametrize(
    ("structure", "name", "arguments", "message"),
    [
        (FCC, "total-enrgy", {}, "unknown property, found total-enrgy, nearest total-energy"),
        (FCC, "pressure", {"q": "0 0 0"}, "unknown attribute of pressure, found q"),
        (LAYER, "pressure", {}, "pressure of a structure whose cell has no volume"),
        (LAYER, "total-volume", {}, "total-volume of a structure whose cell has no volume"),
        (FCC, "ca-ratio", {}, "ca-ratio of a structure that has none"),
        (ALONE, "atom-distance", {}, "atom-distance of a structure of one atom"),
        (FCC, "C11", {"ions": "frozen"}, "ions of C11, found 'frozen', allowed clamped, relaxed"),
        (LAYER, "phonon-frequencies", {"q": "0 0 1/2"}, "direction that is not periodic, found '0 0 1/2'"),
        (LAYER, "phonon-frequencies", {"q": "1/2 0 0"}, "phonon-frequencies without masses"),
        (FCC, "energy-volume", {}, "energy-volume, allowed either volumes or scales"),
        (FCC, "energy-volume", {"volumes": "1", "scales": "1"}, "allowed either volumes or scales"),
        (FCC, "energy-volume", {"scales": "1 x"}, "scales of energy-volume"),
        (FCC, "energy-volume", {"scales": ""}, "scales of energy-volume"),
        (FCC, "energy-volume", {"volumes": "10 0"}, "volumes of energy-volume"),
        (FCC, "energy-volume", {"volumes": "10 inf"}, "volumes of energy-volume"),
    ],
)
def test_faults(structure, name, arguments, message):
    with pytest.raises(ValueError, match=message):
        observe(structure, name, arguments, ())
