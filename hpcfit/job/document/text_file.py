"""Text files that a job reads: their content, and tables of two columns."""

from __future__ import annotations

import math
import os
from pathlib import Path

from lxml import etree

from hpcfit import input_files
from hpcfit.errors import Fault, nearest
from hpcfit.job.document import values
from hpcfit.job.document.values import Faults, quoted


def read_text(element: etree._Element, name: str, folder: Path, faults: Faults) -> str | None:
    """Return the content of a file; None with a fault at `element` if it cannot be read.

    Parameters
    ----------
    element
        The element that names it.
    name
        The file, relative to `folder`.
    folder
        The job file's folder.
    faults
        Collects the faults.
    """
    try:
        return input_files.read_text(folder / name, input_files.MOST_TABLE)
    except FileNotFoundError:
        faults.add(element, "no such file", quoted(name), nearest=alike(folder / name))
    except input_files.RefusedFileError as error:
        faults.add(element, f"cannot be read, {error}", quoted(name))
    except (OSError, UnicodeDecodeError, ValueError):
        faults.add(element, "cannot be read as text", quoted(name))
    return None


def alike(path: Path) -> str:
    """Return the name of the file of the same folder that is most similar to a missing one, empty if none is."""
    folder = path.parent
    return nearest(path.name, os.listdir(folder) if os.path.isdir(folder) else [])


def read_table(element: etree._Element, name: str, folder: Path, faults: Faults) -> list[tuple[float, float]]:
    """Return the rows x, y of a text file, x ascending; ``#`` starts a comment. Empty if the file has a fault.

    Parameters are those of `read_text`.
    """
    text = read_text(element, name, folder, faults)
    rows: list[tuple[float, float]] = []
    for line, content in enumerate((text or "").splitlines(), start=1):
        words = content.split("#")[0].split()
        numbers = [values.number(word) for word in words]
        fault = None
        if words and (len(words) != 2 or not all(map(math.isfinite, numbers))):
            fault = Fault(
                f"{name}:{line}", "bad row of a table", quoted(content), "two finite numbers, x and y"
            )
        elif words and rows and numbers[0] <= rows[-1][0]:
            above = f"above {rows[-1][0]}"
            fault = Fault(f"{name}:{line}", "rows not in ascending order of x", f"{numbers[0]}", above)
        if fault:
            faults.add_of_file(element, fault)
            return []
        if words:
            rows.append((numbers[0], numbers[1]))
    if text is not None and len(rows) < 2:
        faults.add_of_file(element, Fault(name, "too few rows of a table", f"{len(rows)}", "2 or more"))
        return []
    return rows
