/* The free parameters of a spline by way of rows: every knot's value and slope in turn, of which an argument in
 * interval i touches rows 2 i to 2 i + 3 and no others. Sums are made row by row; the spline's tables lead from a
 * sum's rows to the parameters. */
#ifndef HF_SPLINE_ROWS_H
#define HF_SPLINE_ROWS_H

#include "core/panel.h"
#include "functions/function.h"

enum { HF_ROWS_PER_ARGUMENT = 4 };

/* One spline of a function. */
typedef struct {
    const hpcfit_function *function;
    int64_t spline;
    hf_columns columns;
    int64_t n_rows, width; /* width is the number of columns, rounded up to a multiple of 8 */
    double *table;         /* [n_rows][width] the derivative of a row by each free parameter */
    double *first, *end;   /* [n_rows] the columns, multiples of 8, outside which the row of the table is zero */
    double *mapped;        /* [8][width] */
    double *low, *high;    /* [width / 8] the rows outside which eight columns of the table are zero */
} hf_nodes;

/* Scratch doubles for the tables of all splines of all functions; and most rows of any spline. */
int64_t hf_nodes_scratch(const hpcfit_functions *functions);
int64_t hf_nodes_most_rows(const hpcfit_functions *functions);

/* Fills the tables of all splines with free parameters: once for an evaluation. */
void hf_nodes_fill(const hf_call *call, double *tables);

/* The nodes of a function's spline, which has free parameters, in filled tables. */
hf_nodes hf_nodes_of(const hf_call *call, const hpcfit_function *function, int64_t spline, double *tables);

/* For arguments of a run or a batch: the functions of their four rows, and the slopes of these, in arrays `stride`
 * doubles apart. */
typedef struct {
    int64_t stride;
    const int32_t *interval;
    double *value, *slope; /* [4][stride] */
} hf_basis;

/* Scratch doubles of hf_basis_at. */
static inline int64_t hf_basis_scratch(int64_t stride)
{
    return (4 + 2 * HF_ROWS_PER_ARGUMENT) * stride;
}

/* The basis at n <= stride arguments x. `rows`, `apart` doubles apart, are those of the function at x, as
 * hf_function_run_rows fills them; they are not read for a function that is a spline. */
hf_basis hf_basis_at(const hf_call *call, const hf_nodes *nodes, const double *rows, int64_t apart, int64_t n,
                     const double *x, int64_t stride, double *scratch);

/* Maps rows from `low` to `high` - 1, each of n = 1, 3, 6 or 7 components, `apart` doubles from the next, to n arrays
 * over the columns: `mapped`. */
void hf_map_rows(const hf_nodes *nodes, int64_t low, int64_t high, int n, int64_t apart, const double *rows);

/* Adds an atom's forces to the columns of the nodes: rows from `low` to `high` - 1 are x y z and an unused number. */
void hf_add_row_forces(const hf_nodes *nodes, int64_t low, int64_t high, const double *rows, int64_t atom,
                       const hpcfit_output *output);

/* Adds a structure's totals to the columns of the nodes, and clears them. All rows are eight numbers, of which the
 * first n are the energy, if n is 7, and the virial. */
void hf_add_row_totals(const hf_nodes *nodes, int n, hf_eight *rows, int64_t structure, const hpcfit_output *output);

#endif
