"""The only folder that knows MPI."""
