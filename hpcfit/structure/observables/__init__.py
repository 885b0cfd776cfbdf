"""The properties that structures have, one file per property or family."""
