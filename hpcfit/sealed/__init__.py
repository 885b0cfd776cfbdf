"""Sealed files, in which a changed byte is always found, and HDF5 inside them."""
