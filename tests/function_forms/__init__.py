"""Every built-in function said again in NumPy, from the literature: a file for each or for each family."""
