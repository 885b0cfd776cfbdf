"""Small datasets and jobs for the tests: their targets come from the kernels at other parameters, plus noise."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from hpcfit.dataset.hashing import content_ids
from hpcfit.dataset.layout import Provenance
from hpcfit.dataset.writer import write
from hpcfit.fit import prepare, read
from hpcfit.known import catalogue
from hpcfit.objective.plan import Plan
from hpcfit.parallel.communicator import Serial
from hpcfit.potential.library import Geometry, evaluate
from hpcfit.potential.neighbours import find_neighbours
from hpcfit.records import (
    Catalogue,
    Configurations,
    FloatArray,
    FunctionCatalogue,
    PotentialForm,
    Predictions,
    StructureCatalogue,
)
from hpcfit.runfile.store import load

#: A, B, p, q, sigma, gamma, cutoff, lambda, costheta0 of the silicon that the targets are made with.
SILICON = np.array([15.28, 0.6022, 4.0, 0.0, 2.0951, 2.51, 3.77118, 45.5, -1 / 3])

_DIAMOND = (
    np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
)

STILLINGER_WEBER = """
    <stillinger-weber id="SW">
      <A>{A}</A> <B>0.6</B> <p>4</p> <q>0</q> <sigma>2.0951</sigma> <gamma>{gamma}</gamma> <cutoff>3.77118</cutoff>
      <lambda>45.5</lambda> <costheta0>-0.3333333333333333</costheta0>
      <fit-dof>{dof}</fit-dof>
    </stillinger-weber>"""

LENNARD_JONES = """
    <lennard-jones id="LJ">
      <sigma>2.0</sigma> <epsilon>0.01</epsilon> <cutoff>3.5</cutoff>
      <fit-dof><sigma/><epsilon/></fit-dof>
    </lennard-jones>"""

#: Of which second derivatives are known.
MORSE = """
    <pair-potential id="M">
      <morse-A id="V"><D0>0.6</D0><r0>2.6</r0><alpha>1.2</alpha><cutoff>3.7</cutoff>
        <fit-dof><D0 transform="log"/><r0/><alpha/></fit-dof>
        <screening><exp-A id="s"><cutoff>3.7</cutoff></exp-A></screening></morse-A>
    </pair-potential>"""

DOF = '<A min="1" max="20"/><B/><gamma/>'

PROPERTIES = '<total-energy fit="true"/><atomic-forces fit="true"/>'


def potential(A: float = 5.0, gamma: float = 1.5, dof: str = DOF) -> str:
    """Stillinger-Weber silicon, far from its best parameters."""
    return STILLINGER_WEBER.format(A=A, gamma=gamma, dof=dof)


def dataset_element(
    attributes: str = "", properties: str = PROPERTIES, name: str = "si", file: str = "si.h5"
) -> str:
    return f'<dataset id="{name}" file="{file}" {attributes}><properties>{properties}</properties></dataset>'


def job_text(
    structures: str = "",
    potentials: str = "",
    fitting: str = "<fitting><geodesic-lm/></fitting>",
    weights: str = "normalised",
    species: Sequence[str] = ("Si",),
) -> str:
    """Return a job, three free parameters of silicon unless told otherwise."""
    types = "".join(f"<species>{symbol}</species>" for symbol in species)
    return f"""<job>
  <name>small</name>
  <atom-types>{types}</atom-types>
  {fitting}
  <potentials>{potentials or potential()}
  </potentials>
  <structures weights="{weights}">
    {structures or dataset_element()}
  </structures>
</job>
"""


def silicon(
    n: int = 12, seed: int = 1, noise: float = 1e-3, symbols: Sequence[str] = ("Si",)
) -> Configurations:
    """Return `n` perturbed, strained diamond cells of 8 atoms in groups ``cold`` and ``hot``, nothing missing."""
    random = np.random.default_rng(seed)
    cell = 5.43 * np.eye(3) + random.normal(scale=0.1, size=(n, 3, 3))
    move = random.normal(scale=0.1, size=(n, 8, 3))
    bare = Configurations(
        symbols=tuple(symbols),
        groups=("cold", "hot"),
        ptr=np.arange(0, 8 * n + 1, 8),
        cell=cell,
        pbc=np.ones((n, 3), dtype=bool),
        energy=np.zeros(n),
        stress=np.zeros((n, 6)),
        mask=np.zeros(n, dtype=np.uint8),
        group=(np.arange(n) % 2).astype(np.int32),
        weight=np.ones(n),
        id=np.zeros((n, 16), dtype=np.uint8),
        species=np.resize(np.arange(len(symbols), dtype=np.int32), 8 * n),
        position=(_DIAMOND @ cell + move).reshape(-1, 3),
        force=np.zeros((8 * n, 3)),
    )
    energy, force, stress = predictions("stillinger-weber", SILICON, replace(bare, species=0 * bare.species))
    return sealed(
        bare,
        energy=energy + random.normal(scale=noise, size=energy.shape),
        force=force + random.normal(scale=noise, size=force.shape),
        stress=stress + random.normal(scale=noise / 100, size=stress.shape),
    )


def sealed(configurations: Configurations, **changes: object) -> Configurations:
    """Return configurations with changes, and ids that fit them."""
    changed = replace(configurations, **changes)
    return replace(changed, id=content_ids(changed))


def predictions(form, parameters, configurations: Configurations):
    """Energies [n], forces [n_atoms, 3] and stresses [n, 6] of one species, straight from the kernel."""
    geometry = Geometry(find_neighbours(configurations, [0], 1, 3.77118))
    columns = np.zeros((1, geometry.n_rows(virials=True)))
    assert evaluate(form, geometry, parameters, np.zeros(0, np.int32), columns, virials=True) is None
    n = len(configurations)
    with np.errstate(divide="ignore", invalid="ignore"):
        stress = -columns[0, -6 * n :].reshape(n, 6) / np.abs(np.linalg.det(configurations.cell))[:, None]
    return columns[0, :n], columns[0, n : -6 * n].reshape(-1, 3), stress


def write_dataset(
    path: Path, configurations: Configurations, property_weight: FloatArray | None = None
) -> None:
    provenance = Provenance("made here", "0" * 64, "{}", "2026-01-01T00:00:00+00:00", "0")
    write(path, configurations, provenance, "energy", overwrite=True, property_weight=property_weight)


def write_job(folder: Path, text: str = "", datasets: Mapping[str, Configurations] | None = None) -> Path:
    """Write a job and its datasets to a folder; the small fit unless told otherwise."""
    for name, configurations in ({"si.h5": silicon()} if datasets is None else datasets).items():
        write_dataset(folder / name, configurations)
    (folder / "job.xml").write_text(text or job_text())
    return folder / "job.xml"


def plan_of(path: Path) -> Plan:
    return prepare(lambda: read(str(path)), Serial())


def bits(path: str | Path):
    """Return all of a finished run's file that must be the same however the run went: not times, hosts or ranks."""
    stored = load(str(path))
    history = {name: column.tobytes() for name, column in stored.history.items() if name != "seconds"}
    result = stored.result
    arrays = [result.covariance, result.singular_values, stored.state.x]
    for part in result.predictions:
        arrays += [
            np.asarray(getattr(part, field.name)) for field in fields(Predictions) if field.name != "groups"
        ]
    for outcome in result.structures:
        arrays += [outcome.cell, outcome.position]
        arrays += [array for p in outcome.properties for array in (p.start, p.value, np.array(p.residual))]
    return result.outcome, stored.state.outcome, history, [a.tobytes() for a in arrays if a.dtype.kind != "U"]


def known(
    potentials: Sequence[PotentialForm],
    functions: FunctionCatalogue,
    structures: StructureCatalogue | None = None,
) -> Catalogue:
    """Return a catalogue with potentials, functions and structures of a test, and all minimisers and losses."""
    return replace(catalogue(), potentials=potentials, functions=functions, structures=structures)
