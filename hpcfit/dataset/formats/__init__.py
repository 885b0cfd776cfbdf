"""Formats of imported and exported datasets, one file each."""
