"""Residual functions in Python: their rows, and derivatives from exact derivatives of the predictions.

The call ``function(identifier, natoms, weight, prediction, reference, data)`` for each configuration returns as many
numbers as there are predictions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hpcfit.errors import Fault, InputError
from hpcfit.objective.slopes import Slopes, along, find_slopes
from hpcfit.records import FloatArray, IntArray, ResidualFile


@dataclass(frozen=True)
class Residual:
    """A residual function and its arguments that are not numbers.

    Parameters
    ----------
    function
        See the module.
    derivative
        Takes the same arguments and returns the derivatives of residuals by predictions: [n] for a diagonal matrix, or
        [n, n]; may be None.
    data
        The function's last argument.
    weight
        Returns the weight object of a configuration by its number in the dataset; None to use the job's.
    """

    function: Callable[..., Any]
    derivative: Callable[..., Any] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    weight: Callable[[int], Any] | None = None


def load_residual(file: ResidualFile, normalize_by_natoms: bool) -> Residual:
    """Run a user's file and return the residual function in it.

    Raises
    ------
    InputError
        When the file cannot be run or does not define the function.
    """
    names: dict[str, Any] = {"__name__": "hpcfit_residual", "__file__": file.path}
    try:
        exec(compile(file.source, file.path, "exec"), names)
    except (Exception, SystemExit) as error:
        fault = Fault(file.file, "cannot be run", f"{type(error).__name__}: {error}")
        raise InputError([fault]) from error
    if not callable(names.get(file.name)):
        known = [name for name, value in names.items() if callable(value)]
        raise InputError([Fault(file.file, "no such function", file.name, ", ".join(known))])
    return Residual(names[file.name], data={"normalize_by_natoms": normalize_by_natoms})


@dataclass(frozen=True)
class Subjects:
    """The configurations of a block, as arguments of residual functions.

    Parameters
    ----------
    place
        Name of the dataset in errors.
    numbers
        [n], in the dataset.
    identifiers
        [n], ``group/number``.
    n_atoms
        [n].
    weights
        [n] weight objects.
    start
        [n + 1], first row of each.
    reference
        [n_rows].
    """

    place: str
    numbers: IntArray
    identifiers: Sequence[str]
    n_atoms: Sequence[int]
    weights: Sequence[Any]
    start: IntArray
    reference: FloatArray

    def name(self, k: int) -> str:
        """Return the name of configuration `k` of the block in errors."""
        return f"{self.place}: configuration {self.numbers[k]} ({self.identifiers[k]})"


class ResidualRows:
    """The rows of a residual function for the configurations of one block."""

    def __init__(self, residual: Residual, subjects: Subjects) -> None:
        self._residual = residual
        self._subjects = subjects
        self._slopes: Slopes | None = None
        self._repeated = False
        self._pieces = [
            slice(a, b)
            for a, b in zip(subjects.start[:-1].tolist(), subjects.start[1:].tolist(), strict=True)
        ]
        subjects.reference.flags.writeable = False
        self._references = [subjects.reference[piece] for piece in self._pieces]

    def values(self, prediction: FloatArray) -> FloatArray:
        """Return the residuals [n_rows] for the predictions [n_rows].

        Raises
        ------
        InputError
            When the function fails, or returns NaN, a wrong length, or another result at a second call.
        """
        values = self._values(prediction)
        if not self._repeated:
            self._require_same(values, self._values(prediction))
            self._repeated = True
        return values

    def _raw(self, prediction: FloatArray) -> FloatArray:
        return np.concatenate(list(self._calls(self._residual.function, prediction)), dtype=np.float64)

    def _values(self, prediction: FloatArray) -> FloatArray:
        values = self._raw(prediction)
        if np.isnan(values).any():
            k = int(np.searchsorted(self._subjects.start, np.argmax(np.isnan(values)), side="right")) - 1
            raise self._fault(k, "residual function returns NaN")
        return values

    def _calls(self, function: Callable[..., Any], prediction: FloatArray) -> Iterator[FloatArray]:
        s, data = self._subjects, self._residual.data
        # Copies, as a function may change its arguments in place.
        prediction.flags.writeable = False
        told = zip(s.identifiers, s.n_atoms, s.weights, self._pieces, self._references, strict=True)
        k = 0
        try:
            for k, (identifier, n_atoms, weight, piece, reference) in enumerate(told):
                value = function(identifier, n_atoms, weight, prediction[piece], reference, data)
                is_plain = type(value) is np.ndarray and value.dtype == np.float64
                if not is_plain or value.shape != reference.shape:
                    value = self._as_rows(k, value, len(reference))
                yield value
        except InputError:
            raise
        except (Exception, SystemExit) as error:
            raise self._fault(k, "residual function fails", f"{type(error).__name__}: {error}") from error
        finally:
            prediction.flags.writeable = True

    def _as_rows(self, k: int, value: Any, n: int) -> FloatArray:
        if np.iscomplexobj(value):
            raise self._fault(k, "residual function returns complex numbers")
        rows = np.asarray(value, dtype=np.float64)
        if rows.shape != (n,):
            what = "residual function returns the wrong length"
            raise self._fault(k, what, str(list(rows.shape)), f"[{n}], that of the prediction")
        return rows

    def _require_same(self, first: FloatArray, second: FloatArray) -> None:
        if not np.array_equal(first, second):
            row = int(np.argmax(first != second))
            k = int(np.searchsorted(self._subjects.start, row, side="right")) - 1
            found = f"{float(first[row])!r} and {float(second[row])!r}"
            raise self._fault(k, "residual function differs between two calls", found)

    def _fault(self, k: int, what: str, found: str = "", allowed: str = "") -> InputError:
        return InputError([Fault(self._subjects.name(k), what, found, allowed)])

    def columns(self, prediction: FloatArray, values: FloatArray, derivatives: FloatArray) -> FloatArray:
        """Return the derivatives of the residuals.

        Parameters
        ----------
        prediction, values
            [n_rows], argument and result of `values`.
        derivatives
            [n_free, n_rows], of the predictions; overwritten.

        Returns
        -------
        FloatArray
            [n_free, n_rows].

        Raises
        ------
        InputError
            As `values` does.
        """
        if self._residual.derivative is not None:
            return self._by_hand(self._residual.derivative, prediction, derivatives)
        if self._slopes is None:
            self._slopes = self._found_slopes()
        bent = self._slopes.disagreeing(prediction, values, self._subjects.start)
        kept = {k: derivatives[:, self._pieces[k]].copy() for k in bent}
        derivatives *= self._slopes.slope
        for k, own in kept.items():
            derivatives[:, self._pieces[k]] = self._along(k, prediction, values, own)
        return derivatives

    def _found_slopes(self) -> Slopes:
        base = self._subjects.reference.copy()
        try:
            return find_slopes(self._raw, base)
        except InputError:  # a function need not be defined everywhere
            return Slopes(base, np.zeros(len(base)), np.full(len(base), np.nan))

    def _along(
        self, k: int, prediction: FloatArray, values: FloatArray, derivatives: FloatArray
    ) -> FloatArray:
        """Return the derivatives of one configuration's residuals along each column [n_free, n]."""
        s, piece = self._subjects, self._pieces[k]

        def function(moved: FloatArray) -> FloatArray:
            arguments = (s.identifiers[k], s.n_atoms[k], s.weights[k], moved, self._references[k])
            try:
                value = self._residual.function(*arguments, self._residual.data)
            except (Exception, SystemExit):  # nor in the whole neighbourhood
                return np.full(len(moved), np.nan)
            return self._as_rows(k, value, len(moved))

        at = prediction[piece]
        found = np.array([along(function, at, values[piece], column) for column in derivatives])
        if np.isnan(found).any():
            raise self._fault(k, "residual function has no derivative")
        return found

    def _by_hand(
        self, derivative: Callable[..., Any], prediction: FloatArray, derivatives: FloatArray
    ) -> FloatArray:
        s = self._subjects
        prediction.flags.writeable = False
        for k, piece in enumerate(self._pieces):
            arguments = (s.identifiers[k], s.n_atoms[k], s.weights[k], prediction[piece], self._references[k])
            try:
                slope = np.asarray(derivative(*arguments, self._residual.data), dtype=np.float64)
            except (Exception, SystemExit) as error:
                what = "derivative of the residual function fails"
                raise self._fault(k, what, f"{type(error).__name__}: {error}") from error
            n = piece.stop - piece.start
            if slope.shape not in ((n,), (n, n)):
                what = "derivative of the residual function has the wrong shape"
                raise self._fault(k, what, str(list(slope.shape)), f"[{n}] or [{n}, {n}]")
            own = derivatives[:, piece]
            # Row by row, as the sums of a matrix product may depend on alignment.
            derivatives[:, piece] = own * slope if slope.ndim == 1 else [(slope * c).sum(axis=1) for c in own]
        prediction.flags.writeable = True
        if np.isnan(derivatives).any():
            row = int(np.argmax(np.isnan(derivatives).any(axis=0)))
            k = int(np.searchsorted(s.start, row, side="right")) - 1
            raise self._fault(k, "derivative of the residual function returns NaN")
        return derivatives
