"""Exported potentials compared with LAMMPS."""
