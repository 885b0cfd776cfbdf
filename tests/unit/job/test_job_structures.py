import pytest

from hpcfit.objective.losses import robust_losses

LOSSES = [form.name for form in robust_losses()]

CASES = {
    "missing file": ([("si.h5", "sii.h5")], ['job.xml:25: no such file, found "sii.h5", nearest si.h5']),
    "missing file in a folder": (
        [('"si.h5', '"more/si.h5')],
        ['job.xml:25: no such file, found "more/si.h5", nearest more/sic.h5'],
    ),
    "unknown loss": (
        [("<structures>", '<structures loss="none">')],
        [
            'job.xml:23: bad value of loss in <structures>, found "none", allowed '
            + ", ".join(["squares", *LOSSES]),
        ],
    ),
    "scale without a loss": (
        [("<structures>", '<structures loss-scale="2">')],
        ['job.xml:23: loss-scale has no effect, found loss="squares", allowed ' + " or ".join(LOSSES)],
    ),
    "all weights zero": (
        [('relative-weight="2"', 'relative-weight="0"')],
        ["job.xml:23: all relative weights inside <structures> are 0, allowed one above 0"],
    ),
    "id of a group and a dataset": (
        [('id="g"', 'id="si"')],
        ['job.xml:25: id is not unique, found "si", already in line 24'],
    ),
    "normalised weights in an absolute job": (
        [("<structures>", '<structures weights="absolute">')],
        [
            (
                "job.xml:24: relative-weight of <group> has no effect here, allowed only without "
                'weights="absolute"'
            ),
            (
                "job.xml:28: tolerance of <atomic-forces> has no effect here, allowed only "
                'without weights="absolute"'
            ),
        ],
    ),
    "absolute weights in a normalised job": (
        [('file="si.h5"', 'file="si.h5" energy-weight="2"')],
        [('job.xml:25: energy-weight of <dataset> has no effect here, allowed only with weights="absolute"')],
    ),
    "weight of what is not fitted": (
        [
            ("<structures>", '<structures weights="absolute">'),
            (' relative-weight="2"', ""),
            (' tolerance="0.02"', ""),
            ('file="si.h5"', 'file="si.h5" stress-weight="2"'),
        ],
        [
            'job.xml:25: stress-weight without a fitted property, allowed with <stress fit="true"/>',
        ],
    ),
    "all weights zero beside a dataset that is not fitted": (
        [
            ('relative-weight="2"', 'relative-weight="0"'),
            ("</dataset>", '</dataset><dataset id="b" file="si.h5"><properties/></dataset>'),
        ],
        ["job.xml:23: all relative weights inside <structures> are 0, allowed one above 0"],
    ),
    "all properties with weight zero": (
        [('fit="true"', 'fit="true" relative-weight="0"')],
        ["job.xml:25: all relative weights inside <dataset> are 0, allowed one above 0"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(faults_of, name):
    changes, lines = CASES[name]
    assert faults_of(changes) == lines
