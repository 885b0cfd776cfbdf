/* Derivatives of angular densities by the nodes of splines: a pair of f, or a triplet of g, adds to four rows of its
 * atom. */
#include "functions/spline_columns.h"
#include "meam/meam.h"

#include <string.h>

/* Most rows of a spline with parameters in an angular role; the functions may not be in order yet. */
static int64_t most_rows(const hf_call *call)
{
    const hpcfit_functions *f = call->functions;
    int64_t most = 0, place = 0;
    for (int role = 0; role < HF_F_ROLE; role++)
        place += hf_n_tuples(call->potential->roles[role].kind, call->geometry->n_species);
    for (; place < f->n_places && call->n_free > 0; place++) {
        if (f->roles[place] < 0 || f->roles[place] >= f->n_functions) continue;
        const hpcfit_function *function = &f->functions[f->roles[place]];
        for (int64_t k = 0; k < function->n_splines; k++)
            if (function->splines[k].n_parameters > 0 && 2 * function->splines[k].n_knots > most)
                most = 2 * function->splines[k].n_knots;
    }
    return most;
}

int64_t hf_angular_lay_out_nodes(hf_angular *x, double *scratch)
{
    const hpcfit_geometry *g = x->g;
    hf_angular_nodes *s = &x->nodes;
    s->n_rows = most_rows(x->call);
    const int64_t n_pairs = s->n_rows > 0 ? g->n_slots * HF_LANES : 0;
    const hf_array plan[] = {{&s->tables, hf_nodes_scratch(x->call->functions)},
                             {&s->kept[HF_KEPT_F], n_pairs},
                             {&s->kept[HF_KEPT_SLOPE], n_pairs},
                             {&s->kept[HF_KEPT_S], n_pairs},
                             {&s->kept[HF_KEPT_X], n_pairs},
                             {&s->kept[HF_KEPT_Y], n_pairs},
                             {&s->kept[HF_KEPT_Z], n_pairs},
                             {&s->basis, g->n_species * hf_basis_scratch(hf_angular_arguments(x))},
                             {&s->pulls, HF_N_PULLS * x->stride},
                             {&s->forces, 4 * s->n_rows * hf_round_up(g->n_atoms)},
                             {&s->totals, HF_LANES * 8 * s->n_rows},
                             {&s->sums, HF_LANES * s->n_rows}};
    return hf_lay_out(HF_COUNT(plan), plan, scratch, 0);
}

int hf_angular_has(const hf_call *call, int role, const hpcfit_function *function)
{
    const int64_t n = hf_n_tuples(call->potential->roles[role].kind, call->geometry->n_species);
    for (int64_t t = 0; t < n; t++)
        if (hf_role(call, role, t) == function) return 1;
    return 0;
}

int hf_angular_start_nodes(const hf_angular *x)
{
    const hpcfit_functions *functions = x->call->functions;
    int any = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        any |= hf_function_has_nodes(x->call, function) &&
               (hf_angular_has(x->call, HF_F_ROLE, function) || hf_angular_has(x->call, HF_G_ROLE, function));
    }
    if (any) hf_nodes_fill(x->call, x->nodes.tables);
    return any;
}

static void keep_chunk(const hf_angular *x)
{
    const int64_t n = (x->g->run_start[x->chunk * (x->g->n_species + 1) + x->g->n_species] - x->first) * HF_LANES;
    const hf_field field = hf_angular_field(x, 0);
    const double *from[HF_N_KEPT] = {x->rows, x->rows + HF_SLOPE * x->stride, field.s, field.x, field.y, field.z};
    for (int k = 0; k < HF_N_KEPT; k++)
        memcpy(x->nodes.kept[k] + x->first * HF_LANES, from[k], (size_t)n * sizeof(double));
}

hf_basis hf_angular_basis(const hf_angular *x, const hf_nodes *nodes, int64_t b, int64_t c, const hf_batch *batch)
{
    hf_angular_fill_batch(x, b, c, batch, !hf_is_spline(nodes->function));
    return hf_basis_at(x->call, nodes, x->g_rows, HF_BATCH_ARGUMENTS, batch->n * HF_LANES, x->cosine,
                       HF_BATCH_ARGUMENTS, x->nodes.basis);
}

static void add_sums_of_batch(const hf_angular *x, const hf_nodes *nodes, int64_t b, int64_t c, hf_batch *batch)
{
    const hf_basis basis = hf_angular_basis(x, nodes, b, c, batch);
    for (int64_t p = 0; p < batch->n; p++)
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t at = p * HF_LANES + lane;
            if (x->inside[at] == 0.0) continue;
            const double weight =
                x->rows[batch->first[p] * HF_LANES + lane] * x->rows[batch->second[p] * HF_LANES + lane];
            double *sums = x->nodes.sums + 2 * basis.interval[at] * HF_LANES + lane;
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
                sums[q * HF_LANES] += weight * basis.value[q * basis.stride + at];
        }
    batch->n = 0;
}

/* The derivatives of a group's densities by the nodes of g. */
static void add_sums_of_group(const hf_angular *x, const hf_nodes *nodes, int64_t group, int64_t b, int64_t c)
{
    const hf_embedded *s = &x->embedded;
    hf_batch batch = {.n = 0};
    memset(x->nodes.sums, 0, (size_t)(HF_LANES * nodes->n_rows) * sizeof(double));
    for (int64_t j = -1, k = 0; hf_angular_next(x, group, b, c, &j, &k), j >= 0;) {
        batch.first[batch.n] = j;
        batch.second[batch.n++] = k;
        if (batch.n == HF_BATCH) add_sums_of_batch(x, nodes, b, c, &batch);
    }
    if (batch.n > 0) add_sums_of_batch(x, nodes, b, c, &batch);
    for (int lane = 0; lane < x->g->lane_count[group]; lane++) {
        hf_map_rows(nodes, 0, nodes->n_rows, 1, HF_LANES, x->nodes.sums + lane);
        for (int64_t k = 0; k < nodes->columns.count; k++)
            s->rho_by[(nodes->columns.first + k) * s->n_lanes + group * HF_LANES + lane] += nodes->mapped[k];
    }
}

static void add_density_of_g(const hf_angular *x, int64_t b, int64_t c)
{
    const hpcfit_function *function = hf_angular_g(x, b, c);
    if (!hf_function_has_nodes(x->call, function) || hf_angular_f(x, b) == NULL || hf_angular_f(x, c) == NULL) return;
    for (int64_t k = 0; k < function->n_splines; k++) {
        const hf_nodes nodes = hf_nodes_of(x->call, function, k, x->nodes.tables);
        for (int64_t group = x->g->chunk_group[x->chunk];
             group < x->g->chunk_group[x->chunk + 1] && nodes.columns.count > 0; group++)
            add_sums_of_group(x, &nodes, group, b, c);
    }
}

void hf_angular_add_node_density(const hf_angular *x)
{
    keep_chunk(x);
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const hf_run run = hf_run_of(x->g, x->chunk, b);
        const hf_rows rows = {.function = hf_angular_f(x, b), .rows = x->rows + run.offset, .stride = x->stride};
        if (run.n_pairs > 0 && hf_function_has_nodes(x->call, rows.function))
            hf_spline_add_sums(x->call, &rows, x->chunk, b, hf_angular_field(x, 0).s + run.offset, x->embedded.rho_by,
                               x->embedded.spline);
        for (int64_t c = b; c < x->g->n_species; c++)
            add_density_of_g(x, b, c);
    }
}
