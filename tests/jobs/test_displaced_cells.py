"""The same cells displaced by lattice translations give the same fit: no sign of a rounding decides.

Positions are given as decimal numbers, as `repr` writes rounded ones, and in a dataset.
"""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from decimal import Decimal

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

import hpcfit
from hpcfit.report import report

SHIFTS = [(77, 77, 77), (1, 0, 0), (-77, 3, 5), (1000, 1000, -1000), (0, 0, -1_000_000)]
FCC = ("0 0 0", "0 0.5 0.5", "0.5 0 0.5", "0.5 0.5 0")

JOB = """<job><name>cells</name><atom-types><species mass="63">Cu</species></atom-types>
<potentials>{potential}</potentials><fitting/><structures>{structures}</structures></job>"""
CELL = """<user-structure id="{name}">
<cell><a1 x="{a}" y="0" z="0"/><a2 x="0" y="{a}" z="0"/><a3 x="0" y="0" z="{a}"/></cell><atoms>{atoms}</atoms>
<atomic-forces>{forces}</atomic-forces>{relaxed}<properties>{properties}</properties></user-structure>"""
MORSE = """<morse id="M"><D0>0.35</D0><alpha>1.36</alpha><r0>2.9</r0><cutoff>6</cutoff>
<fit-dof><D0/><alpha/><r0/></fit-dof></morse>"""
LENNARD_JONES = """<lennard-jones id="M"><sigma>2.3</sigma><epsilon>0.4</epsilon><cutoff>6</cutoff>
<fit-dof><sigma/><epsilon/></fit-dof></lennard-jones>"""
FORCES = '<atomic-forces fit="true"/>'
RELAXED = "<relax-dof><atom-coordinates/></relax-dof>"
ELASTIC = '<C11 fit="true" target="150"/><C44 fit="true" target="70"/>'


def energy(target):
    return f'<total-energy fit="true" target="{target}"/>'


def decimal(number):
    return str(number)


def rounded(number):
    return repr(float(number))


def cell(name, a, shift, properties, relaxed="", basis=FCC, text=decimal):
    places = [
        [text((Decimal(x) + n) * Decimal(a)) for x, n in zip(row.split(), shift, strict=True)]
        for row in basis
    ]
    atoms = "".join('<atom type="Cu" x="{}" y="{}" z="{}"/>'.format(*place) for place in places)
    forces = "".join(f'<force i="{i}" x="0" y="0" z="0"/>' for i in range(len(basis)))
    return CELL.format(name=name, a=a, atoms=atoms, forces=forces, relaxed=relaxed, properties=properties)


VOLUMES = (("3.5", -13.9), ("3.6", -14.4), ("3.7", -13.5))

#: A potential, and cells with the properties to which it is fitted.
CASES = {
    "two targets of one cell": (
        MORSE,
        [("a", "3.6", energy(-13) + FORCES), ("b", "3.6", energy(-15) + FORCES)],
    ),
    "three volumes": (LENNARD_JONES, [(f"v{a[-1]}", a, energy(e) + FORCES) for a, e in VOLUMES]),
    "absolute differences": (
        LENNARD_JONES,
        [
            (f"v{a[-1]}", a, energy(e) + '<atomic-forces fit="true" residual-style="absolute-diff"/>')
            for a, e in VOLUMES
        ],
    ),
    "at rest by symmetry": (LENNARD_JONES, [("a", "3.5", energy(-13.9) + ELASTIC, RELAXED)]),
    "a displaced atom": (LENNARD_JONES, [("a", "3.6", energy(-14) + FORCES, "", ("0.02 0 0.01", *FCC[1:]))]),
    "phonons": (
        LENNARD_JONES,
        [
            (
                "a",
                "3.6",
                '<phonon-frequencies q="1/2 0 0" fit="true" target="3 3 3 3 4 4 4 5 5 5 6 6"/>' + FORCES,
            )
        ],
    ),
}


def fitted(folder, potential, structures):
    """Return the result of a job and its report."""
    path = folder / "job.xml"
    path.write_text(JOB.format(potential=potential, structures="".join(structures)))
    job = hpcfit.Job()
    job.parse_input_file(str(path))
    with redirect_stdout(io.StringIO()):
        job.perform_fitting()
    stream = io.StringIO()
    report.write(job.result.run, stream)
    return job.result, stream.getvalue()


def compare(found, expected):
    """Compare two results; residuals of rounding errors have no standard errors."""
    assert found.outcome == expected.outcome
    assert found.fun == pytest.approx(expected.fun, rel=1e-8)
    errors = expected.standard_errors
    for path, value in expected.parameters.items():
        if np.isfinite(errors[path]):
            assert found.parameters[path] == pytest.approx(value, abs=0.01 * errors[path])
        assert np.isfinite(errors[path]) == np.isfinite(found.standard_errors[path])


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """The results of the cases without a shift."""
    folder = tmp_path_factory.mktemp("home")
    return {
        name: fitted(folder, potential, [cell(one[0], one[1], (0, 0, 0), *one[2:]) for one in cells])
        for name, (potential, cells) in CASES.items()
    }


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    ("shift", "text"), [(SHIFTS[0], rounded), (SHIFTS[2], decimal), (SHIFTS[3], rounded)]
)
def test_a_fit_does_not_depend_on_where_its_cells_stand(at_home, tmp_path, name, shift, text):
    potential, cells = CASES[name]
    structures = [cell(one[0], one[1], shift, *one[2:], text=text) for one in cells]
    compare(fitted(tmp_path, potential, structures)[0], at_home[name][0])


def test_a_million_cells_away(at_home, tmp_path):
    potential, cells = CASES["three volumes"]
    structures = [cell(one[0], one[1], SHIFTS[4], *one[2:]) for one in cells]
    compare(fitted(tmp_path, potential, structures)[0], at_home["three volumes"][0])


def test_directions_that_the_data_do_not_determine_are_named(at_home, tmp_path):
    potential, cells = CASES["two targets of one cell"]
    structures = [cell(one[0], one[1], SHIFTS[0], *one[2:], text=rounded) for one in cells]
    for result, text in (at_home["two targets of one cell"], fitted(tmp_path, potential, structures)):
        assert "not determined by the data: M.D0, M.alpha, M.r0" in text
        assert result.fun == pytest.approx(12.5, rel=1e-10)


@pytest.mark.parametrize("shift", [(0, 0, 0), SHIFTS[1], SHIFTS[3]])
def test_forces_that_are_zero_by_symmetry_determine_nothing(tmp_path, shift):
    result, text = fitted(tmp_path, MORSE, [cell("a", "3.6", shift, FORCES, text=rounded)])
    assert result.outcome == "stopped: no parameter has an effect"
    assert result.parameters["M.D0"] == 0.35
    assert "not determined by the data: M.D0, M.alpha, M.r0" in text


def crystal(a, shift, target):
    places = [[float(x) + n for x, n in zip(row.split(), shift, strict=True)] for row in FCC]
    atoms = Atoms("Cu4", scaled_positions=np.zeros((4, 3)), cell=[a, a, a], pbc=True)
    atoms.positions = np.array(places) * a
    atoms.calc = SinglePointCalculator(atoms, energy=target, forces=np.zeros((4, 3)))
    return atoms


@pytest.mark.parametrize("method", ["geodesic-lm", "trf"])
def test_datasets_in_a_script(method):
    results = []
    for shift in [(0, 0, 0), SHIFTS[0], SHIFTS[3]]:
        frames = [crystal(a, shift, e) for a, e in ((3.5, -13.9), (3.6, -14.4), (3.6, -13.0), (3.7, -13.5))]
        data = hpcfit.Dataset.from_path(frames)
        potential = hpcfit.Potential("lennard-jones", ["Cu"], sigma=2.3, epsilon=0.4, cutoff=6.0)
        potential.fit(sigma=2.3, epsilon=0.4)
        loss = hpcfit.Loss(hpcfit.Calculator(potential, data))
        with redirect_stdout(io.StringIO()):
            results.append(loss.minimize(method=method))
    for result in results[1:]:
        assert result.fun == pytest.approx(results[0].fun, rel=1e-8)
        for path, error in results[0].standard_errors.items():
            if np.isfinite(error):
                assert result.parameters[path] == pytest.approx(results[0].parameters[path], abs=0.01 * error)
