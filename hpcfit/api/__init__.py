"""hpcfit from Python: a script does what a job does, alone or as ``mpirun -n N python script.py``."""
