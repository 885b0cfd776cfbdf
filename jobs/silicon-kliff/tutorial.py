"""KLIFF's tutorial in Python: Stillinger-Weber silicon, three free parameters; README.md says how to get si.h5.

Runs alone and as ``mpirun -n N python tutorial.py``, with the same bits.
"""

import hpcfit

data = hpcfit.Dataset.from_path("si.h5", weight=hpcfit.Weight(energy_weight=1.0, forces_weight=0.1))

potential = hpcfit.Potential("stillinger-weber", species=["Si"])
potential.fit(A=(5.0, 1.0, 20.0), B="default", sigma=(2.0951, "fix"), gamma=1.5)

calculator = hpcfit.Calculator(potential, data)

for normalize in (True, False):
    loss = hpcfit.Loss(
        calculator,
        residual_fn=hpcfit.energy_forces_residual,
        residual_data={"normalize_by_natoms": normalize},
    )
    result = loss.minimize(method="geodesic-lm", verbosity="medium" if normalize else "minimum")
    result.save("tutorial.h5" if normalize else "not-normalized.h5", overwrite=True)
