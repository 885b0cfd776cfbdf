/* One evaluation: checks of the arguments, the potential, and a search for numbers that are not finite. */
#include "functions/function.h"

#include <stdio.h>

/* The first structure and atom whose energy or force is not finite. */
static hpcfit_status check_finite(const hpcfit_potential *potential, const hpcfit_geometry *g,
                                  const hpcfit_output *output, hpcfit_error *err)
{
    double energies = 0.0, forces = 0.0;
    for (int64_t s = 0; s < g->n_structures; s++)
        energies += 0.0 * output->energies[s];
    for (int64_t i = 0; i < g->n_atoms; i++)
        forces += 0.0 * (output->forces[i][0] + output->forces[i][1] + output->forces[i][2]);
    if (isfinite(energies) && isfinite(forces)) return HPCFIT_OK;
    err->structure = -1;
    err->atom = -1;
    for (int64_t i = g->n_atoms - 1; i >= 0; i--)
        if (!isfinite(output->forces[i][0] + output->forces[i][1] + output->forces[i][2])) err->atom = i;
    for (int64_t s = g->n_structures - 1; s >= 0; s--)
        if (!isfinite(output->energies[s])) err->structure = s;
    for (int64_t lane = 0; lane < g->n_groups * HF_LANES; lane++)
        if (err->structure < 0 && g->lane_atom[lane] == err->atom) err->structure = g->lane_structure[lane];
    snprintf(err->message, sizeof err->message, "%s gives an energy or force that is not finite", potential->name);
    return HPCFIT_NOT_FINITE;
}

int64_t hpcfit_scratch_size(const hpcfit_potential *potential, const int64_t *sizes,
                            const hpcfit_functions *functions, const hpcfit_geometry *geometry, int64_t n_free)
{
    const hf_call call = {
        .potential = potential, .sizes = sizes, .functions = functions, .geometry = geometry, .n_free = n_free};
    if (potential->n_roles > 0 && functions == NULL) return 0;
    return potential->scratch_size(&call) + (functions == NULL ? 0 : hf_functions_knots(functions));
}

hpcfit_status hpcfit_evaluate(const hpcfit_potential *potential, const int64_t *sizes,
                              const hpcfit_functions *functions, const hpcfit_geometry *geometry,
                              const double *parameters, int64_t n_free, const int32_t *free_parameters,
                              double *scratch, const hpcfit_output *output, hpcfit_error *err)
{
    const int64_t n_knots = functions == NULL ? 0 : hf_functions_knots(functions);
    const hf_call call = {.potential = potential,
                          .sizes = sizes,
                          .functions = functions,
                          .geometry = geometry,
                          .parameters = parameters,
                          .n_free = n_free,
                          .free_parameters = free_parameters,
                          .output = output,
                          .knots = scratch,
                          .scratch = scratch + n_knots};
    const char *fault = hf_call_fault(&call);
    if (fault != NULL) return hf_bad_argument(err, fault);
    if (functions != NULL) hf_functions_at_knots(functions, parameters, scratch);
    potential->evaluate(&call);
    return check_finite(potential, geometry, output, err);
}
