"""Chebyshev polynomials of a transformed distance, linear in their coefficients."""

from __future__ import annotations

from hpcfit.records import ExportElement, FormRecord

RECORDS = (FormRecord("chebyshev", export=ExportElement("export-potential", "table")),)
