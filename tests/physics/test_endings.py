"""Pair energies that are shifted, shifted in force or tapered at their cut-offs, against the formulas in NumPy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import hpcfit
from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.compiled import compile_job
from hpcfit.objective.model import Model
from hpcfit.potential.batch import Batch
from hpcfit.potential.library import potential_forms
from hpcfit.potential.second_derivative import compile_second_derivative
from hpcfit.records import ENDINGS, ReadOptions

C, W = 5.2, 1.7
PAIRS = ("ArAr", "ArKr", "KrKr")

STRUCTURES = (
    '<structures><fcc-lattice id="f"><atom-type>Ar</atom-type><lattice-parameter>5</lattice-parameter>'
    "<properties><total-energy/></properties></fcc-lattice></structures>"
)

#: By form: the formula of distance and parameters, and values for the three pairs.
FORMS = {
    "lennard-jones": (
        lambda x, sigma, epsilon: 4 * epsilon * ((sigma / x) ** 12 - (sigma / x) ** 6),
        {"sigma": (2.3, 2.5, 2.7), "epsilon": (0.3, 0.2, 0.1)},
    ),
    "morse": (
        lambda x, D0, alpha, r0: D0 * (np.exp(-2 * alpha * (x - r0)) - 2 * np.exp(-alpha * (x - r0))),
        {"D0": (0.4, 0.3, 0.2), "alpha": (1.1, 1.2, 0.9), "r0": (2.6, 2.8, 3.0)},
    ),
    "buckingham": (
        lambda x, A, rho, C: A * np.exp(-x / rho) - C / x**6,
        {"A": (900.0, 700.0, 800.0), "rho": (0.31, 0.32, 0.3), "C": (30.0, 20.0, 10.0)},
    ),
    "born-mayer-huggins": (
        lambda x, A, rho, sigma, C, D: A * np.exp((sigma - x) / rho) - C / x**6 + D / x**8,
        {
            "A": (0.2, 0.3, 0.25),
            "rho": (0.3, 0.32, 0.34),
            "sigma": (2.1, 2.3, 2.2),
            "C": (20.0, 10.0, 15.0),
            "D": (9.0, 8.0, 7.0),
        },
    ),
}


def slope(f, x):
    """df/dx by a complex step, to all digits."""
    return np.imag(f(x + 1e-30j)) / 1e-30


def ended(f, ending):
    def g(x):
        u = (x - C + W) / W
        with_taper = np.where(np.real(u) > 0, 1 - u**3 * (10 - 15 * u + 6 * u**2), 1.0)
        value = {
            "shift": f(x) - f(C),
            "force-shift": f(x) - f(C) - (x - C) * slope(f, C),
            "taper": f(x) * with_taper,
        }[ending]
        return np.where(np.real(x) < C, value, 0.0)

    return g


def text(name, ending, table, attributes=""):
    values = "".join(
        f'<{key} tag="{pair}">{value!r}</{key}>'
        for key, row in table.items()
        for pair, value in zip(PAIRS, row, strict=True)
    )
    free = "".join(f'<{key} tag="{pair}"/>' for key in table for pair in PAIRS)
    width = f'taper-width="{W}"' if ending == "taper" else ""
    return (
        "<job><name>j</name><atom-types><species>Ar</species><species>Kr</species></atom-types><potentials>"
        f'<{name} id="P" at-cutoff="{ending}" {width} {attributes}>{values}<cutoff>{C}</cutoff>'
        f"<fit-dof>{free}</fit-dof></{name}></potentials>{STRUCTURES}</job>"
    )


def read(folder):
    return read_job(str(folder / "job.xml"), catalogue(), ReadOptions(structures=False))


def model_of(folder, *arguments):
    (folder / "job.xml").write_text(text(*arguments))
    return Model(read(folder))


def cluster():
    """Seven atoms of both species, 2.2 to 7 Angstrom apart."""
    numbers = "0 0 0 2.3 .1 .2 .2 2.6 .4 2.9 2.7 .3 .3 .1 3.1 4.9 .3 .1 3 3.1 3.9"
    position = np.array(list(map(float, numbers.split()))).reshape(7, 3)
    return position, np.array([0, 1, 0, 1, 1, 0, 0], dtype=np.int32)


def oracle(name, ending, table):
    """Energy, forces and virial."""
    position, species = cluster()
    energy, forces, virial = 0.0, np.zeros((7, 3)), np.zeros((3, 3))
    for i, j in itertools.combinations(range(7), 2):
        pair = species[i] + species[j]
        g = ended(
            lambda x, pair=pair: FORMS[name][0](x, **{k: row[pair] for k, row in table.items()}), ending
        )
        away = position[j] - position[i]
        r = np.sqrt(away @ away)
        energy += float(g(r))
        force = slope(g, r) * away / r
        forces[i] += force
        forces[j] -= force
        virial -= np.outer(force, away)
    return np.concatenate([[energy], forces.ravel(), virial[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]]])


def batch():
    """The cluster with all pairs as neighbours."""
    position, species = cluster()
    others = np.array([[j for j in range(7) if j != i] for i in range(7)])
    return Batch(
        n_species=2,
        structure_start=np.array([0, 7], dtype=np.int64),
        species=species,
        neighbour_start=np.arange(0, 43, 6, dtype=np.int64),
        neighbour=others.ravel().astype(np.int32),
        vector=(position[others] - position[:, None]).reshape(-1, 3),
    )


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", FORMS)
def test_energies_forces_virials_and_all_derivatives(tmp_path, name, ending):
    table = FORMS[name][1]
    model = model_of(tmp_path, name, ending, table)
    geometry = model.geometry(batch())
    columns = np.zeros((1 + model.n_free, geometry.n_rows(True)))
    assert model.evaluate(geometry, model.start, columns, virials=True) is None
    right = oracle(name, ending, table)
    np.testing.assert_allclose(columns[0], right, rtol=1e-12, atol=1e-12 * np.abs(right).max())
    assert model.n_free == 3 * len(table)
    for k, (key, pair) in enumerate(parameters(model)):
        # Differences of order h^4: 1e-3^4, and 1e-16/1e-3 of rounding.
        value, estimates = table[key][pair], []
        for step in (1e-3, 2e-3):
            ends = []
            for sign in (1, -1):
                row = list(table[key])
                row[pair] = value * (1 + sign * step)
                ends.append(oracle(name, ending, {**table, key: tuple(row)}))
            estimates.append((ends[0] - ends[1]) / (2 * step * value))
        numeric = (4 * estimates[0] - estimates[1]) / 3
        np.testing.assert_allclose(columns[1 + k], numeric, rtol=1e-7, atol=1e-8 * np.abs(numeric).max())
    weights = np.linspace(-1, 1, columns.shape[1])
    gradient = model.gradient(geometry, model.start, weights, virials=True)
    np.testing.assert_allclose(gradient, columns[1:] @ weights, rtol=1e-9, atol=1e-11 * np.abs(columns).max())


@pytest.mark.parametrize("ending", ENDINGS)
def test_second_derivatives_by_parameters(tmp_path, ending):
    """Along a line in parameter space, against differences of exact first derivatives."""
    width = f'taper-width="{W}"' if ending == "taper" else ""
    (tmp_path / "job.xml").write_text(
        "<job><name>j</name><atom-types><species>Ar</species></atom-types><potentials>"
        f'<lennard-jones id="P" at-cutoff="{ending}" {width}><sigma>2.3</sigma><epsilon>0.3</epsilon>'
        f"<cutoff>{C}</cutoff><fit-dof><sigma/></fit-dof></lennard-jones></potentials>{STRUCTURES}</job>"
    )
    job = read(tmp_path)
    forms = {form.name: form for form in potential_forms()}
    second = (compile_second_derivative(job.potentials[0], forms, 1, ()),)
    model = Model(job, replace(compile_job(job), second=second))
    alone = replace(batch(), n_species=1, species=np.zeros(7, dtype=np.int32))
    geometry, v = model.geometry(alone), np.ones(1)
    columns = np.zeros((1, geometry.n_rows(True)))
    model.second_derivative(geometry, model.start, v, columns, virials=True)
    slopes = []
    for step in (1e-4, -1e-4):
        rows = np.zeros((1 + model.n_free, columns.shape[1]))
        model.evaluate(geometry, model.start + step * v, rows, virials=True)
        slopes.append(v @ rows[1:])
    numeric = (slopes[0] - slopes[1]) / 2e-4
    # The difference's error is of order 1e-4^2.
    np.testing.assert_allclose(columns[0], numeric, rtol=1e-6, atol=1e-6 * np.abs(numeric).max())


def parameters(model):
    """Parameter and pair of each free parameter."""
    for path in model.variables.paths:
        key, _, tag = path.removeprefix("P.").partition("[")
        yield key, PAIRS.index(tag.removesuffix("]"))


@pytest.mark.parametrize("ending", ENDINGS)
def test_functions_end_alike(tmp_path, ending):
    """A function of the job with the same formula has the same values."""
    table = {"sigma": (2.4,) * 3, "epsilon": (0.3,) * 3}
    width = f'taper-width="{W}"' if ending == "taper" else ""
    body = f"<sigma>2.4</sigma><epsilon>0.3</epsilon><cutoff>{C}</cutoff>"
    job = text("lennard-jones", ending, table)
    pair = f'<pair-potential id="P"><lennard-jones id="f" at-cutoff="{ending}" {width}>{body}</lennard-jones>'
    head, tail = job[: job.index("<lennard-jones")], f"</pair-potential></potentials>{STRUCTURES}</job>"
    rows = []
    for one in (job, head + pair + tail):
        (tmp_path / "job.xml").write_text(one)
        model = Model(read(tmp_path))
        geometry = model.geometry(batch())
        columns = np.zeros((1, geometry.n_rows(True)))
        model.evaluate(geometry, model.start, columns, virials=True)
        rows.append(columns[0])
    np.testing.assert_allclose(*rows, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ('at-cutoff="taper"', "no taper-width for a taper"),
        ('at-cutoff="taper" taper-width="9"', "taper-width, found 9"),
        ('at-cutoff="shift" taper-width="1"', "taper-width has no effect"),
        ('taper-width="1"', "taper-width has no effect"),
        ('at-cutoff="smooth"', "at-cutoff"),
    ],
)
def test_faults(tmp_path, attributes, what):
    table = {"sigma": (2.4,) * 3, "epsilon": (0.3,) * 3}
    job = text("lennard-jones", "shift", table).replace('at-cutoff="shift"', attributes)
    (tmp_path / "job.xml").write_text(job)
    with pytest.raises(InputError, match=what):
        read(tmp_path)


def test_potential_of_a_script(tmp_path):
    values = {"sigma": 2.4, "epsilon": 0.3, "cutoff": C}
    made = hpcfit.Potential("lennard-jones", ["Ar", "Kr"], "P", at_cutoff="taper", taper_width=W, **values)
    whole = text("lennard-jones", "taper", {"sigma": (2.4,) * 3, "epsilon": (0.3,) * 3})
    start, end = whole.index("<lennard-jones"), whole.index("</potentials>")
    rows = []
    for job in (whole, whole[:start] + made.to_xml() + whole[end:]):
        (tmp_path / "job.xml").write_text(job)
        model = Model(read(tmp_path))
        rows.append([jump.value for jump in model.jumps(model.start)])
    # Fixed parameters are constants of the program, which rounds differently.
    assert rows[0] == pytest.approx(rows[1], abs=1e-15)
    assert len(rows[0]) == 3
    for form, ending, what in (
        ("edip", "shift", "at_cutoff of edip"),
        ("lennard-jones", "soft", "at_cutoff"),
    ):
        with pytest.raises(InputError, match=what):
            hpcfit.Potential(form, ["Si"], at_cutoff=ending)
