"""The C kernels, their parameters, and neighbour lists."""
