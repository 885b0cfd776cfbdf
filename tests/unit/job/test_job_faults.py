import pytest

CASES = {
    "species twice": (
        [("<species>Si</species>", "<species>Si</species>\n    <species>Si</species>")],
        ['job.xml:5: species given twice, found "Si"'],
    ),
    "damping falls too slowly": (
        [('max-iter="5"', 'damping="delayed-gratification" damping-up="6"')],
        ["job.xml:7: damping-down not larger than damping-up, found 5.0, allowed above 6.0"],
    ),
    "settings without effect": (
        [('max-iter="5"', 'damping="nielsen" radius-up="4" damping-up="3" acceleration="false" bold="1"')],
        [
            'job.xml:7: radius-up has no effect, found damping="nielsen", allowed radius',
            'job.xml:7: damping-up has no effect, found damping="nielsen", allowed delayed-gratification',
            'job.xml:7: bold has no effect, found acceleration="false", allowed true',
        ],
    ),
    "second derivatives that nobody asks for": (
        [('max-iter="5"', 'acceleration="false" second-derivative="exact" h="0.2"')],
        [
            'job.xml:7: second-derivative has no effect, found acceleration="false", allowed true',
            'job.xml:7: h has no effect, found acceleration="false", allowed true',
            'job.xml:7: h has no effect, found second-derivative="exact", allowed auto or difference',
        ],
    ),
    "a way to second derivatives that there is not": (
        [('max-iter="5"', 'second-derivative="exct"')],
        [
            'job.xml:7: bad value of second-derivative in <geodesic-lm>, found "exct", '
            "allowed auto, exact, difference, nearest exact"
        ],
    ),
    "nothing free": (
        [('<A start="5.0" min="1" max="20"/>\n        <B/>', '<A enabled="false"/>')],
        [("job.xml:9: fitting is enabled without a free parameter, allowed an enabled <fit-dof> entry")],
    ),
    "nothing fitted": (
        [('fit="true"', "")],
        [('job.xml:23: fitting is enabled without a fitted property, allowed properties with fit="true"')],
    ),
    "several faults in the order of lines": (
        [
            ("<B>0.6<", "<B>x<"),
            ("max-iter", "maxiter"),
            ('start="5.0"', 'start="50"'),
            ('"si.h5"', '"xi.h5"'),
            ('fit="true"/>', 'fit="on"/>'),
        ],
        [
            (
                "job.xml:7: unknown attribute in <geodesic-lm>, found maxiter, allowed "
                "acceleration, alpha, angle-tolerance, bold, cost-tolerance, damping, damping-down, damping-up, goal, "
                "h, initial-damping, initial-radius, max-evaluations, max-iter, max-time, parameter-tolerance, "
                "patience, radius-down, radius-up, restart, scaling, second-derivative, step-tolerance, "
                "nearest max-iter"
            ),
            'job.xml:12: bad value of <B>, found "x", allowed a finite number',
            "job.xml:18: bounds exclude the start of SW.A, found 50.0, allowed 1.0 .. 20.0",
            'job.xml:25: no such file, found "xi.h5", nearest si.h5',
            'job.xml:27: bad value of fit in <total-energy>, found "on", allowed true, false',
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(faults_of, name):
    changes, lines = CASES[name]
    assert faults_of(changes) == lines
