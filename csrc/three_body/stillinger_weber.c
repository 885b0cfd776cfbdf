/* Stillinger-Weber, several species.
 *
 *   E = sum_{i<j} A [B (sigma/r)^p - (sigma/r)^q] exp(sigma / (r - cutoff))
 *     + sum_i sum_{j<k} lambda (cos theta_jik - costheta0)^2 g(r_ij) g(r_ik),   g(r) = exp(gamma / (r - cutoff))
 *
 * F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985), eqs. 2.3-2.5, with A and lambda in eV, gamma and
 * the cut-off in Angstrom (there epsilon A, epsilon lambda, sigma gamma and sigma a).
 *
 * No triplet is visited: sum_{j,k} g_j g_k (u_j.u_k - c)^2 = Q:Q - 2 c D.D + c^2 S^2 with the moments of moments.h,
 * so that the cost is linear in the number of neighbours. The sum over j < k is half of this less
 * sum_j g_j^2 (1 - c)^2, a pair energy. Every species of neighbours has its own moments. */
#include "core/moments.h"

#include <string.h>

enum { A, B, P, Q, SIGMA, GAMMA, CUTOFF, LAMBDA, COSTHETA0, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [A] = {"A", "eV", "strength of the pair term", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [B] = {"B", "1", "repulsion relative to attraction", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [P] = {"p", "1", "exponent of the repulsion", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [Q] = {"q", "1", "exponent of the attraction", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [SIGMA] = {"sigma", "A", "length of the pair term", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [GAMMA] = {"gamma", "A", "decay length of the three-body term", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance at which both terms vanish", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
    [LAMBDA] = {"lambda", "eV", "strength of the three-body term", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [COSTHETA0] = {"costheta0", "1", "cosine of the preferred angle", HPCFIT_TRIPLET, -1.0, 1.0, 1},
};

/* Scratch arrays over a chunk's pairs: cut-off function, powers times exp(sigma w), their slopes, ... */
enum { W, INVERSE, LOG, SP, DSP, SQ, DSQ, G, DG, GG, DGG, PHI, DPHI, TX, TY, TZ, N_SCRATCH };

/* Parameters of a pair of species that the functions of the distance depend on. */
typedef struct {
    double sigma, gamma, p, q, cutoff;
} radial;

HF_CLONES
static void fill_functions(int64_t n, const double *restrict r, radial of, double *const *s)
{
    const double sigma = of.sigma, gamma = of.gamma, p = of.p, q = of.q, cutoff = of.cutoff;
    double *restrict w = s[W], *restrict inverse = s[INVERSE], *restrict logarithm = s[LOG];
    double *restrict sp = s[SP], *restrict dsp = s[DSP], *restrict sq = s[SQ], *restrict dsq = s[DSQ];
    double *restrict g = s[G], *restrict dg = s[DG];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double wk = r[k] < cutoff ? 1.0 / (r[k] - cutoff) : 0.0, w2 = wk * wk;
        const double ik = 1.0 / r[k], lk = log(sigma / r[k]);
        const double spk = r[k] < cutoff ? exp(p * lk + sigma * wk) : 0.0;
        const double sqk = r[k] < cutoff ? exp(q * lk + sigma * wk) : 0.0;
        const double gk = r[k] < cutoff ? exp(gamma * wk) : 0.0;
        w[k] = wk;
        inverse[k] = ik;
        logarithm[k] = lk;
        sp[k] = spk;
        dsp[k] = -spk * (p * ik + sigma * w2);
        sq[k] = sqk;
        dsq[k] = -sqk * (q * ik + sigma * w2);
        g[k] = gk;
        dg[k] = -gamma * w2 * gk;
    }
}

/* phi = cp sp + cq sq - c g^2, which is the pair energy and its derivatives by A, B, lambda and costheta0. */
HF_CLONES
static void linear(int64_t n, double cp, double cq, double c, double *const *s)
{
    const double *restrict sp = s[SP], *restrict dsp = s[DSP], *restrict sq = s[SQ], *restrict dsq = s[DSQ];
    const double *restrict g = s[G], *restrict dg = s[DG];
    double *restrict phi = s[PHI], *restrict dphi = s[DPHI];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        phi[k] = cp * sp[k] + cq * sq[k] - c * g[k] * g[k];
        dphi[k] = cp * dsp[k] + cq * dsq[k] - 2.0 * c * g[k] * dg[k];
    }
}

/* The derivative of c s by its exponent. */
HF_CLONES
static void by_exponent(int64_t n, double c, const double *restrict s, const double *restrict ds,
                        const double *restrict logarithm, const double *restrict inverse, double *restrict phi,
                        double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        phi[k] = c * logarithm[k] * s[k];
        dphi[k] = c * (logarithm[k] * ds[k] - inverse[k] * s[k]);
    }
}

/* The derivative of cp sp + cq sq by sigma; p and q come divided by sigma. */
HF_CLONES
static void by_sigma(int64_t n, double cp, double cq, double p, double q, double *const *s)
{
    const double *restrict sp = s[SP], *restrict dsp = s[DSP], *restrict sq = s[SQ], *restrict dsq = s[DSQ];
    const double *restrict w = s[W];
    double *restrict phi = s[PHI], *restrict dphi = s[DPHI];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double fp = cp * (p + w[k]), fq = cq * (q + w[k]), w2 = w[k] * w[k];
        phi[k] = fp * sp[k] + fq * sq[k];
        dphi[k] = fp * dsp[k] + fq * dsq[k] - (cp * sp[k] + cq * sq[k]) * w2;
    }
}

/* The derivative of g by gamma, and of -c g^2. */
HF_CLONES
static void by_gamma(int64_t n, double c, double *const *s)
{
    const double *restrict w = s[W], *restrict g = s[G], *restrict dg = s[DG];
    double *restrict gg = s[GG], *restrict dgg = s[DGG], *restrict phi = s[PHI], *restrict dphi = s[DPHI];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double by = w[k] * g[k], dby = w[k] * (dg[k] - by);
        gg[k] = by;
        dgg[k] = dby;
        phi[k] = -2.0 * c * g[k] * by;
        dphi[k] = -2.0 * c * (by * dg[k] + g[k] * dby);
    }
}

/* A chunk and its centre's species. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    int64_t chunk, centre;
} context;

/* A free parameter: which, and for which species (a centre of -1 for a parameter of pairs). */
typedef struct {
    int parameter;
    int64_t centre, b, c;
} free_parameter;

static double pair_value(const context *x, int parameter, int64_t b)
{
    const int64_t n = x->g->n_species;
    return x->call->parameters[parameter * hf_n_pair_tuples(n) + hf_pair_tuple(x->centre, b, n)];
}

/* The table holds the parameters of pairs first, so that a triplet's are n_species times n_pairs apart from there. */
static double triplet_value(const context *x, int parameter, int64_t centre, int64_t b, int64_t c)
{
    const int64_t n = x->g->n_species, n_pairs = hf_n_pair_tuples(n);
    return x->call->parameters[(LAMBDA + (parameter - LAMBDA) * n) * n_pairs + hf_triplet_tuple(centre, b, c, n)];
}

static free_parameter free_at(const context *x, int64_t k)
{
    const int64_t n = x->g->n_species, n_pairs = hf_n_pair_tuples(n);
    const int64_t row = x->call->free_parameters[k] / n_pairs;
    const int64_t tuple = x->call->free_parameters[k] % n_pairs;
    free_parameter f = {.parameter = (int)row, .centre = -1};
    if (row >= LAMBDA) {
        f.parameter = LAMBDA + (int)((row - LAMBDA) / n);
        f.centre = (row - LAMBDA) % n;
    }
    while (hf_pair_tuple(f.b, n - 1, n) < tuple)
        f.b++;
    f.c = tuple - hf_pair_tuple(f.b, f.b, n) + f.b;
    return f;
}

/* Factor of -g^2 in the pair energy of the centre and a neighbour of species b: half of lambda (1 - costheta0)^2 with
 * either atom as the vertex. */
static double square_factor(const context *x, int64_t b)
{
    const double c1 = 1.0 - triplet_value(x, COSTHETA0, x->centre, b, b);
    const double c2 = 1.0 - triplet_value(x, COSTHETA0, b, x->centre, x->centre);
    return 0.5 * (triplet_value(x, LAMBDA, x->centre, b, b) * c1 * c1 +
                  triplet_value(x, LAMBDA, b, x->centre, x->centre) * c2 * c2);
}

/* The derivative of square_factor by lambda or costheta0 of one triplet. */
static double square_factor_by(const context *x, const free_parameter *f, int64_t b)
{
    const int vertex = f->centre == x->centre && f->b == b, end = f->centre == b && f->b == x->centre;
    if (f->b != f->c) return 0.0;
    const double c1 = 1.0 - triplet_value(x, COSTHETA0, f->centre, f->b, f->b);
    const double slope =
        f->parameter == LAMBDA ? c1 * c1 : -2.0 * c1 * triplet_value(x, LAMBDA, f->centre, f->b, f->b);
    return 0.5 * (vertex + end) * slope;
}

/* Fills PHI and DPHI with the derivative of the pair energy by a free parameter; returns whether there is one. */
static int fill_derivative(const context *x, const free_parameter *f, int64_t b, int64_t n, double *const *s)
{
    const double strength = pair_value(x, A, b), repulsion = pair_value(x, B, b), sigma = pair_value(x, SIGMA, b);
    const int64_t low = x->centre < b ? x->centre : b, high = x->centre < b ? b : x->centre;
    double cp = 0.0, cq = 0.0, c = 0.0;
    if (f->parameter >= LAMBDA) {
        c = square_factor_by(x, f, b);
        if (c == 0.0) return 0;
    } else if (f->b != low || f->c != high) {
        return 0;
    }
    switch (f->parameter) {
    case P:
        by_exponent(n, strength * repulsion, s[SP], s[DSP], s[LOG], s[INVERSE], s[PHI], s[DPHI]);
        return 1;
    case Q:
        by_exponent(n, -strength, s[SQ], s[DSQ], s[LOG], s[INVERSE], s[PHI], s[DPHI]);
        return 1;
    case SIGMA:
        by_sigma(n, strength * repulsion, -strength, pair_value(x, P, b) / sigma, pair_value(x, Q, b) / sigma, s);
        return 1;
    case GAMMA:
        by_gamma(n, square_factor(x, b), s);
        return 1;
    case A:
        cp = repulsion;
        cq = -1.0;
        break;
    case B:
        cp = strength;
        break;
    case CUTOFF:
        return 0;
    }
    linear(n, cp, cq, c, s);
    return 1;
}

static void scratch_arrays(const context *x, int64_t offset, double **s)
{
    for (int k = 0; k < N_SCRATCH; k++)
        s[k] = hf_chunk_array(x->call, k) + offset;
}

/* Pair energies, and all functions of the distance that the triplets need. */
static void add_pairs(const context *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const double strength = pair_value(x, A, b);
    const radial of = {.sigma = pair_value(x, SIGMA, b),
                       .gamma = pair_value(x, GAMMA, b),
                       .p = pair_value(x, P, b),
                       .q = pair_value(x, Q, b),
                       .cutoff = pair_value(x, CUTOFF, b)};
    double *s[N_SCRATCH];
    scratch_arrays(x, run.offset, s);
    fill_functions(run.n_pairs, run.r, of, s);
    linear(run.n_pairs, strength * pair_value(x, B, b), -strength, square_factor(x, b), s);
    hpcfit_output column = hf_column(x->call->output, 0);
    hf_add_radial(x->g, x->chunk, b, s[PHI], s[DPHI], &column);
    for (int64_t k = 0; k < x->call->n_free; k++) {
        const free_parameter f = free_at(x, k);
        if (!fill_derivative(x, &f, b, run.n_pairs, s)) continue;
        column = hf_column(x->call->output, k + 1);
        hf_add_radial(x->g, x->chunk, b, s[PHI], s[DPHI], &column);
    }
}

static void add_function_vectors(const context *x, int64_t group, int64_t b, int function, int slope,
                                 const hf_moments field)
{
    const hf_part p = hf_part_of(x->g, x->chunk, group, b);
    double *s[N_SCRATCH];
    if (p.n_slots == 0) return;
    scratch_arrays(x, p.local, s);
    const hf_bonds bonds = hf_bonds_at(x->g, p.pair, s[INVERSE]);
    const hf_axes t = {s[TX], s[TY], s[TZ]};
    hf_add_moment_vectors(p.n_slots, field, s[function], s[slope], &bonds, &t);
}

static void add_group_forces(const context *x, int64_t group, int64_t b, const hpcfit_output *column)
{
    double *s[N_SCRATCH];
    scratch_arrays(x, hf_part_of(x->g, x->chunk, group, b).local, s);
    const hf_axes t = {s[TX], s[TY], s[TZ]};
    hf_add_vector_forces(x->g, group, b, &t, column);
}

static void clear_vectors(const context *x, int64_t group, int64_t b)
{
    const hf_part p = hf_part_of(x->g, x->chunk, group, b);
    for (int array = TX; array <= TZ; array++)
        memset(hf_chunk_array(x->call, array) + p.local, 0, (size_t)p.n_slots * HF_LANES * sizeof(double));
}

static void fill_fields(const context *x, const hf_moments *m, hf_moments *field)
{
    memset(field, 0, (size_t)x->g->n_species * sizeof *field);
    for (int64_t b = 0; b < x->g->n_species; b++)
        for (int64_t c = b; c < x->g->n_species; c++) {
            const double lambda = triplet_value(x, LAMBDA, x->centre, b, c);
            const double cosine = triplet_value(x, COSTHETA0, x->centre, b, c);
            hf_add_pair_fields(m, field, b, c, lambda * cosine * cosine, lambda * cosine, lambda);
        }
}

/* Energies and forces of a group from fields that are linear in its moments. */
static void add_column(const context *x, int64_t group, const hf_moments *m, const hf_moments *field,
                       const hpcfit_output *column)
{
    double energy[HF_LANES] = {0.0};
    for (int64_t b = 0; b < x->g->n_species; b++) {
        hf_add_moment_energy(0.5, m[b], field[b], energy);
        clear_vectors(x, group, b);
        add_function_vectors(x, group, b, G, DG, field[b]);
        add_group_forces(x, group, b, column);
    }
    hf_add_group_energy(x->g, group, energy, column);
}

/* The derivative by gamma of the centre and species `other`, through the moments and through the explicit g. */
static void add_gamma_column(const context *x, int64_t group, int64_t other, const hf_moments *field,
                             const hpcfit_output *column)
{
    hf_moments m[HF_MAX_SPECIES], derivative[HF_MAX_SPECIES];
    double energy[HF_LANES] = {0.0};
    memset(m, 0, (size_t)x->g->n_species * sizeof *m);
    hf_part_moments(x->g, x->chunk, group, other, hf_chunk_array(x->call, GG), m[other]);
    fill_fields(x, m, derivative);
    hf_add_moment_energy(1.0, m[other], field[other], energy);
    for (int64_t b = 0; b < x->g->n_species; b++) {
        clear_vectors(x, group, b);
        add_function_vectors(x, group, b, G, DG, derivative[b]);
        if (b == other) add_function_vectors(x, group, b, GG, DGG, field[b]);
        add_group_forces(x, group, b, column);
    }
    hf_add_group_energy(x->g, group, energy, column);
}

static void add_triplet_derivative(const context *x, int64_t group, const free_parameter *f, const hf_moments *m,
                                   const hf_moments *field, const hpcfit_output *column)
{
    hf_moments derivative[HF_MAX_SPECIES];
    if (f->parameter == GAMMA && (f->b == x->centre || f->c == x->centre)) {
        add_gamma_column(x, group, f->b == x->centre ? f->c : f->b, field, column);
    } else if (f->parameter >= LAMBDA && f->centre == x->centre) {
        const double lambda = triplet_value(x, LAMBDA, f->centre, f->b, f->c);
        const double cosine = triplet_value(x, COSTHETA0, f->centre, f->b, f->c);
        memset(derivative, 0, (size_t)x->g->n_species * sizeof *derivative);
        if (f->parameter == LAMBDA)
            hf_add_pair_fields(m, derivative, f->b, f->c, cosine * cosine, cosine, 1.0);
        else
            hf_add_pair_fields(m, derivative, f->b, f->c, 2.0 * lambda * cosine, lambda, 0.0);
        add_column(x, group, m, derivative, column);
    }
}

static void add_triplets(const context *x, int64_t group)
{
    hf_moments m[HF_MAX_SPECIES], field[HF_MAX_SPECIES];
    hpcfit_output column = hf_column(x->call->output, 0);
    for (int64_t b = 0; b < x->g->n_species; b++)
        hf_part_moments(x->g, x->chunk, group, b, hf_chunk_array(x->call, G), m[b]);
    fill_fields(x, m, field);
    add_column(x, group, m, field, &column);
    for (int64_t k = 0; k < x->call->n_free; k++) {
        const free_parameter f = free_at(x, k);
        column = hf_column(x->call->output, k + 1);
        add_triplet_derivative(x, group, &f, m, field, &column);
    }
}

static int64_t scratch_size(const hf_call *call)
{
    return hf_chunk_arrays(call, N_SCRATCH);
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        const context x = {.call = call, .g = g, .chunk = chunk, .centre = g->chunk_species[chunk]};
        for (int64_t b = 0; b < g->n_species; b++)
            add_pairs(&x, b);
        for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
            add_triplets(&x, group);
    }
}

const hpcfit_potential hf_stillinger_weber = {
    .name = "stillinger-weber",
    .formula = "A [B (sigma/r)^p - (sigma/r)^q] exp(sigma/(r - cutoff)) + lambda (cos theta - costheta0)^2 "
               "exp(gamma/(r_ij - cutoff)) exp(gamma/(r_ik - cutoff))",
    .reference = "F. H. Stillinger and T. A. Weber, Phys. Rev. B 31, 5262 (1985), eqs. 2.3-2.5",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
