"""Jobs with potentials built from functions, and small cells of aluminium whose targets come from them."""

from pathlib import Path

import numpy as np

from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.model import Model
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import Configurations, Job
from tests.helpers.small_jobs import job_text, sealed, silicon, write_job

#: atomicrex's aluminium (four free parameters unless told otherwise).
ALUMINIUM = """
    <eam id="EAM" species-a="*" species-b="*">
      <mapping>
        <pair-interaction species-a="*" species-b="*" function="V"/>
        <electron-density species-a="*" species-b="*" function="rho"/>
        <embedding-energy species="*" function="F"/>
      </mapping>
      <functions>
        <user-function id="V">
          <input-var>r</input-var>
          <expression> A*exp(-lambda*r) </expression>
          <derivative> -lambda*A*exp(-lambda*r) </derivative>
          <param name="A">{A}</param> <param name="lambda">2.73</param>
          <cutoff>6.5</cutoff>
          <fit-dof>{pair}</fit-dof>
          <screening>{screening}</screening>
        </user-function>
        <user-function id="rho">
          <input-var>r</input-var>
          <expression> exp(-twomu*r) </expression>
          <param name="twomu">1.14</param>
          <cutoff>6.5</cutoff>
          <fit-dof>{density}</fit-dof>
          <screening>{screening}</screening>
        </user-function>
        <user-function id="F">
          <input-var>rho</input-var>
          <expression> -D*sqrt(rho) </expression>
          <param name="D">{D}</param>
          <fit-dof>{embedding}</fit-dof>
        </user-function>
      </functions>
    </eam>"""

SCREENING = """<user-function id="screen">
            <input-var>r</input-var>
            <expression> 1 - 1/(1 + ((r - cutoff)/3)^4) </expression>
            <cutoff>6.5</cutoff>
          </user-function>"""


def aluminium(
    A: float = 500.0,
    D: float = 8.0,
    pair: str = "<A/><lambda/>",
    density: str = "<twomu/>",
    embedding: str = "<D/>",
) -> str:
    return ALUMINIUM.format(A=A, D=D, pair=pair, density=density, embedding=embedding, screening=SCREENING)


def eam_job(potentials: str = "", constraints: str = "", species: tuple[str, ...] = ("Al",)) -> str:
    """Return a job; constraints are pairs of a dependent parameter and its expression."""
    text = job_text(potentials=potentials or aluminium(), species=species)
    return text.replace("<structures", f"{constraints}\n  <structures", 1)


def constrained(*pairs: tuple[str, str]) -> str:
    entries = "".join(
        f'<constraint id="c{k}" dependent-dof="{path}"><expression>{text}</expression></constraint>'
        for k, (path, text) in enumerate(pairs)
    )
    return f"<parameter-constraints>{entries}</parameter-constraints>"


def read(folder: Path, text: str) -> Job:
    """Return the job; the dataset it names need not hold anything."""
    (folder / "si.h5").touch()
    (folder / "job.xml").write_text(text)
    return read_job(folder / "job.xml", catalogue())


def cells(n: int = 3, symbols: tuple[str, ...] = ("Al",)) -> Configurations:
    """Perturbed cells of 8 atoms with distances as in a metal."""
    made = silicon(n, symbols=symbols)
    return sealed(made, cell=1.1 * made.cell, position=1.1 * made.position)


def columns(model: Model, configurations: Configurations, x, derivatives: bool):
    """Energies, forces and virials of a model, and their derivatives if wanted."""
    n_species = len(configurations.symbols)
    geometry = model.geometry(
        find_neighbours(configurations, list(range(n_species)), n_species, model.cutoff)
    )
    made = np.zeros((1 + model.n_free if derivatives else 1, geometry.n_rows(virials=True)))
    assert model.evaluate(geometry, x, made, virials=True) is None
    return made


def with_targets(configurations: Configurations, model: Model, x) -> Configurations:
    """Return configurations whose energies and forces are a model's."""
    row = columns(model, configurations, x, derivatives=False)[0]
    n, n_atoms = len(configurations), len(configurations.species)
    return sealed(configurations, energy=row[:n], force=row[n : n + 3 * n_atoms].reshape(-1, 3))


def write_fit(folder: Path, n: int = 3) -> Path:
    """Write a fit that starts far from what its targets were made with; twomu follows from lambda."""
    truth = Model(read(folder, eam_job()))
    targets = with_targets(cells(n), truth, truth.start)
    # Noise, so that there are standard errors.
    noise = np.random.default_rng(7).normal(scale=1e-4, size=targets.force.shape)
    potential = aluminium(
        A=300.0,
        D=5.0,
        pair='<A min="50" max="5000" transform="logit"/><lambda start="2.5"/>',
        density="",
        embedding='<D transform="log"/>',
    )
    text = eam_job(potential, constrained(("EAM.rho.twomu", "1.14*{EAM.V.lambda}/2.73")))
    (folder / "si.h5").unlink()
    return write_job(folder, text, {"si.h5": sealed(targets, force=targets.force + noise)})
