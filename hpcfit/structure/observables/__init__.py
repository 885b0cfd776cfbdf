"""Properties of structures, one file per property or family."""
