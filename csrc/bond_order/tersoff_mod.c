/* Tersoff's potential as modified by Kumagai, in the convention and with the column names of LAMMPS' files, several
 * species.
 *
 *   E = 1/2 sum_i sum_{j != i} fc(r_ij) [A exp(-lambda1 r_ij) - b_ij B exp(-lambda2 r_ij)]
 *   b_ij = (1 + zeta_ij^eta)^(-1/(2n))
 *   zeta_ij = sum_{k != i,j} fc(r_ik) g(cos theta_jik) exp{[alpha (r_ij - r_ik)]^beta}
 *   g = c1 + c2 x^2/(c3 + x^2) [1 + c4 exp(-c5 x^2)],   x = h - cos theta
 *   fc = 1/2 - 9/16 sin(pi/2 (r - R)/D) - 1/16 sin(3 pi/2 (r - R)/D) between R - D and R + D
 *
 * T. Kumagai, S. Izumi, S. Hara and S. Sakai, Comput. Mater. Sci. 39, 457 (2007), eqs. 1-9; the cut-off of
 * M. V. R. Murty and H. A. Atwater, Phys. Rev. B 51, 4889 (1995). LAMMPS raises alpha to beta with the difference,
 * its documentation does not; its column beta_ters is 1. Species as in tersoff.c. */
#include "bond_order/bond_order.h"

enum { BETA, ALPHA, H, ETA, LAMBDA2, B, MIDDLE, HALF_WIDTH, LAMBDA1, A, N, C1, C2, C3, C4, C5, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [BETA] = {"beta", "1", "exponent of the difference of lengths", HPCFIT_ORDERED_TRIPLET, 1.0, 3.0, 0, 0, 2.0},
    [ALPHA] = {"alpha", "1/A", "decay with the difference of lengths", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
    [H] = {"h", "1", "cosine of the preferred angle", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [ETA] = {"eta", "1", "inner exponent of the bond order", HPCFIT_ORDERED_PAIR, 1e-3, INFINITY, 1},
    [LAMBDA2] = {"lambda2", "1/A", "decay of the attraction", HPCFIT_ORDERED_PAIR, 0.0, INFINITY, 1},
    [B] = {"B", "eV", "strength of the attraction", HPCFIT_ORDERED_PAIR, -INFINITY, INFINITY, 1},
    [MIDDLE] = {"R", "A", "middle of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
    [HALF_WIDTH] = {"D", "A", "half width of the cut-off", HPCFIT_ORDERED_TRIPLET, 1e-3, INFINITY, 0, 1},
    [LAMBDA1] = {"lambda1", "1/A", "decay of the repulsion", HPCFIT_PAIR, 0.0, INFINITY, 1},
    [A] = {"A", "eV", "strength of the repulsion", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [N] = {"n", "1", "outer exponent of the bond order is -1/(2n)", HPCFIT_ORDERED_PAIR, 1e-3, INFINITY, 1},
    [C1] = {"c1", "1", "angular function at the preferred angle", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [C2] = {"c2", "1", "strength of the angle's effect", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [C3] = {"c3", "1", "sharpness of the angle's effect", HPCFIT_ORDERED_TRIPLET, 1e-6, INFINITY, 1},
    [C4] = {"c4", "1", "part that decays", HPCFIT_ORDERED_TRIPLET, -INFINITY, INFINITY, 1},
    [C5] = {"c5", "1", "decay with the angle", HPCFIT_ORDERED_TRIPLET, 0.0, INFINITY, 1},
};

/* Parameters of the angular function as the core keeps them; h comes last. */
enum { G_1, G_2, G_3, G_4, G_5, G_H };

/* With y = x^2, o = y / (c3 + y), a = 1 + c4 exp(-c5 y):  g = c1 + c2 o a, whose slope by the cosine is -2x times the
 * one by y; o' = c3 / (c3 + y)^2, a' = -c5 (a - 1). */
HF_CLONES
static void angular(int64_t n, const double *restrict cosine, const double *parameters, double *restrict g,
                    double *restrict dg)
{
    const double c1 = parameters[G_1], c2 = parameters[G_2], c3 = parameters[G_3], c4 = parameters[G_4];
    const double c5 = parameters[G_5], h = parameters[G_H];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = h - cosine[k], y = x * x, inverse = 1.0 / (c3 + y), o = y * inverse;
        const double decaying = c4 * exp(-c5 * y), a = 1.0 + decaying;
        g[k] = c1 + c2 * o * a;
        dg[k] = -2.0 * x * c2 * (c3 * inverse * inverse * a - c5 * decaying * o);
    }
}

/* By c1 to c5: weights choose the term, so that one loop serves all of them. */
HF_CLONES
static void angular_by_strength(int64_t n, const double *restrict cosine, const double *parameters,
                                const double *weights, double *restrict g, double *restrict dg)
{
    const double c3 = parameters[G_3], c4 = parameters[G_4], c5 = parameters[G_5], h = parameters[G_H];
    const double k1 = weights[G_1], k2 = weights[G_2], k3 = weights[G_3], k4 = weights[G_4], k5 = weights[G_5];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = h - cosine[k], y = x * x, inverse = 1.0 / (c3 + y), inverse2 = inverse * inverse;
        const double o = y * inverse, o1 = c3 * inverse2, e = exp(-c5 * y), a = 1.0 + c4 * e;
        const double by2 = o1 * a - c5 * c4 * e * o;
        const double by3 = inverse2 * ((1.0 - 2.0 * c3 * inverse) * a + c5 * c4 * e * y);
        const double by4 = e * (o1 - c5 * o), by5 = e * (c5 * y * o - o1 * y - o);
        g[k] = k1 + k2 * o * a - k3 * y * inverse2 * a + (k4 - k5 * y) * o * e;
        dg[k] = -2.0 * x * (k2 * by2 + k3 * by3 + k4 * by4 + k5 * by5);
    }
}

HF_CLONES
static void angular_by_h(int64_t n, const double *restrict cosine, const double *parameters, double *restrict g,
                         double *restrict dg)
{
    const double c2 = parameters[G_2], c3 = parameters[G_3], c4 = parameters[G_4], c5 = parameters[G_5];
    const double h = parameters[G_H];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = h - cosine[k], y = x * x, inverse = 1.0 / (c3 + y);
        const double o = y * inverse, o1 = c3 * inverse * inverse, decaying = c4 * exp(-c5 * y);
        const double slope = c2 * (o1 * (1.0 + decaying) - c5 * decaying * o);
        const double bend = -2.0 * o1 * inverse * (1.0 + decaying) + c5 * decaying * (c5 * o - 2.0 * o1);
        g[k] = 2.0 * x * slope;
        dg[k] = -2.0 * slope - 4.0 * y * c2 * bend;
    }
}

static void angular_by(int64_t n, const double *cosine, const double *parameters, int by, double *g, double *dg)
{
    double weights[] = {0.0, 0.0, 0.0, 0.0, 0.0};
    const double c2 = parameters[G_2], values[] = {1.0, 1.0, c2, c2, c2 * parameters[G_4]};
    if (by == G_H) {
        angular_by_h(n, cosine, parameters, g, dg);
    } else {
        weights[by] = values[by];
        angular_by_strength(n, cosine, parameters, weights, g, dg);
    }
}

static void read_bond(const hf_call *call, const int64_t *species, hf_bond *bond)
{
    *bond = (hf_bond){.repulsion = hf_value(call, A, species),
                      .repulsion_decay = hf_value(call, LAMBDA1, species),
                      .attraction = hf_value(call, B, species),
                      .attraction_decay = hf_value(call, LAMBDA2, species),
                      .beta = 1.0,
                      .eta = hf_value(call, ETA, species),
                      .delta = 0.5 / hf_value(call, N, species)};
}

static void read_angle(const hf_call *call, const int64_t *species, hf_angle *angle)
{
    const double alpha = hf_value(call, ALPHA, species);
    const int cubic = hf_value(call, BETA, species) > 2.0;
    *angle = (hf_angle){.middle = hf_value(call, MIDDLE, species),
                        .half_width = hf_value(call, HALF_WIDTH, species),
                        .mu = cubic ? alpha * alpha * alpha : alpha,
                        .cubic = cubic,
                        .g = {[G_H] = hf_value(call, H, species)}};
    for (int k = G_1; k <= G_5; k++)
        angle->g[k] = hf_value(call, C1 + k, species);
}

static void read_derivative(const hf_call *call, int parameter, const int64_t *species, hf_bond_derivative *out)
{
    static const hf_change changes[N_PARAMETERS] = {
        [ALPHA] = HF_BY_MU, [H] = HF_BY_ANGLE,        [ETA] = HF_BY_ORDER, [LAMBDA2] = HF_BY_RADIAL,
        [B] = HF_BY_RADIAL, [LAMBDA1] = HF_BY_RADIAL, [A] = HF_BY_RADIAL,  [N] = HF_BY_ORDER,
        [C1] = HF_BY_ANGLE, [C2] = HF_BY_ANGLE,       [C3] = HF_BY_ANGLE,  [C4] = HF_BY_ANGLE,
        [C5] = HF_BY_ANGLE};
    const double here = hf_value(call, parameter, species);
    out->change = changes[parameter];
    out->parameter = parameter == H ? G_H : parameter - C1;
    if (parameter == A) out->repulsion[0] = 1.0;
    if (parameter == LAMBDA1) out->repulsion[1] = -hf_value(call, A, species);
    if (parameter == B) out->attraction[0] = 1.0;
    if (parameter == LAMBDA2) out->attraction[1] = -hf_value(call, B, species);
    if (parameter == ETA) out->eta = 1.0;
    if (parameter == N) out->delta = -0.5 / (here * here);
    if (parameter == ALPHA) out->rate = hf_value(call, BETA, species) > 2.0 ? 3.0 * here * here : 1.0;
}

static void evaluate(const hf_call *call)
{
    static const hf_bond_order form = {.smooth = 1,
                                       .read_bond = read_bond,
                                       .read_angle = read_angle,
                                       .read_derivative = read_derivative,
                                       .angular = angular,
                                       .angular_by = angular_by};
    hf_bond_order_evaluate(call, &form);
}

const hpcfit_potential hf_tersoff_mod = {
    .name = "tersoff-mod",
    .formula = "1/2 sum fc(r_ij) [A exp(-lambda1 r_ij) - (1 + zeta_ij^eta)^(-1/(2n)) B exp(-lambda2 r_ij)], "
               "zeta_ij = sum_k fc(r_ik) {c1 + c2 x^2/(c3 + x^2) [1 + c4 exp(-c5 x^2)]} "
               "exp{[alpha (r_ij - r_ik)]^beta}, x = h - cos theta",
    .reference = "T. Kumagai, S. Izumi, S. Hara and S. Sakai, Comput. Mater. Sci. 39, 457 (2007), eqs. 1-9",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = hf_bond_order_scratch,
    .evaluate = evaluate,
};
