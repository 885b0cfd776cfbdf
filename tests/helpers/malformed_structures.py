"""Malformed structures that a job describes itself, and files that it includes: cases for test_cli_malformed.py."""

from tests.helpers.small_jobs import dataset_element, job_text

DIAMOND = """<diamond-lattice id="dia"{attributes}>
      <atom-type>Si</atom-type><lattice-parameter>5.43</lattice-parameter>{more}
      <properties><atomic-energy fit="true" target="-4.63"/>{properties}</properties></diamond-lattice>"""
USER = '<user-structure id="user">\n{content}</user-structure>'
CELL = '<cell><a1 x="5" y="0" z="0"/><a2 x="0" y="5" z="0"/><a3 x="0" y="0" z="5"/>{atoms}</cell>'
ATOM = '<atoms><atom type="Si" x="0" y="0" z="0"/></atoms>'
XI = 'xmlns:xi="http://www.w3.org/2001/XInclude"'


def written(content):
    return lambda folder: (folder / "job.xml").write_text(content)


def own(text=DIAMOND, attributes="", more="", properties="", **changes):
    """A fault of a structure that the job describes itself, from line 13 on."""
    return written(job_text(text.format(attributes=attributes, more=more, properties=properties), **changes))


def user(content):
    return written(job_text(USER.format(content=content)))


def derived(expression):
    element = f'<derived-property id="d" unit="eV"><expression>{expression}</expression></derived-property>'
    return own(DIAMOND + element.replace("{", "{{").replace("}", "}}"))


def included(name, text):
    """A job that includes a file, which begins in line 1 of its own."""

    def include(folder):
        (folder / "part.xml").write_text(text)
        (folder / "job.xml").write_text(job_text(f'<xi:include href="{name}" {XI}/>'))

    return include


def beside(name, text, content):
    """A user's structure in a file."""

    def put(folder):
        (folder / name).write_text(text)
        user(content)(folder)

    return put


#: How to spoil the folder, and the pattern of every line that must be said of it.
STRUCTURES = {
    "unknown lattice": (
        own(DIAMOND.replace("diamond", "diamnd")),
        [r"job\.xml:13: .*<diamnd-lattice>.*nearest <diamond-lattice>"],
    ),
    "lattice without its parameter": (
        own(DIAMOND.replace("<lattice-parameter>5.43</lattice-parameter>", "")),
        [r"job\.xml:13: missing element in <diamond-lattice>, allowed <lattice-parameter>"],
    ),
    "species of a lattice": (
        own(DIAMOND.replace(">Si<", ">S<")),
        [r'job\.xml:14: unknown species in <atom-type>, found "S", allowed Si, nearest Si'],
    ),
    "misspelt property": (
        own(properties="<bulk-modulos/>"),
        [r"job\.xml:15: .*<bulk-modulos>.*nearest <bulk-modulus>"],
    ),
    "fitted to nothing": (
        own(properties='<C44 fit="true"/>'),
        [r'job\.xml:15: <C44> is fitted without a target, allowed target="\.\.\."'],
    ),
    "start outside the bounds of a relaxation": (
        own(properties='<lattice-parameter fit="true" target="5.4" min="6"/>'),
        [r"job\.xml:15: bounds exclude the start of <lattice-parameter>, found 5\.43, allowed 6\.0 \.\. inf"],
    ),
    "freedom of another lattice": (
        own(more="<relax-dof><ca-ratio/></relax-dof>"),
        [r"job\.xml:14: structure has no ca-ratio that could relax, allowed <lattice-parameter>"],
    ),
    "atom that is not there": (
        own(more='<vacancy site="2"/>'),
        [r"job\.xml:14: site of vacancy, found 2, allowed 0 \.\. 1"],
    ),
    "argument of a property": (
        own(properties='<C11 ions="frozen"/>'),
        [r"job\.xml:15: ions of C11, found 'frozen', allowed clamped, relaxed"],
    ),
    "structures under absolute weights": (
        own(weights="absolute", fitting=""),
        [r'job\.xml:13: <diamond-lattice> in structures with weights="absolute", allowed <dataset>'],
    ),
    "id of a dataset": (
        own(DIAMOND.replace('"dia"', '"si"') + dataset_element()),
        [r'job\.xml:15: id is not unique, found "si", already in line 13'],
    ),
    "derived from a structure that is not there": (
        derived("{diamond.total-energy}"),
        [r'job\.xml:15: unknown structure in <expression>, found "diamond", allowed dia, nearest dia'],
    ),
    "derived from an unknown property": (
        derived("{dia.total_energy}"),
        [r'job\.xml:15: unknown scalar property in <expression>, .*"total_energy", nearest total-energy'],
    ),
    "flat cell": (
        user(CELL.format(atoms=ATOM).replace('<a2 x="0" y="5"', '<a2 x="5" y="0"')),
        [r"job\.xml:14: cell without volume, allowed three independent vectors"],
    ),
    "force without an atom": (
        user(CELL.format(atoms=ATOM) + '<atomic-forces><force x="0" y="0" z="0" i="1"/></atomic-forces>'),
        [
            r"job\.xml:14: force on an unknown atom, found 1, allowed 0 \.\. 0",
            r"job\.xml:14: no force on atom 0 in <atomic-forces>, found 0 of 1, allowed one per atom",
        ],
    ),
    "structure from no file": (
        user("<poscar-file>job.xlm</poscar-file>"),
        [r'job\.xml:14: no such file, found "job\.xlm", nearest job\.xml'],
    ),
    "structure from another file": (
        beside("POSCAR", "hello\n", "<poscar-file>POSCAR</poscar-file>"),
        [r"job\.xml:14: cannot read POSCAR: .*"],
    ),
    "species of a structure's file": (
        beside("a.xyz", "1\n\nC 0 0 0\n", "<file>a.xyz</file>"),
        [r"job\.xml:14: a\.xyz: species that the job lacks, found C, allowed Si"],
    ),
    "output over the dataset": (
        own(DIAMOND + dataset_element(), more='<output file="si.h5" format="poscar"/>'),
        [r'job\.xml:14: output file is an input of the job, found "si\.h5"'],
    ),
    "included file": (
        included("prt.xml", "<group/>"),
        [r'job\.xml:13: no such file, found "prt\.xml", nearest part\.xml'],
    ),
    "fault in an included file": (
        included("part.xml", "<group>\n  <group relative-weight='-1'/>\n</group>"),
        [r'part\.xml:2: bad value of relative-weight in <group>, found "-1", allowed .*'],
    ),
    "file outside the folder": (
        included("../part.xml", ""),
        [
            r"job\.xml:13: included file is outside the job's folder, found .*, allowed inside, or --allow-outside"
        ],
    ),
}
