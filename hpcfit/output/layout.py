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
DATASETS = "datasets"  #: columns of `hpcfit.output.header.DatasetRecord`
PARAMETERS = "parameters"  #: columns of `hpcfit.records.Parameter`, and the final values
HISTORY = "history"  #: one column per number of `hpcfit.records.State`, x and seconds
STATE = "state"  #: attributes and arrays of `hpcfit.records.State`, and the parameters' values there
RESULT = "result"  #: attribute outcome; covariance and what belongs to it
TIMINGS = "timings"  #: columns name and seconds
PREDICTIONS = "predictions"  #: a group per dataset, numbered in document order; attribute source
STRUCTURES = "structures"  #: own structures, then derived properties, which have no atoms
PROPERTIES = "properties"  #: of all structures, in `STRUCTURES`; in their own units


@dataclass(frozen=True)
class Field:
    """Unit (``1`` for pure numbers, empty for text) and axes of an array."""

    unit: str
    shape: str


_OWN = "parameters/unit"  #: every parameter has its own
_VARIABLE = "parameters/unit, 1 for a transform"

JOB_FIELDS = {"text": Field("", "")}
RUN_FIELDS = {"hosts": Field("", "n_ranks")}
DATASET_FIELDS = {
    "id": Field("", "n_datasets"),
    "path": Field("", "n_datasets"),
    "content": Field("", "n_datasets"),
    "weighting": Field("", "n_datasets"),
    "n_configurations": Field("1", "n_datasets"),
    "n_atoms": Field("1", "n_datasets"),
}
PARAMETER_FIELDS = {
    "path": Field("", "n_parameters"),
    "unit": Field("", "n_parameters"),
    "start": Field(_OWN, "n_parameters"),
    "minimum": Field(_OWN, "n_parameters"),
    "maximum": Field(_OWN, "n_parameters"),
    "free": Field("1", "n_parameters"),
    "transform": Field("", "n_parameters"),
    "constraint": Field("", "n_parameters"),
    "prior_mean": Field(_OWN, "n_parameters"),
    "prior_sigma": Field(_OWN, "n_parameters"),  # infinite where there is no prior
}
VALUE_FIELDS = {"values": Field(_OWN, "n_parameters")}
RELAXED_FIELDS = {
    "relaxed": Field("1", "n_relaxed"),  # of all blocks of own structures, one after the other
    "relaxed_ptr": Field("1", "n_work_blocks + 1"),
}
FINAL_FIELDS = {
    "final": Field(_OWN, "n_parameters"),
    "standard_error": Field(_OWN, "n_parameters"),
}
RESULT_FIELDS = {
    "covariance": Field("products of parameters/unit", "n_varying, n_varying"),
    "singular_values": Field("1", "n_free"),
    "directions": Field("1", "n_free, n_free"),
}
TIMING_FIELDS = {"name": Field("", "n_phases"), "seconds": Field("s", "n_phases")}
PREDICTION_FIELDS = {
    "groups": Field("", "n_groups"),
    "configuration": Field("1", "n_configurations"),
    "group": Field("1", "n_configurations"),
    "ptr": Field("1", "n_configurations + 1"),
    "energy": Field("eV", "n_configurations"),
    "energy_target": Field("eV", "n_configurations"),
    "force": Field("eV/Angstrom", "n_atoms, 3"),
    "force_target": Field("eV/Angstrom", "n_atoms, 3"),
    "stress": Field("eV/Angstrom^3", "n_configurations, 6"),
    "stress_target": Field("eV/Angstrom^3", "n_configurations, 6"),
}
STRUCTURE_FIELDS = {
    "id": Field("", "n_structures"),
    "kind": Field("", "n_structures"),
    "trouble": Field("", "n_structures"),
    "cell": Field("Angstrom", "n_structures, 3, 3"),
    "pbc": Field("1", "n_structures, 3"),
    "ptr": Field("1", "n_structures + 1"),
    "symbol": Field("", "n_atoms"),
    "position": Field("Angstrom", "n_atoms, 3"),
    "property_ptr": Field("1", "n_structures + 1"),
}
_PROPERTY = "structures/properties/unit"  #: every property has its own
PROPERTY_FIELDS = {
    "name": Field("", "n_properties"),
    "unit": Field("", "n_properties"),
    "fit": Field("1", "n_properties"),
    "style": Field("", "n_properties"),
    "state": Field("", "n_properties"),
    "tolerance": Field(_PROPERTY, "n_properties"),
    "weight": Field("1", "n_properties"),
    "residual": Field("1", "n_properties"),
    "minimum": Field(_PROPERTY, "n_properties"),
    "maximum": Field(_PROPERTY, "n_properties"),
    "all_components": Field("1", "n_properties"),
    "ptr": Field("1", "n_properties + 1"),
    "start": Field(_PROPERTY, "n_components"),
    "value": Field(_PROPERTY, "n_components"),
    "target": Field(_PROPERTY, "n_components"),  # NaN where there is none
}


def state_field(name: str) -> Field:
    """Return unit and axes of an array of the state; what is scaled has no dimension."""
    unit = {"scale": f"1/({_VARIABLE})", "direction": "1"}.get(name, _VARIABLE)
    return Field(unit, "n_free")


def stored_name(field: str) -> str:
    """Return the name that a field of `hpcfit.records.State` has in run files and in the history."""
    return "n_seconds" if field == "n_second_derivatives" else field


def history_field(name: str) -> Field:
    """Return unit and axes of a column of the history."""
    if name == "seconds":
        return Field("s", "n_rows")
    return Field(_VARIABLE, "n_rows, n_free") if name == "x" else Field("1", "n_rows")
