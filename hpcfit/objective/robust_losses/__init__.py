"""The robust losses that a job may name, one file each."""
