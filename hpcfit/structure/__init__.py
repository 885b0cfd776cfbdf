"""Structures that a job describes: the lattice library, what of them relaxes, their properties and derivatives."""
