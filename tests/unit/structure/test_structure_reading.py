from __future__ import annotations

import numpy as np
import pytest

from hpcfit.structure.reading import read

POSCAR = """two atoms
2.0
1 0 0
0 1 0
0 0 1.5
Al Ni
1 1
{mode}
{rows}
"""


def poscar(folder, rows, mode="Direct"):
    path = folder / "cell.txt"
    path.write_text(POSCAR.format(rows=rows, mode=mode))
    return str(path)


def test_poscar_with_forces(tmp_path):
    path = poscar(tmp_path, "0 0 0  0.1 -0.2 3e-1\n0.5 0.5 0.5 -0.1 0.2 -0.3")
    atoms, forces = read(path, "poscar", ("Ni", "Al"))
    assert atoms.species.tolist() == [1, 0]
    assert atoms.cell.tolist() == [[2, 0, 0], [0, 2, 0], [0, 0, 3]]
    assert atoms.position[1].tolist() == [1, 1, 1.5]
    assert atoms.pbc.all()
    assert forces.tolist() == [[0.1, -0.2, 0.3], [-0.1, 0.2, -0.3]]


def test_poscar_with_selective_dynamics(tmp_path):
    rows = "0 0 0 T T F 1 2 3\n1 1 1 T F F 4 5 6"
    atoms, forces = read(poscar(tmp_path, rows, "Selective dynamics\nCartesian"), "poscar", ("Al", "Ni"))
    assert atoms.position[1].tolist() == [2, 2, 2]
    assert forces.tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize("rows", ["0 0 0\n0.5 0.5 0.5", "0 0 0 Al\n0.5 0.5 0.5 Ni"])
def test_poscar_without_forces(tmp_path, rows):
    assert read(poscar(tmp_path, rows), "poscar", ("Al", "Ni"))[1] is None


def test_any_file_of_ase(tmp_path):
    path = tmp_path / "two.xyz"
    path.write_text(
        '1\nProperties=species:S:1:pos:R:3:forces:R:3 pbc="T T F" Lattice="2 0 0 0 2 0 0 0 9"\nAl 1 2 3 4 5 6\n'
    )
    atoms, forces = read(str(path), "", ("Al",))
    assert atoms.pbc.tolist() == [True, True, False]
    assert atoms.position.tolist() == [[1, 2, 3]]
    assert np.array_equal(forces, [[4, 5, 6]])


def test_faults(tmp_path):
    with pytest.raises(ValueError, match="species that the job lacks, found Ni, allowed Al, N, nearest N"):
        read(poscar(tmp_path, "0 0 0\n.5 .5 .5"), "poscar", ("Al", "N"))
    with pytest.raises(ValueError, match="forces of some atoms but not of all, line 9"):
        read(poscar(tmp_path, "0 0 0 1 2 3\n.5 .5 .5"), "poscar", ("Al", "Ni"))
    with pytest.raises(ValueError, match="a force is not finite"):
        read(poscar(tmp_path, "0 0 0 1 2 3\n.5 .5 .5 1 2 inf"), "poscar", ("Al", "Ni"))
    with pytest.raises(ValueError, match="cannot read"):
        read(str(tmp_path / "none.xyz"), "", ("Al",))
    (tmp_path / "bad.txt").write_text("what\nis\nthis\n")
    for kind in ("", "poscar"):
        with pytest.raises(ValueError, match="cannot read"):
            read(str(tmp_path / "bad.txt"), kind, ("Al",))
    (tmp_path / "bad.py").write_text("pass\n")
    with pytest.raises(ValueError, match=r"cannot read .*bad\.py: "):
        read(str(tmp_path / "bad.py"), "", ("Al",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0\n\n", "no atoms"),
        ("1\n\nAl 0 nan 0\n", "position of atom 0 is not finite"),
        ('1\nLattice="5 0 0 0 nan 0 0 0 5"\nAl 0 0 0\n', "a cell vector is not finite"),
        ('1\npbc="T T T"\nAl 0 0 0\n', "cell vectors of the periodic directions are missing"),
        ("1\nProperties=species:S:1:pos:R:3:forces:R:3\nAl 0 0 0 0 nan 0\n", "a force is not finite"),
    ],
)
def test_files_without_meaning(tmp_path, text, message):
    path = tmp_path / "x.xyz"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read(str(path), "", ("Al",))


FRAME = """1
Lattice="{a} 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 pbc="T T T"
Al 0 0 0
"""


def frames(folder, *lengths):
    path = folder / "path.xyz"
    path.write_text("".join(FRAME.format(a=a) for a in lengths))
    return str(path)


@pytest.mark.parametrize(("frame", "length"), [(0, 4), (1, 5), (2, 6), (-1, 6), (-2, 5), (-3, 4)])
def test_one_of_several_frames(tmp_path, frame, length):
    atoms, _ = read(frames(tmp_path, 4, 5, 6), "", ("Al",), frame)
    assert atoms.cell[0, 0] == length


def test_a_single_frame_needs_no_number(tmp_path):
    path = frames(tmp_path, 4)
    assert [read(path, "", ("Al",), frame)[0].cell[0, 0] for frame in (None, 0, -1)] == [4, 4, 4]


@pytest.mark.parametrize("frame", [3, -4])
def test_frames_that_are_not_there(tmp_path, frame):
    with pytest.raises(
        ValueError, match=rf"path.xyz, found {frame}, allowed 0 .. 2, or -3 .. -1 from the end"
    ):
        read(frames(tmp_path, 4, 5, 6), "", ("Al",), frame)


def test_several_frames_without_a_number_are_refused(tmp_path):
    with pytest.raises(
        ValueError, match=r"holds several structures, found 3, allowed 1, or <file frame=\.\.\.> 0"
    ):
        read(frames(tmp_path, 4, 5, 6), "", ("Al",))


def test_a_poscar_file_of_several_configurations_is_refused(tmp_path):
    rows = "0 0 0\n0.5 0.5 0.5\nDirect configuration=     2\n0 0 0.1\n0.5 0.5 0.6"
    path = poscar(tmp_path, rows, "Direct configuration=     1")
    with pytest.raises(ValueError, match=r"cell\.txt holds several structures, found 2"):
        read(path, "poscar", ("Al", "Ni"))
