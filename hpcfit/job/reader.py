"""Reads a job file into a frozen `Job`, or reports all its faults at once."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import replace
from pathlib import Path

from lxml import etree

from hpcfit.errors import Fault, InputError
from hpcfit.input_files import MOST_TABLE, read_bytes
from hpcfit.job.document import values
from hpcfit.job.document.explain import check
from hpcfit.job.document.include import expand
from hpcfit.job.document.names import use_own_names
from hpcfit.job.document.outputs import Outputs
from hpcfit.job.document.parsing import parse
from hpcfit.job.document.schema import grammar
from hpcfit.job.document.species import read_species
from hpcfit.job.document.text_file import alike
from hpcfit.job.document.values import Faults
from hpcfit.job.fitting.minimisers import Minimisers
from hpcfit.job.fitting.reading import read_fitting
from hpcfit.job.potentials.constraints import dependents, read_constraints
from hpcfit.job.potentials.curvature import warn_of_jumps
from hpcfit.job.potentials.exports import read_exports
from hpcfit.job.potentials.reading import read_potentials
from hpcfit.job.structures.scope import Scope
from hpcfit.job.structures.tolerances import read_tolerances
from hpcfit.job.structures.tree import fits, read_loss, read_structures
from hpcfit.job.structures.user_structures import FILES
from hpcfit.records import Catalogue, Group, Job, Potential, ReadOptions

_DEFAULTS = ReadOptions()


def read_job(
    path: str | Path,
    catalogue: Catalogue,
    options: ReadOptions = _DEFAULTS,
    text: str | None = None,
) -> Job:
    """Read a job file and build its structures.

    This function only checks that dataset files exist; their content is checked later.

    Parameters
    ----------
    path
        The job file. Files that it names are relative to its folder.
    catalogue
        Everything that the job may name.
    options
        How to read it.
    text
        The stored job, read in place of the file; its folder and messages are still those of the file.

    Returns
    -------
    Job
        `Job.path` is `path` as given.

    Raises
    ------
    InputError
        The file cannot be read or has faults; all faults are reported, sorted by line.
    """
    content = _content(Path(path)) if text is None else text.encode()
    content, origins = expand(content, str(path), options.allow_outside)
    faults = Faults(str(path), origins)
    root = parse(content, faults)
    use_own_names(root, catalogue.structures)
    check(root, grammar(catalogue), faults)
    digest = _hash(content, root, Path(path).absolute().parent)
    if not options.structures:
        for element in root.findall("structures"):
            element.clear()
    reader = _Reader(path, root, catalogue, options, faults)
    job = replace(reader.job(), text=content.decode(), hash=digest, origins=origins)
    if options.structures and not faults and job.fitting is not None:
        if not options.unfinished:
            _check_something_to_fit(job, root, faults)
        minimisers = Minimisers(catalogue.minimisers, faults)
        minimisers.check(root.find("fitting"), job.fitting.solver, job.free)
    faults.raise_if_any()
    return job


def _content(path: Path) -> bytes:
    try:
        return read_bytes(path)
    except FileNotFoundError:
        fault = Fault(str(path), "no such file", nearest=alike(path))
    except OSError as error:
        fault = Fault(str(path), "cannot be read", error.strerror or str(error))
    raise InputError([fault])


class _Reader:
    """Reads the blocks of one job."""

    def __init__(
        self,
        path: str | Path,
        root: etree._Element,
        catalogue: Catalogue,
        options: ReadOptions,
        faults: Faults,
    ) -> None:
        self._path = path
        self._root = root
        self._catalogue = catalogue
        self._faults = faults
        self._folder = Path(path).absolute().parent
        self._species = read_species(root, faults)
        self._outputs = Outputs(self._folder, faults, options.allow_outside)
        self._scope = Scope(
            folder=self._folder,
            species=self._species.symbols,
            catalogue=catalogue.structures,
            check_formula=catalogue.functions.check_formula,
            tolerances=read_tolerances(root, faults),
            outputs=self._outputs,
            faults=faults,
            in_memory=options.in_memory,
            allow_python=options.allow_python,
        )

    def job(self) -> Job:
        """Return the job, with empty text and hash."""
        root, faults = self._root, self._faults
        potentials = self._potentials()
        constrained = root.find("parameter-constraints")
        structures, absolute = self._structures(root.find("structures"))
        exports = read_exports(root.find("potentials"), self._catalogue.potentials, self._outputs)
        log = root.find("output-file")
        log_file = "" if log is None else self._outputs.path(log, values.line_of_text(log.text))
        included = [origin.file for origin in faults.origins]
        self._outputs.refuse(
            [
                self._path,
                *included,
                *_files(root, self._folder, "dataset", "param-file", "tabulated", "weight", *FILES),
            ]
        )
        precision = root.findtext("real-precision")
        job = Job(
            path=str(self._path),
            text="",
            hash="",
            name=values.line_of_text(root.findtext("name"), Path(self._path).stem),
            species=self._species.symbols,
            fitting=read_fitting(root.find("fitting"), Minimisers(self._catalogue.minimisers, faults)),
            potentials=potentials,
            structures=structures,
            absolute=absolute,
            loss=read_loss(root.find("structures"), self._catalogue.losses, faults),
            preset=self._scope.tolerances.preset,
            constraints=read_constraints(
                constrained, potentials, self._catalogue.functions.check_formula, faults
            ),
            exports=exports,
            verbosity=values.line_of_text(root.findtext("verbosity"), "medium"),
            precision=None if precision is None else values.whole(precision, 1),
            log_file=log_file,
            validate=root.find("validate-potentials") is not None,
            masses=self._species.masses,
            atomic_numbers=self._species.atomic_numbers,
        )
        if potentials:
            warn_of_jumps(next(root.iterchildren("potentials")), potentials, job.own_structures, faults)
        return replace(job, warnings=tuple(faults.warnings))

    def _potentials(self) -> tuple[Potential, ...]:
        block = self._root.find("potentials")
        # Without species no tag can be checked; their absence has been reported.
        if block is None or not self._species.symbols:
            return ()
        constraints = dependents(self._root.find("parameter-constraints"))
        species = self._species.symbols
        return read_potentials(block, self._catalogue, species, constraints, self._folder, self._faults)

    def _structures(self, element: etree._Element | None) -> tuple[Group, bool]:
        return (Group("", 1.0, ()), False) if element is None else read_structures(element, self._scope)


def _hash(content: bytes, root: etree._Element, folder: Path) -> str:
    """Return the hash of the job's text and of the files that it names, except datasets."""
    digest = hashlib.sha256(content)
    for path in _files(root, folder, *FILES, "param-file", "tabulated", "residual-function", "weight"):
        with contextlib.suppress(OSError, ValueError):  # their readers report it
            digest.update(read_bytes(path, MOST_TABLE))
    return digest.hexdigest()


def _files(root: etree._Element, folder: Path, *tags: str) -> list[Path]:
    """Return the files named in elements' text or ``file`` attribute."""
    names = [values.line_of_text(element.get("file", element.text)) for element in root.iter(*tags)]
    return [folder / name for name in names if name]


def _check_something_to_fit(job: Job, root: etree._Element, faults: Faults) -> None:
    if not job.free:
        where = next(root.iterchildren("potentials"))
        faults.add(where, "fitting is enabled without a free parameter", allowed="an enabled <fit-dof> entry")
    if not fits(job.structures):
        where = next(root.iterchildren("structures"))
        faults.add(
            where, "fitting is enabled without a fitted property", allowed='properties with fit="true"'
        )
