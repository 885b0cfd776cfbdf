"""An energy for every atom of a species."""

from __future__ import annotations

from hpcfit.records import FormRecord

RECORDS = (FormRecord("one-body"),)
