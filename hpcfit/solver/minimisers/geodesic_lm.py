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
_DIFFERENCES = (*_ACCELERATED, ("second-derivative", ("auto", "difference")))
_SCALED = (("scaling", ("running-maximum",)),)


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
    """Check delayed gratification: if the damping falls more slowly than it rises, steps along canyons stay short."""
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
            _option("max-evaluations", "count", "limit of all evaluations"),
            _option("max-time", "positive", "limit of wall time in seconds, of a resumed fit anew"),
            _option("goal", "not-negative", "converged when chi^2 is not larger"),
            _option(
                "angle-tolerance", "not-negative", "largest cosine of residual and tangent plane at a minimum"
            ),
            _option(
                "parameter-tolerance", "not-negative", "largest relative change by a full step at a minimum"
            ),
            _option("step-tolerance", "not-negative", "converged when a full step is below this fraction"),
            _option("cost-tolerance", "not-negative", "converged when three steps each gain less than this"),
            _option("damping", tuple(RULES), "`radius` limits the length of the step, the others set lambda"),
            _option("initial-radius", "positive", "first radius, in units of the parameters", _RADIUS),
            _option("radius-up", "above-one", "factor on the radius after an accepted step", _RADIUS),
            _option("radius-down", "above-one", "divisor of the radius after a rejected step", _RADIUS),
            _option("initial-damping", "positive", "first lambda, relative to the scaled problem", _LAMBDA),
            _option("damping-up", "above-one", "factor on lambda after a rejected step", _DELAYED),
            _option("damping-down", "above-one", "divisor of lambda after an accepted step", _DELAYED),
            _option("scaling", ("running-maximum", "identity"), "unit of a step"),
            _option("acceleration", "boolean", "whether steps have a second-order part a"),
            _option("alpha", "positive", "largest admissible 2\\|a\\|/\\|v\\|", _ACCELERATED),
            _option(
                "second-derivative", ("auto", "exact", "difference"), "source of a, see below", _ACCELERATED
            ),
            _option("h", "fraction", "fraction of the step at which a difference is taken", _DIFFERENCES),
            _option("bold", (0, 1, 2), "1, 2: accepts uphill steps", _ACCELERATED),
            _option("patience", "count", "steps in which half of the predicted decrease must be reached"),
            _option("restart", "boolean", "whether a stalled fit starts once more", _SCALED),
        ),
    ),
)
