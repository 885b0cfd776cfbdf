/* Energies of atoms in the density of their neighbours, shared by eam, adp and meam. */
#ifndef HF_EMBEDDING_H
#define HF_EMBEDDING_H

#include "core/panel.h"
#include "functions/function.h"

/* The first roles of every potential with embedded atoms. */
enum { HF_PAIR_ROLE, HF_DENSITY_ROLE, HF_EMBEDDING_ROLE, HF_N_EMBEDDED_ROLES };

#define HF_EMBEDDED_ROLES                                                                                            \
    [HF_PAIR_ROLE] = {"pair-interaction", "energy of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},                      \
    [HF_DENSITY_ROLE] = {"electron-density", "density that species-a receives from species-b", HPCFIT_ORDERED_PAIR,  \
                         HPCFIT_OF_DISTANCE},                                                                        \
    [HF_EMBEDDING_ROLE] = {"embedding-energy", "energy of an atom in the density of its neighbours", HPCFIT_SPECIES, \
                           HPCFIT_OF_DENSITY}

/* Slopes of the pair energy, and of the densities that own atoms and neighbours receive. */
enum { HF_PAIR_SLOPE, HF_HERE_SLOPE, HF_THERE_SLOPE, HF_N_SLOPES };

/* The scratch space. Lanes are the atoms in the order of the groups; arrays over atoms are in the batch's order.
 * Functions of the distance are computed on the half geometry, each pair once, and summed over atoms. */
typedef struct {
    int64_t n_lanes, n_atoms, stride, rows;
    int64_t n_kept;       /* most parameters of a density outside splines, 0 if they are too many to be kept */
    double *rho, *first;  /* [n_lanes] density, F'(rho) */
    double *rho_by;       /* [n_free][n_lanes] derivative of the density by a parameter of a density */
    double *first_by;     /* [n_free][n_lanes] derivative of F'(rho) by any parameter */
    double *atom_rho;     /* [1 + n_free][n_atoms] densities and derivatives that pairs give */
    double *atom_first;   /* [n_atoms] F'(rho) */
    double *single_atoms; /* [n_single][n_atoms] first_by of single columns */
    double *panel_lanes;  /* [n_lanes][width] first_by of those in the panel */
    double *panel_atoms;  /* [n_atoms][width] */
    double *panel_forces; /* [n_atoms][3][width] */
    int64_t n_columns;    /* parameters that F' depends on */
    int64_t n_single;     /* the first of them, each a column by itself; the others are in the panel */
    int64_t *column;      /* [n_columns] */
    hf_panel panel;       /* the arrays above */
    /* Outputs over a chunk's run, [2 rows][stride], [rows][stride], [rows][stride]: phi, rho_ij, rho_ji. */
    double *pair, *here, *there;
    double **row_of;             /* [2 rows] where the rows of a fused pair go */
    double *slopes[HF_N_SLOPES]; /* [n_slots of the half][8] kept from the densities' run on */
    double *slopes_by;           /* [2][n_kept][n_slots of the half][8] derivatives of the two densities' slopes */
    double *weight, *gathered;   /* [stride] F'(rho) of the atom and of the neighbour */
    double *slope;               /* [stride] */
    double *embedding;           /* [most outputs][most lanes of a chunk, at least HF_BLOCK] */
    double *function, *spline;   /* scratch of the functions, and of the columns of splines */
} hf_embedded;

/* The kept derivative of a density's slope, HF_HERE_SLOPE or HF_THERE_SLOPE, by parameter k, for all pairs of the
 * half geometry. */
static inline double *hf_kept_slope_by(const hf_call *call, const hf_embedded *s, int which, int64_t k)
{
    return s->slopes_by + ((which - HF_HERE_SLOPE) * s->n_kept + k) * call->geometry->half->n_slots * HF_LANES;
}

/* Lays the arrays out from `scratch` on, NULL to learn their length alone, which is returned. */
int64_t hf_embedded_lay_out(const hf_call *call, double *scratch, hf_embedded *s);

/* Starts an evaluation: computes the densities of pairs, and adds the pair energies with their derivatives. F'
 * depends on the functions in the roles from the density to `end` - 1. */
void hf_embed_start(const hf_call *call, hf_embedded *s, int end);

/* Adds the contributions of pairs to the densities of a chunk's atoms, and their derivatives. */
void hf_embed_add_density(const hf_call *call, const hf_embedded *s, int64_t chunk);

static inline int64_t hf_n_chunk_lanes(const hpcfit_geometry *g, int64_t chunk, int64_t end)
{
    return (g->chunk_group[end] - g->chunk_group[chunk]) * HF_LANES;
}

/* Adds the embedding energies of chunks of one species, one or with at most HF_BLOCK lanes, whose densities are
 * complete, and fills what forces need: F', its panel. */
void hf_embed_chunks(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t end);

/* Adds each group's sums over its slots, of values over a run, to an array over lanes. */
void hf_embed_add_sums(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *values, double *lanes);

/* Adds the forces of pair energies and radial densities, after all chunks are embedded. */
void hf_embed_add_pairs(const hf_call *call, const hf_embedded *s);

/* Energies, forces, virials and their derivatives of an embedded-atom potential. */
void hf_embedded_evaluate(const hf_call *call);
int64_t hf_embedded_scratch(const hf_call *call);

/* The gradient of weighted energies, forces and virials, without columns. */
void hf_embedded_gradient(const hf_call *call);
int64_t hf_embedded_gradient_scratch(const hf_call *call);

#endif
