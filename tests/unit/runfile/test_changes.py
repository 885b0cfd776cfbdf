from dataclasses import replace

import numpy as np
import pytest

from hpcfit.records import Group, Origin
from hpcfit.runfile.changes import differences


def test_the_same_job_and_data_do_not_differ(header, job, index):
    # a moved dataset is the same dataset
    assert differences(header, replace(job, path="elsewhere.xml"), [replace(index, path="b.h5")]) == []


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (("  <fitting/>", "\t<fitting/>"), (3, r"'\t<fitting/>\n'", r"'  <fitting/>\n'")),
        (("\r\n", "\n"), (1, r"'<job>\n'", r"'<job>\r\n'")),
        (("</job>", "</job>\n<!-- -->"), (4, r"'</job>\n'", "'</job>'")),
        (("\n</job>", ""), (3, "'  <fitting/>'", r"'  <fitting/>\n'")),
        (("</job>", ""), (4, "end of file", "'</job>'")),
    ],
)
def test_first_differing_line_of_the_job(header, job, index, edit, expected):
    (fault,) = differences(header, replace(job, text=job.text.replace(*edit)), [index])
    line, found, allowed = expected
    what = "job changed since the run started"
    assert str(fault) == f"{job.path}:{line}: {what}, found {found}, allowed {allowed}"


def test_differing_line_of_an_included_file(header, job, index):
    origins = (Origin(1, "job.xml", 1), Origin(2, "part.xml", 7))
    changed = replace(job, text=job.text.replace("  <fitting", "\t<fitting"), origins=origins)
    (fault,) = differences(header, changed, [index])
    assert str(fault).startswith("part.xml:8: job changed since the run started, found ")


def test_difference_far_in_a_long_line_is_shown(header, job, index):
    stored = replace(header, job_text="a" * 500 + "old" + "b" * 500)
    (fault,) = differences(stored, replace(job, text="a" * 500 + "new" + "b" * 500), [index])
    assert "aaanewbbb" in fault.found
    assert "aaaoldbbb" in fault.allowed
    assert len(str(fault)) < 400


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"content": "fedc"}, "3 configurations, 5 atoms, hash fedc"),
        ({"ptr": np.array([0, 2, 3, 6])}, "3 configurations, 6 atoms, hash 0123456789abcdef"),
        ({"ptr": np.array([0, 5])}, "1 configurations, 5 atoms, hash 0123456789abcdef"),
    ],
)
def test_changed_dataset_is_named(header, job, index, change, found):
    (fault,) = differences(header, job, [replace(index, **change)])
    assert fault.where == "si.h5"
    assert fault.what == "dataset 'train/si' changed since the run started"
    assert fault.found == found
    assert fault.allowed == "3 configurations, 5 atoms, hash 0123456789abcdef"


def test_all_differences_come_together(header, job, index):
    other = replace(job.structures.children[0], id="new")
    changed = replace(job, text="<job/>", structures=Group("structures", 1.0, (other,)))
    assert [fault.what for fault in differences(header, changed, [index])] == [
        "job changed since the run started",
        "dataset 'train/si' of the run is missing",
        "dataset 'new' is not part of the run",
    ]


def test_start_values_that_changed_in_a_file_that_the_job_names(header, job, index):
    parameters = list(job.parameters)
    parameters[2] = replace(parameters[2], start=2.1)
    changed = replace(job, potentials=(replace(job.potentials[0], parameters=tuple(parameters)),))
    (fault,) = differences(header, changed, [index])
    what = "start of SW.sigma[SiSi] changed since the run started"
    assert str(fault) == f"{job.path}: {what}, found 2.1, allowed 2.0951"
    assert len(differences(header, replace(changed, text="<job/>"), [index])) == 1


def test_a_file_that_changed_and_that_the_job_names(header, job, index):
    (fault,) = differences(header, replace(job, hash="f" * 64), [index])
    assert (
        fault.what == "a file that the job names, or a structure of a script, changed since the run started"
    )
    assert (fault.found, fault.allowed) == ("f" * 64, job.hash)
