"""Built-in functions of one variable, one file for each or for each family: formulas that are compiled like a user's.

The variable is ``x``; parameters are named in the formula; ``cutoff`` is the function's own cut-off. Names and
meanings are atomicrex's where it has the form.
"""
