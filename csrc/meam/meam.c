/* Modified embedded atoms in the form of splines or any other functions, several species.
 *
 *   E = sum_{i<j} phi(r_ij) + sum_i F(rho_i),
 *   rho_i = sum_j rho(r_ij) + sum_{j<k} f(r_ij) f(r_ik) g(cos theta_jik)
 *
 * T. J. Lenosky et al., Modelling Simul. Mater. Sci. Eng. 8, 825 (2000), eqs. 1 and 2. The angular part of a density
 * depends on an atom's own neighbours alone, and so do its forces once F' is known: a chunk's fields (triplets.h) are
 * made, its atoms embedded, and the fields used again while they are in the cache. */
#include "meam/meam.h"
#include "core/moments.h"
#include "functions/spline_columns.h"

#include <string.h>

static const hpcfit_role roles[HF_N_ANGULAR_ROLES] = {
    HF_EMBEDDED_ROLES,
    [HF_F_ROLE] = {"f-function",
                   "what a pair of species-a with species-b contributes to the angular density of species-a",
                   HPCFIT_ORDERED_PAIR, HPCFIT_OF_DISTANCE},
    [HF_G_ROLE] = {"g-function", "factor of two neighbours' contributions, of the cosine of the angle at species-a",
                   HPCFIT_TRIPLET, HPCFIT_OF_COSINE},
};

static int64_t lay_out(const hf_call *call, double *scratch, hf_angular *x)
{
    int64_t used = hf_embedded_lay_out(call, scratch, &x->embedded);
    const int64_t stride = hf_chunk_arrays(call, 1), outputs = hf_function_most_rows(call->functions);
    const hf_array plan[] = {{&x->inverse, stride},
                             {&x->near, hf_round_up(call->geometry->max_chunk_slots)},
                             {&x->rows, outputs * stride},
                             {&x->fields, (1 + call->n_free) * 4 * stride},
                             {&x->touched, hf_round_up(call->n_free)},
                             {&x->sums, stride},
                             {&x->v[0], stride},
                             {&x->v[1], stride},
                             {&x->v[2], stride},
                             {&x->w[0], stride},
                             {&x->w[1], stride},
                             {&x->w[2], stride},
                             {&x->t, 3 * stride},
                             {&x->cosine, HF_BATCH_ARGUMENTS},
                             {&x->inside, HF_BATCH_ARGUMENTS},
                             {&x->g_rows, outputs * HF_BATCH_ARGUMENTS}};
    used = hf_lay_out(HF_COUNT(plan), plan, scratch, used);
    x->call = call;
    x->g = call->geometry;
    x->stride = stride;
    used += hf_angular_lay_out_nodes(x, scratch == NULL ? NULL : scratch + used);
    return used;
}

static int64_t scratch_size(const hf_call *call)
{
    hf_angular x;
    return lay_out(call, NULL, &x);
}

/* Row of the derivative of a function's value by a free parameter outside splines, that of the slope being `count`
 * further; -1 for another parameter. */
static int64_t row_of(const hf_angular *x, const hpcfit_function *function, int64_t parameter, int64_t *count)
{
    const hf_columns columns = hf_function_columns(x->call, function);
    int64_t row = HF_BY;
    *count = hf_function_n_dense(x->call, function);
    if (parameter < columns.first || parameter >= columns.first + columns.count) return -1;
    if (!hf_function_is_dense(x->call, function, parameter)) return -1;
    for (int64_t k = columns.first; k < parameter; k++)
        row += hf_function_is_dense(x->call, function, k);
    return row;
}

static void fill_run(const hf_angular *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = hf_angular_f(x, b);
    if (f == NULL || run.n_pairs == 0) return;
    hf_function_run_rows(x->call, f, run.n_pairs, run.r, x->rows + run.offset, x->stride, x->embedded.function);
}

static void clear_columns(const hf_angular *x, const hpcfit_function *function)
{
    if (function == NULL) return;
    const hf_columns columns = hf_function_columns(x->call, function);
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(x->call, function, k)) continue;
        if (x->touched[k] == 0.0) memset(hf_angular_field(x, k + 1).s, 0, (size_t)(4 * x->stride) * sizeof(double));
        x->touched[k] = 1.0;
    }
}

static void start_chunk(hf_angular *x, int64_t chunk)
{
    const int64_t n = x->g->n_species;
    hf_angular_enter(x, chunk);
    memset(x->touched, 0, (size_t)x->call->n_free * sizeof(double));
    memset(x->fields, 0, (size_t)(4 * x->stride) * sizeof(double));
    for (int64_t b = 0; b < n; b++) {
        fill_run(x, b);
        clear_columns(x, hf_angular_f(x, b));
        for (int64_t c = b; c < n; c++)
            clear_columns(x, hf_angular_g(x, b, c));
    }
}

/* Adds to a column's field a batch with the first neighbours' f acting on the second ones, or the other way round. */
static void add_side(const hf_angular *x, const hf_batch *batch, int first_acts, int64_t f_row, int64_t g_row,
                     int64_t g_slope_row, int64_t column)
{
    const hf_field field = hf_angular_field(x, column);
    hf_add_triplets(batch->n, first_acts ? batch->second : batch->first, first_acts ? batch->first : batch->second,
                    x->rows + f_row * x->stride, x->g_rows + g_row * HF_BATCH_ARGUMENTS,
                    x->g_rows + g_slope_row * HF_BATCH_ARGUMENTS, &x->bonds, &field);
}

/* The free parameters of a function outside splines: rows, and where their columns begin. */
typedef struct {
    int64_t count;
    hf_columns columns;
} dense;

static dense dense_of(const hf_angular *x, const hpcfit_function *function)
{
    return (dense){.count = hf_function_n_dense(x->call, function),
                   .columns = hf_function_columns(x->call, function)};
}

/* The functions in the triplets with neighbours of two species: f of the second, f of the first, and g. */
typedef struct {
    int64_t b, c;
    const hpcfit_function *function[3];
    dense of[3];
} actors;

enum { OF_G = 2 };

/* Adds a batch of triplets to the fields, and empties it. */
static void add_batch(const hf_angular *x, const actors *a, hf_batch *batch)
{
    const dense *of_g = &a->of[OF_G];
    if (batch->n == 0) return;
    hf_angular_fill_batch(x, a->b, a->c, batch, 1);
    for (int first_acts = 0; first_acts < 2; first_acts++) {
        const dense *of_f = &a->of[first_acts];
        int64_t f_row = HF_BY, g_row = HF_BY;
        add_side(x, batch, first_acts, HF_VALUE, HF_VALUE, HF_SLOPE, 0);
        for (int64_t k = of_f->columns.first; f_row < HF_BY + of_f->count; k++)
            if (hf_function_is_dense(x->call, a->function[first_acts], k))
                add_side(x, batch, first_acts, f_row++, HF_VALUE, HF_SLOPE, k + 1);
        for (int64_t k = of_g->columns.first; g_row < HF_BY + of_g->count; k++)
            if (hf_function_is_dense(x->call, a->function[OF_G], k)) {
                add_side(x, batch, first_acts, HF_VALUE, g_row, g_row + of_g->count, k + 1);
                g_row++;
            }
    }
    batch->n = 0;
}

/* All triplets of the chunk with neighbours of species b and c. */
static void add_triplets(const hf_angular *x, int64_t b, int64_t c)
{
    hf_batch batch = {.n = 0};
    actors a = {.b = b, .c = c, .function = {hf_angular_f(x, c), hf_angular_f(x, b), hf_angular_g(x, b, c)}};
    for (int k = 0; k < 3; k++) {
        if (a.function[k] == NULL) return;
        a.of[k] = dense_of(x, a.function[k]);
    }
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++)
        for (int64_t j = -1, k = 0; hf_angular_next(x, group, b, c, &j, &k), j >= 0;) {
            batch.first[batch.n] = j;
            batch.second[batch.n++] = k;
            if (batch.n == HF_BATCH) add_batch(x, &a, &batch);
        }
    add_batch(x, &a, &batch);
}

/* Adds the contributions of the fields to the density and its derivatives. */
static void add_density(const hf_angular *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = hf_angular_f(x, b);
    const hf_embedded *s = &x->embedded;
    const double *value = x->rows + run.offset;
    int64_t count;
    if (f == NULL || run.n_pairs == 0) return;
    for (int64_t column = 0; column <= x->call->n_free; column++) {
        const int64_t row = column == 0 ? -1 : row_of(x, f, column - 1, &count);
        if (column > 0 && x->touched[column - 1] == 0.0) continue;
        memset(x->sums, 0, (size_t)run.n_pairs * sizeof(double));
        hf_add_half(run.n_pairs, value, hf_angular_field(x, column).s + run.offset, x->sums);
        if (row >= 0) hf_add_half(run.n_pairs, value + row * x->stride, x->fields + run.offset, x->sums);
        hf_embed_add_sums(x->g, x->chunk, b, x->sums, column == 0 ? s->rho : s->rho_by + (column - 1) * s->n_lanes);
    }
}

static hf_field field_at(const hf_angular *x, int64_t column, int64_t pair)
{
    const hf_field all = hf_angular_field(x, column);
    return (hf_field){.s = all.s + pair, .x = all.x + pair, .y = all.y + pair, .z = all.z + pair};
}

/* The derivatives of the densities by the vectors to the neighbours of species b, or the derivatives of these. */
static void fill_vectors(const hf_angular *x, int64_t b, int64_t column, double *const *v)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = hf_angular_f(x, b);
    const hf_field field = field_at(x, column, run.offset), values = field_at(x, 0, run.offset);
    const hf_bonds bonds = hf_bonds_at(x->g, x->first * HF_LANES + run.offset, x->inverse + run.offset);
    const hf_axes to = {v[0] + run.offset, v[1] + run.offset, v[2] + run.offset};
    const double *rows = x->rows + run.offset;
    int64_t count;
    for (int axis = 0; axis < 3; axis++)
        memset(v[axis] + run.offset, 0, (size_t)run.n_pairs * sizeof(double));
    if (f == NULL || run.n_pairs == 0 || (column > 0 && x->touched[column - 1] == 0.0)) return;
    const int64_t row = column == 0 ? -1 : row_of(x, f, column - 1, &count);
    hf_add_field_vectors(run.n_pairs, rows, rows + HF_SLOPE * x->stride, &bonds, &field, &to);
    if (row >= 0)
        hf_add_field_vectors(run.n_pairs, rows + row * x->stride, rows + (row + count) * x->stride, &bonds, &values,
                             &to);
}

/* Forces and virials of the vectors v times F' of a group's atoms. */
static void add_forces(const hf_angular *x, int64_t group, double *const *v, const hpcfit_output *column)
{
    const double *first = x->embedded.first + group * HF_LANES;
    for (int64_t species = 0; species < x->g->n_species; species++) {
        const hf_slots of = hf_angular_slots(x, group, species);
        const int64_t local = of.start * HF_LANES;
        if (of.end == of.start || hf_angular_f(x, species) == NULL) continue;
        for (int axis = 0; axis < 3; axis++)
            hf_weigh_slots(of.end - of.start, first, v[axis] + local, x->t + axis * x->stride);
        const hf_axes t = {x->t, x->t + x->stride, x->t + 2 * x->stride};
        hf_add_vector_forces(x->g, group, species, &t, column);
    }
}

/* F' w, with w the derivatives of v by a parameter outside splines. */
static void add_force_column(const hf_angular *x, int64_t k)
{
    const hpcfit_output column = hf_column(x->call->output, k + 1);
    for (int64_t b = 0; b < x->g->n_species; b++)
        fill_vectors(x, b, k + 1, x->w);
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++)
        add_forces(x, group, x->w, &column);
}

/* The forces F' v; their derivatives by parameters are (dF') v, a panel, and F' w. */
static void add_chunk_forces(const hf_angular *x)
{
    const hpcfit_output column = hf_column(x->call->output, 0);
    for (int64_t b = 0; b < x->g->n_species; b++)
        fill_vectors(x, b, 0, x->v);
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++)
        add_forces(x, group, x->v, &column);
    for (int64_t b = 0; b < x->g->n_species; b++)
        if (hf_angular_f(x, b) != NULL)
            hf_add_vector_panel(x->g, x->chunk, b, (const double *const *)x->v, &x->embedded.panel, x->call->output);
    for (int64_t k = 0; k < x->call->n_free; k++)
        if (x->touched[k] != 0.0) add_force_column(x, k);
}

static void evaluate(const hf_call *call)
{
    hf_angular x;
    lay_out(call, call->scratch, &x);
    hf_embed_start(call, &x.embedded, HF_N_ANGULAR_ROLES);
    const int nodes = hf_angular_start_nodes(&x);
    for (int64_t chunk = 0; chunk < call->geometry->n_chunks; chunk++) {
        start_chunk(&x, chunk);
        hf_embed_add_density(call, &x.embedded, chunk);
        for (int64_t b = 0; b < call->geometry->n_species; b++)
            for (int64_t c = b; c < call->geometry->n_species; c++)
                add_triplets(&x, b, c);
        for (int64_t b = 0; b < call->geometry->n_species; b++)
            add_density(&x, b);
        if (nodes) hf_angular_add_node_density(&x);
        hf_embed_chunks(call, &x.embedded, chunk, chunk + 1);
        add_chunk_forces(&x);
    }
    if (nodes) hf_angular_add_nodes(&x);
    hf_embed_add_pairs(call, &x.embedded);
}

const hpcfit_potential hf_meam = {
    .name = "meam",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(rho_i), "
               "rho_i = sum_j rho(r_ij) + sum_{j<k} f(r_ij) f(r_ik) g(cos theta_jik)",
    .reference = "T. J. Lenosky et al., Modelling Simul. Mater. Sci. Eng. 8, 825 (2000), eqs. 1 and 2",
    .n_roles = HF_N_ANGULAR_ROLES,
    .roles = roles,
    .pairwise = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
