/* Evaluation of functions of one variable. */
#include "functions/function.h"
#include "functions/fused_pair.h"
#include "functions/spline.h"
#include "functions/spline_program.h"

/* Scratch: the uniform values, then registers. */
static int64_t scratch_of(const hpcfit_function *function)
{
    if (hf_is_spline(function)) return hf_spline_scratch(function->splines);
    const int64_t needed = hf_round_up(function->program.n_uniform) + hf_program_scratch(&function->program);
    return function->n_splines > 0 ? needed + hf_spline_program_scratch(function) : needed;
}

int64_t hf_function_scratch(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const int64_t needed = scratch_of(&functions->functions[f]);
        const int64_t for_pair = hf_fused_pair_scratch(&functions->functions[f]);
        if (needed > most) most = needed;
        if (for_pair > most) most = for_pair;
    }
    return most;
}

int64_t hf_function_most_outputs(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        int64_t n = function->program.n_outputs;
        for (int64_t k = 0; k < function->n_splines; k++)
            n += 2 * function->splines[k].n_parameters;
        if (n > most) most = n;
    }
    return most;
}

int64_t hf_function_most_rows(const hpcfit_functions *functions)
{
    int64_t most = HF_BY;
    for (int64_t f = 0; f < functions->n_functions; f++)
        if (functions->functions[f].program.n_outputs > most) most = functions->functions[f].program.n_outputs;
    return most;
}

/* With or without the derivatives by the parameters of splines. */
static void run(const hf_call *call, const hpcfit_function *function, int all, int64_t n, const double *x,
                double *outputs, int64_t stride, double *scratch)
{
    const hpcfit_program *program = &function->program;
    const double *parameters = call->parameters + function->first_parameter;
    double *registers = scratch + hf_round_up(program->n_uniform);
    if (hf_is_spline(function)) {
        const hf_columns columns = hf_function_columns(call, function);
        const int64_t n_by = all ? columns.count : 0, by = program->n_outputs;
        const hf_spline_rows rows = {.value = outputs,
                                     .slope = outputs + HF_SLOPE * stride,
                                     .second = by > HF_BY ? outputs + HF_BY * stride : NULL,
                                     .by = outputs + by * stride,
                                     .slope_by = outputs + (by + n_by) * stride,
                                     .stride = stride};
        hf_spline_run(function->splines, hf_function_knots(call, function), n_by,
                      call->free_parameters + columns.first, function->first_parameter, n, x, &rows, scratch);
        return;
    }
    const hf_target target = {.first = outputs, .stride = stride};
    hf_program_uniform(program, parameters, scratch);
    if (function->n_splines == 0)
        hf_program_run(program, scratch, n, x, &target, registers);
    else
        hf_spline_program_run(call, function, all, n, x, outputs, stride, scratch, registers);
}

void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch)
{
    const hf_columns columns = hf_function_columns(call, function);
    const int64_t n_local = columns.count - hf_function_n_dense(call, function);
    const hf_target target = {.first = outputs, .stride = stride};
    run(call, function, 1, n, x, outputs, stride, scratch);
    hf_cut_rows(function, function->program.n_outputs - hf_n_weights(call, function) + 2 * n_local, n, x, &target);
}

void hf_function_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                          double *outputs, int64_t stride, double *scratch)
{
    const hf_target target = {.first = outputs, .stride = stride};
    run(call, function, 0, n, x, outputs, stride, scratch);
    hf_cut_rows(function, function->program.n_outputs, n, x, &target);
}

int64_t hpcfit_function_scratch_size(const hpcfit_function *function)
{
    const hpcfit_functions alone = {.n_functions = 1, .functions = function};
    return hf_functions_knots(&alone) + hf_function_scratch(&alone);
}

void hpcfit_function_values(const hpcfit_function *function, const double *parameters, int64_t n, const double *x,
                            double *scratch, double *outputs)
{
    const hpcfit_functions alone = {.n_functions = 1, .functions = function};
    const hf_call call = {.functions = &alone, .parameters = parameters, .knots = scratch};
    hf_functions_at_knots(&alone, parameters, scratch);
    hf_function_run(&call, function, n, x, outputs, n, scratch + hf_functions_knots(&alone));
}
