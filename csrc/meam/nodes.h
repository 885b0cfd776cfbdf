/* Derivatives of forces and virials by the nodes of a spline of f or g at constant F', summed by rows. */
#ifndef HF_NODES_H
#define HF_NODES_H

#include "meam/meam.h"

/* One spline, and the structures of the current group; the virials of each are summed separately. */
typedef struct {
    hf_angular *x;
    hf_nodes nodes;
    hf_four *forces;             /* [n_atoms][n_rows] x y z */
    hf_eight *totals;            /* [8][n_rows] xx yy zz yz xz xy */
    int64_t structure[HF_LANES]; /* of the totals, -1 for none */
    int of_lane[HF_LANES];       /* which of the totals a lane adds to */
    const double *first;         /* F' of the group's atoms */
    hf_basis basis[HF_MAX_SPECIES];
} hf_node_forces;

static inline hf_four *hf_node_rows(const hf_node_forces *s, int64_t atom, int32_t interval)
{
    return s->forces + atom * s->nodes.n_rows + 2 * interval;
}

static inline hf_eight *hf_node_totals(const hf_node_forces *s, int lane, int32_t interval)
{
    return s->totals + s->of_lane[lane] * s->nodes.n_rows + 2 * interval;
}

/* Adds one of the totals to the output, and clears it. */
void hf_node_flush(hf_node_forces *s, int number);

/* Begins a group of atoms: the totals of structures without atoms in the group are flushed. */
void hf_node_group(hf_node_forces *s, int64_t group);

/* Adds the derivatives by the nodes of the current chunk. */
typedef void hf_add_node_chunk(hf_node_forces *s);
hf_add_node_chunk hf_add_f_chunk, hf_add_g_chunk;

#endif
