/* Functions of one variable, as potentials built from functions see them. */
#ifndef HF_FUNCTION_H
#define HF_FUNCTION_H

#include "program.h"

/* A function's share of the free parameters: columns first to first + count - 1. */
typedef struct {
    int64_t first, count;
} hf_columns;

/* Outputs of a function, in arrays of n doubles: value, slope, then derivatives by its free parameters, then those of
 * the slope. A function of the density has its second derivative behind the slope. */
enum { HF_VALUE, HF_SLOPE, HF_BY };

/* What is wrong with the functions themselves, NULL when nothing is; adds the number of their parameters. */
const char *hf_functions_fault(const hf_call *call, int64_t *n_parameters);

/* What is wrong with the functions in their roles and for the free parameters, NULL when nothing is. */
const char *hf_roles_fault(const hf_call *call);

hf_columns hf_function_columns(const hf_call *call, const hpcfit_function *function);

/* Scratch doubles that hf_function_run needs, the largest of all functions. */
int64_t hf_function_scratch(const hpcfit_functions *functions);

/* Most outputs of any function. */
int64_t hf_function_most_outputs(const hpcfit_functions *functions);

/* Computes all outputs at n arguments x, n a multiple of 8, into rows of `stride` doubles; zero from the cut-off on.
 */
void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch);

#endif
