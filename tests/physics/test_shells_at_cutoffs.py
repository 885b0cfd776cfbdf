"""Properties that are differences, and their derivatives, where a shell of neighbours lies at a cut-off.

The reference is the same structure with the cut-off far from all shells, where the potential has the same values at
all distances. Forms whose cut-off changes their values are compared with the limit from cut-offs that are far enough.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from hpcfit.fit import read
from hpcfit.objective.local import LocalObjective
from hpcfit.objective.plan import make_plan

A = 5.26
SHELL = A * math.sqrt(2.5)  #: the fifth shell of the fcc lattice; the next one is at 1.095 times its distance

PROPERTIES = """<bulk-modulus fit="true" target="3"/><bulk-modulus-derivative fit="true" target="5"/>
<C11 fit="true" target="4"/><C12 fit="true" target="2"/><C44 fit="true" target="2"/>
<phonon-frequencies q="1/2 0 0" fit="true" target="1 1 1"/>"""

LJ = """<lennard-jones id="LJ"><sigma>3.4</sigma><epsilon>0.0104</epsilon><cutoff>{}</cutoff>
<fit-dof><sigma/><epsilon/></fit-dof></lennard-jones>"""

SUM = (
    LJ.format(12.1)
    + """<morse id="M"><D0>0.02</D0><alpha>0.9</alpha><r0>3.8</r0><cutoff>{}</cutoff>
<fit-dof><alpha/></fit-dof></morse>"""
)

#: Density and pair energy have cut-offs of their own; the second is far from all shells.
EAM = """<eam id="E"><mapping><pair-interaction species-a="*" species-b="*" function="v"/>
<electron-density species-a="*" species-b="*" function="d"/><embedding-energy species="*" function="f"/></mapping>
<functions><user-function id="v"><input-var>r</input-var><expression>k*exp(-1.1*r)</expression>
<param name="k">40</param><cutoff>{}</cutoff><fit-dof><k/></fit-dof></user-function>
<user-function id="d"><input-var>r</input-var>
<expression>exp(-u*r)</expression><param name="u">0.7</param><cutoff>{}</cutoff><fit-dof><u/></fit-dof></user-function>
<user-function id="f"><input-var>x</input-var><expression>-0.5*x^0.5</expression></user-function></functions></eam>"""


def objective(folder, potentials, structure, species="Ar"):
    """The objective of a job, with its one block."""
    path = folder / "job.xml"
    path.write_text(
        f"<job><name>j</name><atom-types><species>{species}</species></atom-types>"
        f"<fitting><geodesic-lm/></fitting><potentials>{potentials}</potentials><structures>{structure}</structures></job>"
    )
    plan = make_plan(read(str(path)), [])
    local = LocalObjective(plan)
    local.own(0, len(plan.blocks))
    return local


def evaluated(folder, potentials, structure, species="Ar"):
    """The rows [r J^T] of a job at its start, and the warnings."""
    local = objective(folder, potentials, structure, species)
    (block,) = local.blocks
    columns = block.linearise(local.model.start).copy()
    assert np.isfinite(columns).all()
    return columns, local.take_notes()


def fcc(a=A, properties=PROPERTIES, relaxation=""):
    return f"""<fcc-lattice id="fcc"><atom-type>Ar</atom-type><lattice-parameter>{a!r}</lattice-parameter>
{relaxation}<properties>{properties}</properties></fcc-lattice>"""


def close(found, right):
    # Rounding of differences with a twentieth of the usual steps, those of second order for the derivative of the
    # modulus: 1e-16 * 1e3 / (3e-4)^2.
    sizes = np.abs(right).max(axis=1, keepdims=True)
    np.testing.assert_allclose(found / sizes, right / sizes, rtol=2e-7, atol=2e-7)


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """Rows with the shell counted, and without it, by potential; cut-offs are in the middle between shells."""
    folder = tmp_path_factory.mktemp("references")
    cutoffs = {True: SHELL * 1.03, False: SHELL * 0.97}
    texts = {
        "pair": LJ.format,
        "sum": SUM.format,
        "eam-pair": lambda c: EAM.format(c, 9.7),
        "eam-density": lambda c: EAM.format(9.7, c),
    }
    rows = {
        (name, counts): evaluated(folder, text(c), fcc())
        for name, text in texts.items()
        for counts, c in cutoffs.items()
    }
    assert not any(notes for _, notes in rows.values())
    return texts, {key: found for key, (found, _) in rows.items()}


@pytest.mark.parametrize("gap", [2e-3, 4e-4, 1e-9, -1e-5, -4e-4, 0.0])
@pytest.mark.parametrize("name", ["pair", "sum", "eam-pair", "eam-density"])
def test_shell_beside_a_cutoff(references, tmp_path, name, gap):
    """The strain `gap` brings the shell to the cut-off; a shell at the cut-off does not count."""
    texts, rows = references
    found, notes = evaluated(tmp_path, texts[name](SHELL * (1 + gap)), fcc())
    close(found, rows[name, gap > 0])
    (note,) = notes
    near = "bulk-modulus, bulk-modulus-derivative, C11, C12, C44, phonon-frequencies"
    assert note.startswith(f"structure 'fcc', {near if abs(gap) < 1e-3 else 'bulk-modulus-derivative'}: ")
    assert f"{SHELL:.7g} A" in note
    assert "jumps: value" in note


def test_case_of_argon(tmp_path):
    """The right values are those of the cut-off 8.33."""
    properties = (
        """<bulk-modulus fit="true" target="0" tolerance="1"/><C11 fit="true" target="0" tolerance="1"/>"""
    )
    columns, (note,) = evaluated(tmp_path, LJ.format(8.32), fcc(5.26, properties))
    assert columns[0] * np.sqrt(2) == pytest.approx([3.07122, 4.29406], abs=5e-6)
    assert "shell 8.31679 A" in note
    assert "cut-off" in note
    assert "8.32 A" in note


def test_warning_comes_once(tmp_path):
    local = objective(tmp_path, LJ.format(8.32), fcc())
    (block,) = local.blocks
    for factor in (1.0, 1.001, 1.002):
        block.linearise(factor * local.model.start)
        block.cost(1.01 * factor * local.model.start)
    assert len(local.take_notes()) == 1
    assert local.take_notes() == []


RELAXED = """<lattice-parameter fit="true" target="5.2"/><total-energy fit="true" target="-0.08"/>
<C11 fit="true" target="4"/>"""


@pytest.mark.parametrize("gap", [3e-4, 1e-7, -1e-7, -3e-4])
def test_shell_beside_a_cutoff_after_relaxation(tmp_path, gap):
    """The response of the relaxed lattice takes its differences on the side of the structure."""
    # The minimum with the shell, and that without it.
    minimum = {}
    for counts, cutoff in ((True, 8.55), (False, 8.0)):
        folder = tmp_path / str(counts)
        folder.mkdir()
        columns, _ = evaluated(folder, LJ.format(cutoff), fcc(5.26, RELAXED))
        targets = '<lattice-parameter fit="true" target="0" tolerance="1"/>'
        length, _ = evaluated(folder, LJ.format(cutoff), fcc(5.26, targets))
        minimum[counts] = columns, float(length[0, 0])
    right, a = minimum[gap > 0]
    found, notes = evaluated(tmp_path, LJ.format(a * math.sqrt(2.5) * (1 + gap)), fcc(a, RELAXED))
    close(found, right)
    assert any("C11" in note for note in notes)


def test_shell_that_crosses_during_a_fit(tmp_path):
    local = objective(tmp_path, LJ.format(8.3), fcc(5.26, RELAXED))
    (block,) = local.blocks
    sizes = [1.0, 0.98, 1.0, 0.98]
    notes = []
    for size in sizes:
        block.linearise(local.model.start * [size, 1.0])
        notes.append([note for note in local.take_notes() if "crossed" in note])
    first, *_ = found = [note for step in notes for note in step]
    assert len(found) == 1
    for part in ("structure 'fcc'", "LJ Ar-Ar at 8.3 A", "value 0.0002 eV", "the energy by", "force-shift"):
        assert part in first


def test_two_cutoffs_with_a_shell_between(references, tmp_path):
    """The shell counts in one potential and not in the other, and both are nearer than a stencil."""
    texts, _ = references
    width = 1e-4
    right, _ = evaluated(tmp_path, texts["sum"](SHELL * 0.97).replace("12.1", str(SHELL * 1.03)), fcc())
    text = texts["sum"](SHELL * (1 - width)).replace("12.1", str(SHELL * (1 + width)))
    found, notes = evaluated(tmp_path, text, fcc())
    close(found, right)
    assert sum("jumps" in note for note in notes) == 2


def test_coinciding_cutoffs_are_said(tmp_path):
    text = SUM.format(SHELL * (1 - 1e-9)).replace("12.1", str(SHELL * (1 + 1e-9)))
    _, notes = evaluated(tmp_path, text, fcc())
    assert any("too near each other" in note for note in notes)


TERSOFF = """<tersoff id="T"><param-file>Si.tersoff</param-file><fit-dof><A/><B/></fit-dof></tersoff>"""
ENTRY = "Si Si Si 3 1 1.3258 4.8381 2.0417 0 22.956 0.33675 1.3258 95.373 {} {} 3.2394 3264.7\n"
DIAMOND = """<diamond-lattice id="d"><atom-type>Si</atom-type><lattice-parameter>5.432</lattice-parameter>
<properties><C11 fit="true" target="100"/><C44 fit="true" target="100"/><C44 ions="relaxed" fit="true" target="70"/>
<phonon-frequencies q="0 0 0" fit="true" target="0 0 0 1 1 1"/></properties></diamond-lattice>"""
SECOND = 5.432 / math.sqrt(2)


@pytest.mark.parametrize("side", [1, -1])
def test_bond_order_where_the_curvature_jumps(tmp_path, side):
    """The cut-off function ends with a jump of its curvature: values are the limit from cut-offs farther away."""

    def rows(gap):
        outer = SECOND * (1 + side * gap)
        (tmp_path / "Si.tersoff").write_text(ENTRY.format(repr(float(outer - 0.3)), 0.3))
        return evaluated(tmp_path, TERSOFF, DIAMOND, "Si")[0]

    # A quartic through five gaps, each wider than a stencil.
    gaps = 2.5e-3 * np.arange(1, 6)
    known = [rows(gap) for gap in gaps]
    weights = [np.prod([b / (b - a) for b in np.delete(gaps, k)]) for k, a in enumerate(gaps)]
    limit = np.tensordot(weights, np.array(known), 1)
    found = rows(1e-8)
    # The polynomial's error.
    np.testing.assert_allclose(found, limit, rtol=2e-4, atol=2e-4 * np.abs(limit).max())
