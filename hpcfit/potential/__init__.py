"""The C kernels, their parameters, and the neighbours they see."""
