"""Listeners of a fit: run file, log, progress lines, and exported files."""
