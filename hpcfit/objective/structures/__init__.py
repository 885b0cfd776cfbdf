"""The job's own structures in the objective: they relax, and their properties become residual rows."""
