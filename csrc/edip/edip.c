/* The environment-dependent interatomic potential, several species.
 *
 *   E = sum_i [ sum_j A [(B/r_ij)^rho - exp(-beta Z_i^2)] exp(sigma / (r_ij - cutoffA))
 *             + sum_{j<k} g(r_ij) g(r_ik) lambda [1 - exp(-Q (l + tau)^2) + eta Q (l + tau)^2] ]
 *
 * with l = cos theta_jik, g(r) = exp(gamma / (r - cutoffA)), Q = Q0 exp(-mu Z_i),
 * tau = u1 + u2 (u3 exp(-u4 Z_i) - exp(-2 u4 Z_i)), and the coordination Z_i = sum_j f(r_ij): f is 1 up to cutoffC, 0
 * from cutoffA on and exp(alpha / (1 - x^-3)), x = (r - cutoffC) / (cutoffA - cutoffC), between.
 *
 * M. Z. Bazant, E. Kaxiras and J. F. Justo, Phys. Rev. B 56, 8542 (1997); J. F. Justo et al., Phys. Rev. B 58, 2539
 * (1998), eqs. 1-9. Several species as in G. Lucas, M. Bertolus and L. Pizzagalli, J. Phys.: Condens. Matter 22,
 * 035802 (2010): the pair's parameters are those of the atom i and its neighbour, in this order.
 *
 * All is fitted but cutoffA, which bounds the reach: f and its slope by r are smooth in cutoffC, since f falls off
 * with the third power of r - cutoffC.
 *
 * Every derivative is a combination of few sums: of the angular function and its derivatives by eta, log Q and tau,
 * which lambda, eta, mu, Q0, u1 to u4 and the coordination act through. So only the factors of these sums are a
 * column's own, and gamma's triplets. edip_group.h holds these sums for eight atoms at a time. */
#include "edip/edip_group.h"

#include <string.h>

enum { A, B, OUTER, INNER, ALPHA, BETA, GAMMA, RHO, SIGMA, ETA, LAMBDA, MU, Q0, U1, U2, U3, U4, N_PARAMETERS };
enum { N_OF_PAIRS = ETA, N_OF_TRIPLETS = N_PARAMETERS - ETA };

#define PAIR HPCFIT_ORDERED_PAIR
static const hpcfit_parameter table[N_PARAMETERS] = {
    [A] = {"A", "eV", "strength of the pair term", PAIR, -INFINITY, INFINITY, 1},
    [B] = {"B", "A", "length of the repulsion", PAIR, 1e-3, INFINITY, 1},
    [OUTER] = {"cutoffA", "A", "distance at which all terms vanish", PAIR, 1e-3, INFINITY, 0, 1},
    [INNER] = {"cutoffC", "A", "distance up to which a neighbour counts fully", PAIR, 0.0, INFINITY, 1},
    [ALPHA] = {"alpha", "1", "steepness of the coordination", PAIR, 1e-3, INFINITY, 1},
    [BETA] = {"beta", "1", "decay of the attraction with coordination", PAIR, -INFINITY, INFINITY, 1},
    [GAMMA] = {"gamma", "A", "decay length of the three-body term", PAIR, 1e-3, INFINITY, 1},
    [RHO] = {"rho", "1", "exponent of the repulsion", PAIR, -INFINITY, INFINITY, 1},
    [SIGMA] = {"sigma", "A", "decay length of the pair term", PAIR, 1e-3, INFINITY, 1},
    [ETA] = {"eta", "1", "harmonic part of the angular function", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [LAMBDA] = {"lambda", "eV", "strength of the three-body term", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [MU] = {"mu", "1", "decay of the bending stiffness with coordination", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [Q0] = {"Q0", "1", "bending stiffness without coordination", HPCFIT_TRIPLET, 1e-3, INFINITY, 1},
    [U1] = {"u1", "1", "angle: minus its cosine at high coordination", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [U2] = {"u2", "1", "angle: strength of the coordination", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [U3] = {"u3", "1", "angle: slow exponential against the fast one", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [U4] = {"u4", "1", "angle: decay with coordination", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
};

/* A free parameter, for species b or b and c around the centre. */
typedef struct {
    int64_t parameter, centre, b, c;
} free_parameter;

/* A group with its arrays, and its energies' first and second derivative by the coordination. */
typedef struct {
    const hf_call *call;
    hf_edip_group group;
    free_parameter *free; /* [n_free] */
    double by_z[HF_LANES], by_zz[HF_LANES];
} context;

static void read_parameters(const hf_call *call, hf_edip_group *x)
{
    const int64_t n = x->n, n_pairs = hf_n_pair_tuples(n);
    for (int64_t b = 0; b < n; b++) {
        const double *p = call->parameters + x->centre * n + b;
        x->pair[b] = (hf_edip_pair){.a = p[A * n * n],
                                    .b = p[B * n * n],
                                    .outer = p[OUTER * n * n],
                                    .inner = p[INNER * n * n],
                                    .alpha = p[ALPHA * n * n],
                                    .beta = p[BETA * n * n],
                                    .gamma = p[GAMMA * n * n],
                                    .rho = p[RHO * n * n],
                                    .sigma = p[SIGMA * n * n]};
    }
    for (int64_t tuple = 0; tuple < n_pairs; tuple++) {
        const double *p = call->parameters + N_OF_PAIRS * n * n + x->centre * n_pairs + tuple;
        x->triplet[tuple] = (hf_edip_triplet){.eta = p[0],
                                              .lambda = p[(LAMBDA - ETA) * n * n_pairs],
                                              .mu = p[(MU - ETA) * n * n_pairs],
                                              .q0 = p[(Q0 - ETA) * n * n_pairs],
                                              .u1 = p[(U1 - ETA) * n * n_pairs],
                                              .u2 = p[(U2 - ETA) * n * n_pairs],
                                              .u3 = p[(U3 - ETA) * n * n_pairs],
                                              .u4 = p[(U4 - ETA) * n * n_pairs]};
    }
}

static free_parameter free_at(const hf_call *call, int64_t k)
{
    const int64_t n = call->geometry->n_species, n_pairs = hf_n_pair_tuples(n), place = call->free_parameters[k];
    const int64_t rest = place - N_OF_PAIRS * n * n;
    if (rest < 0) return (free_parameter){.parameter = place / (n * n), .centre = place / n % n, .b = place % n};
    free_parameter f = {.parameter = ETA + rest / (n * n_pairs), .centre = rest / n_pairs % n};
    while (hf_pair_tuple(f.b, n - 1, n) < rest % n_pairs)
        f.b++;
    f.c = rest % n_pairs - hf_pair_tuple(f.b, f.b, n) + f.b;
    return f;
}

static inline void fill(double value, double *lanes)
{
    for (int lane = 0; lane < HF_LANES; lane++)
        lanes[lane] = value;
}

/* Energies and forces, and the energies' derivative by Z. */
HF_CLONES
static void add_values(context *x)
{
    const hf_edip_group *group = &x->group;
    hf_edip_sums s;
    double factor[HF_LANES], none[HF_LANES] = {0.0};
    const hpcfit_output column = hf_column(x->call->output, 0);
    hf_edip_begin_column(group, &s);
    for (int64_t b = 0; b < group->n; b++) {
        const hf_edip_attraction *found = &group->attraction[b];
        fill(group->pair[b].a, factor);
        hf_edip_add_function(group, b, HF_EDIP_POWER, factor, none, &s);
        hf_edip_add_function(group, b, HF_EDIP_DECAY, found->factor, found->by_z, &s);
    }
    for (int64_t b = 0; b < group->n; b++)
        for (int64_t c = b; c < group->n; c++) {
            const double lambda = group->triplet[hf_pair_tuple(b, c, group->n)].lambda;
            const hf_edip_total *found = &group->angle[hf_pair_tuple(b, c, group->n)].total[HF_EDIP_VALUE];
            for (int lane = 0; lane < HF_LANES; lane++) {
                s.energy[lane] += lambda * found->energy[lane];
                s.by_z[lane] += lambda * found->by_z[lane];
            }
        }
    memcpy(x->by_z, s.by_z, sizeof s.by_z);
    hf_edip_set_vectors(group, &s);
    for (int64_t b = 0; b < group->n; b++)
        for (int64_t c = b; c < group->n; c++) {
            fill(group->triplet[hf_pair_tuple(b, c, group->n)].lambda, factor);
            hf_edip_add_both_fields(group, b, c, HF_EDIP_VALUE, factor);
        }
    hf_edip_finish_column(group, &s, &column);
}

/* Derivatives by A, B, rho, sigma and beta, which act through the pair term. */
HF_CLONES
static void add_pair_term(const hf_edip_group *x, const free_parameter *f, hf_edip_sums *s)
{
    const int64_t b = f->b;
    const hf_edip_pair *p = &x->pair[b];
    const double *r = x->g->r + x->first[b];
    const int64_t n = x->n_slots[b] * HF_LANES;
    double repulsion[HF_LANES], none[HF_LANES] = {0.0};
    int power = HF_EDIP_POWER, decay = HF_EDIP_DECAY;
    hf_edip_attraction found = x->attraction[b];
    fill(f->parameter == A ? 1.0 : f->parameter == B ? p->a * p->rho / p->b : p->a, repulsion);
    if (f->parameter == RHO || f->parameter == SIGMA) power = HF_EDIP_BY;
    if (f->parameter == RHO)
        hf_edip_by_rho(n, r, p, hf_edip_array(x, HF_EDIP_POWER, b), hf_edip_array(x, HF_EDIP_DPOWER, b),
                       hf_edip_array(x, HF_EDIP_BY, b), hf_edip_array(x, HF_EDIP_DBY, b));
    if (f->parameter == SIGMA) {
        decay = HF_EDIP_DECAY_BY;
        hf_edip_by_decay(n, r, p, hf_edip_array(x, HF_EDIP_POWER, b), hf_edip_array(x, HF_EDIP_DPOWER, b),
                         hf_edip_array(x, HF_EDIP_BY, b), hf_edip_array(x, HF_EDIP_DBY, b));
        hf_edip_by_decay(n, r, p, hf_edip_array(x, HF_EDIP_DECAY, b), hf_edip_array(x, HF_EDIP_DDECAY, b),
                         hf_edip_array(x, HF_EDIP_DECAY_BY, b), hf_edip_array(x, HF_EDIP_DDECAY_BY, b));
    }
    if (f->parameter != BETA) hf_edip_add_function(x, b, power, repulsion, none, s);
    if (f->parameter == B || f->parameter == RHO) return;
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double z = x->z[lane], w = found.decay[lane];
        if (f->parameter == A) {
            found.factor[lane] = -w;
            found.by_z[lane] = 2.0 * p->beta * z * w;
        }
        if (f->parameter == BETA) {
            found.factor[lane] = p->a * z * z * w;
            found.by_z[lane] = 2.0 * p->a * z * (1.0 - p->beta * z * z) * w;
        }
    }
    hf_edip_add_function(x, b, decay, found.factor, found.by_z, s);
}

static void add_pair_column(const context *x, const free_parameter *f, const hpcfit_output *column)
{
    hf_edip_sums s;
    hf_edip_begin_column(&x->group, &s);
    add_pair_term(&x->group, f, &s);
    hf_edip_set_vectors(&x->group, &s);
    hf_edip_finish_column(&x->group, &s, column);
}

/* alpha and cutoffC act through the coordination. */
HF_CLONES
static void add_coordination_column(const context *x, const free_parameter *f, const hpcfit_output *column)
{
    const hf_edip_group *group = &x->group;
    const int64_t n = group->n_slots[f->b];
    double *by = hf_edip_array(group, HF_EDIP_BY, f->b), *dby = hf_edip_array(group, HF_EDIP_DBY, f->b);
    double moved[HF_LANES] = {0.0}, none[HF_LANES] = {0.0}, factor[HF_LANES];
    hf_edip_sums s;
    if (n == 0) return;
    (f->parameter == ALPHA ? hf_edip_by_alpha : hf_edip_by_inner)(n * HF_LANES, group->g->r + group->first[f->b],
                                                                  &group->pair[f->b],
                                                                  hf_edip_array(group, HF_EDIP_F, f->b), by, dby);
    hf_edip_add_sum(n, by, moved);
    hf_edip_begin_column(group, &s);
    hf_edip_add_function(group, f->b, HF_EDIP_BY, x->by_z, none, &s);
    for (int lane = 0; lane < HF_LANES; lane++)
        s.by_z[lane] = x->by_zz[lane] * moved[lane];
    for (int64_t b = 0; b < group->n; b++) {
        const hf_edip_attraction *found = &group->attraction[b];
        for (int lane = 0; lane < HF_LANES; lane++)
            factor[lane] = found->by_z[lane] * moved[lane];
        hf_edip_add_slopes(group->n_slots[b], factor, hf_edip_array(group, HF_EDIP_DDECAY, b),
                           hf_edip_array(group, HF_EDIP_SLOPE, b));
    }
    hf_edip_set_vectors(group, &s);
    for (int64_t b = 0; b < group->n; b++)
        for (int64_t c = b; c < group->n; c++) {
            const int64_t tuple = hf_pair_tuple(b, c, group->n);
            const hf_edip_triplet *p = &group->triplet[tuple];
            for (int lane = 0; lane < HF_LANES; lane++)
                factor[lane] = -p->lambda * p->mu * moved[lane];
            hf_edip_add_both_vectors(group, b, c, HF_EDIP_BY_LOG_Q, factor);
            for (int lane = 0; lane < HF_LANES; lane++)
                factor[lane] = p->lambda * group->angle[tuple].tau_z[lane] * moved[lane];
            hf_edip_add_both_vectors(group, b, c, HF_EDIP_BY_TAU, factor);
        }
    hf_edip_finish_column(group, &s, column);
}

/* gamma acts through the weights of neighbours of species f->b. */
HF_CLONES
static void add_gamma_column(const context *x, const free_parameter *f, const hpcfit_output *column)
{
    const hf_edip_group *group = &x->group;
    const int64_t b = f->b, n = group->n_slots[b];
    const double *by = hf_edip_array(group, HF_EDIP_BY, b);
    double factor[HF_LANES];
    hf_edip_sums s = {.energy = {0.0}};
    if (n == 0) return;
    hf_edip_by_decay(n * HF_LANES, group->g->r + group->first[b], &group->pair[b], hf_edip_array(group, HF_EDIP_G, b),
                     hf_edip_array(group, HF_EDIP_DG, b), hf_edip_array(group, HF_EDIP_BY, b),
                     hf_edip_array(group, HF_EDIP_DBY, b));
    hf_edip_fill_gamma(group, b);
    for (int64_t c = 0; c < group->n; c++) {
        const int64_t tuple = hf_pair_tuple(b, c, group->n);
        const hf_edip_triplet *p = &group->triplet[tuple];
        double energy[HF_LANES] = {0.0}, by_log_q[HF_LANES] = {0.0}, by_tau[HF_LANES] = {0.0};
        hf_edip_add_product(n, by, hf_edip_field_at(group, HF_EDIP_VALUE, b, c).c, energy);
        hf_edip_add_product(n, by, hf_edip_field_at(group, HF_EDIP_BY_LOG_Q, b, c).c, by_log_q);
        hf_edip_add_product(n, by, hf_edip_field_at(group, HF_EDIP_BY_TAU, b, c).c, by_tau);
        for (int lane = 0; lane < HF_LANES; lane++) {
            s.energy[lane] += p->lambda * energy[lane];
            s.by_z[lane] += p->lambda * (group->angle[tuple].tau_z[lane] * by_tau[lane] - p->mu * by_log_q[lane]);
        }
    }
    hf_edip_set_along(group, &s);
    for (int64_t c = 0; c < group->n; c++) {
        fill(group->triplet[hf_pair_tuple(b, c, group->n)].lambda, factor);
        hf_edip_add_field(group, b, c, HF_EDIP_VALUE, HF_EDIP_BY, factor);
        hf_edip_add_field(group, c, b, HF_EDIP_BY_GAMMA, HF_EDIP_G, factor);
    }
    hf_edip_finish_column(group, &s, column);
}

/* Which derivative of the angular function a parameter acts through. */
static int field_of(int64_t parameter)
{
    if (parameter == LAMBDA) return HF_EDIP_VALUE;
    if (parameter == ETA) return HF_EDIP_BY_ETA;
    return parameter == MU || parameter == Q0 ? HF_EDIP_BY_LOG_Q : HF_EDIP_BY_TAU;
}

/* By how much that moves with the parameter, and its derivative by Z. */
static void angular_change(const hf_edip_group *x, const free_parameter *f, double *change, double *by_z)
{
    const int64_t tuple = hf_pair_tuple(f->b, f->c, x->n);
    const hf_edip_triplet *p = &x->triplet[tuple];
    fill(f->parameter == Q0 ? 1.0 / p->q0 : 1.0, change);
    fill(f->parameter == MU ? -1.0 : 0.0, by_z);
    for (int lane = 0; lane < HF_LANES && f->parameter == MU; lane++)
        change[lane] = -x->z[lane];
    if (f->parameter == U2) hf_edip_by_u2(p, x->angle[tuple].v, change, by_z);
    if (f->parameter == U3) hf_edip_by_u3(p, x->angle[tuple].v, change, by_z);
    if (f->parameter == U4) hf_edip_by_u4(p, x->z, x->angle[tuple].v, change, by_z);
}

HF_CLONES
static void add_triplet_column(const context *x, const free_parameter *f, const hpcfit_output *column)
{
    const hf_edip_group *group = &x->group;
    double change[HF_LANES], by_z[HF_LANES];
    const int field = field_of(f->parameter);
    const int64_t tuple = hf_pair_tuple(f->b, f->c, group->n);
    const double lambda = field == HF_EDIP_VALUE ? 1.0 : group->triplet[tuple].lambda;
    const hf_edip_total *found = &group->angle[tuple].total[field];
    hf_edip_sums s;
    angular_change(group, f, change, by_z);
    for (int lane = 0; lane < HF_LANES; lane++) {
        change[lane] *= lambda;
        s.energy[lane] = change[lane] * found->energy[lane];
        s.by_z[lane] = change[lane] * found->by_z[lane] + lambda * by_z[lane] * found->energy[lane];
    }
    hf_edip_set_along(group, &s);
    hf_edip_add_both_vectors(group, f->b, f->c, field, change);
    hf_edip_finish_column(group, &s, column);
}

/* Whether a column needs the angular function's derivatives. */
static int needs_derivatives(int64_t parameter)
{
    return parameter == INNER || parameter == ALPHA || parameter == GAMMA || parameter >= ETA;
}

static void add_column(const context *x, const free_parameter *f, const hpcfit_output *column)
{
    if (f->parameter >= ETA)
        add_triplet_column(x, f, column);
    else if (f->parameter == GAMMA)
        add_gamma_column(x, f, column);
    else if (f->parameter == INNER || f->parameter == ALPHA)
        add_coordination_column(x, f, column);
    else if (f->parameter != OUTER)
        add_pair_column(x, f, column);
}

static void evaluate_group(context *x, int64_t group)
{
    int filled = 0;
    hf_edip_enter(&x->group, group);
    add_values(x);
    for (int64_t k = 0; k < x->call->n_free; k++) {
        const free_parameter f = x->free[k];
        if (f.centre != x->group.centre) continue;
        const hpcfit_output column = hf_column(x->call->output, k + 1);
        if (!filled && needs_derivatives(f.parameter)) {
            hf_edip_fill_derivatives(&x->group);
            hf_edip_second_by_z(&x->group, x->by_zz);
            filled = 1;
        }
        add_column(x, &f, &column);
    }
}

static int64_t scratch_size(const hf_call *call)
{
    return hf_edip_scratch_size(call->geometry) + call->n_free * (int64_t)(sizeof(free_parameter) / sizeof(double));
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    context x = {.call = call,
                 .group = hf_edip_view(g, call->scratch),
                 .free = (free_parameter *)(call->scratch + hf_edip_scratch_size(g))};
    for (int64_t k = 0; k < call->n_free; k++)
        x.free[k] = free_at(call, k);
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        x.group.centre = g->chunk_species[chunk];
        read_parameters(call, &x.group);
        for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
            evaluate_group(&x, group);
    }
}

const hpcfit_potential hf_edip = {
    .name = "edip",
    .formula =
        "A [(B/r)^rho - exp(-beta Z^2)] exp(sigma/(r - cutoffA)) + lambda [1 - exp(-Q (cos theta + tau)^2) + eta "
        "Q (cos theta + tau)^2] exp(gamma/(r_ij - cutoffA)) exp(gamma/(r_ik - cutoffA)), Q = Q0 exp(-mu Z), "
        "tau = u1 + u2 (u3 exp(-u4 Z) - exp(-2 u4 Z)), Z the coordination",
    .reference =
        "J. F. Justo, M. Z. Bazant, E. Kaxiras, V. V. Bulatov and S. Yip, Phys. Rev. B 58, 2539 (1998), eqs. 1-9",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
