/* Functions of one variable, as potentials built from functions see them. */
#ifndef HF_FUNCTION_H
#define HF_FUNCTION_H

#include "program.h"

/* A share of the free parameters: columns first to first + count - 1. */
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
hf_columns hf_spline_columns(const hf_call *call, const hpcfit_function *function, const hpcfit_spline *spline);

/* Whether a function is a spline and nothing else. */
static inline int hf_is_spline(const hpcfit_function *function)
{
    return function->n_splines == 1 && function->program.n_registers == 0;
}

/* The function's free parameters outside splines: how many, and whether one of its free parameters is such. */
int64_t hf_function_n_dense(const hf_call *call, const hpcfit_function *function);
int hf_function_is_dense(const hf_call *call, const hpcfit_function *function, int64_t column);

/* The row of the derivative of the value by the first of these, as hf_function_run_rows fills them. */
int64_t hf_function_first_row(const hf_call *call, const hpcfit_function *function);

/* Whether a function, NULL for none, has free parameters of splines. */
int hf_function_has_nodes(const hf_call *call, const hpcfit_function *function);

/* Doubles that the values and slopes at the knots of all splines of all functions take; they are filled once for an
 * evaluation, and found by the function. */
int64_t hf_functions_knots(const hpcfit_functions *functions);
void hf_functions_at_knots(const hpcfit_functions *functions, const double *parameters, double *knots);
const double *hf_function_knots(const hf_call *call, const hpcfit_function *function);

/* Scratch doubles that hf_function_run needs, the largest of all functions. */
int64_t hf_function_scratch(const hpcfit_functions *functions);

/* Most outputs of any function; and most rows that hf_function_run_rows fills. */
int64_t hf_function_most_outputs(const hpcfit_functions *functions);
int64_t hf_function_most_rows(const hpcfit_functions *functions);

/* Computes all outputs at n arguments x, n a multiple of 8, into rows of `stride` doubles; zero from the cut-off on.
 */
void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch);

/* The same for a function of the distance or of a cosine, but by parameters outside splines alone. Behind these rows
 * are, for each spline that is joined with others, the derivative of the value by the spline's, and its slope:
 * spline_columns.h makes derivatives by the spline's parameters of them. */
void hf_function_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                          double *outputs, int64_t stride, double *scratch);

/* Sets outputs at n arguments x to zero from the function's cut-off on. */
void hf_cut_rows(const hpcfit_function *function, int64_t n_outputs, int64_t n, const double *x,
                 const hf_target *outputs);

/* Where these two rows begin for a spline of the function; NULL for one that is not joined with others. */
const double *hf_function_weights(const hf_call *call, const hpcfit_function *function, int64_t spline,
                                  const double *outputs, int64_t stride);

#endif
