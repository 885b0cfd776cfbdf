"""Records of the built-in functions of one variable: formulas, compiled like a user's.

The variable is ``x``; parameters are named in the formula; ``cutoff`` is the function's own cut-off. Names and meanings
are those of atomicrex if it has the form.
"""
