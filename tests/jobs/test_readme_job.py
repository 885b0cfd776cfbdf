"""The jobs that README.md and the manual show are ones that the program reads."""

import math
import re
from pathlib import Path

import pytest

from hpcfit.job.reader import read_job
from hpcfit.known import catalogue
from hpcfit.objective.model import Model
from hpcfit.objective.structures.shells import jump_notes
from hpcfit.records import Bonds

ROOT = Path(__file__).resolve().parents[2]


def _texts(file):
    return re.findall(r"```xml\n(.*?)```", (ROOT / file).read_text(encoding="utf-8"), flags=re.DOTALL)


def _read(folder, text):
    path = folder / "job.xml"
    path.write_text(text, encoding="utf-8")
    (folder / "training.h5").touch()
    return read_job(str(path), catalogue())


def _with(element, text):
    """Put another element in the place of one of README's job."""
    (job,) = _texts("README.md")
    return re.sub(f"<{element}>.*</{element}>", lambda _: text, job, flags=re.DOTALL)


def test_job_of_the_readme(tmp_path):
    (text,) = _texts("README.md")
    job = _read(tmp_path, text)
    assert [parameter.path for parameter in job.free] == ["SW.A", "SW.lambda", "E0.energy"]
    (source,) = job.datasets
    assert source.select == "group=bulk*"
    assert {p.name for p in source.properties if p.fit} == {"atomic-energy", "atomic-forces", "stress"}


def test_functions_and_constraints(tmp_path):
    *_, eam, _, _, constraints, _ = _texts("docs/potentials.md")
    text = _with("potentials", f"<potentials>{eam}</potentials>").replace("</job>", f"{constraints}</job>")
    built = _read(tmp_path, text)
    assert [p.path for p in built.parameters if p.varies] == [
        "EAM.V.D0",
        "EAM.V.r0",
        "EAM.rho.twomu",
        "EAM.F.D",
    ]
    assert built.warnings == ()
    model = Model(built)
    assert model.variables.parameters(model.start)[-1] == pytest.approx(0.8 + math.exp(-1.14 * 2.86))


def test_an_alloy_of_the_files_of_its_elements(tmp_path):
    *_, alloy, _, _ = _texts("docs/potentials.md")
    table = "0.5 0.4 0.3 0.2 0.1"
    for symbol, z in (("Cu", 29), ("Zr", 40)):
        text = f"a\nb\nc\n1 {symbol}\n5 0.25 5 1.625 6.5\n{z} 60 4 fcc\n{table}\n{table.replace('0.1', '0')}\n{table}\n"
        (tmp_path / f"{symbol}.eam.alloy").write_text(text)
    species = "<species>Cu</species><species>Zr</species>"
    job = _with("potentials", f"<potentials>{alloy}</potentials>").replace("<species>Si</species>", species)
    found = _read(tmp_path, job)
    assert [p.path for p in found.free] == ["EAM.V.node[1].y", "EAM.V.node[2].y", "EAM.V.node[3].y"]
    assert found.warnings == ()


def test_series_of_polynomials(tmp_path):
    *_, chebyshev = _texts("docs/potentials.md")
    job = _read(tmp_path, _with("potentials", f"<potentials>{chebyshev}</potentials>"))
    assert [p.path for p in job.free] == ["T.c0", "T.c1", "T.c2"]
    assert Model(job).has_design


def test_a_harmonic_angle_without_code(tmp_path):
    (meam,) = _texts("docs/new-potential.md")
    job = _read(tmp_path, _with("potentials", f"<potentials>{meam}</potentials>"))
    assert [p.path for p in job.free] == ["ANGLE.g.k", "ANGLE.g.t0"]


@pytest.mark.parametrize(
    "file",
    [
        "hpcfit/potential/function_forms/gaussian.py",
        "tests/function_forms/gaussian.py",
        "hpcfit/structure/observables/surface_area.py",
    ],
)
def test_examples_of_the_guide_are_those_of_the_code(file):
    page = (ROOT / "docs/new-potential.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    source = (ROOT / file).read_text(encoding="utf-8")
    assert any(block in source for block in blocks)


def test_bonds_of_two_species(tmp_path):
    _, restricted, *_ = _texts("docs/potentials.md")
    text = _with("potentials", f"<potentials>{restricted}</potentials>").replace(
        "<fitting>", '<fitting enabled="false">'
    )
    (potential,) = _read(tmp_path, text.replace("</species>", "</species><species>C</species>")).potentials
    assert potential.bonds == Bonds(0, 1) and len(potential.parameters) == 2


def _potentials_of_the_manual():
    """All elements of potentials in the manual and README, with their species."""
    for file in ("README.md", "docs/potentials.md", "docs/new-potential.md"):
        for text in _texts(file):
            for name in ("gupta", "lennard-jones", "eam", "meam", "chebyshev", "stillinger-weber", "edip"):
                for found in re.findall(rf"^ *(<{name} id=.*?</{name}>)", text, re.DOTALL | re.MULTILINE):
                    if "param-file" not in found:
                        yield pytest.param(found, id=f"{file}:{name}")


@pytest.mark.parametrize("element", list(_potentials_of_the_manual()))
def test_examples_are_smooth_at_their_cutoffs(tmp_path, element):
    """No energy jumps by more than 1e-5 eV, no force by more than 1e-4 eV/A, as a log would say."""
    text = _with("potentials", f"<potentials>{element}</potentials>")
    text = re.sub(
        "<fitting>.*</fitting>", '<fitting enabled="false"><geodesic-lm/></fitting>', text, flags=re.DOTALL
    )
    if 'species-b="C"' in element:
        text = text.replace("</species>", "</species><species>C</species>")
    model = Model(_read(tmp_path, text))
    jumps = model.jumps(model.start)
    assert jumps and jump_notes(jumps, model.species) == []


def test_structures(tmp_path):
    (structures,) = _texts("docs/structures.md")
    text = _with("structures", structures).replace("<species>Si</species>", "<species>Al</species>")
    job = _read(tmp_path, text)
    assert [(s.id, s.kind, len(s.atoms)) for s in job.own_structures] == [
        ("fcc", "fcc-lattice", 1),
        ("hcp", "hcp-lattice", 2),
        ("vacancy", "fcc-lattice", 26),
    ]
    assert [[freedom.name for freedom in s.relaxed] for s in job.own_structures] == [
        ["lattice-parameter"],
        ["lattice-parameter", "ca-ratio"],
        ["atom-coordinates"],
    ]
    (formation,) = job.derived
    assert [(term.structure, term.property) for term in formation.terms] == [
        ("vacancy", "total-energy"),
        ("fcc", "atomic-energy"),
    ]
