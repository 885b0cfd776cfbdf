"""Reference configurations in HDF5."""
