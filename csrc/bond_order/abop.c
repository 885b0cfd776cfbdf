/* The analytic bond-order potential of Brenner's form, several species.
 *
 *   E = 1/2 sum_i sum_{j != i} fc(r_ij) [V_R(r_ij) - b_ij V_A(r_ij)]
 *   V_R = D0/(S-1) exp[-beta sqrt(2S) (r - r0)],   V_A = S D0/(S-1) exp[-beta sqrt(2/S) (r - r0)]
 *   b_ij = [1 + (beta2 zeta_ij)^powern]^(-1/(2 powern))
 *   zeta_ij = sum_{k != i,j} fc(r_ik) g(cos theta_jik) exp[twomu^m (r_ij - r_ik)^m]
 *   g = gamma [1 + c^2/d^2 - c^2/(d^2 + (h + cos theta)^2)]
 *
 * K. Albe, K. Nordlund and R. S. Averback, Phys. Rev. B 65, 195124 (2002), eqs. 1-7, with names and conversion as
 * in atomicrex: the same energy as tersoff.c with lambda1 = beta sqrt(2S), lambda2 = beta sqrt(2/S),
 * A = D0/(S-1) exp(lambda1 r0), B = S D0/(S-1) exp(lambda2 r0), lambda3 = twomu, costheta0 = -h. */
#include "bond_order/bond_order.h"

enum { D0, S, R0, BETA, GAMMA, C, D, H, TWOMU, BETA2, POWERN, M, BIGR, BIGD, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [D0] = {"D0", "eV", "energy of the dimer", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [S] = {"S", "1", "slope of energy against length of bonds", HPCFIT_PAIR, 1.000001, INFINITY, 1},
    [R0] = {"r0", "A", "length of the dimer's bond", HPCFIT_PAIR, 0.0, INFINITY, 1},
    [BETA] = {"beta", "1/A", "stiffness of the dimer", HPCFIT_PAIR, 0.0, INFINITY, 1},
    [GAMMA] = {"gamma", "1", "strength of the angular function", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [C] = {"c", "1", "strength of the angle's effect", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
    [D] = {"d", "1", "sharpness of the angle's effect", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 1},
    [H] = {"h", "1", "minus the cosine of the preferred angle", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [TWOMU] = {"twomu", "1/A", "decay with the difference of lengths", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
    [BETA2] = {"beta2", "1", "strength of the bond order", HPCFIT_ORDERED_PAIR, 0.0, INFINITY, 1},
    [POWERN] = {"powern", "1", "exponent of the bond order", HPCFIT_ORDERED_PAIR, 1e-3, INFINITY, 1},
    [M] = {"m", "1", "exponent of the difference of lengths", HPCFIT_ORDERED_TRIPLET, 1.0, 3.0, 0, 0, 2.0},
    [BIGR] = {"bigr", "A", "middle of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
    [BIGD] = {"bigd", "A", "half width of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
};

static void read_bond(const hf_call *call, const int64_t *species, hf_bond *bond)
{
    const double s = hf_value(call, S, species), beta = hf_value(call, BETA, species),
                 r0 = hf_value(call, R0, species);
    const double strength = hf_value(call, D0, species) / (s - 1.0), n = hf_value(call, POWERN, species);
    const double decay1 = beta * sqrt(2.0 * s), decay2 = beta * sqrt(2.0 / s);
    *bond = (hf_bond){.repulsion = strength * exp(decay1 * r0),
                      .repulsion_decay = decay1,
                      .attraction = s * strength * exp(decay2 * r0),
                      .attraction_decay = decay2,
                      .beta = hf_value(call, BETA2, species),
                      .eta = n,
                      .delta = 0.5 / n};
}

static void read_angle(const hf_call *call, const int64_t *species, hf_angle *angle)
{
    const double twomu = hf_value(call, TWOMU, species);
    const int cubic = hf_value(call, M, species) > 2.0;
    *angle = (hf_angle){.middle = hf_value(call, BIGR, species),
                        .half_width = hf_value(call, BIGD, species),
                        .mu = cubic ? twomu * twomu * twomu : twomu,
                        .cubic = cubic,
                        .g = {[HF_GAMMA] = hf_value(call, GAMMA, species),
                              [HF_C] = hf_value(call, C, species),
                              [HF_D] = hf_value(call, D, species),
                              [HF_H] = -hf_value(call, H, species)}};
}

/* Of strength exp[-decay (r - r0)]: by ln strength, by decay and by r0, as a constant and a factor of r. */
static void radial_by(const hf_call *call, const int64_t *species, double strength, double decay, double log_strength,
                      double decay_by, double r0_by, double *out)
{
    out[0] = strength * (log_strength + decay_by * hf_value(call, R0, species) + decay * r0_by);
    out[1] = -strength * decay_by;
}

static void read_radial(const hf_call *call, int parameter, const int64_t *species, hf_bond_derivative *out)
{
    const double s = hf_value(call, S, species), less = s - 1.0;
    double log1 = 0.0, log2 = 0.0, decay1 = 0.0, decay2 = 0.0, r0 = 0.0;
    hf_bond bond;
    read_bond(call, species, &bond);
    if (parameter == S) {
        log1 = -1.0 / less;
        log2 = -1.0 / (s * less);
        decay1 = 0.5 * bond.repulsion_decay / s;
        decay2 = -0.5 * bond.attraction_decay / s;
    } else if (parameter == BETA) {
        decay1 = sqrt(2.0 * s);
        decay2 = sqrt(2.0 / s);
    } else if (parameter == R0) {
        r0 = 1.0;
    }
    if (parameter == D0) {
        out->repulsion[0] = exp(bond.repulsion_decay * hf_value(call, R0, species)) / less;
        out->attraction[0] = s * exp(bond.attraction_decay * hf_value(call, R0, species)) / less;
        return;
    }
    radial_by(call, species, bond.repulsion, bond.repulsion_decay, log1, decay1, r0, out->repulsion);
    radial_by(call, species, bond.attraction, bond.attraction_decay, log2, decay2, r0, out->attraction);
}

static void read_derivative(const hf_call *call, int parameter, const int64_t *species, hf_bond_derivative *out)
{
    static const hf_change changes[N_PARAMETERS] = {[D0] = HF_BY_RADIAL,   [S] = HF_BY_RADIAL,    [R0] = HF_BY_RADIAL,
                                                    [BETA] = HF_BY_RADIAL, [GAMMA] = HF_BY_ANGLE, [C] = HF_BY_ANGLE,
                                                    [D] = HF_BY_ANGLE,     [H] = HF_BY_ANGLE,     [TWOMU] = HF_BY_MU,
                                                    [BETA2] = HF_BY_ORDER, [POWERN] = HF_BY_ORDER};
    static const int angular[N_PARAMETERS] = {[GAMMA] = HF_GAMMA, [C] = HF_C, [D] = HF_D, [H] = HF_H};
    const double here = hf_value(call, parameter, species);
    out->change = changes[parameter];
    out->parameter = angular[parameter];
    if (out->change == HF_BY_RADIAL) read_radial(call, parameter, species, out);
    if (parameter == BETA2) out->log_beta = here > 0.0 ? 1.0 / here : 0.0;
    if (parameter == POWERN) out->eta = 1.0;
    if (parameter == POWERN) out->delta = -0.5 / (here * here);
    if (parameter == TWOMU) out->rate = hf_value(call, M, species) > 2.0 ? 3.0 * here * here : 1.0;
}

/* h is minus Tersoff's costheta0. */
HF_CLONES
static void angular_by(int64_t n, const double *cosine, const double *parameters, int by, double *restrict g,
                       double *restrict dg)
{
    const double sign = by == HF_H ? -1.0 : 1.0;
    hf_tersoff_angular_by(n, cosine, parameters, by, g, dg);
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        g[k] *= sign;
        dg[k] *= sign;
    }
}

static void evaluate(const hf_call *call)
{
    static const hf_bond_order form = {.read_bond = read_bond,
                                       .read_angle = read_angle,
                                       .read_derivative = read_derivative,
                                       .angular = hf_tersoff_angular,
                                       .angular_by = angular_by};
    hf_bond_order_evaluate(call, &form);
}

const hpcfit_potential hf_abop = {
    .name = "abop",
    .formula = "1/2 sum fc(r_ij) D0/(S-1) [exp(-beta sqrt(2S) (r_ij - r0)) - (1 + (beta2 zeta_ij)^powern)^"
               "(-1/(2 powern)) S exp(-beta sqrt(2/S) (r_ij - r0))], zeta_ij = sum_k fc(r_ik) gamma "
               "[1 + c^2/d^2 - c^2/(d^2 + (h + cos theta)^2)] exp[twomu^m (r_ij - r_ik)^m]",
    .reference = "K. Albe, K. Nordlund and R. S. Averback, Phys. Rev. B 65, 195124 (2002), eqs. 1-7",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = hf_bond_order_scratch,
    .evaluate = evaluate,
};
