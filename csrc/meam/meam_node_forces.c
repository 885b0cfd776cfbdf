/* A pair of f, or a triplet of g, adds to four rows of each of its atoms. Rows are kept for every atom, and taken to
 * the columns when all triplets are done. */
#include "meam/meam_nodes.h"

#include <string.h>

enum { N_VIRIAL = 6 };

static void flush_total(hf_node_forces *s, int number)
{
    hf_eight *totals = s->totals + number * s->nodes.n_rows;
    if (s->structure[number] < 0) return;
    hf_map_rows(&s->nodes, 0, s->nodes.n_rows, 6, 8, (const double *)totals);
    memset(totals, 0, (size_t)s->nodes.n_rows * sizeof *totals);
    for (int64_t k = 0; k < s->nodes.columns.count; k++) {
        const hpcfit_output column = hf_column(s->x->call->output, 1 + s->nodes.columns.first + k);
        for (int v = 0; v < N_VIRIAL; v++)
            column.virials[s->structure[number]][v] += s->nodes.mapped[v * s->nodes.width + k];
    }
    s->structure[number] = -1;
}

/* Finds the structures of a group's lanes: the last group's go to the output, if it has other ones. */
void hf_node_group(hf_node_forces *s, int64_t group)
{
    const hpcfit_geometry *g = s->x->g;
    int number = 0;
    s->first = s->x->embedded.first + group * HF_LANES;
    if (s->x->call->output->virials == NULL) return;
    for (int lane = 0; lane < g->lane_count[group]; lane++) {
        const int64_t structure = g->lane_structure[group * HF_LANES + lane];
        if (lane > 0 && structure != g->lane_structure[group * HF_LANES + lane - 1]) number++;
        if (s->structure[number] != structure) flush_total(s, number);
        s->structure[number] = structure;
        s->of_lane[lane] = number;
    }
}

static void add_spline(hf_angular *x, const hpcfit_function *function, int64_t spline, hf_add_node_chunk *add)
{
    hf_node_forces s = {.x = x, .nodes = hf_nodes_of(x->call, function, spline, x->nodes.tables)};
    const hf_nodes *nodes = &s.nodes;
    if (nodes->columns.count == 0) return;
    s.forces = (hf_four *)x->nodes.forces;
    s.totals = (hf_eight *)x->nodes.totals;
    memset(s.forces, 0, (size_t)(x->g->n_atoms * nodes->n_rows) * sizeof *s.forces);
    memset(s.totals, 0, (size_t)(HF_LANES * nodes->n_rows) * sizeof *s.totals);
    for (int k = 0; k < HF_LANES; k++)
        s.structure[k] = -1;
    for (int64_t chunk = 0; chunk < x->g->n_chunks; chunk++) {
        hf_angular_enter(x, chunk);
        add(&s);
    }
    for (int k = 0; k < HF_LANES; k++)
        flush_total(&s, k);
    for (int64_t atom = 0; atom < x->g->n_atoms; atom++) {
        hf_map_rows(nodes, 0, nodes->n_rows, 3, 4, (const double *)(s.forces + atom * nodes->n_rows));
        for (int64_t k = 0; k < nodes->columns.count; k++) {
            const hpcfit_output column = hf_column(x->call->output, 1 + nodes->columns.first + k);
            for (int axis = 0; axis < 3; axis++)
                column.forces[atom][axis] += nodes->mapped[axis * nodes->width + k];
        }
    }
}

void hf_angular_add_nodes(hf_angular *x)
{
    const hpcfit_functions *functions = x->call->functions;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        for (int64_t k = 0; k < function->n_splines; k++) {
            if (hf_angular_has(x->call, HF_F_ROLE, function)) add_spline(x, function, k, hf_add_f_chunk);
            if (hf_angular_has(x->call, HF_G_ROLE, function)) add_spline(x, function, k, hf_add_g_chunk);
        }
    }
}
