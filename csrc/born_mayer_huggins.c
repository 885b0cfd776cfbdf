/* Born-Mayer-Huggins, several species, truncated at the cut-off without shift: ions without their charges.
 *
 *   V(r) = A exp((sigma - r) / rho) - C / r^6 + D / r^8   for r < cutoff, else 0
 *
 * M. L. Huggins and J. E. Mayer, J. Chem. Phys. 1, 643 (1933); as in F. G. Fumi and M. P. Tosi, J. Phys. Chem. Solids
 * 25, 31 (1964), where the term of D has the other sign. The energy and all its derivatives by parameters are
 *
 *   [a + b (r - sigma)] exp((sigma - r) / rho) + c / r^6 + d / r^8. */
#include "registry.h"

enum { A, RHO, SIGMA, C, D, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [A] = {"A", "eV", "repulsion at the distance sigma", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [RHO] = {"rho", "A", "decay length of the repulsion", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [SIGMA] = {"sigma", "A", "sum of the radii of two ions", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [C] = {"C", "eV*A^6", "dispersion of dipoles", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [D] = {"D", "eV*A^8", "minus the dispersion of a dipole and a quadrupole", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* Scratch arrays over the pairs of a chunk: r - sigma, the exponential and 1 / r^6 within the cut-off, 1 / r. */
enum { DISTANCE, DECAY, SIX, INVERSE, PHI, DPHI, N_SCRATCH };

HF_CLONES
static void fill_functions(int64_t n, const double *restrict r, double rho, double sigma, double cutoff,
                           double *restrict distance, double *restrict decay, double *restrict six,
                           double *restrict inverse)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = r[k] < cutoff ? r[k] : cutoff, i = 1.0 / x, i2 = i * i;
        const double e = exp((sigma - x) / rho);
        distance[k] = x - sigma;
        decay[k] = r[k] < cutoff ? e : 0.0;
        six[k] = r[k] < cutoff ? i2 * i2 * i2 : 0.0;
        inverse[k] = i;
    }
}

/* The factors of the head of this file. */
typedef struct {
    double a, b, c, d;
} factors;

HF_CLONES
static void combine(int64_t n, factors f, double rho, const double *restrict distance, const double *restrict decay,
                    const double *restrict six, const double *restrict inverse, double *restrict phi,
                    double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double linear = f.a + f.b * distance[k], eight = six[k] * inverse[k] * inverse[k];
        phi[k] = linear * decay[k] + f.c * six[k] + f.d * eight;
        dphi[k] = (f.b - linear / rho) * decay[k] - (6.0 * f.c * six[k] + 8.0 * f.d * eight) * inverse[k];
    }
}

static factors factors_by(int64_t parameter, double strength, double rho)
{
    switch (parameter) {
    case A:
        return (factors){.a = 1.0};
    case RHO:
        return (factors){.b = strength / (rho * rho)};
    case SIGMA:
        return (factors){.a = strength / rho};
    case C:
        return (factors){.c = -1.0};
    default:
        return (factors){.d = 1.0};
    }
}

static int64_t scratch_size(const hf_call *call)
{
    return hf_chunk_arrays(call, N_SCRATCH);
}

static void evaluate_run(const hf_call *call, int64_t chunk, int64_t species)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_tuples = hf_n_pair_tuples(g->n_species);
    const int64_t tuple = hf_pair_tuple(g->chunk_species[chunk], species, g->n_species);
    const hf_run run = hf_run_of(g, chunk, species);
    double *s[N_SCRATCH], p[N_PARAMETERS];
    for (int k = 0; k < N_SCRATCH; k++)
        s[k] = hf_chunk_array(call, k);
    for (int k = 0; k < N_PARAMETERS; k++)
        p[k] = call->parameters[k * n_tuples + tuple];
    fill_functions(run.n_pairs, run.r, p[RHO], p[SIGMA], p[CUTOFF], s[DISTANCE], s[DECAY], s[SIX], s[INVERSE]);
    for (int64_t k = -1; k < call->n_free; k++) {
        const hpcfit_output column = hf_column(call->output, k + 1);
        factors f = {.a = p[A], .c = -p[C], .d = p[D]};
        if (k >= 0) {
            const int64_t parameter = call->free_parameters[k] / n_tuples;
            if (call->free_parameters[k] % n_tuples != tuple || parameter == CUTOFF) continue;
            f = factors_by(parameter, p[A], p[RHO]);
        }
        combine(run.n_pairs, f, p[RHO], s[DISTANCE], s[DECAY], s[SIX], s[INVERSE], s[PHI], s[DPHI]);
        hf_add_radial(g, chunk, species, s[PHI], s[DPHI], &column);
    }
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t species = 0; species < g->n_species; species++)
            if (hf_run_of(g, chunk, species).n_pairs > 0) evaluate_run(call, chunk, species);
}

const hpcfit_potential hf_born_mayer_huggins = {
    .name = "born-mayer-huggins",
    .formula = "A exp((sigma - r) / rho) - C / r^6 + D / r^8, zero from the cut-off on",
    .reference = "F. G. Fumi and M. P. Tosi, J. Phys. Chem. Solids 25, 31 (1964)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
