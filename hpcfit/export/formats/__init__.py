"""Formats of exported potentials: each file holds the record and the writer of one format, or of a family."""
