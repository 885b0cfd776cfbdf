"""The functions of potentials made of formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from hpcfit.records.forms import PotentialForm, species_tuple, species_tuples
from hpcfit.records.potentials import Function, Potential

_VARIABLE, _CUTOFF = "x", "cutoff"


def with_functions(potential: Potential, form: PotentialForm, species: Sequence[str]) -> Potential:
    """Return a potential made of formulas with its functions; return others unchanged.

    Parameters
    ----------
    potential
        With the parameters of the form's table.
    form
        Its form.
    species
        Symbols of the job, for the names of the functions.
    """
    if form.record.formulas is None:
        return potential
    maker = _Maker(potential, form, len(species))
    functions: list[Function] = []
    roles: list[int] = []
    for role in form.roles:
        text = form.record.formulas.roles.get(role.name, "")
        for found in species_tuples(role.kind, len(species)):
            seen = bool(text) and potential.bonds.seen(*found)
            roles.append(len(functions) if seen else -1)
            if seen:
                name = f"{role.name}[{''.join(species[k] for k in found)}]"
                functions.append(maker.function(name, text, found, role.argument == "distance"))
    return replace(
        potential, functions=tuple(functions), roles=tuple(roles), function_places=tuple(maker.places)
    )


class _Maker:
    """Builds the functions of one potential; `places` are the indices of their parameters so far."""

    def __init__(self, potential: Potential, form: PotentialForm, n_species: int) -> None:
        self._parameters = potential.parameters
        self._kinds = {row.name: row.kind for row in form.parameters}
        self._screening = form.record.formulas.screening if form.record.formulas else ""
        keys = [(row.name, found) for row in form.parameters for found in species_tuples(row.kind, n_species)]
        self._place = dict(zip(keys, potential.value_places, strict=True))
        self.places: list[int] = []

    def function(self, name: str, text: str, species: tuple[int, ...], ends: bool) -> Function:
        """Return the function of a formula for some species, screened and cut off if it `ends`."""
        names = [known for known in self._kinds if known != _CUTOFF and re.search(rf"\b{known}\b", text)]
        places = [self._at(known, species) for known in names]
        self.places += places
        function = Function(
            id=name,
            form="user-function",
            names=tuple(names),
            parameters=tuple(self._parameters[place] for place in places),
            formula=text,
            variable=_VARIABLE,
        )
        if not ends:
            return function
        function = replace(function, cutoff=self._parameters[self._at(_CUTOFF, species)].start)
        if not self._screening or text == self._screening:
            return function
        return replace(function, screening=self.function("screening", self._screening, species, True))

    def _at(self, name: str, species: tuple[int, ...]) -> int:
        return self._place[name, species_tuple(self._kinds[name], *species)]
