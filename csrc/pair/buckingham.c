/* Buckingham, several species, truncated at the cut-off without shift.
 *
 *   V(r) = A exp(-r / rho) - C / r^6   for r < cutoff, else 0
 *
 * R. A. Buckingham, Proc. R. Soc. Lond. A 168, 264 (1938): Born-Mayer-Huggins with sigma = 0 and D = 0. */
#include "pair/born_mayer_huggins.h"

enum { A, RHO, C, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [A] = {"A", "eV", "strength of the repulsion", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [RHO] = {"rho", "A", "decay length of the repulsion", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [C] = {"C", "eV*A^6", "dispersion of dipoles", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* The corresponding parameters of Born-Mayer-Huggins. */
static const int place[N_PARAMETERS] = {
    [A] = HF_BORN_A, [RHO] = HF_BORN_RHO, [C] = HF_BORN_C, [CUTOFF] = HF_BORN_CUTOFF};

static void place_parameters(const double *p, double *born)
{
    for (int k = 0; k < HF_BORN_N_PARAMETERS; k++)
        born[k] = 0.0;
    for (int k = 0; k < N_PARAMETERS; k++)
        born[place[k]] = p[k];
}

static void values(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi)
{
    double born[HF_BORN_N_PARAMETERS];
    place_parameters(p, born);
    hf_born_values(n, r, born, kept, phi, dphi);
}

static void derivatives(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi)
{
    double born[HF_BORN_N_PARAMETERS];
    place_parameters(p, born);
    hf_born_derivatives(n, born, place[parameter], kept, phi, dphi);
}

static const hf_pair_law law = {.n_kept = HF_BORN_N_KEPT, .values = values, .derivatives = derivatives};

const hpcfit_potential hf_buckingham = {
    .name = "buckingham",
    .formula = "A exp(-r / rho) - C / r^6, zero from the cut-off on",
    .reference = "R. A. Buckingham, Proc. R. Soc. Lond. A 168, 264 (1938)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    HF_FOLLOWS(law),
};
