"""What an export refuses, and what its tables and comments are made of."""

from dataclasses import replace

import numpy as np
import pytest

from hpcfit.errors import InputError
from hpcfit.export.crystals import largest_density
from hpcfit.export.curves import curve_of
from hpcfit.export.densities import density_range
from hpcfit.export.exporting import FORMATS, Settings, export, needs_structures
from hpcfit.export.formats.meam_spline import _ranges
from hpcfit.export.formats.setfl import same
from hpcfit.export.grid import density_end, grid_of
from hpcfit.export.interpolation import finite, midpoints, slopes_at
from hpcfit.export.source import DensityRange, ExportSource
from hpcfit.objective.model import Model
from hpcfit.potential.library import potential_forms
from hpcfit.records import DatasetSource, Function, Group
from tests.helpers.small_jobs import silicon, write_dataset
from tests.physics.export_samples import embedded_atoms, final_job, final_of_form, function

_FORM = next(form for form in potential_forms() if form.name == "eam")


def _message(final, name, chosen="", **settings):
    with pytest.raises(InputError) as caught:
        export(final, name, "out", chosen, Settings(**settings))
    return str(caught.value)


def _two(first, second):
    """Return the job of two potentials in one."""
    potentials = (first.job.potentials[0], replace(second.job.potentials[0], id="Q"))
    return replace(first, job=replace(first.job, potentials=potentials))


def test_no_potential_for_the_format():
    message = (
        "job.xml: no potential for the format lammps-sw, found P (lennard-jones), allowed stillinger-weber"
    )
    assert _message(final_of_form("lennard-jones", 1), "lammps-sw") == message


def test_several_potentials_for_the_format():
    final = _two(final_of_form("lennard-jones", 1), final_of_form("lennard-jones", 1))
    wrong = "job.xml: no such potential for the format lammps-lj, found R, allowed --potential, one of P, Q"
    assert _message(final, "lammps-lj", "R") == wrong
    written = export(final, "lammps-lj", "out", "Q", Settings())
    assert "potential Q (lennard-jones)" in written.text
    assert written.notes == ("not in the file: P, which the job adds to Q",)


def test_options_without_effect():
    message = "format lammps-sw: option has no effect here, found --resolution, --rho-range-factor"
    assert (
        _message(final_of_form("stillinger-weber", 1), "lammps-sw", resolution=5, rho_range_factor=1.0)
        == message
    )
    assert _message(final_job(embedded_atoms(1, "none"), 1), "table", largest_density=1.0).endswith(
        "--largest-density"
    )


def test_negative_parameters():
    final = final_of_form("stillinger-weber", 1)
    sw = final.job.potentials[0]
    changed = replace(sw, parameters=(replace(sw.parameters[0], start=-1.0), *sw.parameters[1:]))
    final = replace(final, job=replace(final.job, potentials=(changed,)))
    message = "out: P: LAMMPS refuses a negative A, found P.A[SiSi] = -1.0, allowed 0 or above"
    assert _message(final, "lammps-sw") == message


def test_comments():
    text = export(final_of_form("stillinger-weber", 1), "lammps-sw", "some/where", "", Settings())
    first, second, third, _, *entries = text.text.splitlines()
    assert first.startswith("# DATE: 20") and " UNITS: metal by hpcfit " in first
    assert second == "# job sample, potential P (stillinger-weber), chi^2 1.5"
    assert third == "# job hash " + 64 * "0"
    assert len(entries) == 1
    assert text.commands == ("pair_style sw", "pair_coeff * * some/where Si")


def test_commands_of_lennard_jones():
    final = final_of_form("lennard-jones", 2)
    written = export(final, "lammps-lj", "lj.in", "", Settings())
    lines = written.text.splitlines()[3:]
    values = {p.path: p.start for p in final.job.parameters}
    assert float(lines[0].split()[2]) == max(values[f"P.cutoff[{pair}]"] for pair in ("SiSi", "SiC", "CC"))
    numbers = [float(word) for word in lines[2].split()[3:6]]
    assert lines[2].startswith("pair_coeff 1 2 ")
    assert numbers == [values[f"P.{name}[SiC]"] for name in ("epsilon", "sigma", "cutoff")]
    assert written.commands == ("include lj.in",)


def test_densities_by_pair_do_not_go_into_alloy():
    final = final_job(embedded_atoms(2, "by pair"), 2)
    message = (
        "out: EAM: the density that Si gives depends on the atom that receives it, allowed format eam-fs"
    )
    assert _message(final, "eam-alloy", largest_density=1.0) == message


def test_embedded_atoms_do_not_go_into_a_pair_table():
    message = "out: EAM: not a pair potential, found densities or embedding, allowed format eam-fs"
    assert _message(final_job(embedded_atoms(1, "by pair"), 1), "table") == message


def test_pair_tables_that_cannot_be():
    final = final_job(embedded_atoms(1, "none"), 1)
    message = "out: EAM: no table of Si_Si, found 6.0 .. 5.5 A, allowed --inner below a finite cut-off"
    assert _message(final, "table", inner=6.0) == message
    potential = embedded_atoms(2, "none")
    lacking = final_job(replace(potential, roles=(0, -1, *potential.roles[2:])), 2)
    message = "out: EAM: no function for a pair, which LAMMPS needs, found Si_C"
    assert _message(lacking, "table") == message
    singular = function("V", "log(r-2)", 5.0)
    alone = replace(potential, functions=(singular,), parameters=(), roles=(0, -1, -1))
    assert (
        _message(final_job(alone, 1), "table")
        == "out: EAM: Si_Si is not finite in the table, allowed a larger --inner"
    )


def _setfl(final, **settings):
    written = export(final, "eam-fs", "out", "", Settings(**settings))
    lines = written.text.splitlines()
    return lines, [float(x) for line in lines[5:] for x in line.split() if not x.isalpha()], written


def test_layout_of_setfl():
    """One species: head, F, rho, r V; the grid and the values that stand at its points."""
    lines, numbers, _ = _setfl(
        final_job(embedded_atoms(1, "by pair"), 1), resolution=100, largest_density=3.0
    )
    assert lines[3] == "1 Si"
    n_rho, d_rho, n_r, d_r, cutoff = lines[4].split()
    assert (n_rho, n_r, float(cutoff)) == ("100", "100", 5.5)
    assert float(d_rho) == 6.0 / 99
    assert float(d_r) == 5.5 / 99
    assert numbers[:3] == [14.0, 28.085, 0.0]
    assert len(numbers) == 3 + 3 * 100
    rho, r = 6.0 / 99 * np.arange(100), 5.5 / 99 * np.arange(100)
    F, density, pair = np.reshape(numbers[3:], (3, 100))
    assert np.allclose(F, -np.sqrt(rho + 1) + 0.001 * rho**2, rtol=1e-14)
    assert np.allclose(density, np.exp(-r) * (5.5 - r) ** 3, rtol=1e-12, atol=1e-14)
    assert np.allclose(
        pair, r * (2 * np.exp(-r) - 0.1 * np.exp(-0.5 * r)) * (5.5 - r) ** 3, rtol=1e-11, atol=1e-12
    )


def test_range_factor_and_default_resolution():
    lines, _, _ = _setfl(
        final_job(embedded_atoms(1, "by pair"), 1), rho_range_factor=4.0, largest_density=3.0
    )
    assert lines[4].split()[0] == "10000"
    assert float(lines[4].split()[1]) == 12.0 / 9999


def test_values_that_are_not_finite_are_replaced():
    potential = embedded_atoms(1, "by pair")
    functions = (function("V", "1/r^2", 5.0), *potential.functions[1:])
    parameters = tuple(p for made in functions for p in made.all_parameters)
    changed = replace(potential, functions=functions, parameters=parameters)
    _, numbers, written = _setfl(final_job(changed, 1), resolution=100, largest_density=3.0)
    pair = numbers[-100:]
    assert pair[0] == pair[1] == pytest.approx(99 / 5.5)
    assert written.notes[-2] == "1 values that are not finite were replaced by the nearest finite value"


def test_an_unknown_element():
    final = final_job(embedded_atoms(1, "by pair"), 1)
    final = replace(final, job=replace(final.job, species=("Zz",)))
    assert (
        _message(final, "eam-fs", largest_density=1.0) == "out: EAM: no atomic number for a species, found Zz"
    )


def test_finite():
    nan, inf = np.nan, np.inf
    for values, wanted, count in (
        ([nan, -inf, 3.0, 4.0], [3.0, 3.0, 3.0, 4.0], 2),
        ([1.0, nan, nan, 4.0], [1.0, 1.0, 4.0, 4.0], 2),
        ([1.0, 2.0, nan], [1.0, 2.0, 2.0], 1),
        ([nan, inf], [0.0, 0.0], 2),
    ):
        found, replaced = finite(np.array(values))
        assert (found.tolist(), replaced) == (wanted, count)


def test_midpoints_of_a_cubic():
    """The interpolation is exact for a cubic, but for the two intervals at either end."""
    x = np.arange(12.0)
    errors = np.abs(midpoints(x**3) - (x[:-1] + 0.5) ** 3)
    assert errors[2:-2].max() < 1e-12
    assert errors[1] > 0.1


def test_slopes_of_a_cubic():
    """They are exact but for the two intervals at either end, and the derivative of the midpoints' cubics there."""
    x = np.arange(12.0)
    for part in (0.25, 0.75):
        errors = np.abs(slopes_at(x**3, part) - 3.0 * (x[:-1] + part) ** 2)
        assert errors[2:-2].max() < 1e-11
        assert errors[0] > 0.1
    random = np.random.default_rng(3).normal(size=9)
    simpson = (slopes_at(random, 0.0) + 4.0 * slopes_at(random, 0.25) + slopes_at(random, 0.5)) / 12.0
    assert random[:-1] + simpson == pytest.approx(midpoints(random), rel=1e-12)


def test_midpoints_at_the_ends():
    """A straight line is met everywhere; of a parabola the first slope is the chord, the second exact."""
    x = np.arange(8.0)
    assert midpoints(3.0 * x - 1.0) == pytest.approx(3.0 * x[:-1] + 0.5, rel=1e-14)
    chord, slope = 1.0, 2.0
    ends = midpoints(x**2)[0], midpoints((7.0 - x) ** 2)[-1]
    assert ends == pytest.approx([0.5 + (chord - slope) / 8.0] * 2, rel=1e-14)


def test_same_functions():
    f, g = function("f", "a*r", 3.0, a=1.0), function("g", "a*r", 3.0, a=1.0)
    assert same(None, None) and same(f, g)
    assert not same(f, None)
    assert not same(f, function("g", "a*r", 3.0, a=1.1))
    assert not same(f, function("g", "a*r", 3.5, a=1.0))
    assert not same(f, replace(g, screening=f))
    assert not same(replace(f, knots=(1.0, 2.0)), replace(g, knots=(1.0, 3.0)))
    assert not same(replace(f, values=(1.0, 2.0)), replace(g, values=(1.0, 3.0)))
    assert not same(replace(f, children=(f, f)), replace(g, children=(g,)))
    assert same(replace(f, screening=f, children=(f,)), replace(g, screening=g, children=(g,)))


def _with_structures(tmp_path, select=""):
    write_dataset(tmp_path / "si.h5", silicon(n=5, symbols=("C", "Si")))
    source = DatasetSource("si", "si.h5", str(tmp_path / "si.h5"), 3, select, 1.0, (), None)
    final = final_job(embedded_atoms(2, "by pair"), 2)
    return replace(final, job=replace(final.job, structures=Group("", 1.0, (source,))))


def test_densities_met(tmp_path):
    """Against a loop over atoms and images; species in another order than the job's."""
    final = _with_structures(tmp_path, "index=1:")
    source = ExportSource(final.job.species, final.job.potentials[0], _FORM, ("", "", ""), "out")
    found = density_range(final.job, source)
    configurations = silicon(n=5, symbols=("C", "Si"))
    kind = np.array([1, 0])[configurations.species]  # Si is the job's species 0
    images = np.array(list(np.ndindex(5, 5, 5))) - 2
    densities, distances = [], []
    for k in range(1, 5):
        own = slice(8 * k, 8 * k + 8)
        position, species = configurations.position[own], kind[own]
        for i in range(8):
            density = 0.0
            for j in range(8):
                r = np.linalg.norm(position[j] + images @ configurations.cell[k] - position[i], axis=1)
                r = r[(r > 0) & (r < 5.5)]
                strength = 1.0 + 0.2 * species[j] + 0.1 * species[i]
                density += strength * (np.exp(-r) * (5.5 - r) ** 3).sum()
                distances.extend(r)
            densities.append(density)
    assert found.smallest == pytest.approx(min(densities), rel=1e-12)
    assert found.largest == pytest.approx(max(densities), rel=1e-12)
    assert found.shortest == pytest.approx(min(distances), rel=1e-12)


def test_densities_make_the_table(tmp_path):
    """It ends at the density of compressed crystals, unless a factor of the largest density says otherwise."""
    final = _with_structures(tmp_path)
    source = ExportSource(final.job.species, final.job.potentials[0], _FORM, ("", "", ""), "out")
    met = density_range(final.job, source)
    assert met.spacing == pytest.approx(0.7 * met.shortest, rel=1e-15)
    assert met.compressed > 2 * met.largest
    lines, _, written = _setfl(final, resolution=50)
    step = 2 * met.largest / 49
    n_rho, d_rho, n_r, *_ = lines[4].split()
    assert float(d_rho) == pytest.approx(step, rel=1e-14), "the points of the old range stay"
    assert (int(n_rho), n_r) == (1 + np.ceil(met.compressed / step), "50")
    assert written.notes[0] == f"largest density {met.largest:.6g} in the job's structures"
    assert written.notes[2] == f"F is tabulated to {step * (int(n_rho) - 1):.6g}"
    assert f"distances from {met.shortest:.6g} A on" in written.notes[5]
    lines, _, _ = _setfl(final, resolution=50, rho_range_factor=2.0)
    assert float(lines[4].split()[1]) * 49 == pytest.approx(2 * met.largest, rel=1e-14)


def test_points_of_files():
    """Tables with common points keep them and longer ones add to them; other points, or the user's, are told."""
    source = ExportSource(("Si",), embedded_atoms(1, "by pair"), _FORM, ("", "", ""), "out")

    def table(step, n, reach):
        knots = tuple((step * np.arange(n)).tolist())
        return curve_of(Function("t", "tabulated", (), (), cutoff=reach, knots=knots, values=(1.0,) * n))

    grid = grid_of(source, [table(0.25, 11, 2.5), table(0.25, 9, 2.0), None], [table(0.5, 6, np.inf)], True)
    assert (grid.d_r, len(grid.r), grid.cutoff) == (0.25, 11, 2.5)
    assert (grid.d_rho, len(grid.rho)) == (0.5, 6)
    assert grid.notes[0] == "11 distances 0.25 A apart, as in the file from which functions come"
    other = grid_of(source, [table(0.25, 11, 2.5), table(0.2, 11, 2.0)], [], True)
    chosen = grid_of(replace(source, resolution=50), [table(0.25, 11, 2.5)], [], True)
    assert (len(other.r), len(chosen.r)) == (10000, 50)
    assert other.notes[0] == "10000 distances of its own, not those of the files from which functions come"
    assert chosen.notes[0] == "50 distances of its own, not those of the files from which functions come"


def test_ranges_of_splines():
    """Distances begin below the crystals' or where the user says; densities end at the crystals', knots as dense."""
    met = DensityRange(1.0, 2.0, 2.5, 6.0, 1.75)
    source = ExportSource(
        ("Si",), embedded_atoms(1, "by pair"), _FORM, ("", "", ""), "out", 81, densities=met
    )
    near = DensityRange(1.0, 2.0, 1.0, 6.0, 0.7)
    for inner, densities, first in ((2.5, met, 1.0), (1.2, met, 1.2), (1.0, near, 0.49)):
        made = replace(source, inner=inner, densities=densities)
        ranges = list(_ranges(made, 5.0))
        assert ranges[0] == (pytest.approx(first), 5.0, 81)
        assert ranges[1] == (-4.0, 6.0, 101)
    assert list(_ranges(replace(source, rho_range_factor=1.5), 5.0))[1] == (-3.0, 3.0, 81)


def test_crystals_of_huge_densities():
    met = DensityRange(1.0, 2.0, 2.5, 1e6, 1.7)
    source = ExportSource(
        ("Si",), embedded_atoms(1, "by pair"), _FORM, ("", "", ""), "out", 11, densities=met
    )
    end, n, notes = density_end(source, 2.0)
    assert (end, n) == (80.0, 201)
    assert notes[1] == "largest density 1e+06 in crystals of neighbours 1.7 A apart"


def test_a_crystal_of_neighbours():
    """Of fcc, diamond, simple cubic and bcc neighbours up to the cut-off the twelve of fcc make most."""
    potential = embedded_atoms(1, "by pair")
    model = Model(final_job(potential, 1).job)
    r = np.sqrt(np.arange(1, 60)) * 3.2
    shells = np.zeros(60, int)
    for place in np.ndindex(9, 9, 9):
        x, y, z = np.array(place) - 4
        if (x + y + z) % 2 == 0:
            shells[min((x * x + y * y + z * z) // 2, 59)] += 1
    density = np.where(r < 5.5, shells[1:] * np.exp(-r) * (5.5 - r) ** 3, 0).sum()
    assert largest_density(model, ("Si",), 3.2) == pytest.approx(density, rel=1e-12)


def test_structures_that_do_not_help(tmp_path):
    final = final_job(embedded_atoms(1, "by pair"), 1)
    message = "job.xml: no structures to find the largest density in, allowed --largest-density"
    assert _message(final, "eam-fs") == message
    final = _with_structures(tmp_path, "group=none")
    assert _message(final, "eam-fs").startswith("job.xml:3: ")
    carbon_less = replace(final, job=replace(final.job, species=("Si", "Ge")))
    assert _message(carbon_less, "eam-fs") == "job.xml:3: si.h5 holds a species that the job lacks, found C"


def test_when_structures_are_needed():
    atoms = final_job(embedded_atoms(1, "by pair"), 1).job
    assert needs_structures(atoms, "eam-fs", "", Settings())
    assert not needs_structures(atoms, "eam-fs", "", Settings(largest_density=1.0))
    silicon = final_of_form("stillinger-weber", 1).job
    assert not needs_structures(silicon, "lammps-sw", "", Settings())
    both = replace(silicon, potentials=(*silicon.potentials, *atoms.potentials))
    assert needs_structures(both, "lammps-sw", "", Settings())
    assert not needs_structures(both, "lammps-sw", "P", Settings())


def test_lookups():
    final = final_of_form("stillinger-weber", 3)
    form = next(form for form in potential_forms() if form.name == "stillinger-weber")
    source = ExportSource(final.job.species, final.job.potentials[0], form, ("", "", ""), "out")
    values = {p.path: p.start for p in final.job.parameters}
    assert source.value("A", 2, 0, 1) == values["P.A[SiGe]"]
    assert source.value("lambda", 2, 1, 0) == values["P.lambda[GeSiC]"]
    assert (source.n_atoms("A"), source.n_atoms("lambda")) == (2, 3)
    with pytest.raises(ValueError, match="no such parameter"):
        source.value("a", 0, 0)
    with pytest.raises(ValueError, match="no such role"):
        source.function("pair", 0, 0)


def test_every_format_holds_a_form_and_every_form_is_held_that_asks_for_one():
    held = {
        name: {form.name for form in potential_forms() if known.holds(form)}
        for name, known in FORMATS.items()
    }
    assert all(held.values())
    assert held["lammps-tersoff"] == {"abop", "tersoff"}
    for form in potential_forms():
        element = form.record.export_element
        assert (form.name in set().union(*held.values())) == (element is not None)
        assert element is None or form.name in held[element.format]


def test_functions_without_a_cutoff():
    potential = embedded_atoms(1, "by pair")
    functions = (function("V", "exp(-r)"), *potential.functions[1:])
    final = final_job(replace(potential, functions=functions), 1)
    message = "out: EAM: functions of the distance without a cut-off, found inf A"
    assert _message(final, "eam-fs", largest_density=1.0) == message
