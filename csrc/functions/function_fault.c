/* Checks of functions and their roles, before anything is evaluated. */
#include "functions/function.h"
#include "functions/fused_pair.h"
#include "functions/spline.h"

#include <stdio.h>

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

static const char *functions_fault(const hf_call *call, int64_t *n_parameters)
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

static const char *roles_fault(const hf_call *call)
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

const char *hf_call_fault(const hf_call *call)
{
    const hpcfit_potential *potential = call->potential;
    if (potential->pairwise && call->geometry->half == NULL)
        return "a geometry without pairs for a pairwise potential";
    if (potential->needs_positions && call->geometry->position == NULL)
        return "a geometry without positions for a potential that needs them";
    if (potential->n_sizes > 0 && call->sizes == NULL) return "a potential without its sizes";
    for (int k = 0; k < potential->n_sizes; k++)
        if (call->sizes[k] < potential->sizes[k].lower || call->sizes[k] > potential->sizes[k].upper)
            return "a size of the potential is out of range";
    int64_t n_parameters = hf_parameter_offset(call, potential->n_parameters);
    if ((call->functions == NULL) != (potential->n_roles == 0))
        return "functions for a potential without roles, or none for one with roles";
    if (call->functions != NULL) {
        const char *fault = functions_fault(call, &n_parameters);
        if (fault != NULL) return fault;
    }
    for (int64_t k = 0; k < call->n_free; k++) {
        if (call->free_parameters[k] < 0 || call->free_parameters[k] >= n_parameters)
            return "a free parameter lies outside the parameter vector";
        if (k > 0 && call->functions != NULL && call->free_parameters[k] <= call->free_parameters[k - 1])
            return "free parameters of functions do not ascend";
    }
    return call->functions != NULL ? roles_fault(call) : NULL;
}

hpcfit_status hf_bad_argument(hpcfit_error *err, const char *message)
{
    err->structure = -1;
    err->atom = -1;
    snprintf(err->message, sizeof err->message, "%s", message);
    return HPCFIT_BAD_ARGUMENT;
}
