/* The angular part of meam's densities: types and functions that its files share. */
#ifndef HF_MEAM_H
#define HF_MEAM_H

#include "embedded/embedding.h"
#include "functions/spline_rows.h"
#include "meam/triplets.h"

enum { HF_F_ROLE = HF_N_EMBEDDED_ROLES, HF_G_ROLE, HF_N_ANGULAR_ROLES };

/* Arrays kept for the nodes of splines: f, f' and the field S, T, over all pairs of the geometry. */
enum { HF_KEPT_F, HF_KEPT_SLOPE, HF_KEPT_S, HF_KEPT_X, HF_KEPT_Y, HF_KEPT_Z, HF_N_KEPT };

/* The forces of the triplets of a pair on their atom, x y z, and their virials. */
enum { HF_N_PULLS = 9 };

/* Scratch of nodes. */
typedef struct {
    int64_t n_rows; /* most of any spline of an angular function */
    double *tables, *kept[HF_N_KEPT];
    double *basis;  /* of f over a chunk, or of g over a batch */
    double *pulls;  /* [HF_N_PULLS][stride] */
    double *forces; /* [n_atoms][n_rows][4] */
    double *totals; /* [8][n_rows][8] virials of the structures of a group */
    double *sums;   /* [n_rows][8] of a group's atoms */
} hf_angular_nodes;

/* One chunk. Rows are the outputs of f over the chunk's pairs; field 0 is that of the values, field k + 1 its
 * derivative by free parameter k, if that lies outside splines and touches the chunk's atoms. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    hf_embedded embedded;
    hf_angular_nodes nodes;
    int64_t chunk, stride, first; /* the chunk's first slot */
    hf_bonds bonds;
    double *inverse, *near;         /* [stride], [slots] whether any of the slot's pairs is within the cut-off */
    double *rows, *fields;          /* [most rows][stride], [1 + n_free][4][stride] */
    double *touched;                /* [n_free] 0 or 1 */
    double *sums, *v[3], *w[3], *t; /* [stride], t three of them */
    double *cosine, *inside, *g_rows;
} hf_angular;

static inline const hpcfit_function *hf_angular_f(const hf_angular *x, int64_t b)
{
    return hf_role(x->call, HF_F_ROLE, x->g->chunk_species[x->chunk] * x->g->n_species + b);
}

static inline const hpcfit_function *hf_angular_g(const hf_angular *x, int64_t b, int64_t c)
{
    return hf_role(x->call, HF_G_ROLE, hf_triplet_tuple(x->g->chunk_species[x->chunk], b, c, x->g->n_species));
}

static inline hf_field hf_angular_field(const hf_angular *x, int64_t column)
{
    double *s = x->fields + column * 4 * x->stride;
    return (hf_field){.s = s, .x = s + x->stride, .y = s + 2 * x->stride, .z = s + 3 * x->stride};
}

/* Makes a chunk the current one, with its inverse distances and the slots that are near. */
void hf_angular_enter(hf_angular *x, int64_t chunk);

/* The slots of a group with neighbours of one species, from the chunk's first. */
typedef struct {
    int64_t start, end;
} hf_slots;

static inline hf_slots hf_angular_slots(const hf_angular *x, int64_t group, int64_t b)
{
    const int64_t start = x->g->slot_start[group * x->g->n_species + b] - x->first;
    return (hf_slots){.start = start, .end = start + x->g->slot_count[group * x->g->n_species + b]};
}

/* Advances to the next triplet of a group, neighbours of species b and c in slots j and k: j = -1 to begin, and -1
 * again at the end. */
static inline void hf_angular_next(const hf_angular *x, int64_t group, int64_t b, int64_t c, int64_t *j, int64_t *k)
{
    const hf_slots of_b = hf_angular_slots(x, group, b), of_c = hf_angular_slots(x, group, c);
    if (*j < 0) {
        *j = of_b.start - 1;
        *k = of_c.end;
    }
    for (;;) {
        for (++*k; *k < of_c.end; ++*k)
            if (x->near[*k] != 0.0) return;
        do {
            if (++*j >= of_b.end) {
                *j = -1;
                return;
            }
        } while (x->near[*j] == 0.0);
        *k = (b == c ? *j + 1 : of_c.start) - 1;
    }
}

/* Fills the batch's cosines and `inside`; if `rows`, also the rows of g, which are zero outside. */
void hf_angular_fill_batch(const hf_angular *x, int64_t b, int64_t c, const hf_batch *batch, int rows);

/* Most arguments of a basis: the pairs of a chunk, or those of a batch. */
static inline int64_t hf_angular_arguments(const hf_angular *x)
{
    return x->stride > HF_BATCH_ARGUMENTS ? x->stride : HF_BATCH_ARGUMENTS;
}

/* Scratch doubles of the nodes, laid out from `scratch` on, NULL to learn their number alone. */
int64_t hf_angular_lay_out_nodes(hf_angular *x, double *scratch);

/* Whether a function plays a role. */
int hf_angular_has(const hf_call *call, int role, const hpcfit_function *function);

/* Whether an angular function has nodes that are free; fills their tables. */
int hf_angular_start_nodes(const hf_angular *x);

/* Keeps the fields of a chunk, which are complete, and adds the derivatives of its densities by the nodes. */
void hf_angular_add_node_density(const hf_angular *x);

/* The basis of g at the cosines of a batch of triplets with neighbours of species b and c. */
hf_basis hf_angular_basis(const hf_angular *x, const hf_nodes *nodes, int64_t b, int64_t c, const hf_batch *batch);

/* Adds the derivatives of forces and virials by the nodes at constant F'; all atoms are embedded. */
void hf_angular_add_nodes(hf_angular *x);

#endif
