/* Evaluation of functions of one variable. */
#include "function.h"
#include "spline.h"

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

const char *hf_functions_fault(const hf_call *call, int64_t *n_parameters)
{
    for (int64_t f = 0; f < call->functions->n_functions; f++) {
        const hpcfit_function *function = &call->functions->functions[f];
        const int is_spline = function->spline.n_knots > 0;
        const char *fault = is_spline ? hf_spline_fault(&function->spline) : hf_program_fault(&function->program);
        if (fault != NULL) return fault;
        if (is_spline && function->spline.n_parameters != function->program.n_parameters)
            return "a spline has two numbers of parameters";
        if (function->first_parameter != *n_parameters) return "functions do not follow each other in the parameters";
        *n_parameters += function->program.n_parameters;
    }
    return NULL;
}

const char *hf_roles_fault(const hf_call *call)
{
    const int32_t *place = call->functions->roles;
    int64_t n_places = 0;
    for (int role = 0; role < call->potential->n_roles; role++)
        n_places += hf_n_tuples(call->potential->roles[role].kind, call->geometry->n_species);
    if (call->functions->n_places != n_places) return "functions for another number of roles or species";
    for (int role = 0; role < call->potential->n_roles; role++) {
        const hpcfit_role *r = &call->potential->roles[role];
        const int64_t end = hf_n_tuples(r->kind, call->geometry->n_species);
        const int second = r->argument == HPCFIT_OF_DENSITY && call->n_free > 0;
        for (int64_t tuple = 0; tuple < end; tuple++, place++) {
            if (*place < -1 || *place >= call->functions->n_functions)
                return "a role names a function that is not there";
            if (*place < 0) continue;
            const hpcfit_function *function = &call->functions->functions[*place];
            const int64_t count = hf_function_columns(call, function).count;
            if (function->program.n_outputs != HF_BY + second + 2 * count)
                return "a function's outputs do not fit its role and the free parameters";
        }
    }
    return NULL;
}

int64_t hf_function_scratch(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_program *program = &functions->functions[f].program;
        const int64_t uniform = (program->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
        const hpcfit_spline *spline = &functions->functions[f].spline;
        const int64_t needed =
            spline->n_knots > 0 ? hf_spline_scratch(spline) : uniform + hf_program_scratch(program);
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

int64_t hf_function_most_rows(const hpcfit_functions *functions)
{
    int64_t most = HF_BY;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        const int64_t rows = function->spline.n_knots > 0 ? HF_BY : function->program.n_outputs;
        if (rows > most) most = rows;
    }
    return most;
}

static void run_program(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                        double *outputs, int64_t stride, double *scratch)
{
    const hpcfit_program *program = &function->program;
    double *registers = scratch + (program->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
    hf_program_uniform(program, call->parameters + function->first_parameter, scratch);
    hf_program_run(program, scratch, n, x, outputs, stride, registers);
}

static void cut_outputs(const hpcfit_function *function, int64_t n_outputs, int64_t n, const double *x,
                        double *outputs, int64_t stride)
{
    for (int64_t k = 0; k < n_outputs && !isinf(function->cutoff); k++)
        cut_off(n, x, function->cutoff, outputs + k * stride);
}

void hf_function_run(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                     double *outputs, int64_t stride, double *scratch)
{
    const hf_columns columns = hf_function_columns(call, function);
    const int64_t n_outputs = function->program.n_outputs;
    if (function->spline.n_knots > 0)
        hf_spline_run(&function->spline, call->parameters, function->first_parameter, columns.count,
                      call->free_parameters + columns.first, (int)(n_outputs - HF_BY - 2 * columns.count), n, x,
                      outputs, stride, scratch);
    else
        run_program(call, function, n, x, outputs, stride, scratch);
    cut_outputs(function, n_outputs, n, x, outputs, stride);
}

void hf_function_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                          double *outputs, int64_t stride, double *scratch)
{
    if (function->spline.n_knots == 0) {
        hf_function_run(call, function, n, x, outputs, stride, scratch);
        return;
    }
    hf_spline_run(&function->spline, call->parameters, function->first_parameter, 0, NULL, 0, n, x, outputs, stride,
                  scratch);
    cut_outputs(function, HF_BY, n, x, outputs, stride);
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
