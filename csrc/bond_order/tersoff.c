/* Tersoff's potential in the convention and with the column names of LAMMPS' files, several species.
 *
 *   E = 1/2 sum_i sum_{j != i} fc(r_ij) [A exp(-lambda1 r_ij) - b_ij B exp(-lambda2 r_ij)]
 *   b_ij = [1 + (beta zeta_ij)^n]^(-1/(2n))
 *   zeta_ij = sum_{k != i,j} fc(r_ik) g(cos theta_jik) exp[lambda3^m (r_ij - r_ik)^m]
 *   g = gamma [1 + c^2/d^2 - c^2/(d^2 + (costheta0 - cos theta)^2)]
 *   fc = 1/2 - 1/2 sin(pi/2 (r - R)/D) between R - D and R + D
 *
 * J. Tersoff, Phys. Rev. B 37, 6991 (1988), eqs. 2-3, and 39, 5566 (1989), eq. 3. Parameters of bonds are those of
 * LAMMPS' entries (i,j,j), parameters of angles those of (i,j,k): centre, bonded neighbour, third atom. LAMMPS counts
 * the repulsion of a pair once, so that A and lambda1 belong to the pair; so do R and D of (i,j,j) and (j,i,i) there,
 * while here each half of a bond has its own. */
#include "bond_order/bond_order.h"

enum { M, GAMMA, LAMBDA3, C, D, COSTHETA0, N, BETA, LAMBDA2, B, MIDDLE, HALF_WIDTH, LAMBDA1, A, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [M] = {"m", "1", "exponent of the difference of lengths", HPCFIT_ORDERED_TRIPLET, 1.0, 3.0, 0, 0, 2.0},
    [GAMMA] = {"gamma", "1", "strength of the angular function", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [LAMBDA3] = {"lambda3", "1/A", "decay with the difference of lengths", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
    [C] = {"c", "1", "strength of the angle's effect", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
    [D] = {"d", "1", "sharpness of the angle's effect", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 1},
    [COSTHETA0] = {"costheta0", "1", "cosine of the preferred angle", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [N] = {"n", "1", "exponent of the bond order", HPCFIT_ORDERED_PAIR, 1e-3, INFINITY, 1},
    [BETA] = {"beta", "1", "strength of the bond order", HPCFIT_ORDERED_PAIR, 0.0, INFINITY, 1},
    [LAMBDA2] = {"lambda2", "1/A", "decay of the attraction", HPCFIT_ORDERED_PAIR, 0.0, INFINITY, 1},
    [B] = {"B", "eV", "strength of the attraction", HPCFIT_ORDERED_PAIR, -INFINITY, INFINITY, 1},
    [MIDDLE] = {"R", "A", "middle of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
    [HALF_WIDTH] = {"D", "A", "half width of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
    [LAMBDA1] = {"lambda1", "1/A", "decay of the repulsion", HPCFIT_PAIR, 0.0, INFINITY, 1},
    [A] = {"A", "eV", "strength of the repulsion", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
};

/* Without the difference of the two large terms: g = gamma [1 + c^2 x^2 / (d^2 (d^2 + x^2))], x = h - cos. */
HF_CLONES
void hf_tersoff_angular(int64_t n, const double *restrict cosine, const double *parameters, double *restrict g,
                        double *restrict dg)
{
    const double gamma = parameters[HF_GAMMA], h = parameters[HF_H];
    const double d2 = parameters[HF_D] * parameters[HF_D], c2 = parameters[HF_C] * parameters[HF_C];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = h - cosine[k], inverse = 1.0 / (d2 + x * x);
        g[k] = gamma + gamma * c2 / d2 * x * x * inverse;
        dg[k] = -2.0 * gamma * c2 * x * inverse * inverse;
    }
}

/* With f = 1/(d^2 + x^2): a constant, then x^2 f, x^2 f^2 and x f^2 for the value; x f^2, x f^3 and f^2 (1 - 4 x^2 f)
 * for the slope. */
HF_CLONES
static void combine(int64_t n, double h, double d2, const double *restrict cosine, const double *restrict value,
                    const double *restrict slope, double *restrict g, double *restrict dg)
{
    const double v0 = value[0], v1 = value[1], v2 = value[2], v3 = value[3];
    const double s0 = slope[0], s1 = slope[1], s2 = slope[2];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = h - cosine[k], f = 1.0 / (d2 + x * x), x2f = x * x * f;
        g[k] = v0 + x2f * (v1 + v2 * f) + v3 * x * f * f;
        dg[k] = f * f * (x * (s0 + s1 * f) + s2 * (1.0 - 4.0 * x2f));
    }
}

void hf_tersoff_angular_by(int64_t n, const double *cosine, const double *parameters, int by, double *g, double *dg)
{
    const double gamma = parameters[HF_GAMMA], c = parameters[HF_C], d = parameters[HF_D], h = parameters[HF_H];
    const double ratio = c / d, strength = gamma * c * c;
    const double value[][4] = {[HF_GAMMA] = {1.0, ratio * ratio, 0.0, 0.0},
                               [HF_C] = {0.0, 2.0 * gamma * ratio / d, 0.0, 0.0},
                               [HF_D] = {0.0, -2.0 * gamma * ratio * ratio / d, -2.0 * gamma * ratio * c, 0.0},
                               [HF_H] = {0.0, 0.0, 0.0, 2.0 * strength}};
    const double slope[][3] = {[HF_GAMMA] = {-2.0 * c * c, 0.0, 0.0},
                               [HF_C] = {-4.0 * gamma * c, 0.0, 0.0},
                               [HF_D] = {0.0, 8.0 * strength * d, 0.0},
                               [HF_H] = {0.0, 0.0, -2.0 * strength}};
    combine(n, h, d * d, cosine, value[by], slope[by], g, dg);
}

static void read_bond(const hf_call *call, const int64_t *species, hf_bond *bond)
{
    const double n = hf_value(call, N, species);
    *bond = (hf_bond){.repulsion = hf_value(call, A, species),
                      .repulsion_decay = hf_value(call, LAMBDA1, species),
                      .attraction = hf_value(call, B, species),
                      .attraction_decay = hf_value(call, LAMBDA2, species),
                      .beta = hf_value(call, BETA, species),
                      .eta = n,
                      .delta = 0.5 / n};
}

static void read_angle(const hf_call *call, const int64_t *species, hf_angle *angle)
{
    const double lambda3 = hf_value(call, LAMBDA3, species);
    const int cubic = hf_value(call, M, species) > 2.0;
    *angle = (hf_angle){.middle = hf_value(call, MIDDLE, species),
                        .half_width = hf_value(call, HALF_WIDTH, species),
                        .mu = cubic ? lambda3 * lambda3 * lambda3 : lambda3,
                        .cubic = cubic,
                        .g = {[HF_GAMMA] = hf_value(call, GAMMA, species),
                              [HF_C] = hf_value(call, C, species),
                              [HF_D] = hf_value(call, D, species),
                              [HF_H] = hf_value(call, COSTHETA0, species)}};
}

static void read_derivative(const hf_call *call, int parameter, const int64_t *species, hf_bond_derivative *out)
{
    static const hf_change changes[N_PARAMETERS] = {
        [GAMMA] = HF_BY_ANGLE, [C] = HF_BY_ANGLE,        [D] = HF_BY_ANGLE,    [COSTHETA0] = HF_BY_ANGLE,
        [LAMBDA3] = HF_BY_MU,  [N] = HF_BY_ORDER,        [BETA] = HF_BY_ORDER, [LAMBDA2] = HF_BY_RADIAL,
        [B] = HF_BY_RADIAL,    [LAMBDA1] = HF_BY_RADIAL, [A] = HF_BY_RADIAL};
    static const int angular[N_PARAMETERS] = {[GAMMA] = HF_GAMMA, [C] = HF_C, [D] = HF_D, [COSTHETA0] = HF_H};
    const double here = hf_value(call, parameter, species);
    out->change = changes[parameter];
    out->parameter = angular[parameter];
    if (parameter == A) out->repulsion[0] = 1.0;
    if (parameter == LAMBDA1) out->repulsion[1] = -hf_value(call, A, species);
    if (parameter == B) out->attraction[0] = 1.0;
    if (parameter == LAMBDA2) out->attraction[1] = -hf_value(call, B, species);
    if (parameter == BETA) out->log_beta = here > 0.0 ? 1.0 / here : 0.0;
    if (parameter == N) out->eta = 1.0;
    if (parameter == N) out->delta = -0.5 / (here * here);
    if (parameter == LAMBDA3) out->rate = hf_value(call, M, species) > 2.0 ? 3.0 * here * here : 1.0;
}

static void evaluate(const hf_call *call)
{
    static const hf_bond_order form = {.read_bond = read_bond,
                                       .read_angle = read_angle,
                                       .read_derivative = read_derivative,
                                       .angular = hf_tersoff_angular,
                                       .angular_by = hf_tersoff_angular_by};
    hf_bond_order_evaluate(call, &form);
}

const hpcfit_potential hf_tersoff = {
    .name = "tersoff",
    .formula = "1/2 sum fc(r_ij) [A exp(-lambda1 r_ij) - (1 + (beta zeta_ij)^n)^(-1/(2n)) B exp(-lambda2 r_ij)], "
               "zeta_ij = sum_k fc(r_ik) gamma [1 + c^2/d^2 - c^2/(d^2 + (costheta0 - cos theta)^2)] "
               "exp[lambda3^m (r_ij - r_ik)^m]",
    .reference = "J. Tersoff, Phys. Rev. B 37, 6991 (1988), eqs. 2-3; 39, 5566 (1989), eq. 3",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = hf_bond_order_scratch,
    .evaluate = evaluate,
};
