/* Modified embedded atoms in the form of splines or any other functions, several species.
 *
 *   E = sum_{i<j} phi(r_ij) + sum_i F(rho_i),
 *   rho_i = sum_j rho(r_ij) + sum_{j<k} f(r_ij) f(r_ik) g(cos theta_jik)
 *
 * T. J. Lenosky et al., Modelling Simul. Mater. Sci. Eng. 8, 825 (2000), eqs. 1 and 2. The angular part of a density
 * depends on an atom's own neighbours alone, and so do its forces once F' is known: a chunk's fields (triplets.h) are
 * made, its atoms embedded, and the fields used again while they are in the cache. */
#include "embedding.h"
#include "moments.h"
#include "registry.h"
#include "triplets.h"

#include <string.h>

enum { F = HF_N_EMBEDDED_ROLES, G, N_ROLES };

static const hpcfit_role roles[N_ROLES] = {
    HF_EMBEDDED_ROLES,
    [F] = {"f-function", "what a pair of species-a with species-b contributes to the angular density of species-a",
           HPCFIT_ORDERED_PAIR, HPCFIT_OF_DISTANCE},
    [G] = {"g-function", "factor of two neighbours' contributions, of the cosine of the angle at species-a",
           HPCFIT_TRIPLET, HPCFIT_OF_COSINE},
};

/* The angular part of one chunk. Rows are the outputs of f over the chunk's pairs; field 0 is that of the values,
 * field k + 1 its derivative by free parameter k, if the chunk's atoms are touched by it. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    hf_embedded embedded;
    int64_t chunk, stride, first; /* the chunk's first slot */
    hf_bonds bonds;
    double *inverse, *near;         /* [stride], [slots] whether any of the slot's pairs is within the cut-off */
    double *rows, *fields;          /* [most outputs][stride], [1 + n_free][4][stride] */
    double *touched;                /* [n_free] 0 or 1 */
    double *sums, *v[3], *w[3], *t; /* [stride], t three of them */
    double *cosine, *inside, *g_rows;
} angular;

static int64_t lay_out(const hf_call *call, double *scratch, angular *x)
{
    int64_t used = hf_embedded_lay_out(call, scratch, &x->embedded);
    const int64_t stride = hf_chunk_arrays(call, 1), outputs = hf_function_most_outputs(call->functions);
    const struct {
        double **array;
        int64_t length;
    } plan[] = {{&x->inverse, stride},
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
    for (size_t k = 0; k < sizeof plan / sizeof *plan; k++) {
        *plan[k].array = scratch == NULL ? NULL : scratch + used;
        used += plan[k].length;
    }
    x->call = call;
    x->g = call->geometry;
    x->stride = stride;
    return used;
}

static int64_t scratch_size(const hf_call *call)
{
    angular x;
    return lay_out(call, NULL, &x);
}

static const hpcfit_function *f_of(const angular *x, int64_t b)
{
    return hf_role(x->call, F, x->g->chunk_species[x->chunk] * x->g->n_species + b);
}

static const hpcfit_function *g_of(const angular *x, int64_t b, int64_t c)
{
    return hf_role(x->call, G, hf_triplet_tuple(x->g->chunk_species[x->chunk], b, c, x->g->n_species));
}

static hf_field field_of(const angular *x, int64_t column)
{
    double *s = x->fields + column * 4 * x->stride;
    return (hf_field){.s = s, .x = s + x->stride, .y = s + 2 * x->stride, .z = s + 3 * x->stride};
}

/* Row of the derivative of a function's value by a free parameter, that of the slope being `count` further; -1 for a
 * parameter of another function. */
static int64_t row_of(const angular *x, const hpcfit_function *function, int64_t parameter, int64_t *count)
{
    const hf_columns columns = hf_function_columns(x->call, function);
    const int64_t own = parameter - columns.first;
    *count = columns.count;
    return own >= 0 && own < columns.count ? HF_BY + own : -1;
}

/* The slots of a group with neighbours of one species, from the chunk's first. */
typedef struct {
    int64_t start, end;
} slots;

static slots slots_of(const angular *x, int64_t group, int64_t b)
{
    const int64_t start = x->g->slot_start[group * x->g->n_species + b] - x->first;
    return (slots){.start = start, .end = start + x->g->slot_count[group * x->g->n_species + b]};
}

HF_CLONES
static void invert(int64_t n, const double *restrict r, double *restrict inverse)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        inverse[k] = 1.0 / r[k];
}

static void fill_run(const angular *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = f_of(x, b);
    if (f == NULL || run.n_pairs == 0) return;
    hf_function_run(x->call, f, run.n_pairs, run.r, x->rows + run.offset, x->stride, x->embedded.function);
    invert(run.n_pairs, run.r, x->inverse + run.offset);
    for (int64_t k = 0; k < run.n_pairs; k += HF_LANES) {
        int near = 0;
        for (int lane = 0; lane < HF_LANES; lane++)
            near |= run.r[k + lane] < f->cutoff;
        x->near[(run.offset + k) / HF_LANES] = near;
    }
}

static void clear_columns(const angular *x, const hpcfit_function *function)
{
    if (function == NULL) return;
    const hf_columns columns = hf_function_columns(x->call, function);
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (x->touched[k] == 0.0) memset(field_of(x, k + 1).s, 0, (size_t)(4 * x->stride) * sizeof(double));
        x->touched[k] = 1.0;
    }
}

static void start_chunk(angular *x, int64_t chunk)
{
    const int64_t n = x->g->n_species;
    x->chunk = chunk;
    x->first = x->g->run_start[chunk * (n + 1)];
    const int64_t pair = x->first * HF_LANES;
    x->bonds = (hf_bonds){.r = x->g->r + pair,
                          .inverse = x->inverse,
                          .ux = x->g->ux + pair,
                          .uy = x->g->uy + pair,
                          .uz = x->g->uz + pair};
    memset(x->touched, 0, (size_t)x->call->n_free * sizeof(double));
    memset(x->fields, 0, (size_t)(4 * x->stride) * sizeof(double));
    for (int64_t b = 0; b < n; b++) {
        fill_run(x, b);
        clear_columns(x, f_of(x, b));
        for (int64_t c = b; c < n; c++)
            clear_columns(x, g_of(x, b, c));
    }
}

/* Adds to a column's field a batch with the first neighbours' f acting on the second ones, or the other way round. */
static void add_side(const angular *x, const hf_batch *batch, int first_acts, int64_t f_row, int64_t g_row,
                     int64_t g_slope_row, int64_t column)
{
    const hf_field field = field_of(x, column);
    hf_add_triplets(batch->n, first_acts ? batch->second : batch->first, first_acts ? batch->first : batch->second,
                    x->rows + f_row * x->stride, x->g_rows + g_row * HF_BATCH_ARGUMENTS,
                    x->g_rows + g_slope_row * HF_BATCH_ARGUMENTS, &x->bonds, &field);
}

/* Adds a batch of triplets with neighbours of species b and c to the fields, and empties it. */
static void add_batch(const angular *x, int64_t b, int64_t c, hf_batch *batch)
{
    const hpcfit_function *f[2] = {f_of(x, c), f_of(x, b)}, *g = g_of(x, b, c);
    const int64_t n = batch->n * HF_LANES;
    if (n == 0) return;
    hf_fill_batch_cosines(batch, &x->bonds, f[1]->cutoff, f[0]->cutoff, x->cosine, x->inside);
    hf_function_run(x->call, g, n, x->cosine, x->g_rows, HF_BATCH_ARGUMENTS, x->embedded.function);
    const hf_columns of_g = hf_function_columns(x->call, g);
    for (int64_t row = 0; row < HF_BY + 2 * of_g.count; row++)
        hf_clear_outside(n, x->inside, x->g_rows + row * HF_BATCH_ARGUMENTS);
    for (int first_acts = 0; first_acts < 2; first_acts++) {
        const hf_columns of_f = hf_function_columns(x->call, f[first_acts]);
        add_side(x, batch, first_acts, HF_VALUE, HF_VALUE, HF_SLOPE, 0);
        for (int64_t k = 0; k < of_f.count; k++)
            add_side(x, batch, first_acts, HF_BY + k, HF_VALUE, HF_SLOPE, of_f.first + k + 1);
        for (int64_t k = 0; k < of_g.count; k++)
            add_side(x, batch, first_acts, HF_VALUE, HF_BY + k, HF_BY + of_g.count + k, of_g.first + k + 1);
    }
    batch->n = 0;
}

/* All triplets of the chunk with neighbours of species b and c. */
static void add_triplets(const angular *x, int64_t b, int64_t c)
{
    hf_batch batch = {.n = 0};
    if (f_of(x, b) == NULL || f_of(x, c) == NULL || g_of(x, b, c) == NULL) return;
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++) {
        const slots of_b = slots_of(x, group, b), of_c = slots_of(x, group, c);
        for (int64_t j = of_b.start; j < of_b.end; j++)
            for (int64_t k = b == c ? j + 1 : of_c.start; k < of_c.end && x->near[j] != 0.0; k++) {
                if (x->near[k] == 0.0) continue;
                batch.first[batch.n] = j;
                batch.second[batch.n++] = k;
                if (batch.n == HF_BATCH) add_batch(x, b, c, &batch);
            }
    }
    add_batch(x, b, c, &batch);
}

/* Adds what the fields make of the density, and of its derivatives. */
static void add_density(const angular *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = f_of(x, b);
    const hf_embedded *s = &x->embedded;
    const double *value = x->rows + run.offset;
    int64_t count;
    if (f == NULL || run.n_pairs == 0) return;
    for (int64_t column = 0; column <= x->call->n_free; column++) {
        const int64_t row = column == 0 ? -1 : row_of(x, f, column - 1, &count);
        if (column > 0 && x->touched[column - 1] == 0.0) continue;
        memset(x->sums, 0, (size_t)run.n_pairs * sizeof(double));
        hf_add_half(run.n_pairs, value, field_of(x, column).s + run.offset, x->sums);
        if (row >= 0) hf_add_half(run.n_pairs, value + row * x->stride, x->fields + run.offset, x->sums);
        hf_embed_add_sums(x->g, x->chunk, b, x->sums, column == 0 ? s->rho : s->rho_by + (column - 1) * s->n_lanes);
    }
}

/* The derivatives of the densities by the vectors to the neighbours of species b, or the derivatives of these. */
static void fill_vectors(const angular *x, int64_t b, int64_t column, double *const *v)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = f_of(x, b);
    const hf_field field = field_of(x, column), values = field_of(x, 0);
    int64_t count;
    for (int axis = 0; axis < 3; axis++)
        memset(v[axis] + run.offset, 0, (size_t)run.n_pairs * sizeof(double));
    if (f == NULL || run.n_pairs == 0 || (column > 0 && x->touched[column - 1] == 0.0)) return;
    const int64_t row = column == 0 ? -1 : row_of(x, f, column - 1, &count);
    hf_add_field_vectors(run.n_pairs, run.offset, x->rows, x->rows + HF_SLOPE * x->stride, &x->bonds, &field, v);
    if (row >= 0)
        hf_add_field_vectors(run.n_pairs, run.offset, x->rows + row * x->stride, x->rows + (row + count) * x->stride,
                             &x->bonds, &values, v);
}

/* Forces and virials of the vectors  a v + b w, with factors [8] for the atoms of a group. */
static void add_forces(const angular *x, int64_t group, const double *a, const double *b, const hpcfit_output *column)
{
    for (int64_t species = 0; species < x->g->n_species; species++) {
        const slots of = slots_of(x, group, species);
        const int64_t local = of.start * HF_LANES;
        if (of.end == of.start || f_of(x, species) == NULL) continue;
        for (int axis = 0; axis < 3; axis++)
            hf_weigh_slots(of.end - of.start, a, x->v[axis] + local, b, x->w[axis] + local, x->t + axis * x->stride);
        hf_add_vector_forces(x->g, group, species, x->t, x->t + x->stride, x->t + 2 * x->stride, column);
    }
}

/* The derivatives of the forces F' v by a parameter of the panel: (dF') v + F' w with w the derivatives of v. */
static void add_force_column(const angular *x, int64_t c)
{
    const hf_panel *panel = &x->embedded.panel;
    const int64_t k = panel->column[c];
    const hpcfit_output column = hf_column(x->call->output, k + 1);
    for (int64_t b = 0; b < x->g->n_species; b++)
        fill_vectors(x, b, k + 1, x->w);
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++) {
        double by[HF_LANES];
        int any = x->touched[k] != 0.0;
        for (int lane = 0; lane < HF_LANES; lane++) {
            by[lane] = panel->lanes[(group * HF_LANES + lane) * panel->width + c];
            any |= by[lane] != 0.0;
        }
        if (any) add_forces(x, group, by, x->embedded.first + group * HF_LANES, &column);
    }
}

static void add_chunk_forces(const angular *x)
{
    static const double none[HF_LANES] = {0.0};
    const hpcfit_output column = hf_column(x->call->output, 0);
    for (int64_t b = 0; b < x->g->n_species; b++)
        fill_vectors(x, b, 0, x->v);
    for (int axis = 0; axis < 3; axis++)
        memset(x->w[axis], 0, (size_t)x->stride * sizeof(double));
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++)
        add_forces(x, group, x->embedded.first + group * HF_LANES, none, &column);
    for (int64_t c = 0; c < x->embedded.panel.n_columns; c++)
        add_force_column(x, c);
}

static void evaluate(const hf_call *call)
{
    angular x;
    lay_out(call, call->scratch, &x);
    hf_embed_start(call, &x.embedded, N_ROLES);
    for (int64_t chunk = 0; chunk < call->geometry->n_chunks; chunk++) {
        start_chunk(&x, chunk);
        hf_embed_add_density(call, &x.embedded, chunk);
        for (int64_t b = 0; b < call->geometry->n_species; b++)
            for (int64_t c = b; c < call->geometry->n_species; c++)
                add_triplets(&x, b, c);
        for (int64_t b = 0; b < call->geometry->n_species; b++)
            add_density(&x, b);
        hf_embed_chunks(call, &x.embedded, chunk, chunk + 1);
        add_chunk_forces(&x);
    }
    hf_embed_add_pairs(call, &x.embedded);
}

const hpcfit_potential hf_meam = {
    .name = "meam",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(rho_i), "
               "rho_i = sum_j rho(r_ij) + sum_{j<k} f(r_ij) f(r_ik) g(cos theta_jik)",
    .reference = "T. J. Lenosky et al., Modelling Simul. Mater. Sci. Eng. 8, 825 (2000), eqs. 1 and 2",
    .n_roles = N_ROLES,
    .roles = roles,
    .pairwise = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
