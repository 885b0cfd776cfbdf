"""Built-in functions of one variable: each one is a line of text, differentiated and compiled like a user's formula.

The variable is ``x``; parameters are named in the formula; ``cutoff`` is the function's own cut-off. Names and
meanings are atomicrex's where it has the form.
"""

from __future__ import annotations

from hpcfit.records import FunctionForm


def _form(name: str, formula: str, parameters: str, reference: str, **defaults: float) -> FunctionForm:
    """Return a form; `parameters` is a list of ``name:unit``."""
    pairs = dict(entry.split(":") for entry in parameters.split())
    return FunctionForm(name, " ".join(formula.split()), pairs, reference, defaults)


_ATOMICREX = "A. Stukowski et al., Modelling Simul. Mater. Sci. Eng. 25, 055003 (2017)"
_LENNARD_JONES = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)"
_BUCKINGHAM = "R. A. Buckingham, Proc. R. Soc. A 168, 264 (1938)"
_MORSE = "P. M. Morse, Phys. Rev. 34, 57 (1929)"
_ZHOU = "X. W. Zhou, R. A. Johnson and H. N. G. Wadley, Phys. Rev. B 69, 144113 (2004)"
_MISHIN = "Y. Mishin et al., Phys. Rev. B 63, 224106 (2001)"

_FORMS = (
    _form("constant", "const + 0*x", "const:eV", _ATOMICREX),
    _form("morse-A", "D0*(exp(-2*alpha*(x-r0)) - 2*exp(-alpha*(x-r0)))", "D0:eV r0:A alpha:1/A", _MORSE),
    _form(
        "morse-B",
        "D0/(S-1)*exp(-beta*sqrt(2*S)*(x-r0)) - D0*S/(S-1)*exp(-beta*sqrt(2/S)*(x-r0)) + delta",
        "D0:eV r0:A beta:1/A S:1 delta:eV",
        _MORSE,
    ),
    _form(
        "morse-C", "A*exp(-lambda*x) - B*exp(-mu*x) + delta", "A:eV B:eV mu:1/A lambda:1/A delta:eV", _MORSE
    ),
    _form("gaussian", "prefactor*exp(-eta*(x-mu)^2)", "prefactor:eV eta:1/A^2 mu:A", _ATOMICREX),
    _form(
        "lennard-jones",
        "4*epsilon*((sigma/x)^12 - (sigma/x)^6)",
        "sigma:A epsilon:eV",
        _LENNARD_JONES,
    ),
    _form(
        "buckingham",
        "A*exp(-x/rho) - C/x^6",
        "A:eV rho:A C:eV*A^6",
        _BUCKINGHAM,
    ),
    _form("born-mayer", "A*exp(-x/rho)", "A:eV rho:A", "M. Born and J. E. Mayer, Z. Phys. 75, 1 (1932)"),
    _form(
        "zbl",
        """14.399645478425668*Z1*Z2/x*(0.18175*exp(-3.19980*x*(Z1^0.23+Z2^0.23)/0.46850)
        + 0.50986*exp(-0.94229*x*(Z1^0.23+Z2^0.23)/0.46850) + 0.28022*exp(-0.40290*x*(Z1^0.23+Z2^0.23)/0.46850)
        + 0.02817*exp(-0.20162*x*(Z1^0.23+Z2^0.23)/0.46850))""",
        "Z1:1 Z2:1",
        "J. F. Ziegler, J. P. Biersack and U. Littmark, The Stopping and Range of Ions in Matter (1985)",
    ),
    # These three fall from 1 to 0. Divided by its value at 0 (that is, at rc), exp(-sign(n) alpha / (1 - t^n)) is the
    # same function for n and -n.
    _form("exp-A", "exp(1/(x-cutoff) + 1/cutoff)", "", _ATOMICREX),
    _form(
        "exp-B",
        """x <= rc ? 1 : exp(alpha - alpha/(1 - ((x-rc)/(cutoff-rc))^abs(exponent)))""",
        "rc:A alpha:1 exponent:1",
        _ATOMICREX,
    ),
    _form(
        "exp-gaussian",
        """exp(alpha - alpha/(1 - (x/cutoff)^abs(exponent)) - x^2/(2*stddev^2))""",
        "stddev:A alpha:1 exponent:1",
        _ATOMICREX,
    ),
    # With x - cutoff, as it is usually written, only even N make sense, and for these it is the same.
    _form("XpowN-cutoff", "((cutoff-x)/h)^N/(1 + ((cutoff-x)/h)^N)", "h:A N:1", _ATOMICREX, h=1.0, N=4.0),
    _form("RsMinusRPowN", "x < rs ? S*(rs-x)^N : 0", "S:eV/A^N rs:A N:1", _ATOMICREX),
    _form(
        "Mishin-Cu-rho",
        "a*exp(-beta1*(x-r1)^2) + exp(-beta2*(x-r2))",
        "a:1 r1:A r2:A beta1:1/A^2 beta2:1/A",
        _MISHIN + ", eq. 5",
    ),
    _form(
        "Mishin-Cu-F",
        """x < 1 ? F0 + 0.5*F2*(x-1)^2 + q1*(x-1)^3 + q2*(x-1)^4 + q3*(x-1)^5 + q4*(x-1)^6
        : (F0 + 0.5*F2*(x-1)^2 + q1*(x-1)^3 + Q1*(x-1)^4)/(1 + Q2*(x-1)^3)""",
        "F0:eV F2:eV q1:eV q2:eV q3:eV q4:eV Q1:eV Q2:1",
        _MISHIN + ", eqs. 6 and 7",
    ),
    _form(
        "extended-Mishin-Cu-F",
        """x < 1 ? F0 + 0.5*F2*(x-1)^2 + f3*(x-1)^3 + f4*(x-1)^4 + f5*(x-1)^5 + f6*(x-1)^6
        : (F0 + 0.5*F2*(x-1)^2 + a3*(x-1)^3 + a4*(x-1)^4 + a5*(x-1)^5 + a6*(x-1)^6)
        / (1 + d3*(x-1)^3 + d4*(x-1)^4 + d5*(x-1)^5)""",
        "F0:eV F2:eV f3:eV f4:eV f5:eV f6:eV a3:eV a4:eV a5:eV a6:eV d3:1 d4:1 d5:1",
        _MISHIN,
    ),
    _form(
        "zhou-phi",
        """A*exp(-alpha*(x/re-1))/(1 + (x/re-kappa)^20) - B*exp(-beta*(x/re-1))/(1 + (x/re-lambda)^20)""",
        "A:eV B:eV alpha:1 beta:1 kappa:1 lambda:1 re:A",
        _ZHOU + ", eq. 2",
    ),
    _form(
        "zhou-rho",
        "fe*exp(-beta*(x/re-1))/(1 + (x/re-lambda)^20)",
        "fe:1 beta:1 lambda:1 re:A",
        _ZHOU + ", eq. 3",
    ),
    # rho_n = 0.85 rho_e and rho_0 = 1.15 rho_e; the published tables have another F3 above rho_e.
    _form(
        "zhou-F",
        """x < 0.85*rhoe ? Fn0 + Fn1*(x/(0.85*rhoe)-1) + Fn2*(x/(0.85*rhoe)-1)^2 + Fn3*(x/(0.85*rhoe)-1)^3
        : x < 1.15*rhoe ? F0 + F1*(x/rhoe-1) + F2*(x/rhoe-1)^2 + (x < rhoe ? F3minus : F3plus)*(x/rhoe-1)^3
        : Fe*(1 - eta*log(x/rhos))*(x/rhos)^eta""",
        """Fn0:eV Fn1:eV Fn2:eV Fn3:eV F0:eV F1:eV F2:eV F3minus:eV F3plus:eV Fe:eV eta:1 rhoe:1 rhos:1""",
        _ZHOU + ", eqs. 7 to 9",
    ),
    _form(
        "universal-embedding",
        "x > 0 ? F0*(1 - eta*log(x/rho0))*(x/rho0)^eta : 0",
        "F0:eV eta:1 rho0:1",
        "A. Banerjea and J. R. Smith, Phys. Rev. B 37, 6632 (1988)",
    ),
    _form(
        "sqrt-embedding",
        "-D*sqrt(x)",
        "D:eV",
        "M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984)",
    ),
)

FUNCTION_FORMS = {form.name: form for form in _FORMS}
