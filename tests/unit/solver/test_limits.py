"""``max-iter`` and ``max-evaluations`` mean the same for every minimiser: rows of the log, and all evaluations."""

from dataclasses import replace

import pytest
from lxml import etree

from hpcfit.errors import InputError
from hpcfit.job.document.values import Faults
from hpcfit.job.fitting.minimisers import Minimisers
from hpcfit.records import GeodesicOptions, SpaOptions
from hpcfit.solver.geodesic import STOPPED_EVALUATIONS, STOPPED_ITERATIONS
from hpcfit.solver.minimisers import iterate, minimisers
from tests.helpers.array_problems import CASES, ArrayProblem
from tests.helpers.minimiser_cases import FORMS, box_of, fit

#: Elements of all minimisers and methods, with a place for the limits.
ELEMENTS = {
    "geodesic-lm": "<geodesic-lm {}/>",
    "BFGS": "<BFGS {}/>",
    "spa": '<spa {}><scipy method="L-BFGS-B"/></spa>',
    **{
        name: f'<{form.name} {form.selector}="{name}" {{}}>{inner}</{form.name}>'
        for form in minimisers()
        if form.selector
        for name in [method.name for method in form.methods]
        for inner in ['<nlopt algorithm="LD_LBFGS"/>' if FORMS[name].nests and form.name == "nlopt" else ""]
    },
}


def settings(text):
    faults = Faults("job.xml")
    found = Minimisers(minimisers(), faults).read(etree.fromstring(f"<fitting>{text}</fitting>"))
    faults.raise_if_any()
    return found, [str(warning) for warning in faults.warnings]


def fitted(name, limits):
    return fit(settings(ELEMENTS[name].format(limits))[0])


def counted():
    """Every minimiser with three limits; one step of NEWUOA_BOUND takes 46 s without an evaluation."""
    for name in ELEMENTS:
        for most in (1, 7, 23):
            slow = (name, most) == ("LN_NEWUOA_BOUND", 23)
            yield pytest.param(name, most, marks=[pytest.mark.long] if slow else [])


@pytest.mark.parametrize(("name", "most"), list(counted()))
def test_max_evaluations_counts_all_evaluations(name, most):
    problem, states = fitted(name, f'max-evaluations="{most}"')
    last = states[-1]
    n_evaluations = last.n_costs + last.n_linearisations + last.n_second_derivatives
    # The problem itself counts; the trials of spa evaluate their own first point.
    assert n_evaluations == len(problem.asked) <= most
    assert last.outcome == STOPPED_EVALUATIONS or n_evaluations < most
    assert last.outcome != STOPPED_ITERATIONS


@pytest.mark.parametrize("name", ELEMENTS)
def test_max_iter_counts_rows_of_the_log(name):
    most = 3
    _, states = fitted(name, f'max-iter="{most}"')
    last = states[-1]
    if name in ("spa", "Powell"):
        # The iterations of spa are trials; Powell's method ends earlier here.
        assert last.iteration <= most and last.outcome.startswith("converged")
        return
    assert (last.iteration, last.outcome) == (most, STOPPED_ITERATIONS)
    # A resumed fit that has reached the limit evaluates nothing; with a larger one it goes on.
    options = settings(ELEMENTS[name].format(f'max-iter="{most}"'))[0]
    problem = ArrayProblem(CASES["rosenbrock"].residual)
    stopped = replace(last, outcome="")
    (again,) = iterate(problem, stopped, box_of(options, 2), options)
    assert again.outcome == STOPPED_ITERATIONS and len(problem.asked) <= (name == "geodesic-lm")
    later = list(iterate(problem, stopped, box_of(options, 2), replace(options, max_iter=most + 1)))
    assert later[-1].iteration <= most + 1


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if not form.is_global])
def test_a_limit_replaces_the_shorter_default_of_the_library(name):
    """SciPy and NLopt end after 100 n or 200 n evaluations or iterations where nothing is said."""
    problem, states = fitted(name, 'max-evaluations="3000" max-iter="3000"')
    assert states[-1].outcome not in (STOPPED_EVALUATIONS, STOPPED_ITERATIONS) or len(problem.asked) >= 2990


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '<scipy method="basinhopping"><scipy method="L-BFGS-B" max-evaluations="5"/></scipy>',
            "allowed max-iter",
        ),
        (
            '<nlopt algorithm="G_MLSL"><nlopt algorithm="LD_LBFGS" max-iter="5"/></nlopt>',
            "allowed max-evaluations",
        ),
    ],
)
def test_a_limit_that_a_library_cannot_keep_is_refused(text, said):
    with pytest.raises(InputError, match=said):
        settings(text)


def test_nested_limits():
    found, warnings = settings('<nlopt algorithm="G_MLSL"><BFGS max-iter="5"/></nlopt>')
    assert found.local.maxeval == 5 and "max-iter counts evaluations inside <nlopt>" in warnings[0]
    found, _ = settings('<nlopt algorithm="G_MLSL"><nlopt algorithm="LD_MMA" max-evaluations="6"/></nlopt>')
    assert found.local.maxeval == 6
    text = '<scipy method="basinhopping" niter="{}"><scipy method="SLSQP" max-iter="{}"/></scipy>'
    n = [len(fit(settings(text.format(1, most))[0])[0].asked) for most in (1, 2, 300)]
    assert n[0] < n[1] < n[2]


def test_spa_shares_its_evaluations_among_the_trials():
    options = SpaOptions(GeodesicOptions(max_evaluations=4), max_iter=5, max_evaluations=10)
    problem, states = fit(options)
    assert len(problem.asked) == 10 and states[-1].outcome == STOPPED_EVALUATIONS
    assert states[-1].iteration == 3
