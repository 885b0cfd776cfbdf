"""Fitted potentials as files of MD codes: one file per format, `formats` lists them."""
