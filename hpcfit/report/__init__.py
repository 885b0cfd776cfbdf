"""The report of a run, drawn from its run file alone."""
