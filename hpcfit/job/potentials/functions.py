"""The functions of one variable from which a job builds potentials.

The catalogue defines the built-in functions and their parameters; this module reads their values. Paths of parameters
are those of atomicrex: ``EAM.rho.twomu``, ``EAM.V.V_rep.A``, ``EAM.F.node[3].y``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lxml import etree

from hpcfit.errors import nearest
from hpcfit.job.document import values
from hpcfit.job.document.text_file import read_table
from hpcfit.job.document.values import Faults, quoted
from hpcfit.job.potentials.endings import with_ending
from hpcfit.job.potentials.fit_parameters import FitParameters
from hpcfit.records import Function, FunctionCatalogue, FunctionForm, Parameter

#: Functions made of other functions, and those with their own syntax.
_JOINED = ("sum", "product")
OWN_SYNTAX = ("user-function", "poly", "spline", "tabulated", *_JOINED)

_VARIABLE = "x"

#: The slopes of a clamped spline.
_ENDS = ("derivative-left", "derivative-right")


class FunctionReader:
    """Reads the functions of one potential.

    Parameters
    ----------
    catalogue
        The built-in functions, and the check of formulas.
    degrees
        Creates parameters.
    folder
        The job file's folder; files of tables are relative to it.
    faults
        Collects the faults.
    """

    def __init__(
        self, catalogue: FunctionCatalogue, degrees: FitParameters, folder: Path, faults: Faults
    ) -> None:
        self._forms: Mapping[str, FunctionForm] = {form.name: form for form in catalogue.forms}
        self._check_formula = catalogue.check_formula
        self._degrees = degrees
        self._folder = folder
        self._faults = faults

    def functions(self, parent: etree._Element, path: str) -> tuple[Function, ...]:
        """Return the functions among the children of an element; `path` is their parent's path."""
        elements = [child for child in parent if child.tag in OWN_SYNTAX or child.tag in self._forms]
        values.check_ids([*elements, *parent.iterfind("screening/*")], self._faults)
        return tuple(self._function(element, path) for element in elements)

    def _function(self, element: etree._Element, above: str) -> Function:
        identifier = values.line_of_text(element.get("id"), str(element.tag))
        path = f"{above}.{identifier}"
        formula, variable, derivative = self._formula(element)
        names, parameters = self._parameters(element, path)
        rows = self._rows(element)
        screening = element.find("screening")
        screens = self.functions(screening, path) if screening is not None else ()
        function = Function(
            id=identifier,
            form=str(element.tag),
            names=names,
            parameters=parameters,
            formula=formula,
            variable=variable,
            cutoff=values.number(element.findtext("cutoff"), math.inf),
            children=self.functions(element, path) if element.tag in _JOINED else (),
            screening=screens[0] if screens else None,
            derivative=derivative,
            knots=tuple(x for x, _ in rows),
            values=tuple(y for _, y in rows) if element.tag == "tabulated" else (),
            ends=self._ends(element) if element.tag == "tabulated" else "",
            slopes=self._slopes(element) if element.tag == "tabulated" else (),
        )
        function = with_ending(element, function, self._faults)
        self._check(element, function)
        return function

    def _formula(self, element: etree._Element) -> tuple[str, str, str]:
        """Return formula, variable and the user's derivative; empty where the form defines them."""
        if element.tag == "poly":
            powers = [values.line_of_text(coeff.get("n")) for coeff in element.iterfind("coefficients/coeff")]
            return " + ".join(f"c{n}*{_VARIABLE}^{n}" for n in powers), _VARIABLE, ""
        texts = [
            values.line_of_text(element.findtext(name)) for name in ("expression", "input-var", "derivative")
        ]
        return texts[0], texts[1], texts[2]

    def _parameters(
        self, element: etree._Element, path: str
    ) -> tuple[tuple[str, ...], tuple[Parameter, ...]]:
        """Return names and parameters of the function."""
        if element.tag == "poly":
            return self._coefficients(element, path)
        if element.tag == "spline":
            return self._nodes(element, path)
        if element.tag == "user-function":
            given = self._params(element)
            units = dict.fromkeys(given, "")
        elif element.tag in (*_JOINED, "tabulated"):
            given, units = {}, {}
        else:
            form = self._forms[str(element.tag)]
            given = {
                name: values.number(element.findtext(name), form.defaults.get(name, math.nan))
                for name in form.parameters
            }
            units = form.parameters
        degrees = self._by_name(element, given)
        return tuple(given), tuple(
            self._degrees.parameter(f"{path}.{name}", units[name], value, degrees.get(name))
            for name, value in given.items()
        )

    def _params(self, element: etree._Element) -> dict[str, float]:
        """Return the values of user-defined parameters by name."""
        taken = {
            "cutoff": "the cut-off",
            values.line_of_text(element.findtext("input-var")): "the input variable",
        }
        variable = element.find("input-var")
        if variable is not None and len(taken) == 1:
            self._faults.add(variable, "name of <input-var> is taken", quoted("cutoff"))
        given: dict[str, float] = {}
        for param in element.iterfind("param"):
            name = values.line_of_text(param.get("name"))
            if name in given or name in taken:
                earlier = taken.get(name, "another <param>")
                self._faults.add(param, "name of <param> is taken", quoted(name), f"not that of {earlier}")
            given[name] = values.number(param.text)
        return given

    def _by_name(self, element: etree._Element, given: Iterable[str]) -> dict[str, etree._Element]:
        """Return the entries of ``<fit-dof>`` by name of the parameter."""
        names = list(given)
        found: dict[str, etree._Element] = {}
        for degree in element.iterfind("fit-dof/*"):
            name = str(degree.tag)
            if name not in names and element.tag == "user-function":
                alike = nearest(name, names)
                allowed = ", ".join(f"<{known}>" for known in names) or "none"
                what = "element not allowed in <fit-dof>"
                self._faults.add(degree, what, f"<{name}>", allowed, alike and f"<{alike}>")
            elif name in found:
                what = f"<{name}> twice in <fit-dof>"
                self._faults.add(degree, what, f"another in {self._faults.line(found[name])}")
            else:
                found[name] = degree
                self._degrees.check(degree)
        return found

    def _coefficients(
        self, element: etree._Element, path: str
    ) -> tuple[tuple[str, ...], tuple[Parameter, ...]]:
        given: dict[str, Parameter] = {}
        for coeff in element.iterfind("coefficients/coeff"):
            power = values.line_of_text(coeff.get("n"))
            if f"c{power}" in given:
                self._faults.add(coeff, "power twice in <coefficients>", power)
            given[f"c{power}"] = self._listed(coeff, f"{path}.coeff[{power}]", "value")
        return tuple(given), tuple(given.values())

    def _nodes(self, element: etree._Element, path: str) -> tuple[tuple[str, ...], tuple[Parameter, ...]]:
        nodes = element.findall("nodes/node")
        parameters = [self._listed(node, f"{path}.node[{k}].y", "y") for k, node in enumerate(nodes, start=1)]
        names = [f"node[{k}].y" for k in range(1, len(nodes) + 1)]
        if self._ends(element) == "natural":
            self._refuse_slopes(element)
            return tuple(names), tuple(parameters)
        degrees = self._by_name(element, _ENDS)
        for name, start in zip(_ENDS, self._slopes(element), strict=True):
            parameters.append(self._degrees.parameter(f"{path}.{name}", "", start, degrees.get(name)))
        return (*names, *_ENDS), tuple(parameters)

    def _ends(self, element: etree._Element) -> str:
        return values.line_of_text(element.get("ends"))

    def _slopes(self, element: etree._Element) -> tuple[float, ...]:
        return tuple(values.number(element.findtext(name), 0.0) for name in _ENDS)

    def _rows(self, element: etree._Element) -> list[tuple[float, float]]:
        """Return the nodes of a spline or tabulated function, from its file if it has one."""
        nodes = element.findall("nodes/node")
        if element.tag == "tabulated":
            if self._ends(element) != "clamped":
                self._refuse_slopes(element)
            file = values.line_of_text(element.get("file"))
            if bool(file) == (element.find("nodes") is not None):
                found = "both" if file else "none"
                self._faults.add(element, "source of <tabulated>", found, "either a file or <nodes>")
            if file:
                return read_table(element, file, self._folder, self._faults)
        return [(values.number(node.get("x")), values.number(node.get("y"))) for node in nodes]

    def _refuse_slopes(self, spline: etree._Element) -> None:
        for slope in [
            *spline.iterchildren("derivative-left", "derivative-right"),
            *spline.iterfind("fit-dof/*"),
        ]:
            what = f"<{slope.tag}> has no effect on ends that are not clamped"
            self._faults.add(slope, what, allowed='with ends="clamped"')

    def _listed(self, entry: etree._Element, path: str, attribute: str) -> Parameter:
        """Return the parameter of an element that is value and fit entry in one, fitted unless disabled."""
        self._degrees.check(entry)
        return self._degrees.parameter(path, "", values.number(entry.get(attribute)), entry)

    def _check(self, element: etree._Element, function: Function) -> None:
        if function.form == "spline" or element.find("nodes") is not None:
            self._check_nodes(element, function.knots)
        form = self._forms.get(function.form)
        formula = form.formula if form else function.formula
        if re.search(r"\bcutoff\b", formula) and math.isinf(function.cutoff):
            self._faults.add(element, f"no cutoff for <{element.tag}>, whose formula needs one")
        if function.form == "user-function":
            for name in ("expression", "derivative"):
                self._check_text(element.find(name), function)

    def _check_text(self, element: etree._Element | None, function: Function) -> None:
        if element is None or not values.line_of_text(element.text):
            return
        names = [function.variable, *function.names, "cutoff"]
        try:
            self._check_formula(values.line_of_text(element.text), names)
        except ValueError as error:
            self._faults.add(element, str(error))

    def _check_nodes(self, element: etree._Element, knots: tuple[float, ...]) -> None:
        nodes = element.findall("nodes/node")
        if len(nodes) < 2:
            self._faults.add(element, f"too few nodes in <{element.tag}>", f"{len(nodes)}", "2 or more")
        for node, left, right in zip(nodes[1:], knots, knots[1:], strict=False):
            if right <= left:
                self._faults.add(node, "nodes not in ascending order", f"{right}", f"above {left}")
