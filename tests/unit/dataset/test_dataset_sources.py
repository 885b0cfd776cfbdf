import gzip
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect

from hpcfit.dataset.import_options import ImportOptions
from hpcfit.dataset.importing import import_configurations
from hpcfit.errors import InputError
from hpcfit.records import Missing

DATA = Path(__file__).parents[4] / "shared" / "data"


def frame(entries: str) -> str:
    properties = "Properties=species:S:1:pos:R:3:force:R:3"
    return f'1\nLattice="5 0 0 0 5 0 0 0 5" {properties} {entries}\nSi 0 0 0 0.1 0.2 0.3\n'


def test_unknown_kind_of_source(tmp_path):
    (tmp_path / "POSCAR.vasp").touch()
    with pytest.raises(InputError, match=r"unknown kind of source, found .vasp, allowed .db, .xyz"):
        import_configurations(tmp_path / "POSCAR.vasp", ImportOptions())


def test_damaged_gzip(tmp_path):
    path = tmp_path / "set.xyz.gz"
    path.write_bytes(gzip.compress((frame("energy=1") * 200).encode())[:-20])
    with pytest.raises(InputError, match=r"set.xyz.gz: cannot be read, found Compressed file ended"):
        import_configurations(path, ImportOptions())


@pytest.fixture
def folder(tmp_path) -> Path:
    root = tmp_path / "training_set"
    (root / "NVT_runs").mkdir(parents=True)
    (root / "alat").mkdir()
    for name, energy in (("alat/b.xyz", -2), ("alat/a.xyz", -1), ("NVT_runs/c.extxyz", -3)):
        (root / name).write_text(frame(f'Energy="{energy}" PBC="1 1 1"'))
    for name in ("._.DS_Store", ".DS_Store", "README", "alat/._a.xyz"):
        (root / name).write_text("not a configuration")
    return root


def test_folder(folder):
    imported = import_configurations(folder, ImportOptions())
    c = imported.configurations
    assert c.energy.tolist() == [-3, -1, -2]
    assert [c.groups[k] for k in c.group] == ["NVT_runs", "alat", "alat"]
    assert not c.mask[0] & Missing.FORCES
    assert len(imported.skipped) == 4


def test_archive_is_read_as_its_folder(folder, tmp_path):
    archive = tmp_path / "set.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(folder.rglob("*"), reverse=True):
            tar.add(file, arcname=file.relative_to(tmp_path), recursive=False)
    a = import_configurations(folder, ImportOptions())
    b = import_configurations(archive, ImportOptions())
    np.testing.assert_array_equal(a.configurations.id, b.configurations.id)
    assert (a.sha256, a.skipped, a.configurations.groups) == (b.sha256, b.skipped, b.configurations.groups)


def test_fault_in_a_folder_names_the_file(folder):
    (folder / "alat" / "b.xyz").write_text(frame("Energy=nan"))
    with pytest.raises(InputError, match=r"^training_set/alat/b.xyz: frame 0: energy is not finite$"):
        import_configurations(folder, ImportOptions())


def test_folder_without_configurations(tmp_path):
    (tmp_path / "README").touch()
    with pytest.raises(InputError, match="no file of configurations in it"):
        import_configurations(tmp_path, ImportOptions())


def test_damaged_archive(folder, tmp_path):
    shutil.make_archive(str(tmp_path / "set"), "gztar", folder)
    archive = tmp_path / "set.tar.gz"
    archive.write_bytes(archive.read_bytes()[:-30])
    with pytest.raises(InputError, match="cannot be read as an archive"):
        import_configurations(archive, ImportOptions())


def test_database(tmp_path):
    path = tmp_path / "set.db"
    atoms = Atoms("SiC", [[0, 0, 0], [1.1, 1.2, 1.3]], cell=[4, 5, 6], pbc=[True, True, False])
    atoms.calc = SinglePointCalculator(
        atoms, energy=-1.5, forces=[[1, 2, 3], [4, 5, 6]], stress=np.arange(6.0)
    )
    with connect(path) as database:
        database.write(atoms, config_type="bulk", w=0.25)
    options = ImportOptions(stress_unit="eV/A^3", stress_sign="tension", weight_key="w")
    c = import_configurations(path, options).configurations
    assert (c.symbols, c.groups, c.mask.tolist(), c.weight.tolist()) == (("Si", "C"), ("bulk",), [0], [0.25])
    np.testing.assert_array_equal(c.stress, [np.arange(6)])
    np.testing.assert_array_equal(c.force, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(c.pbc, [[True, True, False]])
    np.testing.assert_array_equal(c.cell, [np.diag([4, 5, 6])])


def test_not_a_database(tmp_path):
    (tmp_path / "set.db").write_text("not a database at all, but long enough to be looked at" * 20)
    with pytest.raises(InputError, match="cannot be read as an ASE database"):
        import_configurations(tmp_path / "set.db", ImportOptions())


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the reference data in ../shared/data")
def test_silicon_archive_equals_its_extxyz():
    raw = import_configurations(DATA / "si_kliff_raw.tar.gz", ImportOptions())
    options = ImportOptions(group_key="config_id", group_split="/")
    one = import_configurations(DATA / "si_kliff.extxyz.gz", options)
    a, b = raw.configurations, one.configurations
    assert (len(a), len(a.species), a.groups) == (1000, 58400, ("NVT_runs", "varying_alat"))
    assert len(raw.skipped) == 3
    # The files stand in another order, and the one file has numbers rounded to eight decimals.
    order_a, order_b = (np.lexsort((c.cell[:, 0, 0], c.energy)) for c in (a, b))
    for name in ("energy", "cell", "pbc", "mask", "group"):
        np.testing.assert_array_equal(getattr(a, name)[order_a], getattr(b, name)[order_b])
    for i, j in zip(order_a, order_b, strict=True):
        for name in ("position", "force"):
            x, y = getattr(a, name)[a.ptr[i] : a.ptr[i + 1]], getattr(b, name)[b.ptr[j] : b.ptr[j + 1]]
            np.testing.assert_allclose(x, y, rtol=0, atol=5.1e-9)
