"""Structures that a job describes: lattices, relaxation, properties and their derivatives."""
