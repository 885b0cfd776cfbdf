"""Minimisers of functions of vectors: no atoms, no files, no MPI."""
