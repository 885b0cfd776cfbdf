"""The job's own structures: lattices, relaxation, properties and their derivatives."""
