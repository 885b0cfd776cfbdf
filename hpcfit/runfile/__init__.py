"""The run file: its layout, how it is written and read, and what it holds."""
