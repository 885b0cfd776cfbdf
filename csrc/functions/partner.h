/* Two functions of the distance that are worked out together. */
#ifndef HF_PARTNER_H
#define HF_PARTNER_H

#include "functions/function.h"

/* What is wrong with a function's partner, NULL when nothing is. */
const char *hf_partner_fault(const hpcfit_functions *functions, const hpcfit_function *function);

/* Scratch doubles that hf_partner_run_rows needs. */
int64_t hf_partner_scratch(const hpcfit_function *function);

/* Whether a function, which may be NULL like the other, has a program for both. */
static inline int hf_are_partners(const hf_call *call, const hpcfit_function *function, const hpcfit_function *other)
{
    return function != NULL && other != NULL && function->both.n_registers > 0 &&
           call->functions->functions + function->partner == other;
}

/* Computes the rows of a function, as hf_function_run_rows does, and then those of its partner, each where `rows`
 * says.
 */
void hf_partner_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                         double *const *rows, double *scratch);

#endif
