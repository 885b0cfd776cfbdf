"""The only folder that uses MPI."""
