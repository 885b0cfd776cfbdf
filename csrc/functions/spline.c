/* Cubic splines in Hermite form: between two knots of distance h, with t the fraction of the way,
 *
 *   f = (1 - m) y0 + m y1 + h t (1 - t)^2 s0 + h t^2 (t - 1) s1,   m = t^2 (3 - 2 t).
 *
 * Values y and slopes s at the knots are linear in the parameters, by the spline's tables, which alone hold the
 * conditions at inner knots and at the ends. So the derivative by a parameter is a spline too, with a row of the
 * tables for y and s. */
#include "functions/spline.h"

#include <string.h>

static int has_fault(const hpcfit_band *table, int64_t n_rows, int64_t n_knots)
{
    for (int64_t row = 0; row < n_rows; row++) {
        const int64_t n = table->start[row + 1] - table->start[row];
        if (n < 0 || table->knot[row] < 0 || table->knot[row] + n > n_knots) return 1;
    }
    return table->start[0] != 0;
}

const char *hf_spline_fault(const hpcfit_spline *s)
{
    if (s->n_knots < 2 || s->n_bins < 1 || s->n_parameters < 0) return "a spline has too few knots";
    for (int64_t k = 1; k < s->n_knots; k++)
        if (!(s->knots[k] > s->knots[k - 1])) return "a spline's knots do not ascend";
    for (int64_t b = 0; b < s->n_bins; b++)
        if (!(s->bins[b] >= 0.0 && s->bins[b] <= (double)(s->n_knots - 2)))
            return "a spline's bin names an interval that is not there";
    if (has_fault(&s->values, s->n_parameters + 1, s->n_knots) ||
        has_fault(&s->slopes, s->n_parameters + 1, s->n_knots))
        return "a row of a spline's tables does not fit its knots";
    return s->bins_per_unit >= 0.0 && isfinite(s->bins_per_unit) ? NULL : "a spline's bins have no width";
}

/* The argument moved inside the knots, how far it was moved, and the interval in which its bin begins. */
HF_CLONES
static void enter(double low, double high, int64_t n_bins, const double *restrict bins, double scale, int64_t n,
                  const double *restrict x, double *restrict inside, double *restrict beyond,
                  double *restrict interval)
{
    const double last = (double)(n_bins - 1);
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double above = x[k] > low ? x[k] : low, within = above < high ? above : high;
        const double bin = (within - low) * scale;
        inside[k] = within;
        beyond[k] = x[k] - within;
        interval[k] = bins[(int32_t)(bin < last ? bin : last)];
    }
}

/* Bins are at most half as wide as the narrowest interval, so that one step either way finds the right interval. */
HF_CLONES
static void refine(int64_t n_knots, const double *restrict knots, int64_t n, const double *restrict inside,
                   const double *restrict start, int32_t *restrict interval)
{
    const double last = (double)(n_knots - 2);
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = inside[k];
        const double up = start[k] + (x >= knots[(int32_t)start[k] + 1] ? 1.0 : 0.0), at = up < last ? up : last;
        interval[k] = (int32_t)(at - (x < knots[(int32_t)at] ? 1.0 : 0.0));
    }
}

HF_CLONES
static void measure(int64_t n, const double *restrict knots, const int32_t *restrict interval,
                    double *restrict inside, double *restrict width)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double from = knots[interval[k]], h = knots[interval[k] + 1] - from;
        width[k] = h;
        inside[k] = (inside[k] - from) / h;
    }
}

void hf_spline_locate(const hpcfit_spline *spline, int64_t n, const double *x, int64_t stride, double *located)
{
    const double *knots = spline->knots, high = knots[spline->n_knots - 1];
    int32_t *interval = (int32_t *)located;
    double *fraction = located + stride, *width = located + 2 * stride, *beyond = located + 3 * stride;
    enter(knots[0], high, spline->n_bins, spline->bins, spline->bins_per_unit, n, x, fraction, beyond, width);
    refine(spline->n_knots, knots, n, fraction, width, interval);
    measure(n, knots, interval, fraction, width);
}

/* Value and slope from values y and slopes s at the knots. */
HF_CLONES
static void interpolate(int64_t n, const int32_t *restrict interval, const double *restrict fraction,
                        const double *restrict width, const double *restrict beyond, const double *restrict y,
                        const double *restrict s, double *restrict value, double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const int32_t i = interval[k];
        const double t = fraction[k], h = width[k], s0 = s[i], rise = (y[i + 1] - y[i]) / h;
        const double c = 3.0 * rise - 2.0 * s0 - s[i + 1], d = s0 + s[i + 1] - 2.0 * rise;
        const double tangent = s0 + t * (2.0 * c + 3.0 * t * d);
        value[k] = y[i] + h * t * (s0 + t * (c + t * d)) + tangent * beyond[k];
        slope[k] = tangent;
    }
}

HF_CLONES
static void second_derivatives(int64_t n, const int32_t *restrict interval, const double *restrict fraction,
                               const double *restrict width, const double *restrict beyond, const double *restrict y,
                               const double *restrict s, double *restrict second)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const int32_t i = interval[k];
        const double h = width[k], s0 = s[i], rise = (y[i + 1] - y[i]) / h;
        const double c = 3.0 * rise - 2.0 * s0 - s[i + 1], d = s0 + s[i + 1] - 2.0 * rise;
        const double curved = beyond[k] == 0.0 ? 1.0 : 0.0;
        second[k] = curved * (2.0 * c + 6.0 * fraction[k] * d) / h;
    }
}

int64_t hf_spline_knots(const hpcfit_spline *spline)
{
    return 2 * hf_round_up(spline->n_knots);
}

int64_t hf_spline_scratch(const hpcfit_spline *spline)
{
    return HF_LOCATED * HF_SPLINE_BLOCK + hf_spline_knots(spline);
}

/* The tables' last rows do not depend on parameters. */
void hf_spline_at_knots(const hpcfit_spline *spline, const double *parameters, double *knots)
{
    const int64_t n = spline->n_parameters;
    double *s = knots + hf_round_up(spline->n_knots);
    memset(knots, 0, (size_t)hf_spline_knots(spline) * sizeof *knots);
    hf_add_row(&spline->values, n, 1.0, knots);
    hf_add_row(&spline->slopes, n, 1.0, s);
    for (int64_t p = 0; p < n; p++) {
        hf_add_row(&spline->values, p, parameters[p], knots);
        hf_add_row(&spline->slopes, p, parameters[p], s);
    }
}

/* Sets a row of a table to zero again where it was added. */
static void clear_row(const hpcfit_band *table, int64_t row, double *knots)
{
    memset(knots + table->knot[row], 0, (size_t)(table->start[row + 1] - table->start[row]) * sizeof *knots);
}

void hf_spline_run(const hpcfit_spline *spline, const double *knots, int64_t n_free, const int32_t *free_places,
                   int64_t first, int64_t n, const double *x, const hf_spline_rows *rows, double *scratch)
{
    const int64_t block = HF_SPLINE_BLOCK;
    const int32_t *interval = (const int32_t *)scratch;
    const double *y = knots, *s = knots + hf_round_up(spline->n_knots);
    double *fraction = scratch + block, *width = scratch + 2 * block, *beyond = scratch + 3 * block;
    double *own_y = scratch + HF_LOCATED * block, *own_s = own_y + hf_round_up(spline->n_knots);
    if (n_free > 0) memset(own_y, 0, (size_t)hf_spline_knots(spline) * sizeof *own_y);
    for (int64_t start = 0; start < n; start += block) {
        const int64_t count = n - start < block ? n - start : block;
        hf_spline_locate(spline, count, x + start, block, scratch);
        interpolate(count, interval, fraction, width, beyond, y, s, rows->value + start, rows->slope + start);
        if (rows->second != NULL)
            second_derivatives(count, interval, fraction, width, beyond, y, s, rows->second + start);
        for (int64_t k = 0; k < n_free; k++) {
            const int64_t row = free_places[k] - first, place = k * rows->stride + start;
            hf_add_row(&spline->values, row, 1.0, own_y);
            hf_add_row(&spline->slopes, row, 1.0, own_s);
            interpolate(count, interval, fraction, width, beyond, own_y, own_s, rows->by + place,
                        rows->slope_by + place);
            clear_row(&spline->values, row, own_y);
            clear_row(&spline->slopes, row, own_s);
        }
    }
}
