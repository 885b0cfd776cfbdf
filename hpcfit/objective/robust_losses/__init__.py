"""Robust losses, one file each."""
