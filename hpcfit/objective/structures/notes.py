"""Warnings about shells of neighbours at cut-offs where the potential jumps."""

from __future__ import annotations

import numpy as np

from hpcfit.objective.model import Model
from hpcfit.objective.structures.images import ImagesEvaluator
from hpcfit.objective.structures.items import Item
from hpcfit.objective.structures.shells import ShellFinder, place_of_cutoff, structure_jump
from hpcfit.potential.cutoffs import Jump
from hpcfit.records import Atoms, Cutoff, FloatArray, IntArray, Shell
from hpcfit.structure.relax.placement import is_crowded
from hpcfit.structure.relax.response import Values

#: Strain within which the shell is sought that crossed a cut-off.
_NEAR = 0.1

REMEDY = (
    'end the function with at-cutoff="taper", "force-shift" or "shift", or put the cut-off between shells'
)


class ShellNotes:
    """Collects warnings, each once per structure and property, and per structure and cut-off.

    Parameters
    ----------
    model
        The job's potentials.
    evaluator
        Evaluates images of structures.
    """

    def __init__(self, model: Model, evaluator: ImagesEvaluator) -> None:
        self._model, self._evaluator = model, evaluator
        self._seen: set[tuple[object, ...]] = set()
        self._new: list[str] = []
        self._inside: dict[str, IntArray] = {}
        self._jumps: dict[Cutoff, Jump] = {}
        self._crossable: ShellFinder | None = None

    def take(self) -> list[str]:
        """Return the warnings since the last call."""
        new, self._new = self._new, []
        return new

    def add(
        self, item: Item, values: Values, labels: tuple[str, ...], x: FloatArray, crossings: bool = True
    ) -> None:
        """Note what a structure's values at `x` depend on, and which shells crossed a cut-off since the last time."""
        if values.relaxed.failed:
            return
        if self._crossable is None:
            known = set(self._model.cutoffs)
            jumps = [jump for jump in self._model.jumps(x) if jump.noted]
            self._jumps = {jump.cutoff: jump for jump in jumps if jump.cutoff in known}
            self._crossable = ShellFinder(list(self._jumps))
        if not self._crossable.cutoffs:
            return
        self._evaluator.at(x)
        self._note_beside(item, values, labels)
        if crossings and len(item.case.degrees.start):
            self._note_crossings(item, values, self._crossable)

    def _note_beside(self, item: Item, values: Values, labels: tuple[str, ...]) -> None:
        by_cutoff: dict[tuple[str, str, float], tuple[Shell, list[str]]] = {}
        for label, shells in zip(labels, values.beside, strict=False):
            for shell in shells:
                cutoff = shell.cutoff
                place = (cutoff.potential, cutoff.function, cutoff.distance)
                if cutoff in self._jumps and (item.structure.id, label, place) not in self._seen:
                    self._seen.add((item.structure.id, label, place))
                    by_cutoff.setdefault(place, (shell, []))[1].append(label)
            key = (item.structure.id, label)
            if is_crowded(shells) and key not in self._seen:
                self._seen.add(key)
                places = " and ".join(dict.fromkeys(self._place(shell.cutoff) for shell in shells))
                self._new.append(
                    f"structure '{item.structure.id}', {label}: shells at {places} are too near each other, "
                    "differences between them lose digits; move a cut-off"
                )
        for shell, of in by_cutoff.values():
            side = "inside" if shell.gap > 0 else "at or outside"
            atoms = item.case.atoms_at(values.relaxed.s)
            self._new.append(
                f"structure '{item.structure.id}', {', '.join(dict.fromkeys(of))}: "
                f"shell {self._said(shell)}, {side} the cut-off, where the potential jumps: "
                f"{self._jumps[shell.cutoff].sizes}; values are those with the neighbours {side}, "
                f"across it {structure_jump(self._evaluator, atoms, shell)} change; {REMEDY}"
            )

    def _note_crossings(self, item: Item, values: Values, finder: ShellFinder) -> None:
        name, atoms = item.structure.id, item.case.atoms_at(values.relaxed.s)
        before = self._inside.get(name)
        if before is None:
            before = finder.inside(item.case.atoms_at(item.case.degrees.start))
        self._inside[name] = now = finder.inside(atoms)
        for number in np.flatnonzero(now != before):
            cutoff = finder.cutoffs[number]
            key = (name, cutoff)
            if key in self._seen:
                continue
            self._seen.add(key)
            self._new.append(self._crossing(name, atoms, cutoff, int(now[number] - before[number])))

    def _crossing(self, name: str, atoms: Atoms, cutoff: Cutoff, change: int) -> str:
        shells = ShellFinder([cutoff])(atoms, _NEAR)
        # The shell on the side to which the number of neighbours changed.
        crossed = [shell for shell in shells if (shell.gap > 0) == (change > 0)]
        if not crossed:
            return (
                f"structure '{name}': {abs(change)} pairs crossed the cut-off {self._place(cutoff)}; {REMEDY}"
            )
        shell = min(crossed, key=lambda one: abs(one.gap))
        return (
            f"structure '{name}': shell {self._said(shell)} crossed the cut-off, where the potential jumps: "
            f"{self._jumps[cutoff].sizes}; in the structure {structure_jump(self._evaluator, atoms, shell)} "
            f"change, and the objective jumps; {REMEDY}"
        )

    def _said(self, shell: Shell) -> str:
        return f"{shell.distance:.7g} A ({shell.n_pairs} pairs) of {self._place(shell.cutoff)}"

    def _place(self, cutoff: Cutoff) -> str:
        return place_of_cutoff(cutoff, self._model.species)
