"""Processor time per Jacobian over that per objective for 200 structures that relax and 20 free parameters.

``python tools/bench_structures.py`` prints both and their ratio, and ends with 1 where it is above its aim.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hpcfit.fit import prepare, read
from hpcfit.objective.local import LocalObjective
from hpcfit.parallel.communicator import Serial

#: A Jacobian may take this many times as long as an objective.
AIM = 4.0

REPEATS = 4

JOB = """<job>
  <name>two hundred structures</name>
  <atom-types><species>Al</species></atom-types>
  <fitting{blocks}><geodesic-lm/></fitting>
  <potentials>
    <eam id="EAM">
      <mapping>
        <pair-interaction species-a="*" species-b="*" function="V"/>
        <electron-density species-a="*" species-b="*" function="rho"/>
        <embedding-energy species="*" function="F"/>
      </mapping>
      <functions>
        <spline id="V"><cutoff>6.5</cutoff><derivative-left>{slope}</derivative-left><nodes>{nodes}</nodes></spline>
        <user-function id="rho">
          <input-var>r</input-var> <expression>exp(-twomu*r)*(1 - 1/(1 + ((r - 6.5)/3)^4))</expression>
          <param name="twomu">1.14</param> <cutoff>6.5</cutoff> <fit-dof><twomu/></fit-dof>
        </user-function>
        <user-function id="F">
          <input-var>x</input-var> <expression>-D*sqrt(x) + a*x + b*x^2 + c*x^3 + d*x^4</expression>
          <param name="D">8</param> <param name="a">0</param> <param name="b">0</param> <param name="c">0</param>
          <param name="d">0</param>
          <fit-dof><D/><a/><b/><c/><d/></fit-dof>
        </user-function>
      </functions>
    </eam>
  </potentials>
  <structures>
{structures}
  </structures>
</job>
"""

CONSTANTS = "".join(f'<C{ij} fit="true" target="80"/>' for ij in (11, 12, 44))

#: Name, lattice parameter, what it relaxes, and whether elastic constants are fitted.
KINDS = (
    ("fcc", 3.9, "<lattice-parameter/>", True),
    ("bcc", 3.1, "<lattice-parameter/>", False),
    ("hcp", 2.8, "<lattice-parameter/><ca-ratio/>", False),
    ("sc", 2.6, "<lattice-parameter/>", False),
    ("fcc", 3.9, "<atom-coordinates/>", False),
)


def structure(number: int) -> str:
    """Return one of the structures; every fifth is a supercell with a vacancy, whose atoms relax."""
    name, a, freedoms, elastic = KINDS[number % len(KINDS)]
    defect = '<repeat x="2" y="2" z="2"/><vacancy site="0"/>' if "atom" in freedoms else ""
    return f"""<{name}-lattice id="s{number}"><atom-type>Al</atom-type>
      <lattice-parameter>{a + 0.001 * number}</lattice-parameter> {defect}
      <properties><atomic-energy fit="true" target="-3.3"/>{CONSTANTS if elastic else ""}</properties>
      <relax-dof>{freedoms}</relax-dof></{name}-lattice>"""


def nodes() -> Iterator[str]:
    """Yield the nodes of the pair function: 14 that are free and one at the cut-off."""
    for r in np.linspace(2.0, 6.5, 15):
        y = 500.0 * np.exp(-2.73 * r) * (1.0 - 1.0 / (1.0 + ((r - 6.5) / 3.0) ** 4))
        yield f'<node x="{r}" y="{y}" enabled="{str(r < 6.5).lower()}"/>'


def seconds(work: Callable[[], object], before: Callable[[], None]) -> float:
    """Return the shortest of several times, `before` not counted."""
    times = []
    for _ in range(REPEATS):
        before()
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def main() -> int:
    text = JOB.format(
        blocks=f' blocks="{sys.argv[1]}"' if len(sys.argv) > 1 else "",
        slope=-500.0 * 2.73 * np.exp(-2.73 * 2.0),
        nodes="".join(nodes()),
        structures="\n".join(structure(number) for number in range(200)),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.xml"
        path.write_text(text)
        plan = prepare(lambda: read(str(path)), Serial())
    local = LocalObjective(plan)
    local.own(0, len(plan.blocks))
    start = local.model.start
    fresh = local.relaxed
    # a point as a fit has it: near the last linearisation, from where both start their relaxations
    trial = start * (1.0 + 1e-3 * np.cos(np.arange(len(start))))

    def back() -> None:
        local.restore(fresh)
        local.ask(lambda block: block.linearise(start))

    objective = seconds(lambda: local.ask(lambda block: block.cost(trial)), back)
    jacobian = seconds(lambda: local.ask(lambda block: block.linearise(trial)), back)
    for results, _ in local.results(start):
        for result in results:
            if result.failure:
                print(f"{result.id}: {result.failure}")
    ratio = jacobian / objective
    print(f"{plan.n_structures} structures, {len(start)} parameters, {len(plan.blocks)} blocks")
    print(f"objective {objective:.4f} s, Jacobian {jacobian:.4f} s, ratio {ratio:.2f}, aim {AIM}")
    return 0 if ratio <= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
