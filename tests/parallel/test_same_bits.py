"""Whole fits on real ranks: the same bits on any number of them. One start per number runs all cases."""

import contextlib
import functools
import io
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hpcfit.cli import main as command_line
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers import small_jobs
from tests.helpers.eam_jobs import write_fit
from tests.helpers.mixed_jobs import mixed_job
from tests.helpers.mpi import PROGRAMS, launch, needs_mpi, on_ranks
from tests.helpers.small_jobs import LENNARD_JONES, MORSE, bits, dataset_element, job_text, potential, silicon

pytestmark = needs_mpi

#: Blocks enough that own structures stand in several.
MIXED = mixed_job('<fitting blocks="60" checkpoint-interval="2"><geodesic-lm max-iter="5"/></fitting>')

LATTICE = """
<B2-lattice id="B2">
  <atom-type-A>Si</atom-type-A> <atom-type-B>C</atom-type-B> <lattice-parameter>2.6</lattice-parameter>
  <properties>
    <lattice-parameter fit="true" target="2.6" tolerance="0.05"/>
    <bulk-modulus fit="true" target="40" tolerance="5"/>
  </properties>
</B2-lattice>"""

#: Potentials of which one sees bonds between different species alone.
BONDS = job_text(
    dataset_element(properties='<atomic-forces fit="true" tolerance="0.2"/>') + LATTICE,
    LENNARD_JONES.replace('id="LJ"', 'id="SiC" species-a="C" species-b="Si"').replace(">2.0<", ">2.3<")
    + LENNARD_JONES.replace(">0.01<", ">0.05<").replace(">3.5<", ">3.2<"),
    '<fitting blocks="6"><geodesic-lm max-iter="5"/></fitting>',
    species=("Si", "C"),
)

FCC = """<fcc-lattice id="fcc"><atom-type>Al</atom-type><lattice-parameter>6</lattice-parameter>
  <properties><atomic-energy/></properties></fcc-lattice></structures>"""


def _small(text: str, n: int = 12, symbols: tuple[str, ...] = ("Si",)) -> Callable[[Path], object]:
    return lambda folder: small_jobs.write_job(folder, text, {"si.h5": silicon(n, symbols=symbols)})


def _exact(assembly: str) -> Callable[[Path], object]:
    fitting = (
        f'<fitting assembly="{assembly}"><geodesic-lm second-derivative="exact" max-iter="8"/></fitting>'
    )
    text = job_text(potentials=MORSE, fitting=fitting)
    return _small(text.replace('weights="normalised"', 'weights="normalised" loss="soft-l1"'))


def _minimiser(element: str) -> Callable[[Path], object]:
    dof = '<A min="10" max="20"/><B min="0.4" max="0.8"/><gamma min="1" max="4"/>'
    return _small(job_text(potentials=potential(dof=dof, A=14.0), fitting=f"<fitting>{element}</fitting>"))


def _densities(folder: Path) -> None:
    job = write_fit(folder, n=6)
    text = job.read_text().replace("</structures>", FCC)
    job.write_text(text.replace("<fitting>", "<real-precision>17</real-precision><fitting>"))


@dataclass(frozen=True)
class Case:
    """A job, the numbers of ranks it runs on, and whether it must converge."""

    write: Callable[[Path], object]
    ranks: tuple[int, ...]
    converges: bool = True


CASES = {
    "dataset": Case(
        _small(job_text(fitting='<fitting checkpoint-interval="3"><geodesic-lm/></fitting>'), 24), (2, 3, 4)
    ),
    "functions and constraints": Case(lambda folder: write_fit(folder, 24), (2,)),
    "largest density": Case(_densities, (2, 3)),
    "second derivatives, tsqr": Case(_exact("tsqr"), (2,), converges=False),
    "second derivatives, stream": Case(_exact("stream"), (3,), converges=False),
    "own structures that relax": Case(_small(MIXED, 8), (1, 2, 3, 4), converges=False),
    "bonds of two species": Case(_small(BONDS, 12, ("Si", "C")), (2, 3), converges=False),
    "BFGS": Case(_minimiser("<BFGS/>"), (2,), converges=False),
    "differential evolution": Case(
        _minimiser('<scipy method="differential_evolution" maxiter="2" popsize="4" seed="2"/>'),
        (3,),
        converges=False,
    ),
    "MLSL": Case(
        _minimiser('<nlopt algorithm="G_MLSL_LDS" maxeval="40"><BFGS/></nlopt>'), (2,), converges=False
    ),
    "SPA": Case(_minimiser('<spa max-iter="2"><scipy method="trf"/></spa>'), (3,), converges=False),
}

#: The free parameters of two potentials of which one sees one pair of species.
PATHS = ["SiC.sigma[SiC]", "SiC.epsilon[SiC]"] + [
    f"LJ.{name}[{pair}]" for name in ("sigma", "epsilon") for pair in ("SiSi", "SiC", "CC")
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Callable[[str, int], Path]:
    """Return the folder of a case on some ranks; 0 is for one process without MPI."""
    base = tmp_path_factory.mktemp("cases")
    return lambda name, n_ranks: base / f"{name.replace(' ', '-')}-{n_ranks}"


@pytest.fixture(scope="module")
def run_alone(folders) -> Callable[[str], Path]:
    """Run a case in this process, without MPI, and return its folder."""

    @functools.cache
    def run(name: str) -> Path:
        folder = folders(name, 0)
        folder.mkdir()
        CASES[name].write(folder)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            patch.setattr(command_line, "world", Serial)
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                code = command_line.main(["run", "job.xml"])
        (folder / "stdout.0").write_text(printed.getvalue(), encoding="utf-8")
        assert code in ((0,) if CASES[name].converges else (0, 3))
        return folder

    return run


@pytest.fixture(scope="module")
def run_on_ranks(folders) -> Callable[[str, int], Path]:
    """Run all cases of a number of ranks in one start, and return the folder of one of them."""

    @functools.cache
    def start(n_ranks: int) -> subprocess.CompletedProcess[str]:
        chosen = {folders(name, n_ranks): case for name, case in CASES.items() if n_ranks in case.ranks}
        for folder, case in chosen.items():
            folder.mkdir()
            case.write(folder)
        return launch(on_ranks(n_ranks, str(PROGRAMS / "drive_cases.py"), *map(str, chosen)))

    def run(name: str, n_ranks: int) -> Path:
        done = start(n_ranks)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        return folders(name, n_ranks)

    return run


@pytest.mark.parametrize(
    ("name", "n_ranks"),
    [
        pytest.param(name, n, marks=[pytest.mark.long] if n == 1 else [])
        for name, case in CASES.items()
        for n in case.ranks
    ],
)
def test_same_bits_as_one_process(name, n_ranks, run_alone, run_on_ranks):
    expected, found = run_alone(name), run_on_ranks(name, n_ranks)
    printed = [(found / f"stdout.{rank}").read_text(encoding="utf-8") for rank in range(n_ranks)]
    errors = [(found / f"stderr.{rank}").read_text(encoding="utf-8") for rank in range(n_ranks)]
    assert errors == [""] * n_ranks
    assert printed[0].count("outcome") == 1 and not any(printed[1:])
    stored = load(str(found / "job.run.h5"))
    code = 0 if stored.result.outcome.startswith("converged") else 3
    assert [(found / f"code.{rank}").read_text() for rank in range(n_ranks)] == [str(code)] * n_ranks
    assert len(stored.header.hosts) == n_ranks
    assert bits(found / "job.run.h5") == bits(expected / "job.run.h5")


def test_what_the_cases_are_there_for(run_alone, run_on_ranks):
    """Iterations, relaxations, second derivatives and restricted bonds really occur."""
    mixed, bonds = (
        load(str(run_alone(name) / "job.run.h5"))
        for name in ("own structures that relax", "bonds of two species")
    )
    assert mixed.state.iteration > 3
    assert [outcome.id for outcome in mixed.result.structures] == ["dia", "bcc", "vacancy", "formation"]
    assert not any(outcome.failure for outcome in mixed.result.structures)
    assert bonds.state.iteration > 2
    assert [parameter.path for parameter in bonds.header.free] == PATHS
    for name in ("second derivatives, tsqr", "second derivatives, stream"):
        (n_ranks,) = CASES[name].ranks
        assert load(str(run_on_ranks(name, n_ranks) / "job.run.h5")).state.n_second_derivatives > 2


@pytest.mark.parametrize("n_ranks", [pytest.param(1, marks=pytest.mark.long), 2, 3, 4])
def test_relaxed_structure_is_written(n_ranks, run_on_ranks):
    written = run_on_ranks("own structures that relax", n_ranks) / "vacancy.xyz"
    assert written.read_text().startswith("15\n")


def test_largest_density_is_the_same(run_alone, run_on_ranks):
    lines = []
    shared = [run_on_ranks("largest density", n_ranks) for n_ranks in CASES["largest density"].ranks]
    for folder in (run_alone("largest density"), *shared):
        printed = (folder / "stdout.0").read_text(encoding="utf-8")
        lines += [line for line in printed.splitlines() if line.startswith("Largest density of EAM")]
    assert len(lines) == 3
    assert len(set(lines)) == 1
