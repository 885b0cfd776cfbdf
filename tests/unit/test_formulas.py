"""Potentials made of formulas."""

import math

from hpcfit.records import (
    Bonds,
    FormRecord,
    Formulas,
    Parameter,
    ParameterForm,
    ParameterKind,
    Potential,
    PotentialForm,
    RoleForm,
    with_functions,
)

_ROWS = tuple(
    ParameterForm(name, "1", name, kind, -math.inf, math.inf, name != "cutoff", name == "cutoff")
    for name, kind in (
        ("a", ParameterKind.PAIR),
        ("b", ParameterKind.PAIR),
        ("c", ParameterKind.SPECIES),
        ("s", ParameterKind.PAIR),
        ("cutoff", ParameterKind.PAIR),
    )
)
_ROLES = (
    RoleForm("pair-interaction", "", ParameterKind.PAIR, "distance"),
    RoleForm("electron-density", "", ParameterKind.ORDERED_PAIR, "distance"),
    RoleForm("embedding-energy", "", ParameterKind.SPECIES, "density"),
)
_FORMULAS = {"pair-interaction": "b*exp(-a*x)", "electron-density": "exp(-a*x)", "embedding-energy": "c*x"}
_FORM = PotentialForm(
    "made",
    "",
    "",
    _ROWS,
    _ROLES,
    record=FormRecord("made", formulas=Formulas("eam", "", "", _ROWS, _FORMULAS, "1-s*x")),
)


def _potential(bonds: Bonds = Bonds()) -> Potential:  # noqa: B008
    values = {"a": 3, "b": 3, "c": 2, "s": 3, "cutoff": 3}
    parameters = tuple(
        Parameter(f"P.{name}[{k}]", "1", len(name) + k, -math.inf, math.inf, True)
        for name, n in values.items()
        for k in range(n)
    )
    return with_functions(Potential("P", "made", parameters, bonds=bonds), _FORM, ("A", "B"))


def test_every_function_has_the_parameters_of_its_species():
    potential = _potential()
    assert [f.id for f in potential.functions][:4] == [
        "pair-interaction[AA]",
        "pair-interaction[AB]",
        "pair-interaction[BB]",
        "electron-density[AA]",
    ]
    assert potential.roles == tuple(range(9))
    paths = [[p.path for p in f.all_parameters] for f in potential.functions]
    assert paths[1] == ["P.a[1]", "P.b[1]", "P.s[1]"]
    assert paths[5] == ["P.a[1]", "P.s[1]"]
    assert paths[8] == ["P.c[1]"]
    found = [potential.parameters[place].path for place in potential.kernel_places]
    assert found == [path for own in paths for path in own]


def test_functions_of_a_distance_are_screened_and_end():
    functions = _potential().functions
    assert [f.reach for f in functions] == [6, 7, 8, 6, 7, 7, 8, math.inf, math.inf]
    assert [f.screening.formula if f.screening else "" for f in functions] == ["1-s*x"] * 7 + ["", ""]


def test_bonds_that_are_not_seen_have_no_functions():
    assert _potential(Bonds(0, 0)).roles == (0, -1, -1, 1, -1, -1, -1, 2, -1)
