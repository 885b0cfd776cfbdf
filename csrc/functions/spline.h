/* Piecewise cubic functions that are linear in their parameters. */
#ifndef HF_SPLINE_H
#define HF_SPLINE_H

#include "core/internal.h"

/* The first fault of a spline, NULL for none. */
const char *hf_spline_fault(const hpcfit_spline *spline);

/* Arrays over arguments, `stride` doubles apart: intervals as int32_t, fractions of the way through them, their
 * widths, distances beyond the first or last knot. */
enum { HF_LOCATED = 4 };
void hf_spline_locate(const hpcfit_spline *spline, int64_t n, const double *x, int64_t stride, double *located);

/* Doubles that the values and slopes at the knots take. */
int64_t hf_spline_knots(const hpcfit_spline *spline);
void hf_spline_at_knots(const hpcfit_spline *spline, const double *parameters, double *knots);

/* Adds `factor` times a row of a table to an array over knots. */
static inline void hf_add_row(const hpcfit_band *table, int64_t row, double factor, double *knots)
{
    const double *entries = table->entries + table->start[row];
    const int64_t n = table->start[row + 1] - table->start[row];
    for (int64_t k = 0; k < n; k++)
        knots[table->knot[row] + k] += factor * entries[k];
}

/* The sum over a row of its entries times values of an array over knots, `apart` doubles from one to the next. */
static inline double hf_row_product(const hpcfit_band *table, int64_t row, const double *knots, int64_t apart)
{
    const double *entries = table->entries + table->start[row];
    const int64_t n = table->start[row + 1] - table->start[row];
    double sum = 0.0;
    for (int64_t k = 0; k < n; k++)
        sum += entries[k] * knots[(table->knot[row] + k) * apart];
    return sum;
}

/* Scratch doubles that hf_spline_run needs besides; its arrays over a block fit into a first-level cache. */
enum { HF_SPLINE_BLOCK = 512 };
int64_t hf_spline_scratch(const hpcfit_spline *spline);

/* Where results go: arrays over arguments. No second derivatives where `second` is NULL; derivatives by parameters in
 * rows of `stride` doubles. */
typedef struct {
    double *value, *slope, *second, *by, *slope_by;
    int64_t stride;
} hf_spline_rows;

/* Computes value, slope, the second derivative if wanted, and the derivatives of the value and of the slope by n_free
 * of its parameters, at n arguments x; linear beyond the first and the last knot. Parameters count from `first`. */
void hf_spline_run(const hpcfit_spline *spline, const double *knots, int64_t n_free, const int32_t *free_places,
                   int64_t first, int64_t n, const double *x, const hf_spline_rows *rows, double *scratch);

#endif
