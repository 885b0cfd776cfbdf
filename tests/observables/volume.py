from tests.observables._sample import Sample, volume_of

SAMPLES = (
    Sample("total-volume", lambda atoms, _: volume_of(atoms)),
    Sample("atomic-volume", lambda atoms, _: volume_of(atoms) / len(atoms)),
)
