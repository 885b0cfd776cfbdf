"""Angular-dependent potential."""

from __future__ import annotations

from hpcfit.records import ExportElement, FormRecord

RECORDS = (FormRecord("adp", function_file="adp", export=ExportElement("export-adp-file", "adp")),)
