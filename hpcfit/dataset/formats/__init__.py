"""The formats of datasets that are imported and exported, one file each."""
