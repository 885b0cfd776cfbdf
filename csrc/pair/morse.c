/* Morse, several species, truncated at the cut-off without shift.
 *
 *   V(r) = D0 [exp(-2 alpha (r - r0)) - 2 exp(-alpha (r - r0))]   for r < cutoff, else 0
 *
 * P. M. Morse, Phys. Rev. 34, 57 (1929), eq. 4. With y = exp(-alpha (r - r0)), the energy and all its derivatives by
 * parameters are
 *
 *   [a + c (r - r0)] y^2 + [b - c (r - r0)] y. */
#include "pair/pairs.h"

enum { D0, ALPHA, R0, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [D0] = {"D0", "eV", "depth of the well", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [ALPHA] = {"alpha", "1/A", "inverse width of the well", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [R0] = {"r0", "A", "distance of the lowest energy", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* Kept: r - r0 and y, which is zero from the cut-off on. */
enum { DISTANCE, DECAY, N_KEPT };

HF_CLONES
static void fill_pairs(int64_t n, const double *restrict r, double alpha, double r0, double cutoff,
                       double *restrict distance, double *restrict decay)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = (r[k] < cutoff ? r[k] : cutoff) - r0, y = exp(-alpha * x);
        distance[k] = x;
        decay[k] = r[k] < cutoff ? y : 0.0;
    }
}

/* The function of the head of this file and its slope. */
HF_CLONES
static void combine(int64_t n, double a, double b, double c, double alpha, const double *restrict distance,
                    const double *restrict decay, double *restrict phi, double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double y = decay[k], above = a + c * distance[k], below = b - c * distance[k];
        phi[k] = (above * y + below) * y;
        dphi[k] = ((c - 2.0 * alpha * above) * y - (c + alpha * below)) * y;
    }
}

static void values(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi)
{
    fill_pairs(n, r, p[ALPHA], p[R0], p[CUTOFF], kept[DISTANCE], kept[DECAY]);
    combine(n, p[D0], -2.0 * p[D0], 0.0, p[ALPHA], kept[DISTANCE], kept[DECAY], phi, dphi);
}

static void derivatives(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi)
{
    const double a = parameter == D0 ? 1.0 : parameter == R0 ? 2.0 * p[ALPHA] * p[D0] : 0.0;
    const double b = parameter == D0 ? -2.0 : -a;
    const double c = parameter == ALPHA ? -2.0 * p[D0] : 0.0;
    combine(n, a, b, c, p[ALPHA], kept[DISTANCE], kept[DECAY], phi, dphi);
}

static const hf_pair_law law = {.n_kept = N_KEPT, .values = values, .derivatives = derivatives};

const hpcfit_potential hf_morse = {
    .name = "morse",
    .formula = "D0 [exp(-2 alpha (r - r0)) - 2 exp(-alpha (r - r0))], zero from the cut-off on",
    .reference = "P. M. Morse, Phys. Rev. 34, 57 (1929)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    HF_FOLLOWS(law),
};
