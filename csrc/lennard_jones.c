/* Lennard-Jones, several species, truncated at the cut-off without shift.
 *
 *   V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6]   for r < cutoff, else 0
 *
 * J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924); the form of its equation as in M. P. Allen and
 * D. J. Tildesley, Computer Simulation of Liquids (1987), eq. 1.6. */
#include "half.h"
#include "registry.h"

enum { SIGMA, EPSILON, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [SIGMA] = {"sigma", "A", "distance at which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [EPSILON] = {"epsilon", "eV", "depth of the well", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* (sigma/r)^6 within the cut-off, zero outside, and the same divided by r; from these 4 epsilon (s^12 - s^6) and its
 * slope, which cost nothing while the division takes its time. */
HF_CLONES
static void fill_pairs(int64_t n, const double *restrict r, double sigma, double epsilon, double cutoff,
                       double *restrict six, double *restrict seven, double *restrict phi, double *restrict dphi)
{
    const double a = 4.0 * epsilon;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double inverse = 1.0 / r[k], s = sigma * inverse, s2 = s * s;
        six[k] = r[k] < cutoff ? s2 * s2 * s2 : 0.0;
        seven[k] = six[k] * inverse;
        phi[k] = a * (six[k] - 1.0) * six[k];
        dphi[k] = -6.0 * a * (2.0 * six[k] - 1.0) * seven[k];
    }
}

/* a s^12 + b s^6 and its slope, s = sigma/r. */
HF_CLONES
static void combine(int64_t n, double a, double b, const double *restrict six, const double *restrict seven,
                    double *restrict phi, double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        phi[k] = (a * six[k] + b) * six[k];
        dphi[k] = (-12.0 * a * six[k] - 6.0 * b) * seven[k];
    }
}

enum { SIX, SEVEN, PHI, DPHI, N_ARRAYS };

static double *array_of(const hf_call *call, int array)
{
    return call->scratch + array * call->geometry->half->max_chunk_slots * HF_LANES;
}

static int64_t scratch_size(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    return half == NULL ? 0 : N_ARRAYS * half->max_chunk_slots * HF_LANES;
}

/* Adds a s^12 + b s^6 to the column of a parameter. */
static void add_column(const hf_call *call, int64_t chunk, int64_t species, double a, double b, int64_t number)
{
    const hpcfit_geometry *half = call->geometry->half;
    const hpcfit_output column = hf_column(call->output, number);
    combine(hf_run_of(half, chunk, species).n_pairs, a, b, array_of(call, SIX), array_of(call, SEVEN),
            array_of(call, PHI), array_of(call, DPHI));
    hf_add_pairs(half, chunk, species, array_of(call, PHI), array_of(call, DPHI), &column);
}

static void add_run(const hf_call *call, int64_t chunk, int64_t species)
{
    const hpcfit_geometry *half = call->geometry->half;
    const int64_t n_tuples = hf_n_pair_tuples(half->n_species);
    const int64_t tuple = hf_pair_tuple(half->chunk_species[chunk], species, half->n_species);
    const hf_run run = hf_run_of(half, chunk, species);
    const double sigma = call->parameters[SIGMA * n_tuples + tuple];
    const double epsilon = call->parameters[EPSILON * n_tuples + tuple];
    const hpcfit_output column = hf_column(call->output, 0);
    fill_pairs(run.n_pairs, run.r, sigma, epsilon, call->parameters[CUTOFF * n_tuples + tuple], array_of(call, SIX),
               array_of(call, SEVEN), array_of(call, PHI), array_of(call, DPHI));
    hf_add_pairs(half, chunk, species, array_of(call, PHI), array_of(call, DPHI), &column);
    for (int64_t k = 0; k < call->n_free; k++) {
        const int64_t parameter = call->free_parameters[k] / n_tuples;
        if (call->free_parameters[k] % n_tuples != tuple || parameter == CUTOFF) continue;
        if (parameter == SIGMA)
            add_column(call, chunk, species, 48.0 * epsilon / sigma, -24.0 * epsilon / sigma, k + 1);
        else
            add_column(call, chunk, species, 4.0, -4.0, k + 1);
    }
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    for (int64_t chunk = 0; chunk < half->n_chunks; chunk++)
        for (int64_t species = 0; species < half->n_species; species++)
            if (hf_run_of(half, chunk, species).n_pairs > 0) add_run(call, chunk, species);
}

const hpcfit_potential hf_lennard_jones = {
    .name = "lennard-jones",
    .formula = "4 epsilon [(sigma/r)^12 - (sigma/r)^6], zero from the cut-off on",
    .reference = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .pairwise = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
