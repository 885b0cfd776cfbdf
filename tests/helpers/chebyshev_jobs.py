"""Jobs that are linear in all their parameters: polynomials of a pair's distance, and energies of atoms."""

from tests.helpers.small_jobs import job_text

COEFFICIENTS = (0.3, -0.4, 0.2, 0.1, -0.05, 0.02)


def chebyshev(terms: int = 4, degrees: str = "", more: str = "", children: str = "") -> str:
    """Return a potential of some terms, all of whose coefficients are free unless told otherwise."""
    values = "".join(f"<c{k}>{COEFFICIENTS[k]}</c{k}>" for k in range(terms))
    free = degrees or "".join(f"<c{k}/>" for k in range(terms))
    return f"""
    <chebyshev id="T" terms="{terms}" {more}>
      {values} <cutoff>4.5</cutoff> <inner>1.8</inner> <decay>1.5</decay>
      <fit-dof>{free}</fit-dof>{children}
    </chebyshev>"""


ATOMS = '<one-body id="O"><energy>-3</energy><fit-dof><energy/></fit-dof></one-body>'


def linear_job(fitting: str = "<fitting><geodesic-lm/></fitting>", potentials: str = "") -> str:
    return job_text(potentials=potentials or chebyshev() + ATOMS, fitting=fitting)
