/* Lennard-Jones, several species, truncated at the cut-off without shift.
 *
 *   V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6]   for r < cutoff, else 0
 *
 * J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924); the form of its equation as in M. P. Allen and
 * D. J. Tildesley, Computer Simulation of Liquids (1987), eq. 1.6. */
#include "registry.h"

enum { SIGMA, EPSILON, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [SIGMA] = {"sigma", "A", "distance at which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [EPSILON] = {"epsilon", "eV", "depth of the well", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* The powers (sigma/r)^6 and (sigma/r)^12 within the cut-off, zero outside; and 1/r. */
HF_CLONES
static void powers(int64_t n, const double *restrict r, double sigma, double cutoff, double *restrict six,
                   double *restrict twelve, double *restrict inverse)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double s = sigma / r[k], s3 = s * s * s;
        const double s6 = r[k] < cutoff ? s3 * s3 : 0.0;
        six[k] = s6;
        twelve[k] = s6 * s6;
        inverse[k] = 1.0 / r[k];
    }
}

/* phi = a s^12 + b s^6 and its slope. */
HF_CLONES
static void combine(int64_t n, double a, double b, const double *restrict six, const double *restrict twelve,
                    const double *restrict inverse, double *restrict phi, double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        phi[k] = a * twelve[k] + b * six[k];
        dphi[k] = -(12.0 * a * twelve[k] + 6.0 * b * six[k]) * inverse[k];
    }
}

static int64_t scratch_size(const hf_call *call)
{
    return hf_chunk_arrays(call, 5);
}

static void evaluate_chunk(const hf_call *call, int64_t chunk)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_tuples = hf_n_pair_tuples(g->n_species);
    double *six = hf_chunk_array(call, 0), *twelve = hf_chunk_array(call, 1), *inverse = hf_chunk_array(call, 2);
    double *phi = hf_chunk_array(call, 3), *dphi = hf_chunk_array(call, 4);
    for (int64_t species = 0; species < g->n_species; species++) {
        const hf_run run = hf_run_of(g, chunk, species);
        const int64_t tuple = hf_pair_tuple(g->chunk_species[chunk], species, g->n_species);
        const double *p = call->parameters + tuple;
        const double sigma = p[SIGMA * n_tuples], epsilon = p[EPSILON * n_tuples];
        hpcfit_output column = hf_column(call->output, 0);
        powers(run.n_pairs, run.r, sigma, p[CUTOFF * n_tuples], six, twelve, inverse);
        combine(run.n_pairs, 4.0 * epsilon, -4.0 * epsilon, six, twelve, inverse, phi, dphi);
        hf_add_radial(g, chunk, species, phi, dphi, &column);
        for (int64_t k = 0; k < call->n_free; k++) {
            const int64_t parameter = call->free_parameters[k] / n_tuples;
            if (call->free_parameters[k] % n_tuples != tuple || parameter == CUTOFF) continue;
            if (parameter == SIGMA)
                combine(run.n_pairs, 48.0 * epsilon / sigma, -24.0 * epsilon / sigma, six, twelve, inverse, phi,
                        dphi);
            else
                combine(run.n_pairs, 4.0, -4.0, six, twelve, inverse, phi, dphi);
            column = hf_column(call->output, k + 1);
            hf_add_radial(g, chunk, species, phi, dphi, &column);
        }
    }
}

static void evaluate(const hf_call *call)
{
    for (int64_t chunk = 0; chunk < call->geometry->n_chunks; chunk++)
        evaluate_chunk(call, chunk);
}

const hpcfit_potential hf_lennard_jones = {
    .name = "lennard-jones",
    .formula = "4 epsilon [(sigma/r)^12 - (sigma/r)^6], zero from the cut-off on",
    .reference = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
