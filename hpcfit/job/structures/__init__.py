"""The <structures> of a job: datasets, own structures, properties, weights, tolerances."""
