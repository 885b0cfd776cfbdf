/* A pair of f, or a triplet of g, adds to four rows of each of its atoms. Rows are kept for every atom, and taken to
 * the columns when all triplets are done. */
#include "meam/nodes.h"

#include <string.h>

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
        hf_node_flush(&s, k);
    for (int64_t atom = 0; atom < x->g->n_atoms; atom++)
        hf_add_row_forces(nodes, 0, nodes->n_rows, (const double *)(s.forces + atom * nodes->n_rows), atom,
                          x->call->output);
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
