"""Minimisers that know vectors only: no atoms, no files, no MPI."""
