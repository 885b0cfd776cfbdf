/* Functions of one variable, as potentials built from functions use them. */
#ifndef HF_FUNCTION_H
#define HF_FUNCTION_H

#include "functions/columns.h"

/* The first fault of the geometry, the sizes, the functions or the free parameters, NULL for none. */
const char *hf_call_fault(const hf_call *call);

hpcfit_status hf_bad_argument(hpcfit_error *err, const char *message);

/* Scratch doubles that hf_function_run and hf_fused_pair_run_rows need, the largest of all functions. */
int64_t hf_function_scratch(const hpcfit_functions *functions);

/* Most outputs of any function; and most rows that hf_function_run_rows fills. */
int64_t hf_function_most_outputs(const hpcfit_functions *functions);
int64_t hf_function_most_rows(const hpcfit_functions *functions);

/* Computes all outputs at n arguments x, n a multiple of 8, into rows of `stride` doubles; zero from the cut-off on.
 */
void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch);

/* The same for a function of the distance or of a cosine, but with derivatives by parameters outside splines alone.
 * The weight rows of a spline program follow; spline_columns.h computes the derivatives by the splines' parameters
 * from them. */
void hf_function_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                          double *outputs, int64_t stride, double *scratch);

#endif
