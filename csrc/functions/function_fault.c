/* Checks of functions and their roles, before anything is evaluated. */
#include "functions/function.h"
#include "functions/fused_pair.h"
#include "functions/spline.h"

/* The first fault of a function's splines, NULL for none. */
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
        if (fault == NULL) fault = hf_fused_pair_fault(call->functions, function);
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
