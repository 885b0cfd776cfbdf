import argparse
import subprocess
import sys

import h5py
import pytest

from hpcfit.cli.data import add_arguments
from hpcfit.dataset.reader import Dataset
from hpcfit.errors import InputError

FRAME = '1\nLattice="5 0 0 0 5 0 0 0 5" Properties=species:S:1:pos:R:3:forces:R:3 {}\nSi 0.1 0 0 1 2 3\n'


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.xyz").write_text(FRAME.format("energy=-1") + FRAME.format("energy=-2 config_type=hot"))

    def call(*words: str) -> int:
        parser = argparse.ArgumentParser()
        add_arguments(parser)
        args = parser.parse_args(words)
        return args.run(args)

    return call


def test_import_info_validate_export(run, capsys, tmp_path):
    assert run("import", "set.xyz", "-o", "set.h5") == 0
    assert (
        "set.h5: 2 configurations, 2 atoms, Si\nenergies are energy\nstress missing in 2 of 2"
        in capsys.readouterr().out
    )
    assert run("info", "set.h5") == 0
    said = capsys.readouterr().out
    assert "configurations  2\n" in said
    assert "hot                1              1              1              1              0\n" in said
    assert "from set.xyz\n" in said
    assert run("validate", "set.h5") == 0
    assert "set.h5: 0 errors, 1 warnings\n" in capsys.readouterr().out
    assert run("export", "set.h5", "-o", "out.xyz", "--select", "group=hot") == 0
    assert "energy=-2.0" in (tmp_path / "out.xyz").read_text()
    assert "energy=-1.0" not in (tmp_path / "out.xyz").read_text()


def test_append_and_overwrite(run, tmp_path):
    run("import", "set.xyz", "-o", "set.h5")
    with pytest.raises(InputError, match=r"set.h5: exists already"):
        run("import", "set.xyz", "-o", "set.h5")
    run("import", "set.xyz", "-o", "set.h5", "--append", "--group-key", "energy")
    with Dataset(tmp_path / "set.h5") as dataset:
        assert len(dataset) == 4
        assert dataset.groups == ("set", "hot", "-1", "-2")
        assert [row.options for row in dataset.provenance()] == ["{}", '{"group_key": "energy"}']
    run("import", "set.xyz", "-o", "set.h5", "--overwrite")
    with Dataset(tmp_path / "set.h5") as dataset:
        assert len(dataset) == 2


@pytest.mark.parametrize(
    "words",
    [("-o", "new.h5"), ("-o", "set.h5", "--append"), ("-o", "set.h5", "--overwrite"), ("-o", "no/new.h5")],
)
def test_failed_import_leaves_everything_as_it_was(run, tmp_path, words):
    run("import", "set.xyz", "-o", "set.h5")
    (tmp_path / "bad.xyz").write_text(FRAME.format("energy=nan"))
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(InputError):
        run("import", "bad.xyz", *words)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


WEIGHTED = FRAME.replace("forces:R:3", "forces:R:3:hpcfit_force_weight:R:1").replace("2 3\n", "2 3 0.25\n")


def test_weights_go_out_and_in_again(run, tmp_path, capsys):
    said = 'energy=-3 stress="1 2 3 2 4 5 3 5 6" hpcfit_property_weight="0.5 2 1"'
    (tmp_path / "one.xyz").write_text(WEIGHTED.format(said))
    stress = ("--stress-unit", "eV/A^3", "--stress-sign", "tension")
    run("import", "one.xyz", "-o", "set.h5", "--energy-kind", "free_energy", *stress)
    run("import", "set.xyz", "-o", "set.h5", "--append", "--energy-kind", "free_energy")
    run("import", "one.xyz", "-o", "set.h5", "--append", "--energy-kind", "free_energy", *stress)
    capsys.readouterr()
    run("export", "set.h5", "-o", "out.xyz")
    warning = "warning: kind of the energies is not exported, import with --energy-kind free_energy\n"
    assert capsys.readouterr().out == f"{warning}out.xyz: 4 configurations\n"
    run("import", "out.xyz", "-o", "again.h5", *stress)
    for name in ("set.h5", "again.h5"):
        with Dataset(tmp_path / name) as dataset:
            ones = [1.0, 1.0, 1.0]
            weights = dataset.index().property_weight.tolist()
            assert weights == [[0.5, 2.0, 1.0], ones, ones, [0.5, 2.0, 1.0]], name
            assert dataset.read(0, 4).force_weight.tolist() == [0.25, 1.0, 1.0, 0.25], name


def test_append_needs_a_dataset(run):
    with pytest.raises(InputError, match=r"none.h5: file does not exist"):
        run("import", "set.xyz", "-o", "none.h5", "--append")


def test_validate_says_errors_by_its_exit_code(run, tmp_path, capsys):
    run("import", "set.xyz", "-o", "set.h5")
    with h5py.File(tmp_path / "set.h5", "r+") as file:
        file["config/energy"][0] = -1.25
    assert run("validate", "set.h5") == 2
    assert "error: id does not match the content, configurations 0\n" in capsys.readouterr().out


def test_commands_start_without_ase():
    code = "import sys, hpcfit.cli.data; sys.exit(bool({'ase', 'rich', 'vesin'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
