/* A function f(x, s_1(x), s_2(x), ...) of splines s_k: the splines are inputs of its program, which computes the
 * weights w_k = df/ds_k as well. The function depends on a parameter p of spline k through s_k alone,
 *
 *   df/dp = w_k ds_k/dp,   d(f')/dp = w_k' ds_k/dp + w_k d(s_k')/dp.
 */
#include "functions/spline_program.h"
#include "functions/spline.h"

#include <string.h>

static int64_t located_scratch(const hpcfit_function *function)
{
    int64_t most = 0;
    for (int64_t k = 0; k < function->n_splines; k++) {
        const int64_t needed = hf_spline_scratch(&function->splines[k]);
        if (needed > most) most = needed;
    }
    return most;
}

int64_t hf_spline_program_scratch(const hpcfit_function *function)
{
    return located_scratch(function) + function->program.n_outputs * HF_BLOCK;
}

HF_CLONES
void hf_spline_program_weigh(int64_t n, const double *restrict w, const double *restrict dw, double *restrict value,
                             double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        slope[k] = dw[k] * value[k] + w[k] * slope[k];
        value[k] = w[k] * value[k];
    }
}

/* One block of arguments. Rows of the function begin at `outputs`, those of the program at `rows`; `by` is the row of
 * the first derivative by a parameter. */
typedef struct {
    const hf_call *call;
    const hpcfit_function *function;
    int64_t n, stride, by;
    const double *x;
    double *outputs, *rows, *inputs, *located;
    const double *knots;
} block;

/* The program's inputs and, if wanted, the derivatives of the splines by their parameters in their rows. */
static void run_splines(const block *b, int all)
{
    const hpcfit_function *function = b->function;
    const hf_columns columns = hf_function_columns(b->call, function);
    const int64_t n_inputs = function->program.n_inputs / function->n_splines;
    const double *knots = b->knots;
    for (int64_t k = 0; k < function->n_splines; k++) {
        const hpcfit_spline *spline = &function->splines[k];
        const hf_columns own = hf_spline_columns(b->call, function, spline);
        const int64_t row = b->by + own.first - columns.first;
        double *input = b->inputs + k * n_inputs * HF_BLOCK;
        const hf_spline_rows rows = {.value = input,
                                     .slope = input + HF_BLOCK,
                                     .second = n_inputs > 2 ? input + 2 * HF_BLOCK : NULL,
                                     .by = b->outputs + row * b->stride,
                                     .slope_by = b->outputs + (row + columns.count) * b->stride,
                                     .stride = b->stride};
        hf_spline_run(spline, knots, all ? own.count : 0, b->call->free_parameters + own.first,
                      function->first_parameter + spline->first_parameter, b->n, b->x, &rows, b->located);
        knots += hf_spline_knots(spline);
    }
}

static void copy_row(const block *b, int64_t from, int64_t to)
{
    memcpy(b->outputs + to * b->stride, b->rows + from * HF_BLOCK, (size_t)b->n * sizeof(double));
}

/* From the program's rows to those of the function. */
static void finish(const block *b)
{
    const hpcfit_function *function = b->function;
    const hf_columns columns = hf_function_columns(b->call, function);
    const int64_t n_dense = hf_function_n_dense(b->call, function);
    int64_t dense = b->by;
    for (int64_t row = 0; row < b->by; row++)
        copy_row(b, row, row);
    for (int64_t k = 0; k < columns.count; k++)
        if (hf_function_is_dense(b->call, function, columns.first + k)) {
            copy_row(b, dense, b->by + k);
            copy_row(b, dense + n_dense, b->by + columns.count + k);
            dense++;
        }
    for (int64_t s = 0; s < function->n_splines; s++) {
        const hf_columns own = hf_spline_columns(b->call, function, &function->splines[s]);
        const double *w = hf_function_weights(b->call, function, s, b->rows, HF_BLOCK);
        double *by = b->outputs + (b->by + own.first - columns.first) * b->stride;
        for (int64_t k = 0; k < own.count; k++)
            hf_spline_program_weigh(b->n, w, w + HF_BLOCK, by + k * b->stride, by + (columns.count + k) * b->stride);
    }
}

void hf_spline_program_run(const hf_call *call, const hpcfit_function *function, int all, int64_t n, const double *x,
                           double *outputs, int64_t stride, const double *uniform, double *registers)
{
    const hpcfit_program *program = &function->program;
    block b = {.call = call, .function = function, .stride = stride, .knots = hf_function_knots(call, function)};
    b.located = registers + hf_program_scratch(program);
    b.rows = b.located + located_scratch(function);
    b.inputs = registers;
    b.by = hf_function_first_row(call, function);
    for (int64_t start = 0; start < n; start += HF_BLOCK) {
        b.n = n - start < HF_BLOCK ? n - start : HF_BLOCK;
        b.x = x + start;
        b.outputs = outputs + start;
        run_splines(&b, all);
        const hf_target target = {.first = all ? b.rows : b.outputs, .stride = all ? HF_BLOCK : stride};
        hf_program_run(program, uniform, b.n, b.x, &target, registers);
        if (all) finish(&b);
    }
}
