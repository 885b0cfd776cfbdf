/* Angular-dependent potential: embedded atoms with dipole and quadrupole terms, several species.
 *
 *   E = E_eam + 1/2 sum_i mu_i.mu_i + 1/2 sum_i lambda_i:lambda_i - 1/6 sum_i (tr lambda_i)^2,
 *   mu_i = sum_j u(r_ij) r_ij,   lambda_i = sum_j w(r_ij) r_ij r_ij
 *
 * Y. Mishin, M. J. Mehl and D. A. Papaconstantopoulos, Acta Mater. 53, 4029 (2005), eqs. 1-5. Both are moments of the
 * neighbours' directions, weighed with g = u r and g = w r^2, over neighbours of all species together. */
#include "embedding.h"
#include "moments.h"
#include "registry.h"

#include <string.h>

enum { U = HF_N_EMBEDDED_ROLES, W, N_ROLES };

static const hpcfit_role roles[N_ROLES] = {
    HF_EMBEDDED_ROLES,
    [U] = {"u-function", "dipole distortion of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},
    [W] = {"w-function", "quadrupole distortion of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},
};

/* One of the two terms in one chunk. Rows over the chunk's pairs are g and its slope, then the same for each free
 * parameter of the function of a run. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    int64_t chunk, stride;
    int role;
    double s, d, q; /* of the field that the moments make */
    double *rows, *inverse, *t[3], *function;
} term;

/* g = f r^power and its slope, in the place of f and its slope. */
HF_CLONES
static void weigh(int64_t n, const double *restrict r, int quadratic, double cutoff, double *restrict f,
                  double *restrict df)
{
    const double power = quadratic ? 2.0 : 1.0;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = r[k] < cutoff ? r[k] : 0.0, factor = quadratic ? x * x : x, less = quadratic ? x : 1.0;
        df[k] = df[k] * factor + power * f[k] * less;
        f[k] = f[k] * factor;
    }
}

HF_CLONES
static void invert(int64_t n, const double *restrict r, double *restrict inverse)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        inverse[k] = 1.0 / r[k];
}

static const hpcfit_function *function_of(const term *x, int64_t b)
{
    const int64_t n = x->g->n_species;
    return hf_role(x->call, x->role, hf_pair_tuple(x->g->chunk_species[x->chunk], b, n));
}

/* The row of g by a free parameter for neighbours of species b, its slope's row being the next; -1 for none, and the
 * row of g itself for parameter -1. */
static int64_t row_of(const term *x, int64_t b, int64_t parameter)
{
    const hpcfit_function *function = function_of(x, b);
    if (function == NULL) return -1;
    if (parameter < 0) return 0;
    const hf_columns columns = hf_function_columns(x->call, function);
    const int64_t own = parameter - columns.first;
    return own >= 0 && own < columns.count ? 2 + 2 * own : -1;
}

/* A function's outputs come with all derivatives of the value first; rows alternate between value and slope. */
static void fill_run(const term *x, int64_t b, double *outputs)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *function = function_of(x, b);
    if (function == NULL || run.n_pairs == 0) return;
    const int64_t count = hf_function_columns(x->call, function).count, n = run.n_pairs;
    double *rows = x->rows + run.offset;
    hf_function_run(x->call, function, n, run.r, outputs, x->stride, x->function);
    for (int64_t k = 0; k <= count; k++) {
        double *value = rows + 2 * k * x->stride, *slope = value + x->stride;
        const int64_t from = k == 0 ? HF_VALUE : HF_BY + k - 1, slope_from = k == 0 ? HF_SLOPE : from + count;
        memcpy(value, outputs + from * x->stride, (size_t)n * sizeof *value);
        memcpy(slope, outputs + slope_from * x->stride, (size_t)n * sizeof *slope);
        weigh(n, run.r, x->role == W, function->cutoff, value, slope);
    }
    invert(n, run.r, x->inverse + run.offset);
}

/* The pairs of a group with neighbours of one species: slots, and where they begin in the chunk and the geometry. */
typedef struct {
    int64_t n_slots, local, pair;
} part;

static part part_of(const term *x, int64_t group, int64_t b)
{
    const int64_t slot = x->g->slot_start[group * x->g->n_species + b];
    return (part){.n_slots = x->g->slot_count[group * x->g->n_species + b],
                  .local = (slot - x->g->run_start[x->chunk * (x->g->n_species + 1)]) * HF_LANES,
                  .pair = slot * HF_LANES};
}

/* The moments of all neighbours, with g or its derivative by a parameter; says whether there are any. */
static int sum_moments(const term *x, int64_t group, int64_t parameter, hf_moments total)
{
    int any = 0;
    memset(total, 0, sizeof(hf_moments));
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const part p = part_of(x, group, b);
        const int64_t row = row_of(x, b, parameter);
        hf_moments m;
        if (row < 0 || p.n_slots == 0) continue;
        hf_sum_moments(p.n_slots, x->rows + row * x->stride + p.local, x->g->ux + p.pair, x->g->uy + p.pair,
                       x->g->uz + p.pair, m);
        hf_add_field(total, (const double (*)[HF_LANES])m, 1.0, 1.0, 1.0);
        any = 1;
    }
    return any;
}

static void add_vectors(const term *x, const part *p, int64_t row, const hf_moments field)
{
    const double *g = x->rows + row * x->stride + p->local;
    hf_add_moment_vectors(p->n_slots, field, g, g + x->stride, x->inverse + p->local, x->g->ux + p->pair,
                          x->g->uy + p->pair, x->g->uz + p->pair, x->t[0] + p->local, x->t[1] + p->local,
                          x->t[2] + p->local);
}

/* Forces of a group from the field that acts on g and, for a derivative, the one that acts on g by the parameter. */
static void add_forces(const term *x, int64_t group, const hf_moments field, int64_t parameter,
                       const hf_moments field_by, const hpcfit_output *column)
{
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const part p = part_of(x, group, b);
        const int64_t row = row_of(x, b, parameter);
        if (p.n_slots == 0 || function_of(x, b) == NULL) continue;
        for (int axis = 0; axis < 3; axis++)
            memset(x->t[axis] + p.local, 0, (size_t)p.n_slots * HF_LANES * sizeof(double));
        add_vectors(x, &p, 0, field);
        if (parameter >= 0 && row >= 0) add_vectors(x, &p, row, field_by);
        hf_add_vector_forces(x->g, group, b, x->t[0] + p.local, x->t[1] + p.local, x->t[2] + p.local, column);
    }
}

static void add_group(const term *x, int64_t group)
{
    hf_moments m, field = {{0.0}};
    double energy[HF_LANES] = {0.0};
    hpcfit_output column = hf_column(x->call->output, 0);
    if (!sum_moments(x, group, -1, m)) return;
    hf_add_field(field, (const double (*)[HF_LANES])m, x->s, x->d, x->q);
    hf_add_moment_energy(0.5, (const double (*)[HF_LANES])m, (const double (*)[HF_LANES])field, energy);
    hf_add_group_energy(x->g, group, energy, &column);
    add_forces(x, group, field, -1, field, &column);
    for (int64_t k = 0; k < x->call->n_free; k++) {
        hf_moments by, change = {{0.0}};
        double energy_by[HF_LANES] = {0.0};
        if (!sum_moments(x, group, k, by)) continue;
        column = hf_column(x->call->output, k + 1);
        hf_add_field(change, (const double (*)[HF_LANES])by, x->s, x->d, x->q);
        hf_add_moment_energy(1.0, (const double (*)[HF_LANES])by, (const double (*)[HF_LANES])field, energy_by);
        hf_add_group_energy(x->g, group, energy_by, &column);
        add_forces(x, group, change, k, field, &column);
    }
}

/* Scratch arrays over a chunk's pairs besides the rows and the outputs that these are made from. */
enum { N_ARRAYS = 4 };

static int64_t n_rows(const hf_call *call)
{
    return hf_function_most_outputs(call->functions);
}

static int64_t scratch_size(const hf_call *call)
{
    const int64_t own = hf_chunk_arrays(call, 2 * n_rows(call) + N_ARRAYS) + hf_function_scratch(call->functions);
    const int64_t embedded = hf_embedded_scratch(call);
    return own > embedded ? own : embedded;
}

static void add_term(const hf_call *call, int role, double s, double d, double q)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t rows = n_rows(call);
    double *outputs = hf_chunk_array(call, rows), *rest = hf_chunk_array(call, 2 * rows);
    term x = {.call = call, .g = g, .stride = hf_chunk_arrays(call, 1), .role = role, .s = s, .d = d, .q = q};
    x.rows = call->scratch;
    x.inverse = rest;
    for (int axis = 0; axis < 3; axis++)
        x.t[axis] = rest + (1 + axis) * x.stride;
    x.function = rest + N_ARRAYS * x.stride;
    for (x.chunk = 0; x.chunk < g->n_chunks; x.chunk++) {
        for (int64_t b = 0; b < g->n_species; b++)
            fill_run(&x, b, outputs);
        for (int64_t group = g->chunk_group[x.chunk]; group < g->chunk_group[x.chunk + 1]; group++)
            add_group(&x, group);
    }
}

/* Half of S s - 2 D.d + Q:q with the field (s, d, q) = (s S, d D, q Q) is an energy. */
static void evaluate(const hf_call *call)
{
    hf_embedded_evaluate(call);
    add_term(call, U, 0.0, -0.5, 0.0);
    add_term(call, W, -1.0 / 3.0, 0.0, 1.0);
}

const hpcfit_potential hf_adp = {
    .name = "adp",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(sum_j rho(r_ij)) + 1/2 sum_i mu_i.mu_i + 1/2 sum_i lambda_i:lambda_i "
               "- 1/6 sum_i (tr lambda_i)^2, mu_i = sum_j u(r_ij) r_ij, lambda_i = sum_j w(r_ij) r_ij r_ij",
    .reference = "Y. Mishin, M. J. Mehl and D. A. Papaconstantopoulos, Acta Mater. 53, 4029 (2005), eqs. 1-5",
    .n_roles = N_ROLES,
    .roles = roles,
    .pairwise = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
