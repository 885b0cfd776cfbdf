"""From a job file to a frozen `Job`, or to all its faults at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lxml import etree

from hpcfit.errors import Fault, InputError, nearest
from hpcfit.job import values
from hpcfit.job.constraints import dependents, read_constraints
from hpcfit.job.document import parse
from hpcfit.job.explain import check
from hpcfit.job.exports import read_exports
from hpcfit.job.fitting import read_fitting
from hpcfit.job.potentials import read_potentials
from hpcfit.job.schema import grammar
from hpcfit.job.structures import read_structures
from hpcfit.job.values import Faults, quoted
from hpcfit.records import FunctionCatalogue, Group, Job, Potential, PotentialForm, functions_by_path


def read_job(
    path: str | Path,
    forms: Sequence[PotentialForm],
    functions: FunctionCatalogue,
    text: str | None = None,
    structures: bool = True,
) -> Job:
    """Read a job file.

    Dataset files are only looked for; what is in them, and whether it fits the job, is found out elsewhere.

    Parameters
    ----------
    path
        The job file. Datasets and files of parameters are relative to its folder.
    forms
        The potentials that the kernels know, with their parameters.
    functions
        What potentials with roles may be built from.
    text
        The job as it was stored, to be read in place of the file; its folder and messages are still the file's.
    structures
        Whether structures are wanted. Without them datasets need not exist, and there need be nothing to fit.

    Returns
    -------
    Job
        `Job.path` is `path` as given.

    Raises
    ------
    InputError
        The file cannot be read, or has faults: every fault that can be found, in the order of lines.
    """
    content = _content(Path(path)) if text is None else text.encode()
    faults = Faults(str(path))
    root = parse(content, faults)
    check(root, grammar(forms, functions.forms), faults)
    if not structures:
        for element in root.findall("structures"):
            element.clear()
    job = _job(path, content, root, forms, functions, faults)
    if structures and not faults and job.fitting is not None:
        _check_something_to_fit(job, root, faults)
    faults.raise_if_any()
    return job


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [entry.name for entry in path.parent.iterdir()] if path.parent.is_dir() else []
        fault = Fault(str(path), "no such file", nearest=nearest(path.name, names))
    except OSError as error:
        fault = Fault(str(path), "cannot be read", error.strerror or str(error))
    raise InputError([fault])


def _job(
    path: str | Path,
    content: bytes,
    root: etree._Element,
    forms: Sequence[PotentialForm],
    functions: FunctionCatalogue,
    faults: Faults,
) -> Job:
    species = _species(root, faults)
    block = root.find("potentials")
    # Without species no tag can be judged; that they are missing has been noted.
    constrained = root.find("parameter-constraints")
    folder = Path(path).absolute().parent
    potentials = (
        ()
        if block is None or not species
        else read_potentials(block, forms, functions, species, dependents(constrained), folder, faults)
    )
    structures, absolute = _structures(root.find("structures"), folder, faults)
    return Job(
        path=str(path),
        text=content.decode(),
        hash=_hash(content, potentials),
        name=values.line_of_text(root.findtext("name"), Path(path).stem),
        species=species,
        fitting=read_fitting(root.find("fitting"), faults),
        potentials=potentials,
        structures=structures,
        absolute=absolute,
        constraints=read_constraints(constrained, potentials, functions.check_formula, faults),
        exports=read_exports(block, folder, faults),
        warnings=tuple(faults.warnings),
    )


def _hash(content: bytes, potentials: Sequence[Potential]) -> str:
    """Return the hash of all that a job is made of, but its datasets: tables may stand in files of their own."""
    found = hashlib.sha256(content)
    for function in functions_by_path(potentials).values():
        if function.form == "tabulated":
            found.update(repr((function.knots, function.values)).encode())
    return found.hexdigest()


def _structures(element: etree._Element | None, folder: Path, faults: Faults) -> tuple[Group, bool]:
    return (Group("", 1.0, ()), False) if element is None else read_structures(element, folder, faults)


def _species(root: etree._Element, faults: Faults) -> tuple[str, ...]:
    """Return the symbols, none at all where one of them is no symbol."""
    found: list[str] = []
    for element in root.findall("atom-types/species"):
        symbol = values.line_of_text(element.text)
        if values.symbols(symbol) != [symbol]:
            return ()
        if symbol in found:
            faults.add(element, "species given twice", quoted(symbol))
        else:
            found.append(symbol)
    return tuple(found)


def _check_something_to_fit(job: Job, root: etree._Element, faults: Faults) -> None:
    if not job.free:
        where = next(root.iterchildren("potentials"))
        faults.add(where, "fitting is enabled without a free parameter", allowed="an enabled <fit-dof> entry")
    if not any(entry.fit for source in job.datasets for entry in source.properties):
        where = next(root.iterchildren("structures"))
        faults.add(
            where, "fitting is enabled without a fitted property", allowed='properties with fit="true"'
        )
