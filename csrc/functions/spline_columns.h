/* Derivatives by the parameters of splines, at the cost of one interval per pair. */
#ifndef HF_SPLINE_COLUMNS_H
#define HF_SPLINE_COLUMNS_H

#include "functions/function.h"

/* Scratch doubles that the functions below need, the largest of all functions; it begins with the tables of
 * hf_nodes_fill, which are filled once for an evaluation. */
int64_t hf_spline_columns_scratch(const hf_call *call);

/* The rows of a function over the pairs of a run, as hf_function_run_rows fills them. */
typedef struct {
    const hpcfit_function *function;
    const double *rows;
    int64_t stride;
} hf_rows;

/* Does the work of hf_add_radial for each free parameter of a function's splines, over the pairs of a run. With
 * weights [n_pairs] slopes are multiplied by them, and there are no energies. */
void hf_spline_add_radial(const hf_call *call, const hf_rows *rows, int64_t chunk, int64_t species,
                          const double *weights, double *scratch);

/* Adds to sums [n_free][n_lanes] the derivatives of a function's sums over the neighbours of each atom, each times
 * its weight [n_pairs] if there are any, by the free parameters of its splines. */
void hf_spline_add_sums(const hf_call *call, const hf_rows *rows, int64_t chunk, int64_t species,
                        const double *weights, double *sums, double *scratch);

#endif
