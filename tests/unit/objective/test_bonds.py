"""Potentials that see certain bonds alone, against kernels on lists from which other bonds were taken one by one."""

import re

import numpy as np
import pytest

from hpcfit.objective.model import Model
from hpcfit.potential.library import Batch, Geometry, evaluate
from hpcfit.records import Bonds, species_tuples
from tests.helpers.eam_jobs import aluminium, cells, columns, eam_job, read
from tests.physics.oracle_cells import batch_of
from tests.physics.oracle_kernels import richardson
from tests.physics.oracle_samples import (
    FORMS,
    INTERACTING,
    SAMPLES,
    fittable,
    reach_of,
    sample_parameters,
    sample_structures,
)

SPECIES = ("Al", "Cu", "Ni")

#: Forms with parameters of their own whose species do not come from tags.
TABLES = [name for name in INTERACTING if not FORMS[name].roles and name not in ("tersoff", "abop")]

BONDS = {"Al-Cu": ("Al", "Cu"), "Ni-Al": ("Ni", "Al"), "Cu-Cu": ("Cu", "Cu"), "Al-any": ("*", "Al")}


def numbers(bonds):
    return Bonds(*(-1 if name == "*" else SPECIES.index(name) for name in bonds))


def restricted(name, bonds):
    """Return the XML of a form's sample parameters, of the combinations that the bonds ask for alone."""
    values, degrees, place = [], [], 0
    parameters, may_vary = sample_parameters(FORMS[name], 3).tolist(), set(fittable(FORMS[name], 3).tolist())
    for row in FORMS[name].parameters:
        for found in species_tuples(row.kind, 3):
            tag = "".join(SPECIES[k] for k in found)
            if numbers(bonds).seen(*found):
                values.append(f'<{row.name} tag="{tag}">{parameters[place]!r}</{row.name}>')
                degrees += [f'<{row.name} tag="{tag}"/>'] if place in may_vary else []
            place += 1
    sizes = zip(FORMS[name].sizes, SAMPLES[name].sizes, strict=True)
    attributes = " ".join(f'{size.name}="{value}"' for size, value in sizes)
    attributes += f' id="P" species-a="{bonds[0]}" species-b="{bonds[1]}"'
    return f"<{name} {attributes}>{''.join(values)}<fit-dof>{''.join(degrees)}</fit-dof></{name}>"


def model_of(folder, potentials):
    return Model(read(folder, eam_job(potentials, species=SPECIES)))


def without(batch, bonds):
    """Return a batch without the bonds that are not wanted, by a loop over all of them."""
    start, neighbour, vector = [0], [], []
    for atom in range(len(batch.species)):
        for k in range(batch.neighbour_start[atom], batch.neighbour_start[atom + 1]):
            pair = {SPECIES[batch.species[atom]], SPECIES[batch.species[batch.neighbour[k]]]}
            if pair == set(bonds) or ("*" in bonds and pair & set(bonds)):
                neighbour.append(batch.neighbour[k])
                vector.append(batch.vector[k])
        start.append(len(neighbour))
    return Batch(
        n_species=batch.n_species,
        structure_start=batch.structure_start,
        species=batch.species,
        neighbour_start=np.array(start),
        neighbour=np.array(neighbour, dtype=np.int32),
        vector=np.array(vector).reshape(-1, 3),
    )


def made_by(model, batch, x=None, derivatives=False):
    geometry = model.geometry(batch)
    made = np.zeros((1 + model.n_free if derivatives else 1, geometry.n_rows(True)))
    assert model.evaluate(geometry, model.start if x is None else x, made, virials=True) is None
    return made


@pytest.mark.parametrize("bonds", BONDS.values(), ids=BONDS)
@pytest.mark.parametrize("name", TABLES)
def test_the_form_on_fewer_bonds(name, bonds, tmp_path):
    form = FORMS[name]
    batch = batch_of(list(sample_structures(name, 3).values()), reach_of(form, 3), 3)
    model = model_of(tmp_path, restricted(name, bonds))
    rows = [found for row in form.parameters for found in species_tuples(row.kind, 3)]
    free = np.array([k for k in fittable(form, 3) if numbers(bonds).seen(*rows[k])], dtype=np.int32)
    geometry = Geometry(without(batch, bonds))
    wanted = np.zeros((1 + len(free), geometry.n_rows(True)))
    assert (
        evaluate(name, geometry, sample_parameters(form, 3), free, wanted, True, sizes=SAMPLES[name].sizes)
        is None
    )
    assert np.abs(wanted).max() > 0
    assert model.n_free == len(free)
    assert np.array_equal(made_by(model, batch, derivatives=True), wanted)


@pytest.mark.parametrize("name", TABLES)
def test_jacobian(name, tmp_path):
    batch = batch_of(list(sample_structures(name, 3).values()), reach_of(FORMS[name], 3), 3)
    model = model_of(tmp_path, restricted(name, ("Al", "Cu")))
    direction = np.random.default_rng(3).uniform(-1, 1, model.n_free) * np.abs(model.start)
    found = direction @ made_by(model, batch, derivatives=True)[1:]
    wanted = richardson(lambda h: made_by(model, batch, model.start + h * direction)[0], 1e-3, 4)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-8 * np.abs(wanted).max())


#: Sigma and epsilon, or D0, r0 and alpha, of each pair of species.
PAIRS = {("Al", "Al"): (2.6, 0.4), ("Al", "Cu"): (2.5, 0.3), ("Cu", "Cu"): (2.3, 0.2)}


def lennard_jones(name, values, attributes=""):
    entries = "".join(
        f'<sigma tag="{tag}">{sigma}</sigma> <epsilon tag="{tag}">{epsilon}</epsilon>'.replace(' tag=""', "")
        for tag, (sigma, epsilon) in values.items()
    )
    degrees = "<fit-dof><sigma/><epsilon/></fit-dof>"
    return f'<lennard-jones id="{name}" {attributes}>{entries}<cutoff>5</cutoff>{degrees}</lennard-jones>'


def morse(name, values, attributes="", mapping=""):
    functions = "".join(
        f'<morse-A id="V{pair}"><cutoff>5</cutoff> <D0>{D0}</D0> <r0>{r0}</r0> <alpha>1.5</alpha>'
        "<fit-dof><D0/><r0/><alpha/></fit-dof></morse-A>"
        for pair, (r0, D0) in values.items()
    )
    return f'<pair-potential id="{name}" {attributes}>{mapping}{functions}</pair-potential>'


def _all_morse():
    entries = "".join(
        f'<pair-interaction species-a="{a}" species-b="{b}" function="V{a}{b}"/>' for a, b in PAIRS
    )
    values = {a + b: given for (a, b), given in PAIRS.items()}
    return morse("P", values, mapping=f"<mapping>{entries}</mapping>")


@pytest.mark.parametrize("form", ["lennard-jones", "morse"])
def test_three_restricted_potentials_are_one_with_parameters_for_pairs(form, tmp_path):
    make = {"lennard-jones": lennard_jones, "morse": morse}[form]
    whole = {
        "lennard-jones": lambda: lennard_jones("P", {a + b: given for (a, b), given in PAIRS.items()}),
        "morse": _all_morse,
    }[form]()
    parts = [
        make(f"P{k}", {"": given}, f'species-a="{b}" species-b="{a}"')
        for k, ((a, b), given) in enumerate(PAIRS.items())
    ]
    configurations = cells(4, ("Al", "Cu"))
    models = [Model(read(tmp_path, eam_job(text, species=("Al", "Cu")))) for text in (whole, "".join(parts))]
    one, three = (columns(model, configurations, model.start, True) for model in models)
    # One numbers its parameters by name, then by pair.
    order = {"lennard-jones": [0, 2, 4, 1, 3, 5], "morse": range(9)}[form]
    three = three[[0, *(1 + k for k in order)]]
    assert len(one) == len(three)
    assert (np.abs(three - one) <= 1e-13 * np.abs(one).max(axis=1, keepdims=True)).all()


def test_embedded_atoms_of_one_pair(tmp_path):
    """The functions of other pairs play no part, and atoms of other species are not embedded."""
    plain = aluminium(pair="<A/>", density="<twomu/>", embedding="<D/>").replace(
        "-D*sqrt(rho)", "D*(1+rho)^0.5"
    )
    only = plain.replace('species-a="*" species-b="*" function', 'species-a="Al" species-b="Cu" function')
    only = only.replace(
        "</mapping>",
        '<electron-density species-a="Cu" species-b="Al" function="rho"/></mapping>',
    ).replace(
        '<embedding-energy species="*" function="F"/>',
        '<embedding-energy species="Al" function="F"/><embedding-energy species="Cu" function="F"/>',
    )
    seen = plain.replace('id="EAM" species-a="*" species-b="*"', 'id="EAM" species-a="Cu" species-b="Al"')
    assert seen != plain != only
    configurations = cells(2, SPECIES)
    models = [model_of(tmp_path, text) for text in (only, seen, plain)]
    wanted, found, unrestricted = (columns(model, configurations, model.start, True) for model in models)
    assert np.array_equal(found, wanted)
    assert not np.allclose(found[0], unrestricted[0])
    x = models[1].start
    for k, step in enumerate(1e-3 * np.eye(3) * x):
        differences = richardson(
            lambda h, s=step: columns(models[1], configurations, x + h * s, False)[0], 1.0, 4
        )
        np.testing.assert_allclose(
            found[1 + k] * step[k], differences, rtol=0, atol=1e-9 * np.abs(differences).max()
        )


def test_beside_a_potential_that_sees_all_bonds(tmp_path):
    all_bonds, some = aluminium(), lennard_jones("LJ", {"": (2.4, 0.3)}, 'species-a="Al" species-b="Cu"')
    configurations = cells(2, ("Al", "Cu"))
    models = [
        Model(read(tmp_path, eam_job(text, species=("Al", "Cu"))))
        for text in (all_bonds, some, all_bonds + some)
    ]
    alone, other, both = (columns(model, configurations, model.start, True) for model in models)
    np.testing.assert_allclose(both[0], alone[0] + other[0], rtol=0, atol=1e-12 * np.abs(both[0]).max())
    np.testing.assert_allclose(both[1:], np.concatenate([alone[1:], other[1:]]), rtol=1e-12, atol=1e-12)


def test_no_other_geometry_without_a_restriction(tmp_path):
    batch = batch_of(list(sample_structures("stillinger-weber", 3).values()), 4.0, 3)
    text = restricted("stillinger-weber", ("Al", "Cu"))
    every = restricted("stillinger-weber", ("*", "*"))
    made, plain = (model_of(tmp_path, xml).geometry(batch) for xml in (text, every))
    assert list(made.by_bonds) == [Bonds(0, 1)]
    assert plain.by_bonds == {}
    assert plain.n_bytes == Geometry(batch, pairs=False).n_bytes < made.n_bytes


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            'species-a="Alu"',
            '6: unknown species-a of <lennard-jones>, found "Alu", allowed Al, Cu, Ni, *, nearest Al',
        ),
        ('species-b="x1"', '6: bad value of species-b in <lennard-jones>, found "x1"'),
    ],
)
def test_unknown_species(attributes, message, tmp_path):
    with pytest.raises(Exception, match=re.escape(message)):
        model_of(tmp_path, "\n" + lennard_jones("LJ", {"": (2.4, 0.3)}, attributes))
