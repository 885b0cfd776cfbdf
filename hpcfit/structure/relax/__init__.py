"""Structural degrees of freedom, relaxation, and the response of a relaxed structure to the parameters."""
