/* Evaluation of functions of one variable. */
#include "function.h"
#include "joined.h"
#include "partner.h"
#include "spline.h"

/* The first free parameter at a place or behind it; free parameters ascend. */
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

/* What is wrong with a function's splines. */
static const char *splines_fault(const hpcfit_function *function)
{
    int64_t end = 0;
    if (function->n_splines < 0) return "a function has a negative number of splines";
    for (int64_t k = 0; k < function->n_splines; k++) {
        const hpcfit_spline *spline = &function->splines[k];
        const char *fault = hf_spline_fault(spline);
        if (fault != NULL) return fault;
        if (spline->first_parameter < end) return "splines do not follow each other in the parameters";
        end = spline->first_parameter + spline->n_parameters;
    }
    if (end > function->program.n_parameters || (hf_is_spline(function) && end != function->program.n_parameters))
        return "a spline has two numbers of parameters";
    return NULL;
}

const char *hf_functions_fault(const hf_call *call, int64_t *n_parameters)
{
    for (int64_t f = 0; f < call->functions->n_functions; f++) {
        const hpcfit_function *function = &call->functions->functions[f];
        const char *fault = splines_fault(function);
        if (fault == NULL && !hf_is_spline(function)) fault = hf_program_fault(&function->program);
        if (fault == NULL) fault = hf_partner_fault(call->functions, function);
        if (fault != NULL) return fault;
        if (function->first_parameter != *n_parameters) return "functions do not follow each other in the parameters";
        *n_parameters += function->program.n_parameters;
    }
    return NULL;
}

static const char *outputs_fault(const hf_call *call, const hpcfit_function *function, int second)
{
    const int64_t n_rows = HF_BY + second + 2 * hf_function_n_dense(call, function);
    if (function->program.n_outputs != n_rows + hf_n_weights(call, function))
        return "a function's outputs do not fit its role and the free parameters";
    const int64_t n_inputs = hf_is_spline(function) ? 0 : function->n_splines * (2 + second);
    return function->program.n_inputs == n_inputs ? NULL : "a program's inputs do not fit its splines";
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
            const char *fault = *place < 0 ? NULL : outputs_fault(call, &call->functions->functions[*place], second);
            if (fault != NULL) return fault;
        }
    }
    return NULL;
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

/* Scratch: the uniform values, then registers. */
static int64_t n_uniform(const hpcfit_program *program)
{
    return (program->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
}

static int64_t scratch_of(const hpcfit_function *function)
{
    if (hf_is_spline(function)) return hf_spline_scratch(function->splines);
    const int64_t needed = n_uniform(&function->program) + hf_program_scratch(&function->program);
    return function->n_splines > 0 ? needed + hf_joined_scratch(function) : needed;
}

int64_t hf_function_scratch(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const int64_t needed = scratch_of(&functions->functions[f]);
        const int64_t for_both = hf_partner_scratch(&functions->functions[f]);
        if (needed > most) most = needed;
        if (for_both > most) most = for_both;
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

/* With or without the derivatives by the parameters of splines. */
static void run(const hf_call *call, const hpcfit_function *function, int all, int64_t n, const double *x,
                double *outputs, int64_t stride, double *scratch)
{
    const hpcfit_program *program = &function->program;
    const double *parameters = call->parameters + function->first_parameter;
    double *registers = scratch + n_uniform(program);
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
        hf_joined_run(call, function, all, n, x, outputs, stride, scratch, registers);
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

const double *hf_function_weights(const hf_call *call, const hpcfit_function *function, int64_t spline,
                                  const double *outputs, int64_t stride)
{
    const int64_t first = function->program.n_outputs - hf_n_weights(call, function);
    return hf_is_spline(function) ? NULL : outputs + (first + 2 * spline) * stride;
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
