"""Targets beside values that no potential changes are named."""

import pytest

from hpcfit.fit import Fit, prepare, read
from hpcfit.parallel.communicator import Serial

JOB = """<job><name>inputs</name><atom-types><species>Al</species></atom-types>
<potentials><lennard-jones id="LJ"><sigma>2.62</sigma><epsilon>0.4</epsilon><cutoff>6.3</cutoff></lennard-jones>
</potentials>
<structures><hcp-lattice id="hcp"><atom-type>Al</atom-type><lattice-parameter>2.9</lattice-parameter>
<relax-dof>{relaxed}</relax-dof>
<properties>{properties}</properties></hcp-lattice></structures></job>
"""
INPUT = "is not relaxed: the job's own value"
SIZE = "<lattice-parameter/>"
WHOLE = '<cell shape="full"/>'


@pytest.fixture
def opened(tmp_path):
    def opened(properties, relaxed=""):
        path = tmp_path / "job.xml"
        path.write_text(JOB.format(properties=properties, relaxed=relaxed))
        return Fit(prepare(lambda: read(str(path)), Serial()), Serial())

    return opened


@pytest.mark.parametrize(
    ("properties", "relaxed", "said"),
    [
        ('<lattice-parameter target="2.9"/>', "", INPUT),
        ('<lattice-parameter target="2.9"/>', SIZE, ""),
        ('<lattice-parameter target="2.9"/>', '<cell shape="hydrostatic"/>', ""),
        (
            '<lattice-parameter target="2.9" relax="false"/>',
            SIZE,
            "before the relaxation is the job's own value",
        ),
        ("<lattice-parameter/>", "", ""),
        ('<ca-ratio target="1.6"/>', SIZE, INPUT),
        ('<ca-ratio target="1.6"/>', WHOLE, ""),
        ('<total-volume target="60" fit="true"/>', "", INPUT),
        ('<atomic-volume target="30"/>', "<atom-coordinates/>", INPUT),
        ('<surface-area target="8"/>', "", INPUT),
        ('<surface-area target="8"/>', WHOLE, ""),
        ('<pressure target="0"/>', "", ""),
        (
            '<pressure target="0"/>',
            SIZE,
            "is 0 after the relaxation of <lattice-parameter>, allowed relax='false'",
        ),
        ('<pressure target="0" relax="false"/>', SIZE, ""),
        ('<pxy target="0"/>', WHOLE, "is 0 after the relaxation of <cell>"),
        ('<pxy target="0"/>', '<cell shape="orthorhombic"/>', ""),
        ('<atomic-forces target="0 0 0 0 0 0"/>', "<atom-coordinates/>", "of <atom-coordinates>"),
        ('<atomic-energy target="-3"/>', SIZE, ""),
    ],
)
def test_what_the_potential_does_not_change_is_named(opened, properties, relaxed, said):
    fit = opened(properties, relaxed)
    warnings = [line for line in fit.plan.warnings if "of 'hcp'" in line]
    if said:
        (line,) = warnings
        assert line.startswith(fit.plan.job.place(6)) and said in line
    else:
        assert warnings == []


def test_inputs_are_marked_in_the_report(opened):
    fit = opened('<lattice-parameter target="2.8"/><total-volume target="60"/><ca-ratio/>')
    (hcp,) = fit.on_root(lambda: fit.structures(fit.local.model.start)[0])
    states = {prop.name: prop.state for prop in hcp.properties}
    assert states["lattice-parameter"] == states["total-volume"] == states["ca-ratio"] == "not relaxed"
    assert states["atomic-volume"] == ""
