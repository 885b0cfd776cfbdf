/* A pair energy and a density often have the same screening; its division is the most expensive step of both. */
#include "functions/fused_pair.h"

#include <string.h>

const char *hf_fused_pair_fault(const hpcfit_functions *functions, const hpcfit_function *function)
{
    const hpcfit_program *fused = &function->fused;
    if (fused->n_registers == 0) return NULL;
    if (function->fused_with < 0 || function->fused_with >= functions->n_functions)
        return "a fused pair names a function that is not there";
    const hpcfit_function *second = &functions->functions[function->fused_with];
    if (function->n_splines > 0 || second->n_splines > 0 || fused->n_inputs != 0)
        return "a function with splines is part of a fused pair";
    if (fused->n_parameters != function->program.n_parameters + second->program.n_parameters ||
        fused->n_outputs != function->program.n_outputs + second->program.n_outputs)
        return "a fused program does not fit its two functions";
    return hf_program_fault(fused);
}

/* Scratch: the parameters, the uniform values, then registers. */
static int64_t n_values(const hpcfit_program *fused)
{
    return hf_round_up(fused->n_parameters + fused->n_uniform);
}

int64_t hf_fused_pair_scratch(const hpcfit_function *function)
{
    return function->fused.n_registers == 0 ? 0 : n_values(&function->fused) + hf_program_scratch(&function->fused);
}

void hf_fused_pair_run_rows(const hf_call *call, const hpcfit_function *function, int64_t n, const double *x,
                            double *const *rows, double *scratch)
{
    const hpcfit_function *second = &call->functions->functions[function->fused_with];
    const int64_t n_own = function->program.n_parameters;
    double *uniform = scratch + function->fused.n_parameters;
    memcpy(scratch, call->parameters + function->first_parameter, (size_t)n_own * sizeof *scratch);
    memcpy(scratch + n_own, call->parameters + second->first_parameter,
           (size_t)second->program.n_parameters * sizeof *scratch);
    hf_program_uniform(&function->fused, scratch, uniform);
    const int64_t own = function->program.n_outputs, other = second->program.n_outputs;
    const hf_target all = {.each = rows}, of_second = {.each = rows + own};
    hf_program_run(&function->fused, uniform, n, x, &all, scratch + n_values(&function->fused));
    if (function->cutoff == second->cutoff) {
        hf_cut_rows(function, own + other, n, x, &all);
        return;
    }
    hf_cut_rows(function, own, n, x, &all);
    hf_cut_rows(second, other, n, x, &of_second);
}
