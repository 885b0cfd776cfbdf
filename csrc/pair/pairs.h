/* Potentials that are one function of the distance, with values of its parameters for every pair of species. */
#ifndef HF_PAIRS_H
#define HF_PAIRS_H

#include "core/half.h"

/* Most parameters of a law, and most arrays that it keeps. */
enum { HF_LAW_PARAMETERS = 8, HF_LAW_ARRAYS = 4 };

struct hf_pair_law {
    int n_kept; /* arrays over the pairs that `values` leaves for `derivatives` */
    /* V and dV/dr at n distances for the parameters p; zero from the cut-off on. */
    void (*values)(int64_t n, const double *r, const double *p, double *const *kept, double *phi, double *dphi);
    /* The derivatives of both with respect to one of the parameters that can be fitted. */
    void (*derivatives)(int64_t n, const double *p, int parameter, double *const *kept, double *phi, double *dphi);
};

int64_t hf_pairs_scratch(const hf_call *call);
void hf_pairs_evaluate(const hf_call *call);

/* Record fields that all potentials with a pair law share. */
#define HF_FOLLOWS(pair_law)                                                                                         \
    .law = &(pair_law), .pairwise = 1, .scratch_size = hf_pairs_scratch, .evaluate = hf_pairs_evaluate

#endif
