"""The <potentials> of a job: parameters, functions, files of parameters, constraints."""
