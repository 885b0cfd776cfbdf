"""Names, units and shapes of everything in a run file (HDF5).

Scalars of a group are its attributes. Every array carries ``unit``, ``shape`` (names of its axes), ``description`` and,
where its rows or columns have names, ``rows`` and ``columns``: the names. Groups are named below.
"""

from __future__ import annotations

from dataclasses import dataclass

FORMAT = "hpcfit run"
VERSION = 6
READABLE = (
    5,
    VERSION,
)  #: version 5 has no seal, no descriptions, and numbers in place of ids in `PREDICTIONS`

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
PREDICTIONS = (
    "predictions"  #: a group per dataset, named by `dataset_name`; attributes source (the id) and number
)
STRUCTURES = "structures"  #: own structures, then derived properties, which have no atoms
PROPERTIES = "properties"  #: of all structures, in `STRUCTURES`; in their own units


@dataclass(frozen=True)
class RunField:
    """Unit (``1`` for pure numbers, empty for text), axes and meaning of an array."""

    unit: str
    shape: str
    description: str


_OWN = "parameters/unit"  #: every parameter has its own
_VARIABLE = "parameters/unit, 1 for a transform"
_PROPERTY = "structures/properties/unit"  #: every property has its own

JOB_FIELDS = {"text": RunField("", "", "job file, included files inserted")}
RUN_FIELDS = {"hosts": RunField("", "n_ranks", "host name of every rank")}
DATASET_FIELDS = {
    "id": RunField("", "n_datasets", "id in the job"),
    "path": RunField("", "n_datasets", "file, as the job names it"),
    "content": RunField("", "n_datasets", "hash over all configurations"),
    "weighting": RunField("", "n_datasets", "hash over all weights and groups"),
    "n_configurations": RunField("1", "n_datasets", "configurations in the whole file"),
    "n_atoms": RunField("1", "n_datasets", "atoms in the whole file"),
}
PARAMETER_FIELDS = {
    "path": RunField("", "n_parameters", "name of the parameter, potential first"),
    "unit": RunField("", "n_parameters", "unit of the parameter, 1 for a pure number"),
    "start": RunField(_OWN, "n_parameters", "value before the fit"),
    "minimum": RunField(_OWN, "n_parameters", "lower bound, -inf where there is none"),
    "maximum": RunField(_OWN, "n_parameters", "upper bound, inf where there is none"),
    "free": RunField("1", "n_parameters", "whether it is fitted"),
    "transform": RunField("", "n_parameters", "function of it that is fitted, empty for itself"),
    "constraint": RunField("", "n_parameters", "constraint that sets it, empty where there is none"),
    "prior_mean": RunField(_OWN, "n_parameters", "mean of the prior"),
    "prior_sigma": RunField(_OWN, "n_parameters", "standard deviation of the prior, inf where there is none"),
}
VALUE_FIELDS = {"values": RunField(_OWN, "n_parameters", "all parameters at this state")}
RELAXED_FIELDS = {
    "relaxed": RunField("1", "n_relaxed", "starts of the next relaxations, one block after the other"),
    "relaxed_ptr": RunField("1", "n_work_blocks + 1", "block k has rows relaxed_ptr[k]:relaxed_ptr[k+1]"),
}
FINAL_FIELDS = {
    "final": RunField(_OWN, "n_parameters", "value after the fit"),
    "standard_error": RunField(_OWN, "n_parameters", "standard error, NaN where fixed or undetermined"),
}
RESULT_FIELDS = {
    "covariance": RunField(
        "products of parameters/unit", "n_varying, n_varying", "covariance of parameters, NaN if undetermined"
    ),
    "singular_values": RunField(
        "1", "n_singular", "of the triangular factor with columns of norm 1, largest first"
    ),
    "directions": RunField("1", "n_singular, n_free", "singular vectors in units of the columns' norms"),
}
TIMING_FIELDS = {
    "name": RunField("", "n_phases", "phase of the run"),
    "seconds": RunField("s", "n_phases", "wall time"),
}
PREDICTION_FIELDS = {
    "groups": RunField("", "n_groups", "names of the groups of configurations"),
    "configuration": RunField("1", "n_configurations", "number in the dataset, from 0"),
    "group": RunField("1", "n_configurations", "counts into groups"),
    "ptr": RunField("1", "n_configurations + 1", "configuration k has atoms ptr[k]:ptr[k+1]"),
    "energy": RunField("eV", "n_configurations", "predicted total energy"),
    "energy_target": RunField("eV", "n_configurations", "total energy in the dataset, NaN where missing"),
    "force": RunField("eV/Angstrom", "n_atoms, 3", "predicted forces, Cartesian"),
    "force_target": RunField("eV/Angstrom", "n_atoms, 3", "forces in the dataset, NaN where missing"),
    "stress": RunField(
        "eV/Angstrom^3", "n_configurations, 6", "predicted, tension positive, xx yy zz yz xz xy"
    ),
    "stress_target": RunField(
        "eV/Angstrom^3", "n_configurations, 6", "in the dataset, xx yy zz yz xz xy, NaN where missing"
    ),
    "fitted": RunField("1", "n_configurations, 3", "whether energy, forces and stress are fitted"),
}
STRUCTURE_FIELDS = {
    "id": RunField("", "n_structures", "id in the job"),
    "kind": RunField("", "n_structures", "lattice or element of the job"),
    "trouble": RunField("", "n_structures", "why it has no valid properties, empty where it has"),
    "cell": RunField("Angstrom", "n_structures, 3, 3", "cell vectors in rows, after the relaxation"),
    "pbc": RunField("1", "n_structures, 3", "periodic along each cell vector"),
    "ptr": RunField("1", "n_structures + 1", "structure k has atoms ptr[k]:ptr[k+1]"),
    "symbol": RunField("", "n_atoms", "chemical symbol"),
    "position": RunField("Angstrom", "n_atoms, 3", "Cartesian, after the relaxation"),
    "property_ptr": RunField(
        "1", "n_structures + 1", "structure k has properties property_ptr[k]:property_ptr[k+1]"
    ),
}
PROPERTY_FIELDS = {
    "name": RunField("", "n_properties", "name, as printed"),
    "unit": RunField("", "n_properties", "unit of the property, as printed"),
    "fit": RunField("1", "n_properties", "whether it is fitted"),
    "style": RunField("", "n_properties", "style of its residual"),
    "state": RunField("", "n_properties", "relaxed, or before relaxation; empty for others"),
    "tolerance": RunField(_PROPERTY, "n_properties", "tolerance of the residual"),
    "weight": RunField("1", "n_properties", "product of normalised weights, 0 if not fitted"),
    "residual": RunField("1", "n_properties", "contribution to the sum of squares"),
    "minimum": RunField(_PROPERTY, "n_properties", "lower bound of the relaxation"),
    "maximum": RunField(_PROPERTY, "n_properties", "upper bound of the relaxation"),
    "all_components": RunField("1", "n_properties", "whether all components are printed"),
    "ptr": RunField("1", "n_properties + 1", "property k has components ptr[k]:ptr[k+1]"),
    "start": RunField(_PROPERTY, "n_components", "value before the fit"),
    "value": RunField(_PROPERTY, "n_components", "value after the fit"),
    "target": RunField(_PROPERTY, "n_components", "target, NaN where there is none"),
}

_STATE = {
    "x": "variables of the solver: free parameters, or their transforms",
    "best_x": "variables at the best point",
    "scale": "scale of the variables in the solver's steps",
    "direction": "scaled last accepted step, empty before the first",
    "start_x": "variables at the start, to which a restart returns",
}

_HISTORY = {
    "iteration": "accepted steps so far",
    "cost": "sum of squared residuals",
    "best_cost": "sum of squared residuals at the best point",
    "gradient": "largest component of the scaled gradient, at the start of the step",
    "angle": "cosine between residual and tangent plane, at the start of the step",
    "step": "length of the scaled step",
    "acceleration": "2|second-order step|/|first-order step|",
    "n_linearisations": "Jacobians so far",
    "n_costs": "sums of squares so far",
    "n_seconds": "second derivatives so far",
    "condition": "estimated ratio of smallest to largest singular value of the scaled system",
    "start_cost": "sum of squared residuals at the start",
    "damping": "lambda of the step, or of the next one",
    "radius": "largest scaled length of the next step, NaN where lambda is set instead",
    "memory": "recent rate of success, 0 to 1",
    "small_gains": "consecutive steps that gained less than the tolerance",
    "mark_iteration": "start of the current period of patience, -1 before the first",
    "mark_cost": "cost to reach in that period",
}


def state_field(name: str) -> RunField:
    """Return unit, axes and meaning of an array of the state; scaled quantities have no dimension."""
    unit = {"scale": f"1/({_VARIABLE})", "direction": "1"}.get(name, _VARIABLE)
    return RunField(unit, "n_free", _STATE[name])


def stored_name(field: str) -> str:
    """Return the name that a field of `State` or `SolverState` has in run files and in the history."""
    return "n_seconds" if field == "n_second_derivatives" else field


def history_field(name: str) -> RunField:
    """Return unit, axes and meaning of a column of the history."""
    if name == "seconds":
        return RunField("s", "n_rows", "wall time since the row before")
    if name == "x":
        return RunField(_VARIABLE, "n_rows, n_free", _STATE["x"])
    return RunField("1", "n_rows", _HISTORY[name])


def dataset_name(source: str) -> str:
    """Return the name of a dataset's group: its id, with the characters escaped that HDF5 reads as a path."""
    escaped = source.replace("%", "%25").replace("/", "%2F")
    return escaped.replace(".", "%2E") if set(escaped) <= {"."} else escaped
