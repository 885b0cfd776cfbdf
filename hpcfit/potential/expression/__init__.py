"""Formulas of one variable: safe parsing, symbolic differentiation, compilation to short register programs."""
