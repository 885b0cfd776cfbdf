from dataclasses import replace

import numpy as np
import pytest

from hpcfit.dataset.hashing import content_ids
from hpcfit.dataset.import_options import ImportOptions
from hpcfit.dataset.importing import import_configurations
from hpcfit.errors import InputError
from hpcfit.records import Missing
from hpcfit.units import GPA

STRESS = 'stress="1 0.6 0.5 0.6 2 0.4 0.5 0.4 3"'


def frame(
    entries: str = "energy=-1.5",
    lattice: str = 'Lattice="5 0 0 0 5 0 0 0 5"',
    forces: str = "forces",
    rows: tuple[str, ...] = ("Si 0 0 0 0.1 0.2 0.3", "C 1.25 1.25 1.25 -0.1 -0.2 -0.3"),
) -> str:
    columns = f":{forces}:R:3" if forces else ""
    return (
        f"{len(rows)}\n{lattice} Properties=species:S:1:pos:R:3{columns} {entries}\n" + "\n".join(rows) + "\n"
    )


@pytest.fixture
def load(tmp_path):
    def run(text: str, name: str = "set.xyz", **options):
        path = tmp_path / name
        path.write_text(text)
        return import_configurations(path, ImportOptions(**options))

    return run


@pytest.fixture
def refusal(load, tmp_path):
    def run(text: str, **options) -> list[str]:
        with pytest.raises(InputError) as caught:
            load(text, **options)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return run


def test_everything_arrives(load):
    imported = load(
        frame(f"energy=-1.5 config_type=bulk w=0.5 {STRESS}")
        + "\n"
        + frame('PBC="1 0 0"', forces="force")
        + "\n\n",
        stress_unit="GPa",
        stress_sign="compression",
        weight_key="w",
    )
    c = imported.configurations
    assert imported.energy_kind == "energy"
    assert c.symbols == ("Si", "C")
    assert [c.groups[k] for k in c.group] == ["bulk", "set"]
    assert c.mask.tolist() == [0, Missing.ENERGY | Missing.STRESS]
    np.testing.assert_array_equal(c.pbc, [[True] * 3, [True, False, False]])
    np.testing.assert_array_equal(c.ptr, [0, 2, 4])
    np.testing.assert_array_equal(c.energy, [-1.5, np.nan])
    np.testing.assert_allclose(c.stress[0], -GPA * np.array([1, 2, 3, 0.4, 0.5, 0.6]), rtol=1e-15)
    assert np.isnan(c.stress[1]).all()
    np.testing.assert_array_equal(c.force, 2 * [[0.1, 0.2, 0.3], [-0.1, -0.2, -0.3]])
    np.testing.assert_array_equal(c.position[1], [1.25] * 3)
    np.testing.assert_array_equal(c.cell[0], 5 * np.eye(3))
    assert c.weight.tolist() == [0.5, 1.0]


def test_missing_forces(load):
    c = load(frame(forces="", rows=("Si 0 0 0",))).configurations
    assert c.mask.tolist() == [Missing.FORCES | Missing.STRESS]
    assert np.isnan(c.force).all()


def test_id_depends_on_what_a_fit_sees_only(load):
    base, same, other = frame(), frame("energy=-1.5 config_type=x"), frame("energy=-1.25")
    swapped = frame(rows=("C 0 0 0 0.1 0.2 0.3", "Si 1.25 1.25 1.25 -0.1 -0.2 -0.3"))
    c = load(base + same + other + swapped).configurations
    assert (c.id[0] == c.id[1]).all()
    assert len(np.unique(c.id, axis=0)) == 3
    assert (content_ids(replace(c, mask=c.mask ^ 1)) != c.id).any(axis=1).all()


@pytest.mark.parametrize(
    ("entries", "options", "energy", "kind"),
    [
        ("Energy=-1", {}, -1, "energy"),
        ("free_energy=-1", {}, -1, "free_energy"),
        ("energy=-1 free_energy=-1", {}, -1, "energy"),
        ("energy=-1 free_energy=-2", {"energy_key": "free_energy"}, -2, "free_energy"),
        ("energy=-1 dft=-3", {"energy_key": "dft"}, -3, "dft"),
        ("energy=-1 dft=-3", {"energy_key": "dft", "energy_kind": "energy"}, -3, "energy"),
    ],
)
def test_energy_is_the_one_that_is_meant(load, entries, options, energy, kind):
    imported = load(frame(entries), **options)
    assert imported.configurations.energy.tolist() == [energy]
    assert imported.energy_kind == kind


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        (
            frame("energy=-1 free_energy=-2") * 2,
            {},
            "set.xyz: frame 0: several different energies, found energy=-1.0 free_energy=-2.0, "
            "2 times, here first, allowed one of them by --energy-key energy | free_energy",
        ),
        (
            frame("energy=-1") + frame("free_energy=-1"),
            {},
            "set.xyz: energies of several kinds, found energy (set.xyz: frame 0) and "
            "free_energy (set.xyz: frame 1), allowed --energy-key or --energy-kind",
        ),
        (frame("energy=nan"), {}, "set.xyz: frame 0: energy is not finite"),
        (frame("energy=low"), {}, "set.xyz: frame 0: energy is not a number, found 'low'"),
        (frame() + frame(rows=("Si 0 nan 0 0 0 0",)), {}, "set.xyz: frame 1: positions are not finite"),
        (frame(rows=("Si 0 0 0 0 inf 0",)), {}, "set.xyz: frame 0: forces are not finite"),
        (frame(rows=("Sii 0 0 0 0 0 0",)), {}, "set.xyz: frame 0: unknown species, found Sii, nearest Si"),
        (frame(rows=("X 0 0 0 0 0 0",)), {}, "set.xyz: frame 0: unknown species, found X"),
        (
            frame('pbc="T T T"', lattice=""),
            {},
            "set.xyz: frame 0: cell vectors of the periodic directions are missing or linearly dependent",
        ),
        (
            frame('pbc="T T F"', lattice='Lattice="5 0 0 5 0 0 0 0 5"'),
            {},
            "set.xyz: frame 0: cell vectors of the periodic directions are missing or linearly dependent",
        ),
        (frame("energy=T"), {}, "set.xyz: frame 0: energy is not a number, found True"),
        (
            frame().replace("forces:R:3", "forces:R:2"),
            {},
            "set.xyz: frame 0: forces has the wrong shape, found [2, 2], allowed [2, 3]",
        ),
        (
            frame(forces="force").replace("force:R:3", "force:S:3"),
            {},
            "set.xyz: frame 0: force is not numbers, found object",
        ),
        (
            frame().replace(":pos:", ":place:"),
            {},
            "set.xyz: frame 0: cannot be read, found Properties names no column pos",
        ),
        (
            frame("config_type=/a"),
            {"group_split": "/"},
            "set.xyz: frame 0: name of the group is empty, found '/a'",
        ),
        (frame('pbc="T T F" PBC="1 1 1"'), {}, "set.xyz: frame 0: cannot be read, found pbc and PBC differ"),
        (
            frame(STRESS) * 3,
            {"stress_unit": "GPa"},
            "set.xyz: frame 0: unit and sign of the stress are not given, found stress, "
            "3 times, here first, allowed --stress-unit eV/A^3|GPa|kbar|bar and "
            "--stress-sign tension|compression, or --ignore-stress",
        ),
        (
            frame('virial="1 0 0 0 1 0 0 0 1"'),
            {},
            "set.xyz: frame 0: virials are not read, found virial, allowed --ignore-stress",
        ),
        (
            frame('stress="1 0 0 0.5 2 0 0 0 3"'),
            {"stress_unit": "GPa", "stress_sign": "tension"},
            "set.xyz: frame 0: stress is not symmetric, found 0.5, allowed --ignore-stress",
        ),
        (
            frame(),
            {"group_key": "kind"},
            "set.xyz: frame 0: has no entry of --group-key, found kind, allowed energy, forces, numbers, positions",
        ),
        (frame("w=-1"), {"weight_key": "w"}, "set.xyz: frame 0: weight is negative or not finite"),
        (
            frame('hpcfit_property_weight="1 -2 1"'),
            {},
            "set.xyz: frame 0: hpcfit_property_weight is negative or not finite, found -2.0",
        ),
        (
            frame('hpcfit_property_weight="1 inf 1"'),
            {},
            "set.xyz: frame 0: hpcfit_property_weight is negative or not finite, found inf",
        ),
        (
            frame('hpcfit_property_weight="1 2"'),
            {},
            "set.xyz: frame 0: hpcfit_property_weight has the wrong shape, found [2], allowed [3]",
        ),
        (frame()[:40], {}, "set.xyz: frame 0: is truncated, found 0 atoms, allowed 2 atoms"),
        (frame().rsplit("\n", 2)[0], {}, "set.xyz: frame 0: is truncated, found 1 atoms, allowed 2 atoms"),
        (
            frame() + "Si 0 0 0\n",
            {},
            "set.xyz: frame 1: must start with its number of atoms, found 'Si 0 0 0'",
        ),
        ("", {}, "set.xyz: no configurations"),
    ],
)
def test_refusals(refusal, text, options, line):
    assert refusal(text, **options) == [line]


def test_option_that_names_nothing_is_refused(refusal):
    (line,) = refusal(frame("Weight=2"), weight_key="weight")
    assert line.startswith("set.xyz: no frame has the entry of --weight-key, found weight, allowed Weight, ")
    assert line.endswith("nearest Weight")


def test_all_faults_at_once(refusal):
    text = frame(f"energy=low {STRESS}") + frame(rows=("Qq 0 0 0 0 0 0",)) + frame("energy=1")
    assert [line.partition(", ")[0] for line in refusal(text)] == [
        "set.xyz: frame 0: energy is not a number",
        "set.xyz: frame 0: unit and sign of the stress are not given",
        "set.xyz: frame 1: unknown species",
    ]


def test_ignored_stress_is_missing(load):
    c = load(frame(f'{STRESS} virial="1 0 0 0 1 0 0 0 1"'), ignore_stress=True).configurations
    assert c.mask[0] & Missing.STRESS


def test_forces_that_differ_need_a_key(load, refusal):
    rows = ("Si 0 0 0 1 1 1 2 2 2",)
    text = frame(forces="forces:R:3:force", rows=rows)
    assert refusal(text) == [
        "set.xyz: frame 0: several different forces, found forces force, allowed one of them by --forces-key"
    ]
    assert load(text, forces_key="force").configurations.force.tolist() == [[2, 2, 2]]
