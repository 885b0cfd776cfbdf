"""Potentials built in Python, each stored as the equivalent element of a job."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from lxml import etree

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.input_files import read_text
from hpcfit.potential.library import potential_forms
from hpcfit.records import ENDINGS, PotentialForm, SizeForm

_DEFAULT = "default"

#: Coefficients of a ``poly`` and nodes of a ``spline``: one element holds value, bounds and whether it is fitted.
_LISTED = re.compile(r"(coeff|node)\[(\d+)\](?:\.y)?$")


@dataclass(frozen=True)
class Free:
    """Start value, bounds and transform of a fitted parameter.

    Parameters
    ----------
    start
        A number, or ``default`` for the present value.
    minimum, maximum
        Bounds; None for no bound.
    transform
        Variable of the solver: ``log``, or ``logit`` between the bounds; empty for the parameter itself.
    fixed
        Whether the parameter is fixed.
    """

    start: float | str = _DEFAULT
    minimum: float | None = None
    maximum: float | None = None
    transform: str = ""
    fixed: bool = False


class ScriptPotential:
    """A potential and its fit parameters.

    Parameters
    ----------
    form
        A name in `hpcfit.potential.library.potential_forms`: ``stillinger-weber``, ``tersoff``, ...
    species
        Symbols; combinations of species follow this order.
    id
        First part of the paths of its parameters; by default its form, or its short name, as ``SW``.
    between
        Two species, or ``*`` for any: the potential acts only on bonds between them; by default on all bonds.
    at_cutoff, taper_width
        How a pair energy ends: ``cut``, ``shift``, ``force-shift`` or ``taper`` over a width, Angstrom.
    **values
        Sizes, as ``terms`` of ``chebyshev``: whole numbers. Parameters: a number for all combinations of species, or a
        mapping from tags as ``SiC`` to numbers; by default the values published for the species. Names that Python
        reserves, as ``lambda``, take a trailing underscore.

    Raises
    ------
    InputError
        If the form or a parameter is unknown, or a value is invalid.
    """

    def __init__(
        self,
        form: str,
        species: Sequence[str],
        id: str = "",  # noqa: A002 (as in a job)
        between: tuple[str, str] = ("*", "*"),
        at_cutoff: str = "cut",
        taper_width: float | None = None,
        **values: float | Mapping[str, float],
    ) -> None:
        known = {entry.name: entry for entry in potential_forms()}
        if form not in known:
            fault = Fault("Potential", "unknown form", form, ", ".join(known), nearest(form, known))
            raise InputError([fault])
        if known[form].takes_functions:
            raise InputError(
                [Fault("Potential", f"{form} is built from functions", allowed="Potential.from_xml")]
            )
        if isinstance(species, str):
            raise InputError(
                [Fault("Potential", "species must be a list of symbols", repr(species), f"[{species!r}]")]
            )
        self.species = tuple(species)
        if not self.species:
            raise InputError([Fault("Potential", "no species", allowed="one or more element symbols")])
        self.constraints: list[tuple[str, str]] = []
        name = id or known[form].record.short_id or form
        bonds = {f"species-{end}": symbol for end, symbol in zip("ab", between, strict=True) if symbol != "*"}
        self._element = etree.Element(form, {"id": name} | bonds)
        self._end(known[form], at_cutoff, taper_width)
        for size in known[form].sizes:
            count = _size(f"Potential {name}: {size.name}", values.pop(size.name, None), size)
            self._element.set(size.name, str(count))
        given: Mapping[str, Any] = values or next(
            (found.values for found in known[form].record.published if found.species == self.species), {}
        )
        for key, value in given.items():
            parameter = self._known(key)
            for tag, number in value.items() if isinstance(value, Mapping) else [("", value)]:
                child = etree.SubElement(self._element, parameter, {"tag": tag} if tag else {})
                child.text = _text(_number(f"Potential {name}: {key}", number))

    def _end(self, form: PotentialForm, at_cutoff: str, taper_width: float | None) -> None:
        where = f"Potential {self._element.get('id')}"
        if at_cutoff not in ("cut", *ENDINGS):
            allowed = ", ".join(("cut", *ENDINGS))
            raise InputError([Fault(where, "at_cutoff", repr(at_cutoff), allowed)])
        if at_cutoff != "cut" and not form.record.pair_formula:
            raise InputError(
                [Fault(where, f"at_cutoff of {form.name}", at_cutoff, "cut, as its formula says")]
            )
        if at_cutoff != "cut":
            self._element.set("at-cutoff", at_cutoff)
        if taper_width is not None:
            self._element.set("taper-width", _text(_number(f"{where}: taper_width", taper_width)))

    @classmethod
    def from_xml(cls, source: str | Path, species: Sequence[str] = ()) -> ScriptPotential:
        """Return the potential described by some XML.

        Parameters
        ----------
        source
            Text or a file: the element of one potential, as in hpcfit and atomicrex, or a job with one potential, whose
            constraints are kept.
        species
            Symbols; a job brings its own.

        Raises
        ------
        InputError
            If it cannot be read or does not hold one potential. Values are checked later, by the loss.
        """
        name = "XML" if str(source).lstrip().startswith("<") else str(source)
        try:
            text = str(source) if name == "XML" else read_text(source)
            parser = etree.XMLParser(
                resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
            )
            root = etree.fromstring(text.encode(), parser)
        except (OSError, UnicodeDecodeError, etree.XMLSyntaxError) as error:
            raise InputError([Fault(name, "cannot be read as XML", str(error))]) from error
        found = [root]
        if root.tag in ("job", "potentials"):
            block = root if root.tag == "potentials" else root.find("potentials")
            found = [] if block is None else [child for child in block if isinstance(child.tag, str)]
        if len(found) != 1:
            raise InputError([Fault(name, "number of potentials", f"{len(found)}", "1")])
        new = cls.__new__(cls)
        symbols = [(child.text or "").strip() for child in root.iterfind("atom-types/species")]
        new.species = tuple(species) or tuple(symbols)
        new._element = deepcopy(found[0])
        new.constraints = [
            (child.get("dependent-dof", ""), " ".join((child.findtext("expression") or "").split()))
            for child in root.iterfind("parameter-constraints/constraint")
        ]
        return new

    @property
    def form(self) -> str:
        """Name of its form."""
        return str(self._element.tag)

    @property
    def id(self) -> str:
        """First part of the paths of its parameters."""
        return str(self._element.get("id", self._element.tag))

    @property
    def element(self) -> etree._Element:
        """A copy of its element."""
        return deepcopy(self._element)

    def to_xml(self) -> str:
        """Return its element in a job, without its constraints."""
        element = self.element
        etree.indent(element)
        return etree.tostring(element, encoding="unicode")

    def fit(self, **parameters: Any) -> None:
        """Fit some parameters.

        Parameters
        ----------
        **parameters
            By name; those of functions, as ``V.D0``, ``rho.coeff[2]``, ``F.node[3].y``, in a dictionary after ``**``. A
            start value; ``default`` for the present one; ``(start, "fix")``; ``(start, minimum, maximum)``; a `Free`.
            If combinations of species differ, a mapping from tags as ``SiC`` to these. KLIFF's lists of one such item
            are accepted.

        Raises
        ------
        InputError
            If a parameter is unknown, or its value is none of these.
        """
        faults: list[Fault] = []
        changed = deepcopy(self)
        for name, said in parameters.items():
            try:
                for tag, one in said.items() if isinstance(said, Mapping) else [("", said)]:
                    changed._say(name, tag, _free(name, one))
            except InputError as error:
                faults.extend(error.faults)
        if faults:
            raise InputError(faults)
        self._element = changed._element

    def constrain(self, dependent: str, expression: str) -> None:
        """Make a parameter depend on others, as a job's ``<constraint>`` does.

        Parameters
        ----------
        dependent
            Its path: ``SW.lambda``.
        expression
            With paths in braces: ``20 * {SW.A}``.
        """
        self.constraints.append((dependent, str(expression)))

    def started_at(self, values: Mapping[str, float]) -> ScriptPotential:
        """Return a copy with new start values of some parameters, given by path."""
        new = deepcopy(self)
        for path, value in values.items():
            identifier, _, rest = path.partition(".")
            if identifier == self.id:
                name, _, tag = (
                    rest.partition("[") if rest.endswith("]") and "." not in rest else (rest, "", "")
                )
                new._start(name, tag.removesuffix("]"), value)
        return new

    def _say(self, name: str, tag: str, free: Free) -> None:
        owner, key = self._owner(name)
        if free.start != _DEFAULT:
            self._start(name, tag, _number(f"fit({name}=...)", free.start))
        bounds = {"min": free.minimum, "max": free.maximum}
        attributes = {
            bound: _text(_number(f"fit({name}=...)", value))
            for bound, value in bounds.items()
            if value is not None
        }
        attributes |= {"transform": free.transform} if free.transform else {}
        listed = self._listed(owner, key)
        if listed is not None:
            _drop(listed, "min", "max", "transform", "enabled")
            for attribute, text in (attributes | ({"enabled": "false"} if free.fixed else {})).items():
                listed.set(attribute, text)
            return
        block = owner.find("fit-dof")
        if block is None:
            block = etree.SubElement(owner, "fit-dof")
        every = not tag or len(self.species) == 1
        for old in [old for old in block.findall(key) if every or old.get("tag", "") == tag]:
            block.remove(old)
        if free.fixed:
            # An entry without a tag would otherwise still free it.
            attributes = {"enabled": "false"}
        etree.SubElement(block, key, ({"tag": tag} if tag else {}) | attributes)

    def _start(self, name: str, tag: str, value: float) -> None:
        owner, key = self._owner(name)
        listed = self._listed(owner, key)
        if listed is not None:
            listed.set("y" if listed.tag == "node" else "value", _text(value))
            return
        for degree in owner.iterfind(f"fit-dof/{key}"):
            _drop(degree, "start")
        if owner.tag == "user-function":
            child = next(c for c in owner.iterfind("param") if (c.get("name") or "").strip() == key)
        else:
            same = [c for c in owner.findall(key) if c.get("tag", "") == tag]
            # With one species there is one combination, and a value without a tag is its value.
            for other in owner.findall(key) if not tag or len(self.species) == 1 else ():
                if other not in same or not tag:
                    owner.remove(other)
            child = same[0] if same and tag else etree.SubElement(owner, key, {"tag": tag} if tag else {})
        child.text = _text(value)

    def _owner(self, name: str) -> tuple[etree._Element, str]:
        """Return the element that holds a parameter, the potential's or a function's, and its name there."""
        match = re.match(r"(?:(.*)\.)?((?:coeff|node)\[\d+\](?:\.y)?|[^.]+)$", name)
        path, key = (match[1] or "", match[2]) if match else ("", name)
        owner = self._element
        for part in path.split(".") if path else ():
            found = [child for child in owner.iter() if child.get("id") == part and child is not owner]
            if not found:
                every = [str(child.get("id")) for child in self._element.iter() if child.get("id")]
                raise self._unknown("function", part, every)
            owner = found[0]
        if owner is self._element:
            return owner, self._known(key)
        names = _names(owner)
        if key not in names and self._listed(owner, key) is None:
            raise self._unknown("parameter", name, names)
        return owner, key

    def _listed(self, owner: etree._Element, key: str) -> etree._Element | None:
        match = _LISTED.match(key)
        if match is None:
            return None
        if match[1] == "coeff":
            return next((c for c in owner.iterfind("coefficients/coeff") if c.get("n") == match[2]), None)
        nodes = owner.findall("nodes/node")
        return nodes[int(match[2]) - 1] if 0 < int(match[2]) <= len(nodes) else None

    def _known(self, key: str) -> str:
        rows = {row.name: row for row in self._form.parameters}
        for name in (key, key.removesuffix("_")):
            if name in rows:
                return name
        raise self._unknown("parameter", key, list(rows))

    @property
    def _form(self) -> PotentialForm:
        forms = {entry.name: entry for entry in potential_forms()}
        if self.form not in forms:
            raise self._unknown("form", self.form, list(forms))
        form = forms[self.form]
        return form.shaped(tuple(int(self._element.get(size.name, size.lower)) for size in form.sizes))

    def _unknown(self, kind: str, name: str, known: Sequence[str]) -> InputError:
        where = f"Potential {self.id}"
        return InputError([Fault(where, f"no such {kind}", name, ", ".join(known), nearest(name, known))])


Potential = ScriptPotential  #: public name


def _drop(element: etree._Element, *attributes: str) -> None:
    for name in attributes:
        if name in element.attrib:
            del element.attrib[name]


def _names(function: etree._Element) -> list[str]:
    if function.tag == "user-function":
        return [(child.get("name") or "").strip() for child in function.iterfind("param")]
    not_parameters = ("fit-dof", "cutoff", "screening", "functions", "nodes", "coefficients")
    return [str(child.tag) for child in function if child.tag not in not_parameters]


def _free(name: str, said: Any) -> Free:
    """Return the `Free` of an argument of `Potential.fit`."""
    if isinstance(said, Free):
        return said
    if isinstance(said, list) and len(said) == 1 and isinstance(said[0], (list, tuple)):
        said = said[0]
    several: list[Any] = list(said) if isinstance(said, Sequence) else []
    parts: list[Any] = [said] if isinstance(said, (str, Real)) else several
    fixed = len(parts) == 2 and parts[1] == "fix"
    numbers = parts[:1] if fixed else parts
    right = len(numbers) in (1, 3) and all(_is_number(part) for part in numbers[1:] if part is not None)
    if not right or not (numbers[0] == _DEFAULT or _is_number(numbers[0])):
        allowed = (
            'start, (start, "fix"), (start, minimum, maximum) or Free, with a number or "default" as start'
        )
        raise InputError([Fault(f"fit({name}=...)", "cannot be understood", repr(said), allowed)])
    low, high = numbers[1:] or (None, None)
    return Free(numbers[0], low, high, fixed=fixed)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _size(where: str, value: Any, size: SizeForm) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not size.lower <= value <= size.upper:
        allowed = f"a whole number from {size.lower} to {size.upper}"
        raise InputError([Fault(where, "invalid size", repr(value), allowed)])
    return value


def _number(where: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise InputError([Fault(where, "not a number", repr(value))]) from error


def _text(value: Any) -> str:
    """Return a number with all its digits."""
    return repr(float(value))
