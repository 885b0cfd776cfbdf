/* Functions that join splines with each other and with formulas, by sums, products and choices. */
#ifndef HF_JOINED_H
#define HF_JOINED_H

#include "functions/function.h"

/* The product rule, in place: value = w value, slope = w' value + w slope. */
void hf_joined_weigh(int64_t n, const double *w, const double *dw, double *value, double *slope);

/* Number of a program's last outputs, the derivatives by its splines: none for other functions. */
int64_t hf_n_weights(const hf_call *call, const hpcfit_function *function);

/* Scratch doubles that hf_joined_run needs behind the program's registers. */
int64_t hf_joined_scratch(const hpcfit_function *function);

/* Computes the rows of hf_function_run if `all`, else those of hf_function_run_rows; n is a multiple of 8. */
void hf_joined_run(const hf_call *call, const hpcfit_function *function, int all, int64_t n, const double *x,
                   double *outputs, int64_t stride, const double *uniform, double *registers);

#endif
