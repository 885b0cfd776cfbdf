import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.records import Constraint, ConstraintTerm
from tests.helpers.small_jobs import known

JOB = """<job>
  <atom-types><species>Al</species></atom-types>
  <fitting><geodesic-lm/></fitting>
  <parameter-constraints>
    {constraints}
  </parameter-constraints>
  <potentials>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff>
      <fit-dof><sigma{sigma}/><epsilon/></fit-dof></lennard-jones>
    <pair-potential id="P">
      <product id="V">
        <morse-A id="m"><D0>1</D0><r0>2</r0><cutoff>6</cutoff><fit-dof><D0/><r0/></fit-dof></morse-A>
        <exp-A id="e"><cutoff>6</cutoff></exp-A>
      </product>
    </pair-potential>
  </potentials>
  <structures>
    <dataset id="d" file="si.h5"><properties><atomic-energy fit="true"/></properties></dataset>
  </structures>
</job>
"""


@pytest.fixture
def read(folder, forms, built, functions, monkeypatch):
    """Return the job with constraints, given as pairs of a dependent parameter and its expression."""
    monkeypatch.chdir(folder)

    def job(*pairs: tuple[str, str], sigma: str = ""):
        elements = [
            f'<constraint id="c{k}" dependent-dof="{path}"><expression>{text}</expression></constraint>'
            for k, (path, text) in enumerate(pairs)
        ]
        (folder / "job.xml").write_text(JOB.format(constraints="\n".join(elements), sigma=sigma))
        return read_job("job.xml", known([*forms, built], functions))

    return job


def test_dependent_parameters_are_no_longer_free_and_come_in_order(read):
    job = read(
        ("LJ.sigma", "2*{ P.V.m.r0 } + {LJ.epsilon}^2"),
        ("LJ.epsilon", "{P.V.m.D0}*{P.V:eval.2.5}-{P.V.e:eval.1e-1}"),
    )
    second, first = job.constraints
    assert first == Constraint(
        "c0",
        "LJ.sigma",
        "2* term0 + term1 ^2",
        (ConstraintTerm("term0", "P.V.m.r0", None), ConstraintTerm("term1", "LJ.epsilon", None)),
    )
    assert second.dependent == "LJ.epsilon"
    assert [(term.path, term.argument) for term in second.terms] == [
        ("P.V.m.D0", None),
        ("P.V", 2.5),
        ("P.V.e", 0.1),
    ]
    assert [p.path for p in job.free] == ["P.V.m.D0", "P.V.m.r0"]
    table = {p.path: p.constraint for p in job.parameters}
    assert table["LJ.sigma"] == "2*{ P.V.m.r0 } + {LJ.epsilon}^2"
    assert [p.path for p in job.parameters if p.varies] == ["LJ.sigma", "LJ.epsilon", "P.V.m.D0", "P.V.m.r0"]


def test_names_of_terms_are_none_that_the_expression_holds(read):
    with pytest.raises(InputError, match="unknown name in formula, found 'term0', allowed term_0"):
        read(("LJ.sigma", "{LJ.epsilon} + term0"))


CASES = {
    "unknown dependent": (
        [("LJ.sgma", "1 + {LJ.epsilon}")],
        ['job.xml:5: unknown parameter in dependent-dof of <constraint>, found "LJ.sgma", nearest LJ.sigma'],
    ),
    "unknown parameter": (
        [("LJ.sigma", "1 + {LJ.epsilom}")],
        [
            'job.xml:5: unknown parameter in expression of <constraint>, found "LJ.epsilom", nearest LJ.epsilon'
        ],
    ),
    "unknown function": (
        [("LJ.sigma", "{P.W:eval.1}")],
        ['job.xml:5: unknown function in expression of <constraint>, found "P.W", nearest P.V'],
    ),
    "value of a function without argument": (
        [("LJ.sigma", "{P.V}")],
        ['job.xml:5: unknown parameter in expression of <constraint>, found "P.V"'],
    ),
    "bad argument": (
        [("LJ.sigma", "{P.V:eval.x}")],
        ['job.xml:5: bad argument of P.V, found "x", allowed a finite number'],
    ),
    "faulty expression": (
        [("LJ.sigma", "({LJ.epsilon}")],
        ["job.xml:5: ')' missing in formula, found 'end of formula'"],
    ),
    "cut-off of nothing": (
        [("LJ.sigma", "cutoff")],
        ["job.xml:5: unknown name in formula, found 'cutoff', allowed _pi, _e"],
    ),
    "depends on itself": (
        [("LJ.sigma", "{LJ.sigma} + 1")],
        ["job.xml:5: LJ.sigma depends on itself, found through LJ.sigma"],
    ),
    "cycle by way of a function": (
        [("P.V.m.D0", "{LJ.sigma}"), ("LJ.sigma", "{P.V:eval.3}")],
        [
            "job.xml:5: P.V.m.D0 depends on itself, found through LJ.sigma",
            "job.xml:6: LJ.sigma depends on itself, found through P.V.m.D0",
        ],
    ),
    "twice": (
        [("LJ.sigma", "1"), ("LJ.sigma", "2")],
        ["job.xml:6: two constraints of LJ.sigma, found another in line 5"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(read, name):
    pairs, expected = CASES[name]
    with pytest.raises(InputError) as caught:
        read(*pairs)
    assert str(caught.value).splitlines() == expected


@pytest.mark.parametrize("name", ["start", "min", "max"])
def test_what_a_constraint_makes_meaningless_is_a_fault(read, name):
    with pytest.raises(
        InputError, match=f"job.xml:9: {name} of LJ.sigma has no effect: a constraint gives its value"
    ):
        read(("LJ.sigma", "{LJ.epsilon}"), sigma=f' {name}="2"')


def test_ids_are_unique(folder, forms, built, functions, read):
    read(("LJ.sigma", "{LJ.epsilon}"), ("P.V.m.D0", "1"))
    text = (folder / "job.xml").read_text().replace('id="c1"', 'id="c0"')
    (folder / "job.xml").write_text(text)
    with pytest.raises(InputError, match=r'job.xml:6: id is not unique, found "c0", already in line 5'):
        read_job("job.xml", known([*forms, built], functions))
