"""Jobs and scripts in the style of atomicrex run unchanged: ids with blanks, potentials without structures."""

import re

import numpy as np
import pytest
from ase.build import bulk

import hpcfit
from hpcfit.calculator import Hpcfit
from hpcfit.cli import main as command_line
from hpcfit.errors import InputError
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load

POTENTIAL = """<?xml version='1.0' encoding='iso-8859-1'?>
<eam id='Al potential' species-a='*' species-b='*'>
  <mapping><pair-interaction species-a='*' species-b='*' function='V (pair)' /></mapping>
  <functions>
    <morse-A id='V (pair)'><D0>0.3</D0><r0>2.8</r0><alpha>1.4</alpha><cutoff>5.5</cutoff>
      <fit-dof><D0/><r0/></fit-dof>
      <screening><exp-A id='s'><cutoff>5.5</cutoff></exp-A></screening></morse-A>
  </functions>
</eam>
"""

STRUCTURES = """<group>
  <fcc-lattice id='fcc 4.05'>
    <atom-type>Al</atom-type> <lattice-parameter>4.05</lattice-parameter>
    <properties><atomic-energy fit='true' target='-1.5'/></properties>
  </fcc-lattice>
  <bcc-lattice id='bcc/3.2'>
    <atom-type>Al</atom-type> <lattice-parameter>3.2</lattice-parameter>
    <properties><atomic-energy fit='true' target='-1.4'/></properties>
  </bcc-lattice>
  <derived-property id='bcc - fcc' unit='eV/atom'>
    <expression>{bcc/3.2.atomic-energy} - {fcc 4.05.atomic-energy}</expression>
  </derived-property>
</group>
"""

JOB = """<?xml version='1.0' encoding='iso-8859-1'?>
<job>
  <name>Al</name>
  %s
  <atom-types><species>Al</species></atom-types>
  <potentials>
    <xi:include href='potential.xml' xmlns:xi='http://www.w3.org/2003/XInclude' />
  </potentials>
  <structures>%s</structures>
</job>
"""

INCLUDED = "<xi:include href='structures.xml' xmlns:xi='http://www.w3.org/2003/XInclude' />"
TABLE = ("--format", "table", "-o", "Al.table")
FITTING = "<fitting><BFGS conv-threshold='1e-5' max-iter='50' /></fitting>"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line, "world", Serial)
    (tmp_path / "potential.xml").write_text(POTENTIAL)
    (tmp_path / "structures.xml").write_text(STRUCTURES)
    return tmp_path


def test_ids_with_blanks_run_report_and_export(folder, capsys):
    (folder / "main.xml").write_text(JOB % (FITTING, INCLUDED))
    assert command_line.main(["run", "main.xml"]) == 0
    log = capsys.readouterr().out
    assert re.search(r"^Al potential\.V \(pair\)\.D0 +0\.3 ", log, re.MULTILINE)
    assert "Structure 'fcc 4.05':" in log and "Structure 'bcc/3.2':" in log
    # two parameters reach both energies, so that the difference is that of the targets
    derived = log[log.index("Derived property 'bcc - fcc':") :]
    assert float(re.search(r": (\S+) eV/atom", derived)[1]) == pytest.approx(0.1, abs=1e-4)
    assert command_line.main(["report", "main.run.h5"]) == 0
    assert command_line.main(["export", "main.run.h5", "--potential", "Al potential", *TABLE]) == 0
    assert "Al potential" in (folder / "Al.table").read_text()
    capsys.readouterr()
    atoms = bulk("Al", a=4.05)
    atoms.calc = Hpcfit("main.run.h5")
    assert atoms.get_potential_energy() == pytest.approx(-1.5, abs=1e-4)
    assert load("main.run.h5").header.parameters[0].path == "Al potential.V (pair).D0"


@pytest.mark.parametrize("name", ["a.b", "a:b", "{a}", ""])
def test_ids_that_paths_and_formulas_could_not_hold_are_refused(folder, capsys, name):
    text = POTENTIAL.replace("Al potential", name)
    (folder / "potential.xml").write_text(text)
    (folder / "main.xml").write_text(JOB % ("", INCLUDED))
    assert command_line.main(["check", "main.xml"]) == 2
    assert f'potential.xml:2: bad value of id in <eam>, found "{name}"' in capsys.readouterr().err


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_job_of_a_calculator_needs_no_structures(folder, capsys, command):
    (folder / "main.xml").write_text(JOB % ("", ""))
    before = sorted(folder.iterdir())
    assert command_line.main([command, "main.xml"]) == 0
    assert capsys.readouterr().out == (
        "main.xml: no structures, nothing is computed, no run file is written\n"
        "potentials of the job: Al potential\n"
    )
    assert sorted(folder.iterdir()) == before
    # a fit without structures is a fault
    (folder / "main.xml").write_text(JOB % (FITTING, ""))
    assert command_line.main([command, "main.xml"]) == 2
    assert "fitting is enabled without a fitted property" in capsys.readouterr().err


def test_a_script_adds_structures_to_such_a_job(folder):
    (folder / "main.xml").write_text(JOB % ("", ""))
    job = hpcfit.Job(Serial())
    job.parse_input_file("main.xml")
    with pytest.raises(InputError, match="no structures, allowed one or more"):
        job.calculate_residual()
    atoms = bulk("Al", a=4.0, cubic=True)
    atoms.rattle(0.1, seed=0)
    structure = job.add_ase_structure("Al ase", atoms)
    atoms.calc = Hpcfit("main.xml")
    energy = structure.compute_energy(compute_forces=True)
    # the same kernels; the sum of four terms may be rounded otherwise
    assert energy == pytest.approx(atoms.get_potential_energy(), rel=1e-14)
    np.testing.assert_allclose(structure.get_forces(), atoms.get_forces(), atol=1e-13)
    structure.modify_property("atomic-energy", -1.5)
    # tolerance 1 eV/atom, as in atomicrex
    assert job.calculate_residual() == pytest.approx((energy / 4 + 1.5) ** 2, rel=1e-12)
