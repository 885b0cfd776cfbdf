/* Derivatives by many parameters at once: a panel holds the columns of an array side by side, [n][width], so that the
 * work of a pair is one vector operation for eight columns. */
#ifndef HF_PANEL_H
#define HF_PANEL_H

#include "core/internal.h"

typedef struct {
    int64_t n_columns, width; /* width is n_columns, rounded up to a multiple of 8 */
    const int64_t *column;    /* [n_columns] the free parameters they belong to */
    const double *lanes;      /* [n_lanes][width] over the atoms in the order of the groups */
    const double *atoms;      /* [n_atoms][width] over the atoms of the batch */
    double *forces;           /* [n_atoms][3][width] */
} hf_panel;

/* Adds the virials of the slopes  here * atoms[own] + there * atoms[neighbour]  along the pairs of a run of the half
 * geometry to the panel's columns of the output, and their forces to those of the panel; here and there [n_pairs] are
 * those of the run. */
void hf_add_panel(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *here,
                  const double *there, const hf_panel *panel, const hpcfit_output *output);

/* The same for vectors v [3] over the pairs of a chunk of the full geometry, each times the panel's values `lanes` of
 * the atom whose pair it is. */
void hf_add_vector_panel(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *const *v,
                         const hf_panel *panel, const hpcfit_output *output);

/* Adds the virials of eight columns from `first` on, [6][8], to a structure. */
void hf_add_panel_virial(const hf_panel *panel, int64_t first, const hf_eight *virial, int64_t structure,
                         const hpcfit_output *output);

/* Adds the panel's forces to its columns of the output. */
void hf_add_panel_forces(const hf_panel *panel, int64_t n_atoms, const hpcfit_output *output);

#endif
