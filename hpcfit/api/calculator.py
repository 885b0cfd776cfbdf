"""Predictions and targets, configuration by configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hpcfit.api.dataset import Dataset
from hpcfit.api.evaluator import Evaluator
from hpcfit.api.potential import Potential
from hpcfit.errors import Fault, InputError
from hpcfit.records import Configurations, FloatArray


class Calculator:
    """The sum of some potentials, and the configurations to fit.

    Parameters
    ----------
    potential
        One potential or several: a `Potential`, its XML, or a file with its XML.
    data
        The configurations.
    use_energy, use_forces, use_stress
        Parts of predictions and references, in this order: energy (eV), 3N force components (eV/Angstrom), 6 stress
        components (eV/Angstrom^3, tension positive, xx yy zz yz xz xy).
    comm
        An mpi4py communicator; by default the world.

    Raises
    ------
    InputError
        If no property is used, or the potentials have different species.
    """

    def __init__(
        self,
        potential: Potential | str | Path | Sequence[Potential | str | Path],
        data: Dataset,
        use_energy: bool = True,
        use_forces: bool = True,
        use_stress: bool = False,
        comm: Any = None,
    ) -> None:
        if not isinstance(data, Dataset):
            fault = Fault(
                "Calculator", "data must be a Dataset", type(data).__name__, "Dataset.from_path(...)"
            )
            raise InputError([fault])
        given = [potential] if isinstance(potential, (Potential, str, Path)) else list(potential)
        self.potentials = [
            entry if isinstance(entry, Potential) else Potential.from_xml(entry, data.symbols)
            for entry in given
        ]
        self.data = data
        self.used = (use_energy, use_forces, use_stress)
        self.comm = comm
        self._evaluator_now: Evaluator | None = None
        species = {tuple(entry.species) or data.symbols for entry in self.potentials}
        if len(species) != 1:
            found = " and ".join(", ".join(symbols) for symbols in species) or "none"
            raise InputError([Fault("Calculator", "species of the potentials", found, "the same for all")])
        (self.species,) = species
        if not any(self.used):
            fault = Fault("Calculator", "no property is used", allowed="use_energy, use_forces or use_stress")
            raise InputError([fault])

    def attach(self, loss: Evaluator) -> None:
        """Predict from now on with `loss`, the last one that was made or minimised."""
        self._evaluator_now = loss

    def get_opt_params(self) -> FloatArray:
        """Return the current solver variables [n_free]: free parameters or their transforms."""
        return self._evaluator().theta

    def update_opt_params(self, theta: FloatArray) -> None:
        """Set the solver variables [n_free] for predictions."""
        self._evaluator().move_to(theta)

    def get_prediction(self, configuration: int | None = None) -> Any:
        """Return the prediction for one configuration, or the list for all; collective.

        Parameters
        ----------
        configuration
            Its index in the dataset; None for all.
        """
        energy, force, stress = self._evaluator().predict(self.get_opt_params())
        return self._split(energy, force, stress, configuration)

    def get_reference(self, configuration: int | None = None) -> Any:
        """Return the targets in the layout of `get_prediction`; NaN for missing targets."""
        whole = self._whole()
        return self._split(whole.energy, whole.force, whole.stress, configuration)

    def _split(
        self, energy: FloatArray, force: FloatArray, stress: FloatArray, configuration: int | None
    ) -> Any:
        ptr = self.data.index.ptr
        n = len(ptr) - 1
        if configuration is not None and not -n <= configuration < n:
            fault = Fault("Calculator", "no such configuration", str(configuration), f"0 .. {n - 1}")
            raise InputError([fault])

        def vector(k: int) -> FloatArray:
            parts = energy[k : k + 1], force[ptr[k] : ptr[k + 1]].ravel(), stress[k]
            return np.concatenate([part for part, used in zip(parts, self.used, strict=True) if used])

        return [vector(k) for k in range(n)] if configuration is None else vector(configuration % n)

    def _whole(self) -> Configurations:
        with self.data.open() as file:
            return file.read(0, len(self.data))

    def _evaluator(self) -> Evaluator:
        # The evaluator keeps the geometry, which is expensive to build.
        return self._evaluator_now or Evaluator(self)
