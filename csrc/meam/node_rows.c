/* The virials of the structures of a group, summed by rows. */
#include "meam/nodes.h"

#include <string.h>

enum { N_VIRIAL = 6 };

void hf_node_flush(hf_node_forces *s, int number)
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
        if (s->structure[number] != structure) hf_node_flush(s, number);
        s->structure[number] = structure;
        s->of_lane[lane] = number;
    }
}
