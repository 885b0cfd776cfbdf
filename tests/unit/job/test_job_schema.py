from dataclasses import replace

import pytest
from lxml import etree

from hpcfit.errors import InputError
from hpcfit.job.document.explain import check
from hpcfit.job.document.schema import RELAX_NG, SAYS, grammar
from hpcfit.job.document.values import Faults
from tests.helpers.small_jobs import known

WALKED = (
    "anyName attribute choice data define element empty grammar interleave notAllowed oneOrMore optional param ref "
    "start text value zeroOrMore"
)


def test_grammar_keeps_to_the_patterns_that_the_walk_knows(forms, built, functions, catalogue):
    kinds = {
        etree.QName(node).localname for node in grammar(known([*forms, built], functions, catalogue)).iter()
    }
    assert kinds == set(WALKED.split())


def test_every_datatype_says_what_it_allows(forms, built, functions, catalogue):
    for data in grammar(known([*forms, built], functions, catalogue)).iter(f"{{{RELAX_NG}}}data"):
        assert data.getparent().get(SAYS)


def test_form_without_fittable_parameters_has_no_fit_dof(forms, functions):
    lennard_jones = forms[1]
    rigid = type(lennard_jones)("rigid", "", "", lennard_jones.parameters[2:])
    grown = grammar(known([rigid], replace(functions, forms=())))
    names = [node.get("name") for node in grown[-1].iter(f"{{{RELAX_NG}}}element")]
    assert names == ["rigid", "cutoff"]


def test_what_the_walk_does_not_see_is_said_by_libxml2():
    ordered = etree.fromstring(
        f'''<grammar xmlns="{RELAX_NG}"><start><element name="a">
        <element name="b"><empty/></element><element name="c"><empty/></element>
        </element></start></grammar>'''
    )
    faults = Faults("job.xml")
    check(etree.fromstring("<a>\n<c/><b/></a>"), ordered, faults)
    with pytest.raises(InputError) as caught:
        faults.raise_if_any()
    first = str(caught.value).splitlines()[0]
    assert first == "job.xml:2: not valid by the job's schema, found Did not expect element c there"
