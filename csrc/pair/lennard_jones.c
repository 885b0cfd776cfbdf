/* Lennard-Jones, several species, truncated at the cut-off without shift.
 *
 *   V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6]   for r < cutoff, else 0
 *
 * J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924); the form of its equation as in M. P. Allen and
 * D. J. Tildesley, Computer Simulation of Liquids (1987), eq. 1.6. */
#include "pair/pairs.h"

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

enum { SIX, SEVEN, N_KEPT };

static void values(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi)
{
    fill_pairs(n, r, p[SIGMA], p[EPSILON], p[CUTOFF], kept[SIX], kept[SEVEN], phi, dphi);
}

static void derivatives(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi)
{
    const double a = parameter == SIGMA ? 48.0 * p[EPSILON] / p[SIGMA] : 4.0;
    const double b = parameter == SIGMA ? -24.0 * p[EPSILON] / p[SIGMA] : -4.0;
    combine(n, a, b, kept[SIX], kept[SEVEN], phi, dphi);
}

static const hf_pair_law law = {.n_kept = N_KEPT, .values = values, .derivatives = derivatives};

const hpcfit_potential hf_lennard_jones = {
    .name = "lennard-jones",
    .formula = "4 epsilon [(sigma/r)^12 - (sigma/r)^6], zero from the cut-off on",
    .reference = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    HF_FOLLOWS(law),
};
