"""Fitted potentials as files of MD codes."""
