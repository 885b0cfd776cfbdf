"""Sample, independent oracle and LAMMPS case of every potential: one file for each, found as the potentials are."""
