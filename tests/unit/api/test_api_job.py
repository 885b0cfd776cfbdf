"""Jobs in scripts: the objective and its derivatives, fits, structures that are added, and what is refused."""

import subprocess
import sys
from pathlib import Path

import ase.build
import ase.io
import numpy as np
import pytest

import hpcfit
from hpcfit.errors import HpcfitError, InputError
from hpcfit.parallel.communicator import Serial

JOBS = Path(__file__).resolve().parents[3] / "jobs"
T1 = JOBS / "aluminium-lattices" / "job.xml"
START = [500.0, 2.73, 1.14, 8.0]

BARE = """<job><name>bare</name>{head}<atom-types>{species}</atom-types><fitting><geodesic-lm/></fitting>
<potentials><lennard-jones id="LJ">{export}<sigma>2.5</sigma><epsilon>0.4</epsilon><cutoff>6</cutoff>
<fit-dof><sigma min="2" max="3" {transform}/><epsilon/></fit-dof></lennard-jones></potentials>
<structures>{structures}</structures></job>"""


def parsed(path=T1):
    job = hpcfit.Job(Serial())
    job.set_verbosity("none")
    job.parse_input_file(str(path))
    return job


def bare(folder, structures="", transform="", head="", export=""):
    path = folder / "job.xml"
    text = BARE.format(
        structures=structures, transform=transform, head=head, export=export, species="<species>Al</species>"
    )
    path.write_text(text, encoding="utf-8")
    return parsed(path)


def test_objective_of_t1():
    job = parsed()
    assert job.get_potential_parameters().tolist() == START
    assert job.calculate_residual() == pytest.approx(1480.318049, abs=1e-6)
    assert job.calculate_residual([500, 2.79747, 1.21346, 7.99374]) == pytest.approx(1054.79954273, abs=1e-7)
    # parameters that are given become the current ones
    assert job.get_potential_parameters().tolist() == [500, 2.79747, 1.21346, 7.99374]
    assert job.calculate_residual() == pytest.approx(1054.79954273, abs=1e-7)


def test_gradient_is_that_of_the_residual(tmp_path):
    """Also where the solver varies something else than the parameter."""
    lattice = """<fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>4.0</lattice-parameter>
      <properties><lattice-parameter fit="true" target="4.05"/><atomic-energy fit="true" target="-3.36"/></properties>
      </fcc-lattice>"""
    for job in (parsed(), bare(tmp_path, lattice, 'transform="logit"')):
        x = job.get_potential_parameters()
        gradient = job.calculate_gradient(x)
        for k in range(len(x)):
            step = np.zeros(len(x))
            step[k] = 1e-3 * x[k]
            four = [job.calculate_residual(x + n * step) for n in (1, -1, 2, -2)]
            estimate = (8 * (four[0] - four[1]) - (four[2] - four[3])) / (12 * step[k])
            # the next term of the difference is of fourth order in 1e-3, times how fast repulsion grows
            assert gradient[k] == pytest.approx(estimate, rel=1e-6)


def test_hessian_is_symmetric_and_positive_at_the_minimum():
    job = parsed()
    assert job.perform_fitting().startswith("converged")
    assert job.calculate_residual() == pytest.approx(792.73148, abs=1e-5)
    hessian = job.calculate_hessian()
    np.testing.assert_array_equal(hessian, hessian.T)
    scale = np.abs(job.get_potential_parameters())
    assert np.linalg.eigvalsh(hessian * np.outer(scale, scale)).min() > 0.0
    x, step = job.get_potential_parameters(), np.array([0.0, 1e-3, 0.0, 0.0])
    up, here, down = (job.calculate_residual(x + n * step) for n in (1, 0, -1))
    # second differences of fourth order would be needed for more
    assert hessian[1, 1] == pytest.approx((up - 2 * here + down) / 1e-6, rel=1e-3)


def test_fit_with_the_minimiser_of_the_job(tmp_path):
    text = T1.with_name("bfgs.xml").read_text(encoding="utf-8").replace('max-iter="200"', 'max-iter="3"')
    (tmp_path / "bfgs.xml").write_text(text, encoding="utf-8")
    for name in ("potential.xml", "structures.xml"):
        (tmp_path / name).write_bytes(T1.with_name(name).read_bytes())
    job = parsed(tmp_path / "bfgs.xml")
    assert job.perform_fitting() == "stopped: iteration limit"
    after = job.calculate_residual()
    assert after < 1480.3
    # a second call goes on from there
    job.perform_fitting()
    assert job.calculate_residual() < after


def test_fit_prints_like_a_run(capsys):
    job = parsed()
    job.set_verbosity(2)
    outcome = job.perform_fitting()
    job.print_properties()
    printed = capsys.readouterr().out
    for line in (
        "Potential parameters being optimized (#dof=4):",
        "  EAM.V.A: 500",
        "Number of properties being fitted: 9",
        f"Fitting process complete: {outcome}",
        "Structure 'fcc':",
        "  lattice-parameter: 3.82452 A (target: 4.05 A) Abs. weight: 0.15625; Tolerance: 0.005; "
        "Weighted residual: 317.7",
    ):
        assert line in printed
    assert job.structures["fcc"].properties["lattice-parameter"] == pytest.approx(3.82452, abs=5e-6)


def test_t1_built_in_a_script(tmp_path):
    """A job file without structures, and all of T1's added: the same objective."""
    text = T1.read_text(encoding="utf-8")
    start, end = text.index("<structures>"), text.index("</structures>")
    (tmp_path / "job.xml").write_text(text[:start] + "<structures>" + text[end:], encoding="utf-8")
    (tmp_path / "potential.xml").write_bytes((T1.parent / "potential.xml").read_bytes())
    job = parsed(tmp_path / "job.xml")
    fcc = job.add_library_structure("fcc", "fcc", {"alat": 4.05, "type": "Al"})
    targets = {"bulk-modulus": 79, "C11": 114, "C12": 61.9, "C44": 31.6}
    for name, target in targets.items():
        fcc.modify_property(name, target, tolerance=2.0)
    fcc.modify_property("lattice-parameter", 4.05, 2.0, 0.005)
    fcc.modify_property("atomic-energy", -3.36, 2.0, 0.01)
    job.add_library_structure("bcc", "body-centered cubic", {"alat": 2.6}).modify_property(
        "atomic-energy", -3.25, tolerance=0.01
    )
    job.add_library_structure("hcp", "hcp", {"alat": 3.0, "clat": 4.8}).modify_property(
        "atomic-energy", -3.33, tolerance=0.01
    )
    dia = job.add_ase_structure("dia", ase.build.bulk("Al", "diamond", a=5.0))
    dia.modify_property("atomic-energy", -2.36, tolerance=0.01)
    assert list(job.structures) == ["fcc", "bcc", "hcp", "dia"]
    whole = parsed()
    for other in (job, whole):
        # in the file the group's structures are weighed 5, 1, 1, 1
        other.set_potential_parameters(START)
    residuals = {}
    for other in (job, whole):
        other.print_properties()
        for name, structure in other.structures.items():
            residuals.setdefault(name[:3], []).append(structure.properties["atomic-energy"])
    for pair in residuals.values():
        assert pair[0] == pytest.approx(pair[1], abs=1e-12)
    weights = [job.weights_of(record) for record in job.record.own_structures]
    assert weights == [(0.03125,) * 4 + (0.0625, 0.0625), (0.25,), (0.25,), (0.25,)]
    assert job.perform_fitting().startswith("converged")


def test_the_preset_holds_for_structures_of_the_file_alone(tmp_path):
    """A structure that a script adds has tolerance 1 in the printed unit, as in atomicrex."""
    lattice = """<fcc-lattice id="of file"><atom-type>Al</atom-type><lattice-parameter>4</lattice-parameter>
      </fcc-lattice>"""
    found = []
    for preset in ("uniform", "balanced", "accurate-energies"):
        job = bare(tmp_path, head=f"<tolerance-preset>{preset}</tolerance-preset>", structures=lattice)
        job.add_library_structure("fcc", "fcc", {"alat": 4.0})
        for structure in job.structures.values():
            structure.modify_property("atomic-energy", -3.0)
            structure.modify_property("pressure", 0.0)
        found.append([prop.tolerance for own in job.record.own_structures for prop in own.properties])
    bar = found[0][1]
    assert found == [[tolerance, bar, 1.0, bar] for tolerance in (1.0, 0.01, 0.005)]
    assert bar == pytest.approx(1 / 1602176.634, rel=1e-12)


def test_the_step_of_differences_has_no_effect():
    job = parsed()
    with pytest.warns(UserWarning, match="eps has no effect, the gradient is exact"):
        gradient = job.calculate_gradient(START, eps=1e-4)
    assert gradient.tobytes() == parsed().calculate_gradient(START).tobytes()


def test_potentials_are_exported_at_the_current_parameters(tmp_path):
    job = bare(tmp_path, export="<export-potential>Al.lj</export-potential>")
    job.add_library_structure("fcc", "fcc", {"alat": 4.0}).modify_property("atomic-energy", -3.0)
    job.set_potential_parameters([2.6, 0.55])
    job.output_results()
    assert "0.55" in (tmp_path / "Al.lj").read_text(encoding="utf-8")


def test_files_are_written(tmp_path, capsys):
    lattice = """<hcp-lattice id="hcp"><atom-type>Al</atom-type><lattice-parameter>2.8</lattice-parameter>
      <properties><atomic-energy fit="true" target="-3.36"/></properties><relax-dof><lattice-parameter/></relax-dof>
      <output file="hcp.poscar" format="poscar"/></hcp-lattice>"""
    job = bare(tmp_path, lattice)
    job.output_results()
    job.print_properties()
    written = ase.io.read(tmp_path / "hcp.poscar", format="vasp")
    structure = job.structures["hcp"]
    np.testing.assert_allclose(written.cell, structure.cell, atol=1e-12)
    assert abs(structure.cell[0, 0] - 2.8) > 1e-3
    assert capsys.readouterr().out.startswith("Structure 'hcp':")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda job: job.parse_input_file(str(T1)), "job file was read before"),
        (lambda job: job.set_verbosity("loud"), "unknown verbosity, found loud"),
        (lambda job: job.set_verbosity(7), "unknown verbosity, found 7, allowed none, minimum"),
        (lambda job: job.set_potential_parameters([1.0, 2.0]), "allowed 4 finite numbers"),
        (lambda job: job.calculate_residual([1.0, 2.0, np.nan, 1.0]), "allowed 4 finite numbers"),
        (lambda job: job.calculate_hessian(eps=0.0), "calculate_hessian: eps, found 0.0, allowed a finite"),
        (lambda job: job.add_library_structure("fcc", "fcc", {"alat": 4.0}), "id is taken"),
        (lambda job: job.add_library_structure("x", "diamnod", {"alat": 4.0}), "nearest diamond"),
        (lambda job: job.add_library_structure("x", "fcc", {}), "lattice-parameter of fcc"),
        (lambda job: job.add_library_structure("x", "fcc", {"alat": "long"}), "could not convert"),
        (
            lambda job: job.add_library_structure("x", "fcc", {"alat": 4, "type": "Cu"}),
            "found 'Cu', allowed Al",
        ),
        (lambda job: job.add_ase_structure("x", ase.Atoms("CuAl")), "species that the job lacks, found Cu"),
        (lambda job: job.structures["fcc"].modify_property("C45x", 1.0), "unknown property, found C45x"),
        (lambda job: job.structures["fcc"].modify_property("C11", np.nan), "numbers of C11"),
        (lambda job: job.structures["fcc"].modify_property("C11", 1.0, tolerance=0.0), "tolerance 0.0"),
        (lambda job: job.structures["bcc"].modify_property("ca-ratio", 1.0), "ca-ratio"),
        (lambda job: job.structures["hcp"].set_target_forces(np.zeros((3, 3))), "found 9 numbers, allowed 6"),
        (lambda job: job.structures["hcp"].target_forces, "no target forces"),
        (
            lambda job: job.structures["hcp"].get_atoms(hpcfit.Job(Serial())),
            "job must be the structure's own",
        ),
    ],
)
def test_refused(call, said):
    job = parsed()
    before = job.record
    with pytest.raises(InputError) as error:
        call(job)
    assert said in str(error.value)
    assert job.record is before


def test_refused_before_anything_is_read():
    job = hpcfit.Job(Serial())
    with pytest.raises(InputError, match="no job was read"):
        job.calculate_residual()


def test_nothing_to_fit(tmp_path):
    job = bare(tmp_path)
    with pytest.raises(InputError, match="no structures"):
        job.prepare_fitting()
    fcc = job.add_library_structure("fcc", "fcc", {"alat": 4.0})
    with pytest.raises(InputError, match="nothing to fit"):
        job.prepare_fitting()
    fcc.modify_property("atomic-energy", -3.0)
    job.prepare_fitting()


def test_parameters_beyond_their_transform(tmp_path):
    job = bare(tmp_path, transform='transform="logit"')
    job.add_library_structure("fcc", "fcc", {"alat": 4.0}).modify_property("atomic-energy", -3.0)
    with pytest.raises(InputError, match=r"bad value of LJ\.sigma.*allowed inside 2\.0 \.\. 3\.0"):
        job.calculate_gradient([3.5, 1.0])
    assert np.isfinite(job.calculate_hessian([2.999, 1.0])).all()
    with pytest.raises(HpcfitError, match=r"gradient is not finite at \[3\.02"):
        job.calculate_hessian([2.999, 1.0], eps=1e-2)


def test_job_is_loaded_when_it_is_asked_for():
    code = (
        "import sys, hpcfit; assert 'numpy' not in sys.modules; hpcfit.Job; "
        "assert not {'ase.io', 'scipy.optimize', 'mpi4py'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'Jobs'"):
        _ = hpcfit.Jobs


def test_faults_of_a_job_file(tmp_path):
    with pytest.raises(InputError, match="verbosit"):
        bare(tmp_path, head="<verbosit>none</verbosit>")
