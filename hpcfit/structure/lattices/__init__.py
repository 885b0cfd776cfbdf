"""The library of lattices, one file per family."""
