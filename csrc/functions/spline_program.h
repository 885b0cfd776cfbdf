/* Spline programs: functions that combine splines with each other and with formulas by sums, products and choices. */
#ifndef HF_SPLINE_PROGRAM_H
#define HF_SPLINE_PROGRAM_H

#include "functions/columns.h"

/* The product rule, in place: value = w value, slope = w' value + w slope. */
void hf_spline_program_weigh(int64_t n, const double *w, const double *dw, double *value, double *slope);

/* Scratch doubles that hf_spline_program_run needs behind the program's registers. */
int64_t hf_spline_program_scratch(const hpcfit_function *function);

/* Computes the rows of hf_function_run if `all`, else those of hf_function_run_rows; n is a multiple of 8. */
void hf_spline_program_run(const hf_call *call, const hpcfit_function *function, int all, int64_t n, const double *x,
                           double *outputs, int64_t stride, const double *uniform, double *registers);

#endif
