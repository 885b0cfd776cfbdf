/* Evaluation of functions of one variable. */
#include "function.h"

hf_columns hf_function_columns(const hf_call *call, const hpcfit_function *function)
{
    hf_columns columns = {.first = 0, .count = 0};
    const int64_t start = function->first_parameter, end = start + function->program.n_parameters;
    while (columns.first < call->n_free && call->free_parameters[columns.first] < start)
        columns.first++;
    while (columns.first + columns.count < call->n_free && call->free_parameters[columns.first + columns.count] < end)
        columns.count++;
    return columns;
}

int64_t hf_function_scratch(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_program *program = &functions->functions[f].program;
        const int64_t uniform = (program->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
        const int64_t needed = uniform + hf_program_scratch(program);
        if (needed > most) most = needed;
    }
    return most;
}

int64_t hf_function_most_outputs(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++)
        if (functions->functions[f].program.n_outputs > most) most = functions->functions[f].program.n_outputs;
    return most;
}

HF_CLONES
static void cut_off(int64_t n, const double *restrict x, double cutoff, double *restrict output)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        output[k] = x[k] < cutoff ? output[k] : 0.0;
}

void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch)
{
    const hpcfit_program *program = &function->program;
    double *registers = scratch + (program->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
    hf_program_uniform(program, call->parameters + function->first_parameter, scratch);
    hf_program_run(program, scratch, n, x, outputs, stride, registers);
    if (isinf(function->cutoff)) return;
    for (int64_t k = 0; k < program->n_outputs; k++)
        cut_off(n, x, function->cutoff, outputs + k * stride);
}

int64_t hpcfit_function_scratch_size(const hpcfit_function *function)
{
    const hpcfit_functions alone = {.n_functions = 1, .functions = function};
    return hf_function_scratch(&alone);
}

void hpcfit_function_values(const hpcfit_function *function, const double *parameters, int64_t n, const double *x,
                            double *scratch, double *outputs)
{
    const hf_call call = {.parameters = parameters};
    hf_function_run(&call, function, n, x, outputs, n, scratch);
}
