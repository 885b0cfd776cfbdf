"""Whole runs of jobs with structures of their own: the phases, the log, the files."""

import io
import itertools
import re

import h5py
import numpy as np
import pytest

from hpcfit.cli import run
from hpcfit.cli.main import main
from hpcfit.parallel.communicator import Serial
from hpcfit.parallel.guard import SharedError
from hpcfit.report import report
from hpcfit.runfile.store import load
from tests.helpers.eam_jobs import aluminium
from tests.helpers.small_jobs import bits

#: T1 of the reference: four lattices, nine fitted properties.
STRUCTURES = """
<group>
  <fcc-lattice id="fcc" relative-weight="5"><atom-type>Al</atom-type> <lattice-parameter>4.05</lattice-parameter>
    <properties>
      <lattice-parameter fit="true" target="4.05" relative-weight="2" min="3" max="5"/>
      <atomic-energy fit="true" target="-3.36" relative-weight="2"/>
      <bulk-modulus fit="true" target="79"/> <C11 fit="true" target="114"/> <C12 fit="true" target="61.9"/>
      <C44 fit="true" target="31.6"/> <pressure target="0"/>
    </properties>
  </fcc-lattice>
  <bcc-lattice id="bcc"><atom-type>Al</atom-type> <lattice-parameter>2.6</lattice-parameter>
    <properties><lattice-parameter min="2.0" max="3.3"/>
      <atomic-energy fit="true" target="-3.25" relative-weight="0.1"/></properties>
  </bcc-lattice>
  <hcp-lattice id="hcp"><atom-type>Al</atom-type> <lattice-parameter>3</lattice-parameter> <ca-ratio>1.6</ca-ratio>
    <properties><atomic-energy fit="true" target="-3.33" relative-weight="0.1"/></properties>
    {output}
  </hcp-lattice>
  <diamond-lattice id="diamond"><atom-type>Al</atom-type> <lattice-parameter>5</lattice-parameter>
    <properties><atomic-energy fit="true" target="-2.36" relative-weight="0.01"/></properties>
  </diamond-lattice>
</group>
"""

FITTING = "<fitting><geodesic-lm/></fitting>"


def write_t1(folder, head="", fitting=FITTING, output=""):
    (folder / "job.xml").write_text(
        f"<job><name>Al EAM</name>{head}<atom-types><species>Al</species></atom-types>{fitting}"
        f"<potentials>{aluminium()}</potentials><structures>{STRUCTURES.format(output=output)}</structures></job>"
    )


def fitted(overwrite=False):
    log = io.StringIO()
    return run.fit("job.xml", "run.h5", overwrite, Serial(), log), log.getvalue()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_t1(folder):
    """The objective of the reference at the start, its minimum within 20 Jacobians, and the log that users know."""
    write_t1(folder, output='<output file="hcp.dump" format="lammps-dump"/>')
    outcome, log = fitted()
    stored = load("run.h5")
    history = stored.history
    assert outcome.startswith("converged")
    # by an independent sum over the lattices, derivatives by complex steps
    assert history["cost"][0] == pytest.approx(1480.318049, abs=1e-6)
    assert history["n_linearisations"][history["cost"] <= 792.732][0] <= 20
    phases = [
        "Potential parameters being optimized (#dof=4):",
        "  EAM.F.D: 8",
        "Number of properties being fitted: 9",
        "iter ",
        f"Iterations {stored.state.iteration} residual 792.731",
        "Fitting process complete.",
        "Computing structure properties",
        "outcome ",
        "Structure 'fcc':",
        "  atomic-energy: -3.49137 eV/atom (target: -3.36 eV/atom) Abs. weight: 0.15625; Tolerance: 0.01; Weighted",
        "  lattice-parameter: 3.82452 A (target: 4.05 A) Abs. weight: 0.15625; Tolerance: 0.005; Weighted residual: ",
        "Structure 'diamond':",
        "Training set: 9 properties, 9 values, weighted residual 792.731, mean residual of a value ",
        "Validation set: 1 properties, 1 values",
        "hcp.dump, lammps-dump of structure 'hcp'",
    ]
    places = [log.find("\n" + phase) for phase in phases]
    assert places == sorted(places) and places[0] > 0
    assert (folder / "hcp.dump").exists()
    relaxed = next(line for line in log.splitlines() if line.startswith("  lattice-parameter: 3.8"))
    assert relaxed.endswith(" (relaxed) [3:5]")
    residuals = sum(p.residual for o in stored.result.structures for p in o.properties)
    assert residuals == pytest.approx(stored.state.cost, rel=1e-8)


def test_the_output_phase_alone(folder):
    write_t1(folder, fitting="")
    outcome, log = fitted()
    assert outcome == run.NOT_FITTED
    assert "Fitting" not in log and "being optimized" not in log
    assert "\nComputing structure properties\n" in log and "\nStructure 'bcc':\n" in log
    assert "Training set: 9 properties, 9 values, weighted residual 1480.32, " in log
    properties = {p.name: p for p in load("run.h5").result.structures[0].properties}
    assert np.array_equal(properties["C11"].start, properties["C11"].value)


def test_an_output_phase_without_targets_says_nothing_of_a_fit(folder):
    write_t1(folder, fitting="")
    text = re.sub(r' (fit|target)="[^"]*"', "", (folder / "job.xml").read_text())
    (folder / "job.xml").write_text(text)
    _, log = fitted()
    assert "\n  C11: " in log
    assert not [word for word in ("determined", "singular values", "loosest") if word in log]


@pytest.mark.parametrize("name", ["run.h5", "./run.previous.h5"])
def test_files_of_the_job_do_not_replace_the_run(folder, name):
    write_t1(folder, output=f'<output file="{name}" format="poscar"/>')
    with pytest.raises(SharedError) as error:
        fitted()
    what = "output file would replace the run file or its previous generation"
    assert str(error.value) == f"job.xml: {what}, found {name}"
    assert [path.name for path in folder.iterdir()] == ["job.xml"]


def test_log_in_a_file_with_more_digits(folder):
    write_t1(folder, "<output-file>al.log</output-file><real-precision>12</real-precision>")
    _, said = fitted()
    log = (folder / "al.log").read_text()
    assert said == ""
    assert re.search(r"\n  C11: \d+\.\d{9,10} GPa \(target: 114 GPa\)", log)
    assert re.search(r"\nchi\^2 +792\.73148\d{4}\n", log) and re.search(r"\n +0 +1480\.31804\d{3} ", log)
    fitted(overwrite=True)
    assert len((folder / "al.log").read_text().splitlines()) == len(log.splitlines())
    stream = io.StringIO()
    report.from_file("run.h5", stream)
    assert stream.getvalue() in (folder / "al.log").read_text()


@pytest.mark.parametrize("level", ["none", "minimum", "medium", "maximum"])
def test_verbosity(folder, level):
    write_t1(folder, f"<verbosity>{level}</verbosity>", fitting="")
    _, log = fitted()
    signs = ("\nchi^2 ", "\nStructure 'fcc':", "(before the fit:")
    found = [sign in log for sign in signs]
    assert (
        found
        == {
            "none": [False, False, False],
            "minimum": [True, False, False],
            "medium": [True, True, False],
            "maximum": [True, True, True],
        }[level]
    )
    assert (log == "") == (level == "none")
    stream = io.StringIO()
    report.from_file("run.h5", stream)
    assert "\nStructure 'fcc':" in stream.getvalue()


def test_validation_of_the_potentials(folder):
    write_t1(folder, "<validate-potentials/>", fitting="")
    outcome, log = fitted()
    found = re.findall(r"\nvalidation of (.*): largest difference (\S+) .*structure '(\w+)'", log)
    assert [kind for kind, _, _ in found] == ["forces", "virials", "derivatives by parameters"]
    assert max(float(size) for _, size, _ in found) < 1e-9 and outcome == run.NOT_FITTED


def test_a_relaxation_that_halts_at_its_bound_is_named(folder, capsys):
    write_t1(folder, fitting="")
    text = (folder / "job.xml").read_text()
    (folder / "job.xml").write_text(text.replace('min="3" max="5"', 'min="3.9" max="5"'))
    outcome, log = fitted()
    assert outcome == run.NOT_FITTED
    assert re.search(r"\nwarning: structure 'fcc': lattice-parameter halted at its minimum\n", log)
    assert "  lattice-parameter: 3.9 A" in log
    assert main(["check", "job.xml"]) == 0
    assert "\nwarning: structure 'fcc': lattice-parameter halted at its minimum\n" in capsys.readouterr().out


def test_structures_and_their_units_in_the_run_file(folder):
    write_t1(folder, fitting="")
    fitted()
    with h5py.File("run.h5") as file:
        group = file["structures"]
        assert list(group["id"].asstr()) == ["fcc", "bcc", "hcp", "diamond"]
        assert group["position"].attrs["unit"] == "Angstrom" and group["position"].shape == (6, 3)
        names = list(group["properties/name"].asstr())
        place = names.index("C11")
        assert group["properties/unit"].asstr()[place] == "GPa"
        assert group["properties/value"][group["properties/ptr"][place]] == pytest.approx(101.89586, abs=1e-5)


def test_the_same_bits_twice(folder):
    write_t1(folder)
    fitted()
    first = bits("run.h5")
    fitted(overwrite=True)
    assert bits("run.h5") == first


def test_densities_of_own_structures_set_the_range_of_tables(folder):
    """The largest density is that of bcc, whose atoms are closest; 500 points of the table reach to twice as much."""
    write_t1(folder, fitting="")
    text = (folder / "job.xml").read_text()
    export = '<export-eam-file resolution="500">Al.fs</export-eam-file><mapping>'
    (folder / "job.xml").write_text(text.replace("<mapping>", export))
    fitted()
    _, step, *_ = (float(word) for word in (folder / "Al.fs").read_text().splitlines()[4].split())
    places = np.array(list(itertools.product(range(-6, 7), repeat=3)))
    cubic = np.concatenate([places, places + 0.5]) * 2.6
    r = np.linalg.norm(cubic, axis=1)
    r = r[(r > 0) & (r < 6.5)]
    density = (np.exp(-1.14 * r) * (1 - 1 / (1 + ((r - 6.5) / 3) ** 4))).sum()
    assert 499 * step == pytest.approx(2 * density, rel=1e-9)


BENT = """<pair-potential id="P"><user-function id="V"><input-var>r</input-var>
  <expression>(r-2.8)^2+A*(-r)^b-1</expression>
  <param name="A">0.001</param> <param name="b">2</param> <cutoff>3</cutoff>
  <fit-dof>{free}</fit-dof></user-function></pair-potential>"""
ENERGY = '<atomic-energy fit="true" target="-3"/>'
FCC = """<fcc-lattice id="s"><atom-type>Al</atom-type><lattice-parameter>3.8</lattice-parameter>
  <properties>{properties}</properties>{relax}</fcc-lattice>"""
HCP = """<hcp-lattice id="s"><atom-type>Al</atom-type><lattice-parameter>2.6</lattice-parameter>
  <ca-ratio>1.6</ca-ratio><properties>{properties}</properties>{relax}</hcp-lattice>"""
RELAX = "<relax-dof><lattice-parameter/></relax-dof>"


@pytest.mark.parametrize("free", ["<b/>", "<A/><b/>"])
@pytest.mark.parametrize(
    ("lattice", "more", "relax"),
    [
        (FCC, "", ""),
        (FCC, "", RELAX),
        (FCC, '<phonon-frequencies q="0.5 0 0" fit="true" target="1 2 3"/>', ""),
        # More freedoms than parameters: stencils go along the derivatives of the freedoms.
        (HCP, '<C44 fit="true" target="100"/>', RELAX.replace("/></", "/><ca-ratio/></")),
    ],
)
def test_a_derivative_that_is_not_finite_is_told(free, lattice, more, relax, capsys):
    """A negative number to the power of a whole number has a value, but no derivative by the power."""
    structures = lattice.format(properties=ENERGY + more, relax=relax)
    with open("job.xml", "w") as job:
        job.write(
            f"<job><atom-types><species>Al</species></atom-types>{FITTING}<potentials>{BENT.format(free=free)}"
            f"</potentials><structures>{structures}</structures></job>"
        )
    said = "\nnot finite: structure 's': derivative by P.V.b is not finite\n"
    assert main(["check", "job.xml"]) == 1
    assert capsys.readouterr().out.endswith(said)
    outcome, log = fitted()
    assert outcome == "stopped: not finite" and said in log
    assert np.isfinite(load("run.h5").state.cost)


def test_a_derivative_of_a_derived_property_is_told(capsys):
    structures = FCC.format(properties="<atomic-energy/>", relax="") + (
        '<derived-property id="d" unit="eV" fit="true" target="1" tolerance="1">'
        "<expression>2*{s.atomic-energy}</expression></derived-property>"
    )
    with open("job.xml", "w") as job:
        job.write(
            f"<job><atom-types><species>Al</species></atom-types>{FITTING}<potentials>{BENT.format(free='<b/>')}"
            f"</potentials><structures>{structures}</structures></job>"
        )
    assert main(["check", "job.xml"]) == 1
    assert capsys.readouterr().out.endswith(
        "\nnot finite: derived property 'd': derivative by P.V.b is not finite\n"
    )
