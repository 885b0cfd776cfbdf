/* Moments of the neighbours' directions up to second order: what angular potentials with a polynomial in the cosine
 * need instead of a loop over triplets. One function g of the distance weighs them:
 *
 *   S = sum g,  D = sum g u,  Q = sum g u u   (u unit vectors from the atom to its neighbours).
 *
 * A field (s, d, q) has the same components and is linear in the moments of all species; the energy of an atom is
 * S s - 2 D.d + Q:q up to a factor. */
#ifndef HF_MOMENTS_H
#define HF_MOMENTS_H

#include "core/internal.h"

enum { HF_M_S, HF_M_X, HF_M_Y, HF_M_Z, HF_M_XX, HF_M_YY, HF_M_ZZ, HF_M_YZ, HF_M_XZ, HF_M_XY, HF_N_MOMENTS };

typedef double hf_moments[HF_N_MOMENTS][HF_LANES];

/* The moments of the neighbours in n_slots >= 1 slots; arrays [n_slots][8]. */
void hf_sum_moments(int64_t n_slots, const double *g, const double *ux, const double *uy, const double *uz,
                    double (*m)[HF_LANES]);

/* field += (s S, d D, q Q) */
void hf_add_field(double (*field)[HF_LANES], const double (*m)[HF_LANES], double s, double d, double q);

/* The moments of a group's neighbours of one species, zero where there are none; g over the pairs of the chunk. */
void hf_part_moments(const hpcfit_geometry *geometry, int64_t chunk, int64_t group, int64_t species, const double *g,
                     hf_moments m);

/* Adds to the fields on species b and c from each other's moments. */
void hf_add_pair_fields(const hf_moments *m, hf_moments *field, int64_t b, int64_t c, double s, double d, double q);

/* energy += factor (S s - 2 D.d + Q:q), lane by lane */
void hf_add_moment_energy(double factor, const double (*m)[HF_LANES], const double (*field)[HF_LANES],
                          double *energy);

/* Adds to the vectors t the derivative of half of S s - 2 D.d + Q:q, with fields symmetric in the moments, by the
 * vector to each neighbour:  [u.q u - 2 u.d + s] g' u + 2 g / r (1 - u u) (q u - d). */
void hf_add_moment_vectors(int64_t n_slots, const double (*field)[HF_LANES], const double *g, const double *dg,
                           const hf_bonds *bonds, const hf_axes *t);

/* Adds a group's forces and virial, given the derivatives t of its atoms' energies by the vectors to their neighbours
 * of one species. */
void hf_add_vector_forces(const hpcfit_geometry *g, int64_t group, int64_t species, const hf_axes *t,
                          const hpcfit_output *column);

/* The same for pairs that were gathered: n_slots >= 1 slots of a group; arrays [n_slots][8]. */
void hf_add_vectors(const hpcfit_geometry *g, int64_t group, int64_t n_slots, const hf_bonds *bonds, const hf_axes *t,
                    const hpcfit_output *column);

#endif
