"""Embedded atoms."""

from __future__ import annotations

from hpcfit.records import ExportElement, FormRecord

RECORDS = (FormRecord("eam", function_file="setfl", export=ExportElement("export-eam-file", "eam-fs")),)
