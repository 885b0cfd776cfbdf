"""Embedded atoms all of whose functions are splines, one of them screened and one a sum."""


def _nodes(xs, ys):
    """Return the nodes; the last has its value and keeps it."""
    rows = [f'<node x="{x:.10g}" y="{y:.10g}"/>' for x, y in zip(xs, ys, strict=True)]
    rows[-1] = rows[-1].replace("/>", ' enabled="false"/>')
    return "<nodes>" + "".join(rows) + "</nodes>"


def _grid(low, high, n, function):
    xs = [low + (high - low) * k / (n - 1) for k in range(n)]
    return _nodes(xs, [function(x) for x in xs])


def spline_eam(n: int, embedding: str = "") -> str:
    """Return a potential whose three functions have `n` nodes each, all free but the last of each."""
    pair = _grid(1.5, 6.0, n, lambda r: 0.05 * (6.0 - r) ** 2 * (2.9 - r))
    density = _grid(1.5, 6.0, n, lambda r: 0.02 * (6.0 - r) ** 2)
    energy = _grid(0.0, 12.0, n, lambda rho: 0.02 * rho * (rho - 9.0))
    return f"""
    <eam id="E">
      <mapping>
        <pair-interaction function="V"/> <electron-density function="rho"/> <embedding-energy function="F"/>
      </mapping>
      <functions>
        <spline id="V"><cutoff>6</cutoff>{pair}</spline>
        <spline id="rho"><cutoff>6</cutoff>{density}
          <screening><exp-A id="s"><cutoff>6.5</cutoff></exp-A></screening></spline>
        <spline id="F"><derivative-left>-0.2</derivative-left><derivative-right>0.3</derivative-right>
          <fit-dof><derivative-left/></fit-dof>{energy}</spline>
      </functions>
    </eam>"""


SPLINES = spline_eam(7)
