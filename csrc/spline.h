/* Piecewise cubic functions that are linear in their parameters. */
#ifndef HF_SPLINE_H
#define HF_SPLINE_H

#include "internal.h"

/* What is wrong with a spline, NULL when nothing is. */
const char *hf_spline_fault(const hpcfit_spline *spline);

/* Arrays over arguments, `stride` doubles apart: intervals as int32_t, fractions of the way through them, their
 * widths, distances beyond the first or last knot. */
enum { HF_LOCATED = 4 };
void hf_spline_locate(const hpcfit_spline *spline, int64_t n, const double *x, int64_t stride, double *located);

/* Scratch doubles that hf_spline_run needs. */
int64_t hf_spline_scratch(const hpcfit_spline *spline);

/* Computes value, slope, the second derivative if wanted, then the derivatives of the value and of the slope by
 * n_free parameters, at n arguments x into rows of `stride` doubles; linear beyond the first and the last knot. The
 * spline's parameters begin at place `first`, from where free_places count too. */
void hf_spline_run(const hpcfit_spline *spline, const double *parameters, int64_t first, int64_t n_free,
                   const int32_t *free_places, int second, int64_t n, const double *x, double *outputs,
                   int64_t stride, double *scratch);

#endif
