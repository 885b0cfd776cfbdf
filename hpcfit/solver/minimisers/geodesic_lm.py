"""Levenberg-Marquardt with geodesic acceleration: its options in a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hpcfit.records import GeodesicOptions, MethodForm, MinimiserForm, OptionForm
from hpcfit.solver.geodesic import iterate
from hpcfit.solver.rules import RULES

_RADIUS = (("damping", ("radius",)),)
_LAMBDA = (("damping", tuple(name for name in RULES if name != "radius")),)
_DELAYED = (("damping", ("delayed-gratification",)),)
_ACCELERATED = (("acceleration", ("true",)),)


def _option(
    name: str,
    allowed: str | tuple[str, ...] | tuple[int, ...],
    description: str,
    needs: tuple[tuple[str, tuple[str, ...]], ...] = (),
) -> OptionForm:
    return OptionForm(name, allowed, getattr(GeodesicOptions, name.replace("-", "_")), description, needs)


def _read(_method: str, given: Mapping[str, Any], _local: None) -> GeodesicOptions:
    return GeodesicOptions(**{name.replace("-", "_"): value for name, value in given.items()})


def _check(_method: MethodForm | None, given: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Delayed gratification: a damping that falls more slowly than it rises creeps along canyons."""
    up = given.get("damping-up", GeodesicOptions.damping_up)
    down = given.get("damping-down", GeodesicOptions.damping_down)
    if down <= up:
        yield "damping-down not larger than damping-up", f"{down}", f"above {up}"


RECORDS = (
    MinimiserForm(
        name="geodesic-lm",
        description="Levenberg-Marquardt with geodesic acceleration",
        settings=GeodesicOptions,
        read=_read,
        run=iterate,
        check=_check,
        options=(
            _option("max-iter", "count", "limit of accepted steps"),
            _option(
                "max-evaluations",
                "count",
                "limit of linearisations, trial costs and second derivatives together",
            ),
            _option(
                "max-time", "positive", "limit of wall time in seconds; a resumed fit starts again from 0"
            ),
            _option("goal", "not-negative", "converged when chi^2 is not larger"),
            _option(
                "angle-tolerance",
                "not-negative",
                "converged when the cosine between residual and tangent plane is below this and `parameter-tolerance` "
                "holds",
            ),
            _option(
                "parameter-tolerance",
                "not-negative",
                "a full step changes no parameter by more than this fraction of its size",
            ),
            _option(
                "step-tolerance",
                "not-negative",
                "converged when an undamped step is below this fraction of the parameters",
            ),
            _option(
                "cost-tolerance",
                "not-negative",
                "converged when three successive steps each gain less than this fraction",
            ),
            _option(
                "damping",
                tuple(RULES),
                "`radius` limits the length of the step, and lambda follows; the others raise and lower lambda itself",
            ),
            _option("initial-radius", "positive", "first radius, in units of the parameters", _RADIUS),
            _option("radius-up", "above-one", "factor on the radius after an accepted step", _RADIUS),
            _option("radius-down", "above-one", "divisor of the radius after a rejected step", _RADIUS),
            _option("initial-damping", "positive", "first lambda, relative to the scaled problem", _LAMBDA),
            _option("damping-up", "above-one", "factor on lambda after a rejected step", _DELAYED),
            _option("damping-down", "above-one", "divisor of lambda after an accepted step", _DELAYED),
            _option(
                "scaling",
                ("running-maximum", "identity"),
                "measure of a step's length: the largest norms of the Jacobian's columns so far, or the variables "
                "themselves",
            ),
            _option("acceleration", "boolean", "whether steps have a second-order part"),
            _option(
                "alpha",
                "positive",
                "largest admissible ratio 2\\|a\\|/\\|v\\| of the second-order part",
                _ACCELERATED,
            ),
            _option(
                "second-derivative",
                ("auto", "exact", "difference"),
                "source of the second derivatives, see below",
                _ACCELERATED,
            ),
            _option(
                "h",
                "fraction",
                "fraction of the step at which a difference takes its residual",
                (*_ACCELERATED, ("second-derivative", ("auto", "difference"))),
            ),
            _option(
                "bold",
                (0, 1, 2),
                "1 or 2: uphill steps are accepted while successive steps have one direction, 2 accepts more",
                _ACCELERATED,
            ),
            _option(
                "patience",
                "count",
                "number of accepted steps over which the decrease must be at least half of the predicted decrease",
            ),
            _option(
                "restart",
                "boolean",
                "whether a fit that lacks this decrease, or whose parameters run away, starts once more with "
                "`scaling` identity; log and report say so, and the best point of both counts",
                (("scaling", ("running-maximum",)),),
            ),
        ),
    ),
)
