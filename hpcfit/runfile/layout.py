"""Names, units and shapes of everything in a run file (HDF5).

Scalars of a group are its attributes; every array
carries ``unit`` and ``shape`` (names of its axes). Groups are named below.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = "hpcfit run"
VERSION = 5

#: Attributes of the root.
FORMAT_ATTRIBUTE = "format"
VERSION_ATTRIBUTE = "format version"
COMPLETE_ATTRIBUTE = "complete"  #: false until the run is finished

JOB = "job"  #: attributes name, path, relative_path (to the run file's folder), hash; array text
RUN = "run"  #: attributes started, counts and the loss's factor and label; array hosts
VERSIONS = "versions"  #: attributes by library
SOLVER = "solver"  #: attributes by option
DATASETS = "datasets"  #: columns of `hpcfit.runfile.header.DatasetRecord`
PARAMETERS = "parameters"  #: columns of `hpcfit.records.Parameter`, and the final values
HISTORY = "history"  #: one column per number of `hpcfit.records.State` and `SolverState`, x and seconds
STATE = "state"  #: attributes and arrays of `State` and `SolverState`, and the parameters' values there
RESULT = "result"  #: attribute outcome; covariance and what belongs to it
TIMINGS = "timings"  #: columns name and seconds
PREDICTIONS = "predictions"  #: a group per dataset, numbered in document order; attribute source
STRUCTURES = "structures"  #: own structures, then derived properties, which have no atoms
PROPERTIES = "properties"  #: of all structures, in `STRUCTURES`; in their own units


@dataclass(frozen=True)
class RunField:
    """Unit (``1`` for pure numbers, empty for text) and axes of an array."""

    unit: str
    shape: str


_OWN = "parameters/unit"  #: every parameter has its own
_VARIABLE = "parameters/unit, 1 for a transform"

JOB_FIELDS = {"text": RunField("", "")}
RUN_FIELDS = {"hosts": RunField("", "n_ranks")}
DATASET_FIELDS = {
    "id": RunField("", "n_datasets"),
    "path": RunField("", "n_datasets"),
    "content": RunField("", "n_datasets"),
    "weighting": RunField("", "n_datasets"),
    "n_configurations": RunField("1", "n_datasets"),
    "n_atoms": RunField("1", "n_datasets"),
}
PARAMETER_FIELDS = {
    "path": RunField("", "n_parameters"),
    "unit": RunField("", "n_parameters"),
    "start": RunField(_OWN, "n_parameters"),
    "minimum": RunField(_OWN, "n_parameters"),
    "maximum": RunField(_OWN, "n_parameters"),
    "free": RunField("1", "n_parameters"),
    "transform": RunField("", "n_parameters"),
    "constraint": RunField("", "n_parameters"),
    "prior_mean": RunField(_OWN, "n_parameters"),
    "prior_sigma": RunField(_OWN, "n_parameters"),  # infinite where there is no prior
}
VALUE_FIELDS = {"values": RunField(_OWN, "n_parameters")}
RELAXED_FIELDS = {
    "relaxed": RunField("1", "n_relaxed"),  # of all blocks of own structures, one after the other
    "relaxed_ptr": RunField("1", "n_work_blocks + 1"),
}
FINAL_FIELDS = {
    "final": RunField(_OWN, "n_parameters"),
    "standard_error": RunField(_OWN, "n_parameters"),
}
RESULT_FIELDS = {
    "covariance": RunField("products of parameters/unit", "n_varying, n_varying"),
    "singular_values": RunField("1", "n_free"),
    "directions": RunField("1", "n_free, n_free"),
}
TIMING_FIELDS = {"name": RunField("", "n_phases"), "seconds": RunField("s", "n_phases")}
PREDICTION_FIELDS = {
    "groups": RunField("", "n_groups"),
    "configuration": RunField("1", "n_configurations"),
    "group": RunField("1", "n_configurations"),
    "ptr": RunField("1", "n_configurations + 1"),
    "energy": RunField("eV", "n_configurations"),
    "energy_target": RunField("eV", "n_configurations"),
    "force": RunField("eV/Angstrom", "n_atoms, 3"),
    "force_target": RunField("eV/Angstrom", "n_atoms, 3"),
    "stress": RunField("eV/Angstrom^3", "n_configurations, 6"),
    "stress_target": RunField("eV/Angstrom^3", "n_configurations, 6"),
}
STRUCTURE_FIELDS = {
    "id": RunField("", "n_structures"),
    "kind": RunField("", "n_structures"),
    "trouble": RunField("", "n_structures"),
    "cell": RunField("Angstrom", "n_structures, 3, 3"),
    "pbc": RunField("1", "n_structures, 3"),
    "ptr": RunField("1", "n_structures + 1"),
    "symbol": RunField("", "n_atoms"),
    "position": RunField("Angstrom", "n_atoms, 3"),
    "property_ptr": RunField("1", "n_structures + 1"),
}
_PROPERTY = "structures/properties/unit"  #: every property has its own
PROPERTY_FIELDS = {
    "name": RunField("", "n_properties"),
    "unit": RunField("", "n_properties"),
    "fit": RunField("1", "n_properties"),
    "style": RunField("", "n_properties"),
    "state": RunField("", "n_properties"),
    "tolerance": RunField(_PROPERTY, "n_properties"),
    "weight": RunField("1", "n_properties"),
    "residual": RunField("1", "n_properties"),
    "minimum": RunField(_PROPERTY, "n_properties"),
    "maximum": RunField(_PROPERTY, "n_properties"),
    "all_components": RunField("1", "n_properties"),
    "ptr": RunField("1", "n_properties + 1"),
    "start": RunField(_PROPERTY, "n_components"),
    "value": RunField(_PROPERTY, "n_components"),
    "target": RunField(_PROPERTY, "n_components"),  # NaN where there is none
}


def state_field(name: str) -> RunField:
    """Return unit and axes of an array of the state; scaled quantities have no dimension."""
    unit = {"scale": f"1/({_VARIABLE})", "direction": "1"}.get(name, _VARIABLE)
    return RunField(unit, "n_free")


def stored_name(field: str) -> str:
    """Return the name that a field of `State` or `SolverState` has in run files and in the history."""
    return "n_seconds" if field == "n_second_derivatives" else field


def history_field(name: str) -> RunField:
    """Return unit and axes of a column of the history."""
    if name == "seconds":
        return RunField("s", "n_rows")
    return RunField(_VARIABLE, "n_rows, n_free") if name == "x" else RunField("1", "n_rows")
