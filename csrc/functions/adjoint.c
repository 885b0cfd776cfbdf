/* A spline's value and slope at an argument are linear in the values and slopes at the two knots about it: four
 * products for each argument are summed by interval, and the transposed tables map the sums to the parameters at the
 * end. So the cost of an argument does not depend on the number of parameters. */
#include "functions/adjoint.h"
#include "functions/spline.h"
#include "functions/spline_rows.h"

#include <string.h>

/* Sums of an interval: two of each, so that a sum seldom waits for the one before. */
enum { N_SUMS = 2 * HF_ROWS_PER_ARGUMENT };

static int64_t sums_of(const hpcfit_function *function, int64_t n_splines)
{
    int64_t n = 0;
    for (int64_t k = 0; k < n_splines; k++)
        n += N_SUMS * (function->splines[k].n_knots - 1);
    return n;
}

int64_t hf_adjoint_sums(const hpcfit_functions *functions)
{
    int64_t n = 0;
    for (int64_t f = 0; f < functions->n_functions; f++)
        n += sums_of(&functions->functions[f], functions->functions[f].n_splines);
    return n;
}

int64_t hf_adjoint_scratch(int64_t stride)
{
    return hf_basis_scratch(stride);
}

/* The sum over arguments, n a multiple of 8, in an order that no compiler changes. */
HF_CLONES
static double product(int64_t n, const double *a, const double *value, const double *b, const double *slope)
{
    typedef int64_t bits __attribute__((vector_size(sizeof(hf_eight))));
    const hf_eight zero = {0.0};
    hf_eight sum = {0.0};
    for (int64_t k = 0; k < n; k += HF_LANES) {
        const hf_eight wa = *(const hf_eight *)(a + k), wb = *(const hf_eight *)(b + k);
        const hf_eight of_value = wa * *(const hf_eight *)(value + k), of_slope = wb * *(const hf_eight *)(slope + k);
        sum += (hf_eight)((bits)of_value & (bits)(wa != zero)) + (hf_eight)((bits)of_slope & (bits)(wb != zero));
    }
    return ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
}

/* value = a value + b slope */
HF_CLONES
static void weigh(int64_t n, const double *restrict a, const double *restrict b, double *restrict value,
                  const double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        value[k] = a[k] * value[k] + b[k] * slope[k];
}

/* Adds the four rows of each argument to the sums of its interval. */
HF_CLONES
static void add_to_intervals(const hf_adjoint *at, double cutoff, const hf_basis *basis, double *sums)
{
    const double *v = basis->value;
    for (int64_t k = 0; k < at->n; k++) {
        if (at->x[k] >= cutoff || (at->a[k] == 0.0 && at->b[k] == 0.0)) continue;
        hf_four *sum = (hf_four *)(sums + N_SUMS * basis->interval[k] + HF_ROWS_PER_ARGUMENT * (k & 1));
        *sum += (hf_four){v[k], v[basis->stride + k], v[2 * basis->stride + k], v[3 * basis->stride + k]};
    }
}

static void add_spline(const hf_call *call, const hpcfit_function *function, int64_t spline, const hf_adjoint *at,
                       double *sums, double *scratch)
{
    const hf_nodes nodes = {.function = function, .spline = spline};
    const hf_basis basis = hf_basis_at(call, &nodes, at->rows, at->stride, at->n, at->x, at->stride, scratch);
    double *value = scratch + (basis.value - scratch);
    for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
        weigh(at->n, at->a, at->b, value + q * basis.stride, basis.slope + q * basis.stride);
    add_to_intervals(at, function->cutoff, &basis, sums);
}

void hf_adjoint_add(const hf_call *call, const hpcfit_function *function, const hf_adjoint *at, double *sums,
                    double *scratch, double *gradient)
{
    const hf_columns columns = hf_function_columns(call, function);
    const int64_t n_dense = hf_function_n_dense(call, function);
    const int64_t first = hf_function_first_row(call, function);
    for (int64_t k = columns.first, row = first; k < columns.first + columns.count && row < first + n_dense; k++) {
        if (!hf_function_is_dense(call, function, k)) continue;
        const double *by = at->rows + row * at->stride;
        gradient[k] += product(at->n, at->a, by, at->b, by + n_dense * at->stride);
        row++;
    }
    for (const hpcfit_function *f = call->functions->functions; f < function; f++)
        sums += sums_of(f, f->n_splines);
    for (int64_t k = 0; k < function->n_splines; k++)
        if (hf_spline_columns(call, function, &function->splines[k]).count > 0)
            add_spline(call, function, k, at, sums + sums_of(function, k), scratch);
}

/* Turns the sums of intervals into sums of the values and slopes at the knots, [n_knots][2]. */
static void gather_knots(int64_t n_knots, const double *sums, double *knots)
{
    memset(knots, 0, (size_t)(2 * n_knots) * sizeof *knots);
    for (int64_t i = 0; i + 1 < n_knots; i++)
        for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
            knots[2 * i + q] += sums[N_SUMS * i + q] + sums[N_SUMS * i + HF_ROWS_PER_ARGUMENT + q];
}

void hf_adjoint_finish(const hf_call *call, const double *sums, double *scratch, double *gradient)
{
    for (int64_t f = 0; f < call->functions->n_functions; f++) {
        const hpcfit_function *function = &call->functions->functions[f];
        for (int64_t k = 0; k < function->n_splines; sums += N_SUMS * (function->splines[k++].n_knots - 1)) {
            const hpcfit_spline *spline = &function->splines[k];
            const hf_columns own = hf_spline_columns(call, function, spline);
            if (own.count == 0) continue;
            gather_knots(spline->n_knots, sums, scratch);
            for (int64_t c = own.first; c < own.first + own.count; c++) {
                const int64_t row = call->free_parameters[c] - function->first_parameter - spline->first_parameter;
                gradient[c] += hf_row_product(&spline->values, row, scratch, 2) +
                               hf_row_product(&spline->slopes, row, scratch + 1, 2);
            }
        }
    }
}
