/* Columns, rows and knots of a function. */
#include "functions/columns.h"
#include "functions/spline.h"

/* The first free parameter at or behind a place; free parameters ascend. */
static int64_t first_from(const hf_call *call, int64_t place)
{
    int64_t low = 0, high = call->n_free;
    while (low < high) {
        const int64_t middle = (low + high) / 2;
        if (call->free_parameters[middle] < place)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static hf_columns columns_from(const hf_call *call, int64_t start, int64_t n)
{
    const int64_t first = first_from(call, start);
    return (hf_columns){.first = first, .count = first_from(call, start + n) - first};
}

hf_columns hf_function_columns(const hf_call *call, const hpcfit_function *function)
{
    return columns_from(call, function->first_parameter, function->program.n_parameters);
}

hf_columns hf_spline_columns(const hf_call *call, const hpcfit_function *function, const hpcfit_spline *spline)
{
    return columns_from(call, function->first_parameter + spline->first_parameter, spline->n_parameters);
}

int64_t hf_function_n_dense(const hf_call *call, const hpcfit_function *function)
{
    int64_t count = hf_function_columns(call, function).count;
    for (int64_t k = 0; k < function->n_splines; k++)
        count -= hf_spline_columns(call, function, &function->splines[k]).count;
    return count;
}

int64_t hf_function_first_row(const hf_call *call, const hpcfit_function *function)
{
    return function->program.n_outputs - 2 * hf_function_n_dense(call, function) - hf_n_weights(call, function);
}

int hf_function_is_dense(const hf_call *call, const hpcfit_function *function, int64_t column)
{
    const int64_t place = call->free_parameters[column] - function->first_parameter;
    for (int64_t k = 0; k < function->n_splines; k++) {
        const int64_t own = place - function->splines[k].first_parameter;
        if (own >= 0 && own < function->splines[k].n_parameters) return 0;
    }
    return 1;
}

int hf_function_has_nodes(const hf_call *call, const hpcfit_function *function)
{
    return function != NULL && hf_function_columns(call, function).count > hf_function_n_dense(call, function);
}

int64_t hf_n_weights(const hf_call *call, const hpcfit_function *function)
{
    const int joins = function->n_splines > 0 && !hf_is_spline(function);
    return joins && hf_function_columns(call, function).count > 0 ? 2 * function->n_splines : 0;
}

const double *hf_function_weights(const hf_call *call, const hpcfit_function *function, int64_t spline,
                                  const double *outputs, int64_t stride)
{
    const int64_t first = function->program.n_outputs - hf_n_weights(call, function);
    return hf_is_spline(function) ? NULL : outputs + (first + 2 * spline) * stride;
}

static int64_t knots_of(const hpcfit_function *function)
{
    int64_t n = 0;
    for (int64_t k = 0; k < function->n_splines; k++)
        n += hf_spline_knots(&function->splines[k]);
    return n;
}

int64_t hf_functions_knots(const hpcfit_functions *functions)
{
    int64_t n = 0;
    for (int64_t f = 0; f < functions->n_functions; f++)
        n += knots_of(&functions->functions[f]);
    return n;
}

void hf_functions_at_knots(const hpcfit_functions *functions, const double *parameters, double *knots)
{
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        for (int64_t k = 0; k < function->n_splines; knots += hf_spline_knots(&function->splines[k++]))
            hf_spline_at_knots(&function->splines[k],
                               parameters + function->first_parameter + function->splines[k].first_parameter, knots);
    }
}

const double *hf_function_knots(const hf_call *call, const hpcfit_function *function)
{
    const double *knots = call->knots;
    for (const hpcfit_function *f = call->functions->functions; f < function; f++)
        knots += knots_of(f);
    return knots;
}

HF_CLONES
static double count_outside(int64_t n, const double *restrict x, double cutoff)
{
    double outside = 0.0;
#pragma omp simd reduction(+ : outside)
    for (int64_t k = 0; k < n; k++)
        outside += x[k] < cutoff ? 0.0 : 1.0;
    return outside;
}

HF_CLONES
static void cut_row(int64_t n, const double *restrict x, double cutoff, double *restrict output)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        output[k] = x[k] < cutoff ? output[k] : 0.0;
}

/* Most arguments lie inside, and so do most pieces of this many as a whole. */
enum { PIECE = 64 };

static void cut_off(int64_t n, int64_t n_rows, const double *x, double cutoff, const hf_target *rows)
{
    for (int64_t k = 0; k < n; k += PIECE) {
        const int64_t length = n - k < PIECE ? n - k : PIECE;
        if (count_outside(length, x + k, cutoff) == 0.0) continue;
        for (int64_t row = 0; row < n_rows; row++)
            cut_row(length, x + k, cutoff, hf_target_row(rows, row) + k);
    }
}

void hf_cut_rows(const hpcfit_function *function, int64_t n_outputs, int64_t n, const double *x,
                 const hf_target *outputs)
{
    if (!isinf(function->cutoff)) cut_off(n, n_outputs, x, function->cutoff, outputs);
}
