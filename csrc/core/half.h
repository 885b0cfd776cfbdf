/* Every pair once: the half of a geometry, and sums over it that act on both atoms of a pair. */
#ifndef HF_HALF_H
#define HF_HALF_H

#include "core/internal.h"

/* A batch in which each pair is on the list of one of its atoms alone. */
typedef struct {
    hpcfit_batch batch;
    int64_t *start;
    int32_t *neighbour;
    double (*vector)[3];
} hf_half_batch;

/* 0 when there is no memory. */
int hf_half_batch_new(const hpcfit_batch *batch, hf_half_batch *half);
void hf_half_batch_free(hf_half_batch *half);

/* Adds a function of the distance: its value phi, NULL for no energies, and slope dphi at every pair of the run of
 * `species` in a chunk of the half geometry. */
void hf_add_pairs(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *phi, const double *dphi,
                  const hpcfit_output *column);

/* Adds up the forces dphi u of the pairs of a slot, and takes them from the neighbours. */
static inline __attribute__((always_inline)) void hf_share_slot(const hf_eight *dphi, const double *ux,
                                                                const double *uy, const double *uz,
                                                                const int32_t *neighbour, hf_eight *sum,
                                                                double (*forces)[3])
{
    const hf_eight x = *dphi * *(const hf_eight *)ux, y = *dphi * *(const hf_eight *)uy,
                   z = *dphi * *(const hf_eight *)uz;
    sum[0] += x;
    sum[1] += y;
    sum[2] += z;
    for (int lane = 0; lane < HF_LANES; lane++) {
        double *force = forces[neighbour[lane]];
        force[0] -= x[lane];
        force[1] -= y[lane];
        force[2] -= z[lane];
    }
}

/* Adds energies alone. */
void hf_add_pair_energies(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *phi,
                          const hpcfit_output *column);

/* Adds values of the pairs of a run to an array over atoms, `own` to their atom and `other` to their neighbour;
 * either may be NULL. */
void hf_share_values(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *own,
                     const double *other, double *atoms);

#endif
