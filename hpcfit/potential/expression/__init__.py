"""Formulas of one variable: parsed safely, differentiated symbolically, compiled to short register programs."""
