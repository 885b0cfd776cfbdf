/* Reverse mode for functions of one variable: the gradient of sum_k a_k f(x_k) + b_k f'(x_k) by the free parameters,
 * without a column for any of them. */
#ifndef HF_ADJOINT_H
#define HF_ADJOINT_H

#include "functions/function.h"

/* Doubles that the sums over the intervals of all splines take, and scratch doubles of hf_adjoint_add. */
int64_t hf_adjoint_sums(const hpcfit_functions *functions);
int64_t hf_adjoint_scratch(int64_t stride);

/* Arguments, weights [n] of values and slopes, and the rows of the function there, `stride` doubles apart, as
 * hf_function_run_rows fills them; they are not read for a function that is a spline. */
typedef struct {
    int64_t n, stride;
    const double *x, *a, *b, *rows;
} hf_adjoint;

/* Adds to the gradient [n_free] the part of the parameters outside splines, and to the sums the part of the others.
 * Arguments from the cut-off on, or with weights of 0, add nothing, though a derivative may be infinite there. */
void hf_adjoint_add(const hf_call *call, const hpcfit_function *function, const hf_adjoint *at, double *sums,
                    double *scratch, double *gradient);

/* Adds to the gradient the part of the parameters of splines, from the sums of all functions; scratch holds
 * hf_functions_knots doubles. */
void hf_adjoint_finish(const hf_call *call, const double *sums, double *scratch, double *gradient);

#endif
