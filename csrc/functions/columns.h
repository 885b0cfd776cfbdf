/* The columns, rows and knots that belong to a function of one variable. */
#ifndef HF_COLUMNS_H
#define HF_COLUMNS_H

#include "functions/program.h"

/* A range of free parameters: columns first to first + count - 1. */
typedef struct {
    int64_t first, count;
} hf_columns;

/* Rows of a function's outputs: value, slope, then derivatives by its free parameters, then those of the slope. A
 * function of the density has its second derivative behind the slope. */
enum { HF_VALUE, HF_SLOPE, HF_BY };

hf_columns hf_function_columns(const hf_call *call, const hpcfit_function *function);
hf_columns hf_spline_columns(const hf_call *call, const hpcfit_function *function, const hpcfit_spline *spline);

/* Whether a function is a spline and nothing else. */
static inline int hf_is_spline(const hpcfit_function *function)
{
    return function->n_splines == 1 && function->program.n_registers == 0;
}

/* The number of the function's free parameters outside splines; and whether one of its free parameters is outside
 * splines. */
int64_t hf_function_n_dense(const hf_call *call, const hpcfit_function *function);
int hf_function_is_dense(const hf_call *call, const hpcfit_function *function, int64_t column);

/* The row of the derivative of the value by the first free parameter outside splines. */
int64_t hf_function_first_row(const hf_call *call, const hpcfit_function *function);

/* Whether a function, NULL for none, has free parameters of splines. */
int hf_function_has_nodes(const hf_call *call, const hpcfit_function *function);

/* The number of weight rows: the last outputs of a spline program, two for each spline, if any parameter is free. */
int64_t hf_n_weights(const hf_call *call, const hpcfit_function *function);

/* The weight rows of one spline: the derivative of the function's value by the spline's, and its slope. NULL for a
 * function that is a spline. */
const double *hf_function_weights(const hf_call *call, const hpcfit_function *function, int64_t spline,
                                  const double *outputs, int64_t stride);

/* Doubles for the values and slopes at the knots of all splines of all functions; they are computed once per
 * evaluation, and hf_function_knots returns those of one function. */
int64_t hf_functions_knots(const hpcfit_functions *functions);
void hf_functions_at_knots(const hpcfit_functions *functions, const double *parameters, double *knots);
const double *hf_function_knots(const hf_call *call, const hpcfit_function *function);

/* Sets outputs at n arguments x to zero from the function's cut-off on. */
void hf_cut_rows(const hpcfit_function *function, int64_t n_outputs, int64_t n, const double *x,
                 const hf_target *outputs);

#endif
