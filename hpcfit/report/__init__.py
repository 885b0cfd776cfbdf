"""The report of a run, from its run file alone."""
