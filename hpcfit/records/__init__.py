"""The records that rooms hand to each other: plain, frozen, the same on every rank."""

from hpcfit.records.arrays import FloatArray, IntArray
from hpcfit.records.configurations import Configurations, DatasetIndex, Missing, Predictions
from hpcfit.records.jobs import (
    AbsoluteWeights,
    Constraint,
    ConstraintTerm,
    DatasetSource,
    FittedProperty,
    Fitting,
    GeodesicOptions,
    Group,
    Job,
    functions_by_path,
)
from hpcfit.records.potentials import (
    N_ATOMS,
    Function,
    FunctionCatalogue,
    FunctionForm,
    Parameter,
    ParameterForm,
    ParameterKind,
    Potential,
    PotentialForm,
    RoleForm,
    species_tuple,
    species_tuples,
)
from hpcfit.records.states import State

__all__ = [
    "N_ATOMS",
    "AbsoluteWeights",
    "Configurations",
    "Constraint",
    "ConstraintTerm",
    "DatasetIndex",
    "DatasetSource",
    "FittedProperty",
    "Fitting",
    "FloatArray",
    "Function",
    "FunctionCatalogue",
    "FunctionForm",
    "GeodesicOptions",
    "Group",
    "IntArray",
    "Job",
    "Missing",
    "Parameter",
    "ParameterForm",
    "ParameterKind",
    "Potential",
    "PotentialForm",
    "Predictions",
    "RoleForm",
    "State",
    "functions_by_path",
    "species_tuple",
    "species_tuples",
]
