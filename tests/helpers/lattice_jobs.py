"""Hand-made jobs of own structures: Lennard-Jones lattices that relax."""

from dataclasses import replace

import numpy as np

from hpcfit.records import (
    Atoms,
    DegreeOfFreedom,
    DerivedProperty,
    DerivedTerm,
    Fitting,
    GeodesicOptions,
    Group,
    Job,
    Parameter,
    Potential,
    Structure,
    WantedProperty,
)
from hpcfit.structure.catalogue import structure_catalogue

SIGMA, EPSILON = 2.3, 0.4


def wanted(name, target=None, fit=True, weight=1.0, tolerance=0.01, **changes):
    targets = () if target is None else tuple(np.atleast_1d(target).tolist())
    return WantedProperty(name, fit, targets, weight, tolerance, changes.pop("style", "squared"), **changes)


def lattice(name, a, properties, weight=1.0, relaxed=("lattice-parameter",), form="fcc", **changes):
    """A lattice of the library whose freedoms are bounded."""
    freedoms = tuple(DegreeOfFreedom(freedom, 0.5 * a, 2.0 * a) for freedom in relaxed)
    return Structure(
        id=name,
        line=1,
        relative_weight=weight,
        kind=f"{form}-lattice",
        atoms=structure_catalogue().build(form, [0], {"lattice-parameter": a}),
        values={"lattice-parameter": a},
        relaxed=freedoms,
        properties=tuple(properties),
        **changes,
    )


def user_structure(name, atoms, properties, weight=1.0, relaxed=(), **changes):
    freedoms = tuple(DegreeOfFreedom(freedom) for freedom in relaxed)
    return Structure(name, 1, weight, "user-structure", atoms, {}, freedoms, tuple(properties), **changes)


def vacancy(a, properties, weight=1.0):
    """31 atoms of the cubic cell of 32, which relax."""
    basis = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
    shifts = np.array([[i, j, k] for i in range(2) for j in range(2) for k in range(2)])
    position = a * (shifts[:, None] + basis[None]).reshape(-1, 3)[1:]
    atoms = Atoms(np.zeros(31, np.int32), 2 * a * np.eye(3), np.ones(3, bool), position)
    return user_structure("vacancy", atoms, properties, weight, ("atom-coordinates",))


def derived(name, formula, terms, target=None, fit=True, weight=1.0, tolerance=0.1, unit="eV"):
    """Terms are (name, structure, property)."""
    prop = wanted("value", target, fit, tolerance=tolerance)
    return DerivedProperty(name, 1, weight, formula, tuple(DerivedTerm(*t) for t in terms), unit, prop)


def lj_job(children, **changes):
    """Lennard-Jones with sigma and epsilon free, and a fixed cut-off."""
    parameters = (
        Parameter("LJ.sigma[AlAl]", "A", SIGMA, -np.inf, np.inf, True),
        Parameter("LJ.epsilon[AlAl]", "eV", EPSILON, 0.01, 2.0, True),
        Parameter("LJ.cutoff[AlAl]", "A", 7.0, -np.inf, np.inf, False),
    )
    job = Job(
        path="job.xml",
        text="<job/>",
        hash="0" * 64,
        name="lattices",
        species=("Al",),
        fitting=Fitting(GeodesicOptions(), blocks=None, checkpoint_interval=1),
        potentials=(Potential("LJ", "lennard-jones", parameters),),
        structures=Group("structures", 1.0, tuple(children)),
        absolute=False,
    )
    return replace(job, **changes)
