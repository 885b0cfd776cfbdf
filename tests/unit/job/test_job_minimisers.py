"""Minimisers in a job: what is read, and the lines that are printed for what does not fit."""

import re
from pathlib import Path

import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.records import (
    Box,
    GeodesicOptions,
    NloptOptions,
    ScipyOptions,
    SpaOptions,
    Uses,
)
from tests.helpers.small_jobs import known

JOB = """<job>
  <atom-types><species>Si</species></atom-types>
  <fitting{attributes}>
    {minimiser}
  </fitting>
  <potentials>
    <lennard-jones id="LJ">
      <sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff>
      <fit-dof>{freedoms}</fit-dof>
    </lennard-jones>
  </potentials>
  <structures><dataset id="si" file="si.h5"><properties><stress fit="true"/></properties></dataset></structures>
</job>
"""

BOUNDED = '<sigma min="1" max="3"/><epsilon min="0.1" max="1" transform="log"/>'
FREE = '<sigma/><epsilon min="0.1" max="1" transform="logit"/>'


@pytest.fixture
def reading(folder, forms, functions, monkeypatch):
    """Return the job with a minimiser."""
    monkeypatch.chdir(folder)

    def read(minimiser, freedoms=BOUNDED, attributes=""):
        text = JOB.format(minimiser=minimiser, freedoms=freedoms, attributes=attributes)
        Path("job.xml").write_text(text)
        return read_job("job.xml", known(forms, functions))

    return read


READ = {
    "": GeodesicOptions(),
    '<geodesic-lm max-iter="7"/>': GeodesicOptions(max_iter=7),
    "<BFGS/>": ScipyOptions(
        "L-BFGS-B",
        (("ftol", 1e-5 * 2.0**-52), ("gtol", 0.0), ("maxfun", 2000), ("maxiter", 100)),
        max_iter=100,
    ),
    '<BFGS conv-threshold="1" max-iter="200" gradient-epsilon="1e-6"/>': ScipyOptions(
        "L-BFGS-B", (("ftol", 2.0**-52), ("gtol", 0.0), ("maxfun", 4000), ("maxiter", 200)), max_iter=200
    ),
    '<scipy method="trf" xtol="1e-9" max_nfev="20" x_scale="jac"/>': ScipyOptions(
        "trf", (("max_nfev", 20), ("x_scale", "jac"), ("xtol", 1e-9))
    ),
    '<scipy method="shgo" n="64" sampling_method="sobol"><scipy method="TNC" ftol="1e-3"/></scipy>': ScipyOptions(
        "shgo", (("n", 64), ("sampling_method", "sobol")), ScipyOptions("TNC", (("ftol", 1e-3),))
    ),
    '<scipy method="differential_evolution" polish=" False " seed="0"/>': ScipyOptions(
        "differential_evolution", (("polish", False), ("seed", 0))
    ),
    '<nlopt algorithm="LD_MMA"/>': NloptOptions("LD_MMA"),
    '<nlopt algorithm="LN_PRAXIS" stopval="-1" maxeval="50" maxtime="2.5" seed="3"/>': NloptOptions(
        "LN_PRAXIS", stopval=-1.0, maxeval=50, maxtime=2.5, seed=3
    ),
    '<nlopt algorithm="LN_SBPLX" ftol_rel="0" ftol_abs="1" xtol_rel="2"/>': NloptOptions(
        "LN_SBPLX", ftol_rel=0.0, ftol_abs=1.0, xtol_rel=2.0
    ),
    '<nlopt algorithm="G_MLSL"><BFGS max-iter="9"/></nlopt>': NloptOptions(
        "G_MLSL", local=NloptOptions("LD_LBFGS", maxeval=9, ftol_rel=1e-10, xtol_rel=0.0)
    ),
    '<nlopt algorithm="G_MLSL_LDS"><nlopt algorithm="LN_SBPLX" maxeval="9"/></nlopt>': NloptOptions(
        "G_MLSL_LDS", local=NloptOptions("LN_SBPLX", maxeval=9)
    ),
    '<spa max-iter="20" seed="42"><geodesic-lm/></spa>': SpaOptions(GeodesicOptions(), 20, 42),
    '<spa><nlopt algorithm="LD_VAR1"/></spa>': SpaOptions(NloptOptions("LD_VAR1"), 100, 0),
}


@pytest.mark.parametrize("minimiser", READ)
def test_what_is_written_is_read(reading, minimiser):
    job = reading(minimiser)
    assert job.fitting.solver == READ[minimiser]
    assert [type(value) for _, value in getattr(job.fitting.solver, "options", ())] == [
        type(value) for _, value in getattr(READ[minimiser], "options", ())
    ]
    said = ()
    if "epsilon" in minimiser:
        said = ("job.xml:4: gradient-epsilon has no effect, the gradient is exact",)
    if "MLSL" in minimiser and "max-iter" in minimiser:
        said = ("job.xml:4: max-iter counts evaluations inside <nlopt>",)
    assert job.warnings == said


def test_the_interval_of_reports_is_read(reading):
    assert reading("").fitting.output_interval is None
    assert reading("", attributes=' output-interval=" 5 "').fitting.output_interval == 5


METHODS_OF = {form.name: {m.name: m for m in form.methods} for form in catalogue().minimisers}
SCIPY_METHODS, NLOPT_METHODS = METHODS_OF["scipy"], METHODS_OF["nlopt"]
METHODS = ", ".join(SCIPY_METHODS)
LOCAL = "Nelder-Mead, Powell, COBYLA, COBYQA, L-BFGS-B, TNC, SLSQP, trust-constr"

FAULTS = {
    "unknown method": (
        '<scipy method="L-BFGS"/>',
        [f'bad value of method in <scipy>, found "L-BFGS", allowed {METHODS}, nearest L-BFGS-B'],
    ),
    "no method": ("<scipy/>", ["missing attribute in <scipy>, allowed method"]),
    "option of no method": (
        '<scipy method="SLSQP" ftoll="1"/>',
        [r"unknown attribute in <scipy>, found ftoll, allowed T, accept, .*, nearest ftol"],
    ),
    "option of another method": (
        '<scipy method="SLSQP" gtol="1"/>',
        [
            "option not known to SLSQP in <scipy>, found gtol, allowed ftol, maxiter, max-iter, max-evaluations, "
            "nearest ftol"
        ],
    ),
    "word for a number": (
        '<scipy method="SLSQP" maxiter="many"/>',
        ['bad value of maxiter in <scipy>, found "many", allowed a whole number from 1 to 999999999'],
    ),
    "choice": (
        '<scipy method="trf" tr_solver="exakt"/>',
        ['bad value of tr_solver in <scipy>, found "exakt", allowed exact, lsmr, nearest exact'],
    ),
    "truth": (
        '<scipy method="Nelder-Mead" adaptive="yes"/>',
        ['bad value of adaptive in <scipy>, found "yes", allowed true, false'],
    ),
    "seed below 0": (
        '<scipy method="dual_annealing" seed="-1"/>',
        ['bad value of seed in <scipy>, found "-1", allowed a whole number from 0 to 999999999'],
    ),
    "radii": (
        '<scipy method="COBYQA" final_tr_radius="2"/>',
        ["final_tr_radius of COBYQA too large, found 2, allowed below 1, initial_tr_radius"],
    ),
    "mutation": (
        '<scipy method="differential_evolution" mutation="2"/>',
        ["mutation of differential_evolution too large, found 2, allowed below 2"],
    ),
    "tolerance below rounding": (
        '<scipy method="dogbox" xtol="1e-17"/>',
        ["xtol of dogbox below rounding, found 1e-17, allowed at least 2.3e-16"],
    ),
    "nothing to nest in": (
        '<scipy method="SLSQP"><BFGS/></scipy>',
        ["element not allowed in <scipy>, SLSQP takes no nested minimiser, found <BFGS>, allowed none"],
    ),
    "a global method inside": (
        '<scipy method="shgo"><scipy method="direct"/></scipy>',
        [f'not a local minimiser with bounds for shgo, found "direct", allowed {LOCAL}'],
    ),
    "another library inside": (
        '<scipy method="shgo"><nlopt algorithm="LD_MMA"/></scipy>',
        ["element not allowed in <scipy>, found <nlopt>, allowed <BFGS>, <scipy>"],
    ),
    "unknown algorithm": (
        '<nlopt algorithm="LD_BFGS"/>',
        [
            f'bad value of algorithm in <nlopt>, found "LD_BFGS", allowed {", ".join(NLOPT_METHODS)}, nearest LD_LBFGS'
        ],
    ),
    "nothing inside": (
        '<nlopt algorithm="G_MLSL"/>',
        ["missing element in <nlopt>, G_MLSL needs a nested minimiser, allowed <BFGS>, <nlopt>"],
    ),
    "something inside": (
        '<nlopt algorithm="LN_SBPLX"><BFGS/></nlopt>',
        ["element not allowed in <nlopt>, LN_SBPLX takes no nested minimiser, found <BFGS>, allowed none"],
    ),
    "no evaluation": (
        '<nlopt algorithm="LD_MMA" maxeval="0" ftol_rel="nan"/>',
        [
            'bad value of maxeval in <nlopt>, found "0", allowed a whole number from 1 to 999999999',
            'bad value of ftol_rel in <nlopt>, found "nan", allowed a finite number not below 0',
        ],
    ),
    "attribute of BFGS": (
        '<BFGS max_iter="3"/>',
        [
            "unknown attribute in <BFGS>, found max_iter, allowed conv-threshold, gradient-epsilon, max-evaluations, "
            "max-iter, nearest max-iter"
        ],
    ),
    "no bounds known": (
        '<scipy method="CG"/>',
        ["CG does not support bounds, found those of LJ.sigma, LJ.epsilon, allowed L-BFGS-B, TNC, SLSQP"],
    ),
    "no bounds known to a trial": (
        '<spa><scipy method="lm"/></spa>',
        ["lm does not support bounds, found those of LJ.sigma, LJ.epsilon, allowed trf, dogbox"],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_lines(reading, name):
    minimiser, expected = FAULTS[name]
    with pytest.raises(InputError) as refused:
        reading(minimiser)
    found = str(refused.value).splitlines()
    assert len(found) == len(expected)
    for line, pattern in zip(found, expected, strict=True):
        exact = pattern if ".*" in pattern else re.escape(pattern)
        assert re.fullmatch(f"job.xml:4: {exact}", line), line


def test_trust_regions_keep_eta_small(reading):
    with pytest.raises(
        InputError, match=r"job.xml:4: eta of dogleg too large, found 0.25, allowed below 0.25$"
    ):
        reading('<scipy method="dogleg" eta="0.25"/>', freedoms="<sigma/>")


@pytest.mark.parametrize(
    "form", [*SCIPY_METHODS.values(), *NLOPT_METHODS.values()], ids=lambda form: form.name
)
def test_bounds_are_taken_needed_or_not_known(reading, form):
    element, attribute = ("scipy", "method") if form.name in SCIPY_METHODS else ("nlopt", "algorithm")
    inner = "<BFGS/>" if form.uses is Uses.LOCAL else ""
    minimiser = f'<{element} {attribute}="{form.name}">{inner}</{element}>'
    if form.box is Box.NEEDED:
        with pytest.raises(
            InputError, match=f"{form.name} needs bounds, found none for LJ.sigma, LJ.epsilon,"
        ):
            reading(minimiser, FREE)
    else:
        assert reading(minimiser, FREE).fitting.solver.method == form.name
    if form.box is Box.NONE:
        with pytest.raises(
            InputError, match=f"{form.name} does not support bounds, found those of LJ.sigma, LJ.epsilon"
        ):
            reading(minimiser, BOUNDED)
    else:
        assert reading(minimiser, BOUNDED).fitting.solver.method == form.name
    with pytest.raises(InputError, match=f"{form.name} cannot vary LJ.sigma, found min = max = 2"):
        reading(minimiser, BOUNDED.replace('min="1" max="3"', 'min="2" max="2"'))


def test_too_few_parameters(reading):
    with pytest.raises(
        InputError, match="LN_NEWUOA has too few free parameters, found 1, allowed at least 2"
    ):
        reading('<nlopt algorithm="LN_NEWUOA"/>', "<sigma/>")


def test_trials_need_a_box(reading):
    freedoms = BOUNDED.replace('min="0.1"', 'min="0"')
    with pytest.raises(
        InputError, match=r"spa needs bounds, found none for LJ\.epsilon, allowed min and max"
    ):
        reading("<spa><geodesic-lm/></spa>", freedoms)
