"""What Python scripts use: a job to build, evaluate and fit, on one core or on all ranks of an MPI run."""
