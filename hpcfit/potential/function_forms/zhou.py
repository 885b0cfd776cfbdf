"""The functions of Zhou, Johnson and Wadley."""

from __future__ import annotations

from hpcfit.potential.function_forms._form import function_form

_ZHOU = "X. W. Zhou, R. A. Johnson and H. N. G. Wadley, Phys. Rev. B 69, 144113 (2004)"

RECORDS = (
    function_form(
        "zhou-phi",
        """A*exp(-alpha*(x/re-1))/(1 + (x/re-kappa)^20) - B*exp(-beta*(x/re-1))/(1 + (x/re-lambda)^20)""",
        "A:eV B:eV alpha:1 beta:1 kappa:1 lambda:1 re:A",
        _ZHOU + ", eq. 2",
    ),
    function_form(
        "zhou-rho",
        "fe*exp(-beta*(x/re-1))/(1 + (x/re-lambda)^20)",
        "fe:1 beta:1 lambda:1 re:A",
        _ZHOU + ", eq. 3",
    ),
    # rho_n = 0.85 rho_e and rho_0 = 1.15 rho_e; the published tables have another F3 above rho_e.
    function_form(
        "zhou-F",
        """x < 0.85*rhoe ? Fn0 + Fn1*(x/(0.85*rhoe)-1) + Fn2*(x/(0.85*rhoe)-1)^2 + Fn3*(x/(0.85*rhoe)-1)^3
        : x < 1.15*rhoe ? F0 + F1*(x/rhoe-1) + F2*(x/rhoe-1)^2 + (x < rhoe ? F3minus : F3plus)*(x/rhoe-1)^3
        : Fe*(1 - eta*log(x/rhos))*(x/rhos)^eta""",
        """Fn0:eV Fn1:eV Fn2:eV Fn3:eV F0:eV F1:eV F2:eV F3minus:eV F3plus:eV Fe:eV eta:1 rhoe:1 rhos:1""",
        _ZHOU + ", eqs. 7 to 9",
    ),
)
