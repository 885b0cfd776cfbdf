/* Two functions of the distance for the same pairs, computed by one fused program. */
#ifndef HF_FUSED_PAIR_H
#define HF_FUSED_PAIR_H

#include "functions/columns.h"

/* The first fault of a function's fused program, NULL for none. */
const char *hf_fused_pair_fault(const hpcfit_functions *functions, const hpcfit_function *function);

/* Scratch doubles that hf_fused_pair_run_rows needs; 0 for a function without a fused program. */
int64_t hf_fused_pair_scratch(const hpcfit_function *function);

/* Whether two functions, each NULL for none, have a fused program. */
static inline int hf_is_fused_pair(const hf_call *call, const hpcfit_function *first, const hpcfit_function *second)
{
    return first != NULL && second != NULL && first->fused.n_registers > 0 &&
           call->functions->functions + first->fused_with == second;
}

/* Computes the rows of a function, as hf_function_run_rows does, and then those of the second function of the pair,
 * into the arrays `rows`. */
void hf_fused_pair_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                            double *const *rows, double *scratch);

#endif
