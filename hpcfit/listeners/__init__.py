"""What listens to a fit: its run file, its log, its progress lines and the files at its end."""
