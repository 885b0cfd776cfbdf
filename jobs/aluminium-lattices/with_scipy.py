"""Fit the job with a minimiser of SciPy: `python with_scipy.py`, or `mpirun -n 2 python -m mpi4py with_scipy.py`."""

from scipy.optimize import minimize

import hpcfit

job = hpcfit.Job()
job.parse_input_file("job.xml")
job.set_verbosity("minimum")
job.prepare_fitting()

found = minimize(
    job.calculate_residual,
    job.get_potential_parameters(),
    jac=job.calculate_gradient,
    method="L-BFGS-B",
    options={"maxiter": 500, "ftol": 1e-12},
)
job.set_potential_parameters(found.x)
job.print_potential_parameters()
job.print_properties()
job.say([f"residual {job.calculate_residual():.6f} after {found.nfev} evaluations"])
