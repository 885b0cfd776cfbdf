"""Modified embedded atoms from splines or formulas."""

from __future__ import annotations

from hpcfit.records import ExportElement, FormRecord

RECORDS = (
    FormRecord("meam", function_file="meam/spline", export=ExportElement("export-functions", "meam-spline")),
)
