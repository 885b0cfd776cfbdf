import pytest

CASES = {
    "wrong root": ([("job>", "work>")], ["job.xml:1: not a job, found <work>, allowed <job>"]),
    "misspelt block": (
        [("structures>", "strucures>")],
        [
            (
                "job.xml:23: element not allowed in <job>, found <strucures>, allowed "
                "<atom-types>, <fitting>, <name>, <output-file>, <parameter-constraints>, <potentials>, "
                "<real-precision>, <structures>, <tolerance-preset>, <validate-potentials>, <verbosity>, "
                "nearest <structures>"
            )
        ],
    ),
    "missing block": (
        [("  <atom-types>\n    <species>Si</species>\n  </atom-types>\n", "")],
        ["job.xml:1: missing element in <job>, allowed <atom-types>"],
    ),
    "name given twice": (
        [("  <potentials>", "  <name>again</name>\n  <potentials>")],
        ["job.xml:9: one element too many in <job>, found another <name>, allowed one <name>"],
    ),
    "misspelt attribute": (
        [('tolerance="0.02"', 'tolerence="0.02"')],
        [
            (
                "job.xml:28: unknown attribute in <atomic-forces>, found tolerence, allowed fit, "
                "relative-weight, residual-style, tolerance, nearest tolerance"
            )
        ],
    ),
    "missing attribute": (
        [(' file="si.h5"', "")],
        ["job.xml:25: missing attribute in <dataset>, allowed file"],
    ),
    "misspelt required attribute": (
        [(' file="si.h5"', ' fil="si.h5"')],
        [
            (
                "job.xml:25: unknown attribute in <dataset>, found fil, allowed energy-weight, "
                "file, forces-weight, id, normalize-by-natoms, relative-weight, select, "
                "stress-weight, nearest file"
            )
        ],
    ),
    "misspelt potential": (
        [("stillinger-weber", "stilinger-weber")],
        [
            (
                "job.xml:10: element not allowed in <potentials>, found <stilinger-weber>, "
                "allowed <lennard-jones>, <stillinger-weber>, nearest <stillinger-weber>"
            )
        ],
    ),
    "unknown potential": (
        [("stillinger-weber", "tersoff")],
        [
            (
                "job.xml:10: element not allowed in <potentials>, found <tersoff>, allowed "
                "<lennard-jones>, <stillinger-weber>"
            )
        ],
    ),
    "unknown minimiser": (
        [('geodesic-lm max-iter="5"', "simplex")],
        [
            "job.xml:7: element not allowed in <fitting>, found <simplex>, allowed <BFGS>, <geodesic-lm>, <nlopt>, "
            "<scipy>, <spa>"
        ],
    ),
    "two minimisers": (
        [('max-iter="5"/>', 'max-iter="5"/>\n    <geodesic-lm/>')],
        [
            (
                "job.xml:8: one element too many in <fitting>, found another <geodesic-lm>, "
                "allowed one of <BFGS>, <geodesic-lm>, <nlopt>, <scipy>, <spa>"
            )
        ],
    ),
    "unknown second minimiser": (
        [('max-iter="5"/>', 'max-iter="5"/>\n    <bfgs/>')],
        [
            "job.xml:8: element not allowed in <fitting>, found <bfgs>, allowed <BFGS>, <geodesic-lm>, <nlopt>, "
            "<scipy>, <spa>"
        ],
    ),
    "no minimiser to try": (
        [('<geodesic-lm max-iter="5"/>', "<spa/>")],
        ["job.xml:7: missing element in <spa>, allowed <BFGS>, <geodesic-lm>, <nlopt>, <scipy>, <spa>"],
    ),
    "misspelt parameter": (
        [("lambda>", "lamda>")],
        [
            (
                "job.xml:15: element not allowed in <stillinger-weber>, found <lamda>, allowed "
                "<A>, <B>, <costheta0>, <cutoff>, <export-potential>, <fit-dof>, <gamma>, <lambda>, <p>, "
                "<param-file>, <q>, <sigma>, nearest <lambda>"
            )
        ],
    ),
    "malformed tag": (
        [("<A>", '<A tag="si">')],
        ['job.xml:11: bad value of tag in <A>, found "si", allowed element symbols such as SiC'],
    ),
    "text where a number is due": (
        [("<A>15<", "<A>fifteen<")],
        ['job.xml:11: bad value of <A>, found "fifteen", allowed a finite number'],
    ),
    "empty number": (
        [("<A>15<", "<A><")],
        ['job.xml:11: bad value of <A>, found "", allowed a finite number'],
    ),
    "NaN": ([("<B>0.6<", "<B>NaN<")], ['job.xml:12: bad value of <B>, found "NaN", allowed a finite number']),
    "infinity": (
        [('max="20"', 'max="INF"')],
        ['job.xml:18: bad value of max in <A>, found "INF", allowed a finite number'],
    ),
    "overflow": (
        [("<B>0.6<", "<B>1e400<")],
        ['job.xml:12: bad value of <B>, found "1e400", allowed a finite number'],
    ),
    "number of another language": (
        [("<B>0.6<", "<B>6d-1<")],
        ['job.xml:12: bad value of <B>, found "6d-1", allowed a finite number'],
    ),
    "negative weight": (
        [('relative-weight="2"', 'relative-weight="-2"')],
        [
            (
                'job.xml:24: bad value of relative-weight in <group>, found "-2", allowed a '
                "finite number not below 0"
            )
        ],
    ),
    "tolerance zero": (
        [('tolerance="0.02"', 'tolerance="0"')],
        [
            (
                'job.xml:28: bad value of tolerance in <atomic-forces>, found "0", allowed a '
                "finite number above 0"
            )
        ],
    ),
    "parameter that cannot be fitted": (
        [("<B/>", "<cutoff/>")],
        [
            (
                "job.xml:19: element not allowed in <fit-dof>, found <cutoff>, allowed <A>, <B>, "
                "<costheta0>, <gamma>, <lambda>, <p>, <q>, <sigma>"
            )
        ],
    ),
    "bad id": (
        [('id="SW"', 'id="S.W"')],
        ['job.xml:10: bad value of id in <stillinger-weber>, found "S.W", allowed text without . : { }'],
    ),
    "no id": ([(' id="SW"', "")], ["job.xml:10: missing attribute in <stillinger-weber>, allowed id"]),
    "foreign namespace": (
        [("<job>", '<job xmlns="urn:x">')],
        ["job.xml:1: not a job, found <job> of urn:x, allowed <job>"],
    ),
    "unknown weights": (
        [("<structures>", '<structures weights="absolut">')],
        [
            (
                'job.xml:23: bad value of weights in <structures>, found "absolut", allowed '
                "normalised, normalized, absolute, nearest absolute"
            )
        ],
    ),
    "residual style of a dataset": (
        [('tolerance="0.02"', 'residual-style="absolute-diff"')],
        [
            (
                'job.xml:28: bad value of residual-style in <atomic-forces>, found "absolute-diff", '
                "allowed squared"
            )
        ],
    ),
    "structures without a catalogue": (
        [("<dataset", "<user-structure/><dataset")],
        [("job.xml:25: element not allowed in <group>, found <user-structure>, allowed <dataset>, <group>")],
    ),
    "empty species": (
        [("<species>Si</species>", "<species/>")],
        ['job.xml:4: bad value of <species>, found "", allowed an element symbol such as Si'],
    ),
    "species in lower case": (
        [("<species>Si</species>", "<species>si</species>")],
        ['job.xml:4: bad value of <species>, found "si", allowed an element symbol such as Si'],
    ),
    "text in block": (
        [("<potentials>", "<potentials> hello")],
        ['job.xml:9: text not allowed in <potentials>, found "hello"'],
    ),
    "text behind an element": (
        [("</stillinger-weber>", "</stillinger-weber>;")],
        ['job.xml:9: text not allowed in <potentials>, found ";"'],
    ),
    "species in lower case, and a tag": (
        [("<species>Si</species>", "<species>si</species>"), ("<B>", '<B tag="SiSi">')],
        ['job.xml:4: bad value of <species>, found "si", allowed an element symbol such as Si'],
    ),
    "no boolean": (
        [('<total-energy fit="true"', '<total-energy fit="yes"')],
        ['job.xml:27: bad value of fit in <total-energy>, found "yes", allowed true, false'],
    ),
    "no whole number": (
        [('max-iter="5"', 'max-iter="5.5"')],
        [
            (
                'job.xml:7: bad value of max-iter in <geodesic-lm>, found "5.5", allowed a whole '
                "number from 1 to 999999999"
            )
        ],
    ),
    "species of a potential": (
        [('id="SW"', 'id="SW" species-a="Si,C"')],
        [
            'job.xml:10: bad value of species-a in <stillinger-weber>, found "Si,C", '
            "allowed an element symbol such as Si, or *"
        ],
    ),
    "element in a number": (
        [("<A>15<", "<A>15<b/><")],
        ["job.xml:11: element not allowed in <A>, found <b>, allowed none"],
    ),
    "empty name": ([("silicon", "")], ['job.xml:2: bad value of <name>, found "", allowed some text']),
    "misspelt dataset": (
        [("<dataset", "<datset"), ("</dataset", "</datset")],
        [
            (
                "job.xml:25: element not allowed in <group>, found <datset>, allowed <dataset>, "
                "<group>, nearest <dataset>"
            )
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_fault_lines(faults_of, name):
    changes, lines = CASES[name]
    assert faults_of(changes) == lines
