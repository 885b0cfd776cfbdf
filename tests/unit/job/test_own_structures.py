"""Structures that a job describes itself: their atoms, changes to them, and files."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.job.reader import read_job
from hpcfit.records import Atoms, Modification, StructureFile
from tests.helpers.small_jobs import known

JOB = """<job>
  <atom-types><species>Al</species><species>Ni</species></atom-types>
  <potentials>
    <lennard-jones id="LJ"><sigma>2</sigma><epsilon>0.5</epsilon><cutoff>6</cutoff></lennard-jones>
  </potentials>
  <structures>
    {structures}
  </structures>
</job>
"""

FCC = """<fcc-lattice id="fcc">
      <atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter>{more}</fcc-lattice>"""

ELEMENTS = """<user-structure id="u">{content}</user-structure>"""

CELL = '<cell><a1 x="4" y="0" z="0"/><a2 x="0" y="5" z="0"/><a3 x="1" y="0" z="6"/>{atoms}</cell>'
ATOMS = '<atoms><atom type="Al" x="1" y="2" z="3"/><atom type="Ni" x="0.5" y="0.5" z="0.5" reduced="true"/></atoms>'


@pytest.fixture
def changes():
    """The changes that jobs ask for."""
    return []


@pytest.fixture
def read(tmp_path, monkeypatch, forms, functions, catalogue, changes):
    """Return the structures of a job; changes are only kept, and files hold two atoms with forces."""
    monkeypatch.chdir(tmp_path)

    def modify(atoms, change):
        if change.site == 99:
            raise ValueError("no such site, found 99, allowed 0")
        changes.append(change)
        return replace(atoms, position=atoms.position + 1.0)

    def read_file(path, kind, species, frame):
        if "bad" in path:
            raise ValueError("not a structure")
        pair = Atoms(np.array([1, 0], np.int32), 9.0 * np.eye(3), np.ones(3, bool), np.zeros((2, 3)))
        return pair, np.arange(6.0).reshape(2, 3)

    altered = replace(catalogue, modify=modify, read=read_file)

    def structures(text):
        (tmp_path / "job.xml").write_text(JOB.format(structures=text))
        return read_job("job.xml", known(forms, functions, altered)).own_structures

    return structures


@pytest.fixture
def lines(read):
    def faults(text):
        with pytest.raises(InputError) as caught:
            read(text)
        return str(caught.value).splitlines()

    return faults


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("fcc-lattice", "fcc-lattice"),
        ("FCC-lattice", "fcc-lattice"),
        ("A1-lattice", "fcc-lattice"),
        ("a1-LATTICE", "fcc-lattice"),
        ("face-centered-cubic-lattice", "fcc-lattice"),
        ("dia-lattice", "diamond-lattice"),
    ],
)
def test_lattices_have_several_names(read, name, kind):
    text = f'<{name} id="a"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter></{name}>'
    (structure,) = read(text)
    assert structure.kind == kind


@pytest.mark.parametrize("name", ["L10-lattice", "l1_0-lattice", "CuAu-lattice"])
def test_compounds_have_two_species(read, name):
    (structure,) = read(
        f'<{name} id="a" relative-weight="3"><atom-type-A> Ni </atom-type-A><atom-type-B>Al</atom-type-B>'
        f"<lattice-parameter>4</lattice-parameter><ca-ratio>0.9</ca-ratio></{name}>"
    )
    assert (structure.kind, structure.relative_weight, structure.line) == ("L1_0-lattice", 3.0, 7)
    assert structure.atoms.species.tolist() == [1, 1, 0, 0]
    assert structure.values == {"lattice-parameter": 4.0, "ca-ratio": 0.9}


def test_values_of_a_lattice_have_defaults(read):
    text = (
        '<B4-lattice id="a"><atom-type-A>Ni</atom-type-A><atom-type-B>Al</atom-type-B>'
        "<lattice-parameter>3</lattice-parameter>{}</B4-lattice>"
    )
    (plain,), (given,) = read(text.format("")), read(text.format("<u>0.4</u><ca-ratio>2</ca-ratio>"))
    assert plain.values["ca-ratio"] == pytest.approx(np.sqrt(8 / 3)) and given.values["ca-ratio"] == 2.0
    assert plain.atoms.position[2, 2] == pytest.approx(0.375 * 3 * np.sqrt(8 / 3))
    assert given.atoms.position[2, 2] == pytest.approx(0.4 * 6)


def test_dimer(read):
    (dimer,) = read(
        '<dimer-structure id="d"><atom-type-A>Ni</atom-type-A><atom-type-B>Al</atom-type-B>'
        "<atom-distance>1.75</atom-distance></dimer-structure>"
    )
    assert dimer.values == {"atom-distance": 1.75} and not dimer.atoms.pbc.any()
    assert dimer.atoms.position[1, 0] - dimer.atoms.position[0, 0] == 1.75


@pytest.mark.parametrize("place", [CELL.format(atoms=ATOMS), CELL.format(atoms="") + ATOMS])
def test_atoms_of_the_user(read, place):
    (structure,) = read(ELEMENTS.format(content=f'<pbc x="TRUE" y="false" z="True"/>{place}'))
    atoms = structure.atoms
    assert atoms.species.tolist() == [0, 1] and atoms.pbc.tolist() == [True, False, True]
    assert atoms.cell.tolist() == [[4, 0, 0], [0, 5, 0], [1, 0, 6]]
    assert atoms.position.tolist() == [[1, 2, 3], [2.5, 2.5, 3]]
    assert (structure.kind, structure.values) == ("user-structure", {})


def test_atoms_with_a_cell_are_periodic_unless_told(read):
    first, second = read(
        ELEMENTS.format(content=CELL.format(atoms=ATOMS))
        + '<user-structure id="v"><atoms><atom type="Al" x="1" y="0" z="0"/></atoms></user-structure>'
    )
    assert first.atoms.pbc.all() and not second.atoms.pbc.any()
    assert not second.atoms.cell.any()


def test_atoms_and_forces_of_a_file(read, tmp_path):
    (tmp_path / "POSCAR").touch()
    content = '<poscar-file>\n POSCAR </poscar-file><properties><atomic-forces fit="true"/></properties>'
    (structure,) = read(ELEMENTS.format(content=content))
    assert structure.atoms.species.tolist() == [1, 0]
    assert structure.properties[0].target == (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)


def test_the_hash_covers_files_of_structures(read, tmp_path, forms, functions, catalogue):
    jobs = []
    for content in ("first", "second"):
        (tmp_path / "a.cif").write_text(content)
        read(ELEMENTS.format(content="<file>a.cif</file>"))
        pair = Atoms(np.zeros(2, np.int32), np.eye(3), np.ones(3, bool), np.zeros((2, 3)))
        altered = replace(catalogue, read=lambda *_, pair=pair: (pair, None))
        jobs.append(read_job("job.xml", known(forms, functions, altered)))
    assert jobs[0].text == jobs[1].text and jobs[0].hash != jobs[1].hash


def test_changes_come_in_the_order_of_the_document(read, changes):
    (structure,) = read(
        FCC.format(
            more="""
      <repeat x="2" y="3" z="4"/><vacancy site="0"/>
      <properties><total-energy/></properties>
      <substitution site="5" type="Ni"/><interstitial type="Al" x="0.5" y="0.25" z="0"/><vacancy site="1"/>
      <deformation xx="1.01" yz="0.02"/><surface h="1" k="-1" l="0" layers="4" vacuum="10.5" termination="1 0"/>"""
        )
    )
    assert changes == [
        Modification("repeat", numbers=(2.0, 3.0, 4.0)),
        Modification("vacancy", site=0),
        Modification("substitution", site=5, species=1),
        Modification("interstitial", species=0, numbers=(0.5, 0.25, 0.0)),
        Modification("vacancy", site=1),
        Modification("deformation", numbers=(1.01, 0.0, 0.0, 0.0, 1.0, 0.02, 0.0, 0.0, 1.0)),
        Modification(
            "surface",
            numbers=(1.0, -1.0, 0.0, 4.0, 10.5),
            termination=(1, 0),
            # Those of the repeated primitive cell, in units of the cube's.
            vectors=((0.0, 1.0, 1.0), (1.5, 0.0, 1.5), (2.0, 2.0, 0.0)),
        ),
    ]
    assert structure.atoms.position.tolist() == [[7.0, 7.0, 7.0]]
    assert structure.values == {}  # a surface is no lattice any more


def test_values_stay_with_a_supercell(read):
    (structure,) = read(FCC.format(more='<repeat x="2" y="2" z="2"/>'))
    assert structure.values == {"lattice-parameter": 4.0}


def test_files_to_write(read, tmp_path):
    (tmp_path / "out").mkdir()
    (structure,) = read(
        FCC.format(
            more='<output file="out/a.dump" format="lammps-dump"/><output file="POSCAR" format="poscar"/>'
            '<output file=" a.xyz " format="extxyz"/>'
        )
    )
    folder = tmp_path.resolve()
    assert structure.files == (
        StructureFile("lammps-dump", "out/a.dump", str(folder / "out" / "a.dump")),
        StructureFile("poscar", "POSCAR", str(folder / "POSCAR")),
        StructureFile("extxyz", "a.xyz", str(folder / "a.xyz")),
    )


FAULTS = {
    "unknown species": (
        FCC.format(more="").replace("Al", "Nj"),
        ['job.xml:8: unknown species in <atom-type>, found "Nj", allowed Al, Ni'],
    ),
    "nothing of a structure": (
        ELEMENTS.format(content=""),
        [
            "job.xml:7: atoms of <user-structure> must be given in one way, found nothing, allowed <cell> with "
            "<atoms>, <atoms>, <poscar-file> or <file>"
        ],
    ),
    "a file and atoms": (
        ELEMENTS.format(content=f"<file>a.cif</file>{ATOMS}"),
        [
            "job.xml:7: atoms of <user-structure> must be given in one way, found <file> and <atoms>, allowed "
            "<cell> with <atoms>, <atoms>, <poscar-file> or <file>"
        ],
    ),
    "a file and periodicity": (
        ELEMENTS.format(content='<file>job.xml</file><pbc x="true" y="true" z="true"/>'),
        ["job.xml:7: <pbc> has no effect on a structure from a file"],
    ),
    "no such file": (
        ELEMENTS.format(content="<file>jobs.xml</file>"),
        ['job.xml:7: no such file, found "jobs.xml", nearest job.xml'],
    ),
    "cell without atoms": (
        ELEMENTS.format(content=CELL.format(atoms="")),
        ["job.xml:7: <user-structure> without atoms, allowed <atoms> with <atom type= x= y= z=>"],
    ),
    "flat cell": (
        ELEMENTS.format(content=CELL.format(atoms=ATOMS).replace('y="5"', 'y="0"')),
        ["job.xml:7: cell without volume, allowed three independent vectors"],
    ),
    "cell with a bad number": (
        ELEMENTS.format(content=CELL.format(atoms=ATOMS).replace('y="5"', 'y="b"')),
        ['job.xml:7: bad value of y in <a2>, found "b", allowed a finite number'],
    ),
    "reduced without a cell": (
        ELEMENTS.format(content=ATOMS),
        ["job.xml:7: reduced coordinates without <cell>"],
    ),
    "periodic without a cell": (
        ELEMENTS.format(content=ATOMS.replace(' reduced="true"', "") + '<pbc x="true" y="false" z="false"/>'),
        ["job.xml:7: periodic without <cell>"],
    ),
    "species of an atom": (
        ELEMENTS.format(content=CELL.format(atoms=ATOMS.replace('"Ni"', '"N"'))),
        ['job.xml:7: unknown species in <atom>, found "N", allowed Al, Ni, nearest Ni'],
    ),
    "site that is not there": (
        FCC.format(more='\n<vacancy site="99"/>\n<vacancy site="1"/>'),
        ["job.xml:9: no such site, found 99, allowed 0"],
    ),
    "species of a substitution": (
        FCC.format(more='\n<substitution site="0" type="Cu"/>'),
        ['job.xml:9: unknown species in <substitution>, found "Cu", allowed Al, Ni'],
    ),
    "repeated not at all": (
        FCC.format(more='\n<repeat x="0" y="1" z="1"/>'),
        ['job.xml:9: bad value of x in <repeat>, found "0", allowed a whole number from 1 to 999999999'],
    ),
    "too many atoms": (
        FCC.format(more='\n<repeat x="1000" y="1000" z="1000"/>'),
        ["job.xml:9: too many atoms in a structure, found 1000000000, allowed at most 1000000"],
    ),
    "output twice": (
        FCC.format(more='<output file="a" format="poscar"/>\n<output file="./a" format="extxyz"/>'),
        ['job.xml:9: output file is requested twice, found "./a", in line 8'],
    ),
    "output over the job": (
        FCC.format(more='<output file="job.xml" format="poscar"/>'),
        ['job.xml:8: output file is an input of the job, found "job.xml"'],
    ),
    "output to a folder": (
        FCC.format(more='<output file="." format="poscar"/>'),
        ['job.xml:8: output file is a folder, found "."'],
    ),
    "format of the output": (
        FCC.format(more='<output file="a" format="cif"/>'),
        ['job.xml:8: bad value of format in <output>, found "cif", allowed lammps-dump, poscar, extxyz'],
    ),
    "forces on too few atoms": (
        ELEMENTS.format(
            content=CELL.format(atoms=ATOMS)
            + '<atomic-forces><force x="0" y="0" z="0" i="1"/></atomic-forces>'
            '<properties><atomic-forces fit="true"/></properties>'
        ),
        ["job.xml:7: no force on atom 0 in <atomic-forces>, found 1 of 2, allowed one per atom"],
    ),
    "forces on an atom twice": (
        ELEMENTS.format(
            content=CELL.format(atoms=ATOMS)
            + "<atomic-forces>"
            + "\n".join(f'<force x="0" y="0" z="0" i="{i}"/>' for i in (0, 1, 1, 2))
            + "</atomic-forces>"
        ),
        [
            "job.xml:9: force on atom 1 twice, found another in line 8",
            "job.xml:10: force on an unknown atom, found 2, allowed 0 .. 1",
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault_lines(lines, name):
    text, expected = FAULTS[name]
    assert lines(text) == expected


def test_file_that_cannot_be_read(lines, tmp_path):
    (tmp_path / "bad.cif").touch()
    assert lines(ELEMENTS.format(content="<file>bad.cif</file>")) == ["job.xml:7: not a structure"]


def test_forces_of_a_file_are_void_after_a_change(lines, tmp_path):
    (tmp_path / "POSCAR").touch()
    changed = '<poscar-file>POSCAR</poscar-file><repeat x="1" y="1" z="1"/>'
    fitted = '<properties><atomic-forces fit="true"/></properties>'
    assert lines(ELEMENTS.format(content=changed + fitted)) == [
        'job.xml:7: <atomic-forces> is fitted without a target, allowed target="..."'
    ]
