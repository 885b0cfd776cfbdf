/* Born-Mayer-Huggins, several species, truncated at the cut-off without shift: ions without their charges.
 *
 *   V(r) = A exp((sigma - r) / rho) - C / r^6 + D / r^8   for r < cutoff, else 0
 *
 * M. L. Huggins and J. E. Mayer, J. Chem. Phys. 1, 643 (1933); as in F. G. Fumi and M. P. Tosi, J. Phys. Chem. Solids
 * 25, 31 (1964), where the term of D has the other sign. The energy and all its derivatives by parameters are
 *
 *   [a + b (r - sigma)] exp((sigma - r) / rho) + c / r^6 + d / r^8. */
#include "pair/born_mayer_huggins.h"

static const hpcfit_parameter table[HF_BORN_N_PARAMETERS] = {
    [HF_BORN_A] = {"A", "eV", "repulsion at the distance sigma", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [HF_BORN_RHO] = {"rho", "A", "decay length of the repulsion", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [HF_BORN_SIGMA] = {"sigma", "A", "sum of the radii of two ions", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [HF_BORN_C] = {"C", "eV*A^6", "dispersion of dipoles", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [HF_BORN_D] = {"D", "eV*A^8", "minus the dispersion of a dipole and a quadrupole", HPCFIT_PAIR, -INFINITY,
                   INFINITY, 1},
    [HF_BORN_CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY,
                        0, 1},
};

/* Kept: r - sigma, the exponential and 1 / r^6 within the cut-off, 1 / r. */
enum { DISTANCE, DECAY, SIX, INVERSE };

HF_CLONES
static void fill_pairs(int64_t n, const double *restrict r, double rho, double sigma, double cutoff,
                       double *restrict distance, double *restrict decay, double *restrict six,
                       double *restrict inverse)
{
    const double steepness = 1.0 / rho;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = r[k] < cutoff ? r[k] : cutoff, i = 1.0 / x, i2 = i * i;
        const double e = exp((sigma - x) * steepness);
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
    const double steepness = 1.0 / rho;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double linear = f.a + f.b * distance[k], eight = six[k] * inverse[k] * inverse[k];
        phi[k] = linear * decay[k] + f.c * six[k] + f.d * eight;
        dphi[k] = (f.b - linear * steepness) * decay[k] - (6.0 * f.c * six[k] + 8.0 * f.d * eight) * inverse[k];
    }
}

static factors factors_by(int parameter, double strength, double rho)
{
    switch (parameter) {
    case HF_BORN_A:
        return (factors){.a = 1.0};
    case HF_BORN_RHO:
        return (factors){.b = strength / (rho * rho)};
    case HF_BORN_SIGMA:
        return (factors){.a = strength / rho};
    case HF_BORN_C:
        return (factors){.c = -1.0};
    default:
        return (factors){.d = 1.0};
    }
}

void hf_born_values(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi)
{
    const factors f = {.a = p[HF_BORN_A], .c = -p[HF_BORN_C], .d = p[HF_BORN_D]};
    fill_pairs(n, r, p[HF_BORN_RHO], p[HF_BORN_SIGMA], p[HF_BORN_CUTOFF], kept[DISTANCE], kept[DECAY], kept[SIX],
               kept[INVERSE]);
    combine(n, f, p[HF_BORN_RHO], kept[DISTANCE], kept[DECAY], kept[SIX], kept[INVERSE], phi, dphi);
}

void hf_born_derivatives(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi)
{
    const factors f = factors_by(parameter, p[HF_BORN_A], p[HF_BORN_RHO]);
    combine(n, f, p[HF_BORN_RHO], kept[DISTANCE], kept[DECAY], kept[SIX], kept[INVERSE], phi, dphi);
}

static const hf_pair_law law = {
    .n_kept = HF_BORN_N_KEPT, .values = hf_born_values, .derivatives = hf_born_derivatives};

const hpcfit_potential hf_born_mayer_huggins = {
    .name = "born-mayer-huggins",
    .formula = "A exp((sigma - r) / rho) - C / r^6 + D / r^8, zero from the cut-off on",
    .reference = "F. G. Fumi and M. P. Tosi, J. Phys. Chem. Solids 25, 31 (1964)",
    .n_parameters = HF_BORN_N_PARAMETERS,
    .parameters = table,
    HF_FOLLOWS(law),
};
