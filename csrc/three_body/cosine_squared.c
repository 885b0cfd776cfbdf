/* A three-body term that is quadratic in the cosine of the angle, several species.
 *
 *   E = sum_i sum_{j<k} K (cos theta_jik - costheta0)^2 f(r_ij) f(r_ik)
 *   f(r) = exp(-eta r^2) [1 + cos(pi r / cutoff)] / 2   for r < cutoff, else 0
 *
 * J. Behler, J. Chem. Phys. 134, 074106 (2011), eqs. 4 and 9, are the cut-off and the decay with both distances. As
 * in stillinger_weber.c no triplet is visited: the sum over j < k is half of that over all j and k, by the moments of
 * moments.h, less sum_j f_j^2 K (1 - costheta0)^2, which joins the pairs. */
#include "core/moments.h"

#include <string.h>

enum { ETA, CUTOFF, K, COSTHETA0, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [ETA] = {"eta", "1/A^2", "decay with both distances", HPCFIT_PAIR, 0.0, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance at which the term vanishes", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
    [K] = {"K", "eV", "strength", HPCFIT_TRIPLET, -INFINITY, INFINITY, 1},
    [COSTHETA0] = {"costheta0", "1", "cosine of the preferred angle", HPCFIT_TRIPLET, -1.0, 1.0, 1},
};

/* Scratch arrays over a chunk's pairs: f, its derivative by eta, the slopes of both, ... */
enum { INVERSE, F, DF, BY_ETA, DBY_ETA, PHI, DPHI, TX, TY, TZ, N_SCRATCH };

HF_CLONES
static void fill_functions(int64_t n, const double *restrict r, double eta, double cutoff, double *restrict inverse,
                           double *restrict f, double *restrict df, double *restrict by, double *restrict dby)
{
    const double half_pi = 1.57079632679489661923;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double t = r[k] < cutoff ? half_pi * (1.0 - r[k] / cutoff) : 0.0, decay = exp(-eta * r[k] * r[k]);
        const double s = sin(t), fk = s * s * decay;
        const double dfk = -half_pi / cutoff * sin(2.0 * t) * decay - 2.0 * eta * r[k] * fk;
        inverse[k] = 1.0 / r[k];
        f[k] = fk;
        df[k] = dfk;
        by[k] = -r[k] * r[k] * fk;
        dby[k] = -r[k] * (2.0 * fk + r[k] * dfk);
    }
}

/* phi = -c a b */
HF_CLONES
static void fill_product(int64_t n, double c, const double *restrict a, const double *restrict da,
                         const double *restrict b, const double *restrict db, double *restrict phi,
                         double *restrict dphi)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        phi[k] = -c * a[k] * b[k];
        dphi[k] = -c * (da[k] * b[k] + a[k] * db[k]);
    }
}

typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    int64_t chunk, centre;
} context;

static double value(const context *x, int parameter, int64_t centre, int64_t b, int64_t c)
{
    const int64_t species[] = {centre, b, c};
    return hf_value(x->call, parameter, species);
}

/* K (1 - costheta0)^2 of two neighbours of one species, or its derivative by either; N_PARAMETERS for itself. */
static double square_factor(const context *x, int by, int64_t centre, int64_t b)
{
    const double strength = value(x, K, centre, b, b), c = 1.0 - value(x, COSTHETA0, centre, b, b);
    return by == K ? c * c : by == COSTHETA0 ? -2.0 * strength * c : strength * c * c;
}

/* Half of the above with either atom of a pair as the vertex: the factor of -f^2. */
static double pair_factor(const context *x, int64_t b)
{
    return 0.5 * (square_factor(x, N_PARAMETERS, x->centre, b) + square_factor(x, N_PARAMETERS, b, x->centre));
}

/* The derivative of pair_factor by K or costheta0 of one triplet of species. */
static double pair_factor_by(const context *x, int parameter, const int64_t *of, int64_t b)
{
    const int n_vertices = (of[0] == x->centre && of[1] == b) + (of[0] == b && of[1] == x->centre);
    return of[1] == of[2] && n_vertices > 0 ? 0.5 * n_vertices * square_factor(x, parameter, of[0], of[1]) : 0.0;
}

static int is_pair(const context *x, const int64_t *of, int64_t b)
{
    return (of[0] == x->centre && of[1] == b) || (of[0] == b && of[1] == x->centre);
}

static void scratch_arrays(const context *x, int64_t offset, double **s)
{
    for (int k = 0; k < N_SCRATCH; k++)
        s[k] = hf_chunk_array(x->call, k) + offset;
}

/* The functions of the distance, and what is left of pairs that are their own third atom. */
static void add_pairs(const context *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    double *s[N_SCRATCH];
    scratch_arrays(x, run.offset, s);
    fill_functions(run.n_pairs, run.r, value(x, ETA, x->centre, b, b), value(x, CUTOFF, x->centre, b, b), s[INVERSE],
                   s[F], s[DF], s[BY_ETA], s[DBY_ETA]);
    for (int64_t k = -1; k < x->call->n_free; k++) {
        const hpcfit_output column = hf_column(x->call->output, k + 1);
        int64_t of[3] = {0};
        const int parameter = k < 0 ? N_PARAMETERS : hf_parameter_at(x->call, x->call->free_parameters[k], of);
        double c = pair_factor(x, b);
        int first = F;
        if (parameter == CUTOFF || (parameter == ETA && !is_pair(x, of, b))) continue;
        if (parameter == ETA) {
            c *= 2.0;
            first = BY_ETA;
        } else if (k >= 0) {
            c = pair_factor_by(x, parameter, of, b);
        }
        if (c == 0.0) continue;
        fill_product(run.n_pairs, c, s[first], s[first + 1], s[F], s[DF], s[PHI], s[DPHI]);
        hf_add_radial(x->g, x->chunk, b, s[PHI], s[DPHI], &column);
    }
}

static void add_function_vectors(const context *x, int64_t group, int64_t b, int function, const hf_moments field)
{
    const hf_part p = hf_part_of(x->g, x->chunk, group, b);
    double *s[N_SCRATCH];
    if (p.n_slots == 0) return;
    scratch_arrays(x, p.local, s);
    const hf_bonds bonds = hf_bonds_at(x->g, p.pair, s[INVERSE]);
    const hf_axes t = {s[TX], s[TY], s[TZ]};
    hf_add_moment_vectors(p.n_slots, field, s[function], s[function + 1], &bonds, &t);
}

static void fill_fields(const context *x, const hf_moments *m, hf_moments *field)
{
    memset(field, 0, (size_t)x->g->n_species * sizeof *field);
    for (int64_t b = 0; b < x->g->n_species; b++)
        for (int64_t c = b; c < x->g->n_species; c++) {
            const double strength = value(x, K, x->centre, b, c), cosine = value(x, COSTHETA0, x->centre, b, c);
            hf_add_pair_fields(m, field, b, c, strength * cosine * cosine, strength * cosine, strength);
        }
}

/* Energies and forces of a group from fields that are linear in its moments m: the energy is their product times
 * `share`. Where BY_ETA of species `other` moves (-1 for none), `fixed` are the fields that it moves in. */
static void add_column(const context *x, int64_t group, double share, const hf_moments *m, const hf_moments *field,
                       int64_t other, const hf_moments *fixed, const hpcfit_output *column)
{
    double energy[HF_LANES] = {0.0}, *s[N_SCRATCH];
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const hf_part p = hf_part_of(x->g, x->chunk, group, b);
        scratch_arrays(x, p.local, s);
        for (int array = TX; array <= TZ; array++)
            memset(s[array], 0, (size_t)p.n_slots * HF_LANES * sizeof(double));
        hf_add_moment_energy(share, m[b], field[b], energy);
        add_function_vectors(x, group, b, F, field[b]);
        if (b == other) add_function_vectors(x, group, b, BY_ETA, fixed[b]);
        const hf_axes t = {s[TX], s[TY], s[TZ]};
        hf_add_vector_forces(x->g, group, b, &t, column);
    }
    hf_add_group_energy(x->g, group, energy, column);
}

/* The derivative by eta of the centre and species `other`: through the fields, and through that function itself. */
static void add_eta_column(const context *x, int64_t group, int64_t other, const hf_moments *m,
                           const hf_moments *field, const hpcfit_output *column)
{
    hf_moments moved[HF_MAX_SPECIES], derivative[HF_MAX_SPECIES];
    memset(moved, 0, (size_t)x->g->n_species * sizeof *moved);
    hf_part_moments(x->g, x->chunk, group, other, hf_chunk_array(x->call, BY_ETA), moved[other]);
    fill_fields(x, moved, derivative);
    add_column(x, group, 1.0, m, derivative, other, field, column);
}

static void add_triplets(const context *x, int64_t group)
{
    hf_moments m[HF_MAX_SPECIES], field[HF_MAX_SPECIES], derivative[HF_MAX_SPECIES];
    hpcfit_output column = hf_column(x->call->output, 0);
    for (int64_t b = 0; b < x->g->n_species; b++)
        hf_part_moments(x->g, x->chunk, group, b, hf_chunk_array(x->call, F), m[b]);
    fill_fields(x, m, field);
    add_column(x, group, 0.5, m, field, -1, NULL, &column);
    for (int64_t k = 0; k < x->call->n_free; k++) {
        int64_t of[3] = {0};
        const int parameter = hf_parameter_at(x->call, x->call->free_parameters[k], of);
        column = hf_column(x->call->output, k + 1);
        if (parameter == ETA && (of[0] == x->centre || of[1] == x->centre)) {
            add_eta_column(x, group, of[0] == x->centre ? of[1] : of[0], m, field, &column);
        } else if (parameter >= K && of[0] == x->centre) {
            const double strength = value(x, K, of[0], of[1], of[2]), c = value(x, COSTHETA0, of[0], of[1], of[2]);
            const double factor = parameter == K ? 1.0 : 2.0 * strength;
            memset(derivative, 0, (size_t)x->g->n_species * sizeof *derivative);
            hf_add_pair_fields(m, derivative, of[1], of[2], factor * (parameter == K ? c * c : c),
                               parameter == K ? c : strength, parameter == K ? 1.0 : 0.0);
            add_column(x, group, 0.5, m, derivative, -1, NULL, &column);
        }
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

const hpcfit_potential hf_cosine_squared = {
    .name = "cosine-squared",
    .formula = "K (cos theta - costheta0)^2 f(r_ij) f(r_ik), f(r) = exp(-eta r^2) [1 + cos(pi r/cutoff)]/2",
    .reference = "J. Behler, J. Chem. Phys. 134, 074106 (2011), eqs. 4 and 9",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
