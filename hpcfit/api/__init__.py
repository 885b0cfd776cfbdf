"""The Python interface: fits from a script, on one core or with ``mpirun -n N python script.py``."""
