/* The law of Born-Mayer-Huggins, for potentials that are a part of it. */
#ifndef HF_BORN_MAYER_HUGGINS_H
#define HF_BORN_MAYER_HUGGINS_H

#include "pair/pairs.h"

/* Its parameters, and the number of arrays that it keeps. */
enum { HF_BORN_A, HF_BORN_RHO, HF_BORN_SIGMA, HF_BORN_C, HF_BORN_D, HF_BORN_CUTOFF, HF_BORN_N_PARAMETERS };
enum { HF_BORN_N_KEPT = 4 };

/* As in hf_pair_law. */
void hf_born_values(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi);
void hf_born_derivatives(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi);

#endif
