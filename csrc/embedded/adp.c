/* Angular-dependent potential: embedded atoms with dipole and quadrupole terms, several species.
 *
 *   E = E_eam + 1/2 sum_i mu_i.mu_i + 1/2 sum_i lambda_i:lambda_i - 1/6 sum_i (tr lambda_i)^2,
 *   mu_i = sum_j u(r_ij) r_ij,   lambda_i = sum_j w(r_ij) r_ij r_ij
 *
 * Y. Mishin, M. J. Mehl and D. A. Papaconstantopoulos, Acta Mater. 53, 4029 (2005), eqs. 1-5. Both are moments of the
 * neighbours' directions with weights g = u r and g = w r^2, over neighbours of all species. */
#include "core/moments.h"
#include "embedded/distortion.h"
#include "embedded/embedding.h"

#include <string.h>

enum { U = HF_N_EMBEDDED_ROLES, W, N_ROLES };

static const hpcfit_role roles[N_ROLES] = {
    HF_EMBEDDED_ROLES,
    [U] = {"u-function", "dipole distortion of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},
    [W] = {"w-function", "quadrupole distortion of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},
};

/* One of the two terms in one chunk. Rows over the chunk's pairs are g and its slope, then the same for each free
 * parameter outside splines of the function of a run. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    hf_distortion columns;
    int64_t chunk, stride;
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

static const hpcfit_function *function_of(const term *x, int64_t b)
{
    return hf_distortion_function(&x->columns, x->g->chunk_species[x->chunk], b);
}

/* The row of g by a free parameter for neighbours of species b, its slope's row being the next; -1 for none, and the
 * row of g itself for parameter -1. */
static int64_t row_of(const term *x, int64_t b, int64_t parameter)
{
    const hpcfit_function *function = function_of(x, b);
    if (function == NULL) return -1;
    if (parameter < 0) return 0;
    const hf_columns columns = hf_function_columns(x->call, function);
    int64_t row = 2;
    if (parameter < columns.first || parameter >= columns.first + columns.count) return -1;
    if (!hf_function_is_dense(x->call, function, parameter)) return -1;
    for (int64_t k = columns.first; k < parameter; k++)
        row += 2 * hf_function_is_dense(x->call, function, k);
    return row;
}

/* A function's outputs come with all derivatives of the value first; rows alternate between value and slope. */
static void fill_run(const term *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *function = function_of(x, b);
    if (function == NULL || run.n_pairs == 0) return;
    const int64_t count = hf_function_n_dense(x->call, function), n = run.n_pairs;
    const int quadratic = x->columns.quadratic;
    double *rows = x->rows + run.offset, *outputs = x->columns.rows;
    hf_function_run_rows(x->call, function, n, run.r, outputs, x->columns.stride, x->function);
    for (int64_t k = 0; k <= count; k++) {
        double *value = rows + 2 * k * x->stride, *slope = value + x->stride;
        const int64_t from = k == 0 ? HF_VALUE : HF_BY + k - 1, slope_from = k == 0 ? HF_SLOPE : from + count;
        memcpy(value, outputs + from * x->columns.stride, (size_t)n * sizeof *value);
        memcpy(slope, outputs + slope_from * x->columns.stride, (size_t)n * sizeof *slope);
        weigh(n, run.r, quadratic, function->cutoff, value, slope);
    }
    hf_invert(n, run.r, x->inverse + run.offset);
}

/* The moments of all neighbours, with g or its derivative by a parameter; returns whether there are any. */
static int sum_moments(const term *x, int64_t group, int64_t parameter, hf_moments total)
{
    int any = 0;
    memset(total, 0, sizeof(hf_moments));
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const hf_part p = hf_part_of(x->g, x->chunk, group, b);
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

static void add_vectors(const term *x, const hf_part *p, int64_t row, const hf_moments field, const hf_axes *t)
{
    const double *g = x->rows + row * x->stride + p->local;
    const hf_bonds bonds = hf_bonds_at(x->g, p->pair, x->inverse + p->local);
    hf_add_moment_vectors(p->n_slots, field, g, g + x->stride, &bonds, t);
}

/* Forces of a group from the field that acts on g, or on its derivative by a parameter. */
static void add_forces(const term *x, int64_t group, const hf_moments field, int64_t parameter,
                       const hpcfit_output *column)
{
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const hf_part p = hf_part_of(x->g, x->chunk, group, b);
        const int64_t row = row_of(x, b, parameter);
        if (p.n_slots == 0 || row < 0) continue;
        for (int axis = 0; axis < 3; axis++)
            memset(x->t[axis] + p.local, 0, (size_t)p.n_slots * HF_LANES * sizeof(double));
        const hf_axes t = {x->t[0] + p.local, x->t[1] + p.local, x->t[2] + p.local};
        add_vectors(x, &p, row, field, &t);
        hf_add_vector_forces(x->g, group, b, &t, column);
    }
}

/* Copies the moments of a group's atoms that make fields, in places `apart` doubles apart, `step` from atom to atom.
 */
static void publish(const term *x, int64_t group, const hf_moments m, int64_t apart, int64_t step, double *fields)
{
    const int quadratic = x->columns.quadratic;
    for (int lane = 0; lane < x->g->lane_count[group]; lane++) {
        double *field = fields + step * x->g->lane_atom[group * HF_LANES + lane];
        for (int c = 0; c < (quadratic ? HF_FIELD : 3); c++)
            field[c * apart] =
                m[(quadratic ? HF_M_XX : HF_M_X) + c][lane] - (quadratic && c < 3 ? m[HF_M_S][lane] / 3.0 : 0.0);
    }
}

/* A group's energies and forces, and their derivatives by parameters outside splines at constant fields. */
static void add_group(const term *x, int64_t group)
{
    hf_moments m, field = {{0.0}};
    const hf_panel *panel = &x->columns.panel;
    double energy[HF_LANES] = {0.0};
    hpcfit_output column = hf_column(x->call->output, 0);
    if (!sum_moments(x, group, -1, m)) return;
    hf_add_field(field, (const double (*)[HF_LANES])m, x->s, x->d, x->q);
    hf_add_moment_energy(0.5, (const double (*)[HF_LANES])m, (const double (*)[HF_LANES])field, energy);
    hf_add_group_energy(x->g, group, energy, &column);
    add_forces(x, group, field, -1, &column);
    if (panel->n_columns > 0) publish(x, group, m, 1, HF_FIELD, x->columns.fields);
    for (int64_t c = 0; c < panel->n_columns; c++) {
        hf_moments by;
        double energy_by[HF_LANES] = {0.0};
        if (!sum_moments(x, group, panel->column[c], by)) continue;
        column = hf_column(x->call->output, panel->column[c] + 1);
        hf_add_moment_energy(1.0, (const double (*)[HF_LANES])by, (const double (*)[HF_LANES])field, energy_by);
        hf_add_group_energy(x->g, group, energy_by, &column);
        add_forces(x, group, field, panel->column[c], &column);
        publish(x, group, by, panel->width, HF_FIELD * panel->width, x->columns.changes + c);
    }
}

static int64_t lay_out(const hf_call *call, double *scratch, term *x)
{
    const int64_t used = hf_distortion_lay_out(call, scratch, &x->columns);
    x->call = call;
    x->g = call->geometry;
    x->stride = hf_chunk_arrays(call, 1);
    const hf_array plan[] = {{&x->rows, hf_function_most_rows(call->functions) * x->stride},
                             {&x->inverse, x->stride},
                             {&x->t[0], x->stride},
                             {&x->t[1], x->stride},
                             {&x->t[2], x->stride},
                             {&x->function, hf_round_up(hf_function_scratch(call->functions))}};
    return hf_lay_out(HF_COUNT(plan), plan, scratch, used);
}

static int64_t scratch_size(const hf_call *call)
{
    term x;
    const int64_t own = lay_out(call, NULL, &x), embedded = hf_embedded_scratch(call);
    return own > embedded ? own : embedded;
}

static void add_term(const hf_call *call, int role, double s, double d, double q)
{
    term x;
    lay_out(call, call->scratch, &x);
    x.s = s;
    x.d = d;
    x.q = q;
    hf_distortion_start(&x.columns, role, role == W);
    for (x.chunk = 0; x.chunk < x.g->n_chunks; x.chunk++) {
        for (int64_t b = 0; b < x.g->n_species; b++)
            fill_run(&x, b);
        for (int64_t group = x.g->chunk_group[x.chunk]; group < x.g->chunk_group[x.chunk + 1]; group++)
            add_group(&x, group);
    }
    if (x.columns.panel.n_columns == 0) return;
    hf_distortion_add_nodes(&x.columns);
    hf_distortion_add_panel(&x.columns);
}

/* The energy: half of S s - 2 D.d + Q:q with the field (s, d, q) = (s S, d D, q Q). */
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
