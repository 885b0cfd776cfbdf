/* Sums over pairs of neighbours of an atom, weighed by a function g of the cosine of the angle between them:
 *
 *   rho_i = sum_{j<k} f_j f_k g(u_j.u_k),   f_j = f(r_ij), u_j the unit vector from the atom to its neighbour.
 *
 * The other neighbours of an atom act on one of them through a field of four components,
 *
 *   S_j = sum_k f_k g,  T_j = sum_k f_k g' u_k:  rho_i = 1/2 sum_j f_j S_j,
 *   d rho_i / d r_ij = f_j' S_j u_j + f_j / r_ij (1 - u_j u_j) T_j.
 *
 * Arrays are over the pairs of one chunk, [n_slots][8]; a triplet stands for two slots of a group, that is for one
 * pair of neighbours of each of its atoms. */
#ifndef HF_TRIPLETS_H
#define HF_TRIPLETS_H

#include "core/internal.h"

/* Triplets are taken in batches, so that g is evaluated for many arguments at once. */
enum { HF_BATCH = 32, HF_BATCH_ARGUMENTS = HF_BATCH * HF_LANES };

typedef struct {
    int64_t n, first[HF_BATCH], second[HF_BATCH]; /* slots, from the chunk's first */
} hf_batch;

typedef struct {
    double *s, *x, *y, *z;
} hf_field;

/* The cosines of a batch [n][8], and 1 where both neighbours are within their cut-offs, 0 elsewhere. */
void hf_fill_batch_cosines(const hf_batch *batch, const hf_bonds *bonds, double first_cutoff, double second_cutoff,
                           double *cosine, double *inside);

/* Sets values [n] outside to zero; they may be anything before. */
void hf_clear_outside(int64_t n, const double *inside, double *values);

/* Adds to the field on the slots `to` the contributions of the slots `from`, with f over the chunk and g and g' of
 * the batch. */
void hf_add_triplets(int64_t n, const int64_t *to, const int64_t *from, const double *f, const double *g,
                     const double *dg, const hf_bonds *bonds, const hf_field *field);

/* sums += f S / 2 */
void hf_add_half(int64_t n, const double *f, const double *s, double *sums);

/* v += f' S u + f / r (1 - u u) T, over n pairs. */
void hf_add_field_vectors(int64_t n, const double *f, const double *df, const hf_bonds *bonds, const hf_field *field,
                          const hf_axes *v);

/* t = a v over the slots of a group, with factors a over its lanes. */
void hf_weigh_slots(int64_t n_slots, const double *a, const double *v, double *t);

#endif
