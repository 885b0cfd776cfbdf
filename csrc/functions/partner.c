/* A pair energy and a density often have the same screening, whose division is the dearest step of both. */
#include "functions/partner.h"

#include <string.h>

const char *hf_partner_fault(const hpcfit_functions *functions, const hpcfit_function *function)
{
    const hpcfit_program *both = &function->both;
    if (both->n_registers == 0) return NULL;
    if (function->partner < 0 || function->partner >= functions->n_functions)
        return "a function's partner is not there";
    const hpcfit_function *partner = &functions->functions[function->partner];
    if (function->n_splines > 0 || partner->n_splines > 0 || both->n_inputs != 0)
        return "a function with splines has a partner";
    if (both->n_parameters != function->program.n_parameters + partner->program.n_parameters ||
        both->n_outputs != function->program.n_outputs + partner->program.n_outputs)
        return "a program for two functions does not fit them";
    return hf_program_fault(both);
}

/* Scratch: the parameters, the uniform values, then registers. */
static int64_t n_values(const hpcfit_program *both)
{
    return (both->n_parameters + both->n_uniform + HF_LANES - 1) / HF_LANES * HF_LANES;
}

int64_t hf_partner_scratch(const hpcfit_function *function)
{
    return function->both.n_registers == 0 ? 0 : n_values(&function->both) + hf_program_scratch(&function->both);
}

void hf_partner_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                         double *const *rows, double *scratch)
{
    const hpcfit_function *partner = &call->functions->functions[function->partner];
    const int64_t n_own = function->program.n_parameters;
    double *uniform = scratch + function->both.n_parameters;
    memcpy(scratch, call->parameters + function->first_parameter, (size_t)n_own * sizeof *scratch);
    memcpy(scratch + n_own, call->parameters + partner->first_parameter,
           (size_t)partner->program.n_parameters * sizeof *scratch);
    hf_program_uniform(&function->both, scratch, uniform);
    const int64_t own = function->program.n_outputs, other = partner->program.n_outputs;
    const hf_target all = {.each = rows}, of_partner = {.each = rows + own};
    hf_program_run(&function->both, uniform, n, x, &all, scratch + n_values(&function->both));
    if (function->cutoff == partner->cutoff) {
        hf_cut_rows(function, own + other, n, x, &all);
        return;
    }
    hf_cut_rows(function, own, n, x, &all);
    hf_cut_rows(partner, other, n, x, &of_partner);
}
