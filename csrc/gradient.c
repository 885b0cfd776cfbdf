/* Reverse mode: the gradient of one number that depends on energies, forces and virials. */
#include "functions/function.h"

int hpcfit_potential_has_gradient(const hpcfit_potential *potential)
{
    return potential->gradient != NULL;
}

int64_t hpcfit_gradient_scratch_size(const hpcfit_potential *potential, const int64_t *sizes,
                                     const hpcfit_functions *functions, const hpcfit_geometry *geometry)
{
    const hf_call call = {.potential = potential, .sizes = sizes, .functions = functions, .geometry = geometry};
    if (potential->gradient == NULL || (potential->n_roles > 0 && functions == NULL) ||
        (potential->pairwise && geometry->half == NULL))
        return 0;
    return potential->gradient_scratch(&call) + (functions == NULL ? 0 : hf_functions_knots(functions));
}

hpcfit_status hpcfit_gradient(const hpcfit_potential *potential, const int64_t *sizes,
                              const hpcfit_functions *functions, const hpcfit_geometry *geometry,
                              const double *parameters, int64_t n_free, const int32_t *free_parameters,
                              double *scratch, const hpcfit_weights *weights, double *gradient, hpcfit_error *err)
{
    const int64_t n_knots = functions == NULL ? 0 : hf_functions_knots(functions);
    const hf_call call = {.potential = potential,
                          .sizes = sizes,
                          .functions = functions,
                          .geometry = geometry,
                          .parameters = parameters,
                          .n_free = n_free,
                          .free_parameters = free_parameters,
                          .weights = weights,
                          .gradient = gradient,
                          .knots = scratch,
                          .scratch = scratch + n_knots};
    const char *fault = potential->gradient == NULL ? "a potential without reverse mode" : hf_call_fault(&call);
    if (fault != NULL) return hf_bad_argument(err, fault);
    if (n_free == 0) return HPCFIT_OK;
    if (functions != NULL) hf_functions_at_knots(functions, parameters, scratch);
    potential->gradient(&call);
    return HPCFIT_OK;
}
