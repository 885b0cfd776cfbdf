"""What a run leaves behind, written by the root rank alone."""
