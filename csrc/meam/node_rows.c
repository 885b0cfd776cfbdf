/* The virials of the structures of a group, summed by rows. */
#include "meam/nodes.h"

void hf_node_flush(hf_node_forces *s, int number)
{
    hf_eight *totals = s->totals + number * s->nodes.n_rows;
    if (s->structure[number] < 0) return;
    hf_add_row_totals(&s->nodes, HF_VIRIAL, totals, s->structure[number], s->x->call->output);
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
