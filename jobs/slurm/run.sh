#!/bin/bash
# Runs a fit under SLURM, and goes on with it when the time limit cuts it short. In the folder of job.xml, with the
# environment that holds hpcfit active:
#
#   sbatch [options] run.sh [JOB [RUN_FILE]]
#
# Defaults: job.xml, and a run file named after it (job.run.h5). An existing RUN_FILE of this JOB is resumed, on any number
# of ranks, with the bits that it would have had; one of another job, or of an earlier text of this one, is refused.
#
#SBATCH --job-name=hpcfit
#SBATCH --ntasks=4
#SBATCH --cpus-per-task=1
#SBATCH --time=01:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
set -u

job=${1:-job.xml}
name=${job##*/}
run=${2:-${name%.*}.run.h5}
most_restarts=20

# What starts the ranks: mpirun, or for example LAUNCH="srun --mpi=pmi2" (MPICH) or "srun --mpi=pmix" (Open MPI).
launch=${LAUNCH:-mpirun -n $SLURM_NTASKS}
# MPICH's mpirun starts its proxies with srun, which must not bring a second way to find the ranks.
export SLURM_MPI_TYPE=none

# SLURM sends USR1 to this shell alone, some time before the limit: hpcfit then stops after the iteration in hand.
# A signal before the ranks are ready would end them without a checkpoint. hpcfit creates the file $HPCFIT_READY when
# they are; until then, at most 15 s where the file never comes (its folder is not shared), signals are kept.
export HPCFIT_READY=$PWD/.hpcfit-ready-$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}
rm -f "$HPCFIT_READY"
trap 'rm -f "$HPCFIT_READY"' EXIT
limit=no
kept=
trap 'limit=yes; kept="$kept USR1"' USR1
trap 'kept="$kept TERM"' TERM

if [ -e "$run" ]; then
    $launch hpcfit resume --job "$job" "$run" &
else
    $launch hpcfit run "$job" -o "$run" &
fi

# A trapped signal ends `wait` early.
while wait $!; code=$?; [ -n "$kept" ]; do
    while kill -0 $! 2>/dev/null && [ ! -e "$HPCFIT_READY" ] && [ $SECONDS -lt 15 ]; do sleep 0.2; done
    signals=$kept kept=  # in one command, so that no trap comes between
    for signal in $signals; do kill -"$signal" $! 2>/dev/null; done
done

# Exit code 3 without the signal is a limit of the job's own: to start again would not help.
if [ $code = 3 ] && [ $limit = yes ] && [ "${SLURM_RESTART_COUNT:-0}" -lt $most_restarts ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code
