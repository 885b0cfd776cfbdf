"""Records of the potentials, one file each, with the data that are not in the C kernel."""
