"""Checks a whole dataset for damage and for data that a fit cannot use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vesin import NeighborList

from hpcfit.dataset.checks import defects
from hpcfit.dataset.hashing import block_checksum, content_ids
from hpcfit.dataset.layout import OPTIONAL_FIELDS
from hpcfit.dataset.reader import Dataset
from hpcfit.errors import InputError
from hpcfit.records import Configurations, FloatArray, IntArray, Missing

#: Smallest plausible distance of two atoms, Angstrom (the bond of H2 is 0.74).
CLOSEST = 0.5

_TARGETS = {Missing.ENERGY: "energy", Missing.FORCES: "forces", Missing.STRESS: "stress"}

#: Number of configurations that a finding names; it counts the others.
_NAMED = 8


@dataclass(frozen=True)
class Finding:
    """One finding.

    Parameters
    ----------
    error
        Whether it is an error; otherwise it is a warning.
    what
        In lower case, without a full stop.
    at
        [n], numbers of the affected configurations; empty for the whole file.
    """

    error: bool
    what: str
    at: IntArray

    def __str__(self) -> str:
        line = f"{'error' if self.error else 'warning'}: {self.what}"
        if len(self.at) == 0:
            return line
        named = " ".join(str(k) for k in self.at[:_NAMED])
        more = f" and {len(self.at) - _NAMED} more" if len(self.at) > _NAMED else ""
        return f"{line}, configurations {named}{more}"


def validate(path: str | Path) -> list[Finding]:
    """Return all findings, errors first.

    Parameters
    ----------
    path
        The dataset.

    Raises
    ------
    InputError
        When the file is not a dataset: its layout, offsets or names are invalid.
    """
    found: dict[tuple[bool, str], list[IntArray]] = {}
    with Dataset(path) as dataset:
        nowhere = np.array([], dtype=np.int64)
        findings = [Finding(True, str(fault), nowhere) for fault in dataset.seal_faults()]
        findings += _findings_of_index(dataset)
        start = 0
        for stop, checksum in zip(*dataset.blocks(), strict=True):
            for finding in _findings_of_block(dataset, start, int(stop), checksum):
                found.setdefault((finding.error, finding.what), []).append(finding.at)
            start = int(stop)
    findings += [Finding(error, what, np.concatenate(at)) for (error, what), at in found.items()]
    return sorted(findings, key=lambda finding: not finding.error)


def _findings_of_index(dataset: Dataset) -> list[Finding]:
    try:
        index = dataset.index()
        _, first = np.unique(dataset.ids(), axis=0, return_index=True)
    except InputError as error:
        return [Finding(True, str(fault), np.array([], dtype=np.int64)) for fault in error.faults]
    findings = [
        Finding(True, f"checksum of /{field.path} does not match", np.array([], dtype=np.int64))
        for field in OPTIONAL_FIELDS
        if dataset.weights_hash(field.path) != dataset.weights_hash(field.path, stated=False)
    ]
    for flag, name in _TARGETS.items():
        missing = np.flatnonzero(index.mask & flag.value)
        if len(missing):
            findings.append(Finding(False, f"{name} missing in {len(missing)} of {len(index)}", missing))
    repeated = np.setdiff1d(np.arange(len(index)), first)
    if len(repeated):
        findings.append(Finding(False, "configuration repeats an earlier one", repeated))
    return findings


def _findings_of_block(dataset: Dataset, start: int, stop: int, checksum: NDArray[np.uint8]) -> list[Finding]:
    everything = np.arange(start, stop)
    try:
        c = dataset.read_unchecked(start, stop)
    except InputError as error:
        return [Finding(True, str(fault), everything) for fault in error.faults]
    findings = []
    if not np.array_equal(block_checksum(c), checksum):
        findings.append(Finding(True, "checksum of the block does not match", everything))
    found = defects(c)
    findings += [Finding(True, defect.what, defect.at + start) for defect in found]
    if found:
        # Ids and distances of such numbers are meaningless.
        return findings
    foreign = np.flatnonzero((content_ids(c) != c.id).any(axis=1))
    close = _close_pairs(c)
    if len(foreign):
        findings.append(Finding(True, "id does not match the content", foreign + start))
    if len(close):
        findings.append(Finding(False, f"atoms closer than {CLOSEST} Angstrom", close + start))
    return findings


def _close_pairs(c: Configurations) -> IntArray:
    pairs = NeighborList(cutoff=CLOSEST, full_list=False)

    def close(k: int) -> bool:
        position: FloatArray = c.position[c.ptr[k] : c.ptr[k + 1]]
        (distance,) = pairs.compute(position, c.cell[k], c.pbc[k].tolist(), "d")
        return len(distance) > 0

    return np.flatnonzero([close(k) for k in range(len(c))])
