/* Reverse mode against columns, for functions with one parameter each. */
#ifndef GRADIENTS_H
#define GRADIENTS_H

#include "samples.h"

#include <math.h>

/* The gradient of weighed rows is that of their columns, which are all free; rounding of some thousand pairs. */
static void check_gradient(const hpcfit_potential *potential, const hpcfit_functions *functions,
                           const hpcfit_geometry *geometry, const double *parameters, const int32_t *places,
                           int64_t stride, const double *columns, const hpcfit_batch *batch)
{
    const int64_t n = functions->n_functions;
    double *rows = calloc((size_t)stride, sizeof *rows), *gradient = calloc((size_t)n, sizeof *gradient);
    double *forces = rows + batch->n_structures;
    const int64_t n_scratch = (hpcfit_gradient_scratch_size(potential, NULL, functions, geometry) + 7) / 8 * 8;
    double *scratch = aligned_alloc(64, (size_t)n_scratch * sizeof *scratch + 64);
    const hpcfit_weights weights = {.energies = rows,
                                    .forces = (const double (*)[3])forces,
                                    .virials = (const double (*)[6])(forces + 3 * batch->n_atoms)};
    hpcfit_error err;
    for (int64_t k = 0; k < stride; k++)
        rows[k] = 0.1 * (double)(k % 7) - 0.3;
    CHECK(hpcfit_gradient(potential, NULL, functions, geometry, parameters, n, places, scratch, &weights, gradient,
                          &err) == HPCFIT_OK);
    for (int64_t p = 0; p < n; p++) {
        double wanted = 0.0, size = 0.0;
        for (int64_t k = 0; k < stride; k++) {
            wanted += rows[k] * columns[(1 + p) * stride + k];
            size += fabs(rows[k] * columns[(1 + p) * stride + k]);
        }
        CHECK(fabs(gradient[p] - wanted) <= 1e-12 * size);
    }
    free(scratch);
    free(gradient);
    free(rows);
}

#endif
