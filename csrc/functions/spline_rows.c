/* The basis of splines, and the way from their knots to their parameters. */
#include "functions/spline_rows.h"
#include "functions/spline.h"
#include "functions/spline_program.h"

#include <math.h>
#include <string.h>

static int64_t needed(const hpcfit_spline *spline)
{
    const int64_t width = hf_round_up(spline->n_parameters), n_rows = 2 * spline->n_knots;
    return width == 0 ? 0 : n_rows * width + 2 * hf_round_up(n_rows) + 8 * width + 2 * hf_round_up(width / HF_LANES);
}

static int64_t needed_by(const hpcfit_function *function, int64_t n_splines)
{
    int64_t sum = 0;
    for (int64_t k = 0; k < n_splines; k++)
        sum += needed(&function->splines[k]);
    return sum;
}

int64_t hf_nodes_scratch(const hpcfit_functions *functions)
{
    int64_t sum = 0;
    for (int64_t f = 0; f < functions->n_functions; f++)
        sum += needed_by(&functions->functions[f], functions->functions[f].n_splines);
    return sum;
}

int64_t hf_nodes_most_rows(const hpcfit_functions *functions)
{
    int64_t most = 0;
    for (int64_t f = 0; f < functions->n_functions; f++)
        for (int64_t k = 0; k < functions->functions[f].n_splines; k++)
            if (2 * functions->functions[f].splines[k].n_knots > most)
                most = 2 * functions->functions[f].splines[k].n_knots;
    return most;
}

/* The effect of a node on slopes falls to a quarter from knot to knot. Entries this far below the row's largest are
 * left out, because they do not change a sum of doubles. */
static const double LEAST = 0x1p-70;

/* A value of most splines is one parameter's, so that most of its row is zero. */
static void bound_row(const hf_nodes *nodes, int64_t row)
{
    const double *table = nodes->table + row * nodes->width;
    int64_t first = 0, end = nodes->columns.count;
    double largest = 0.0;
    for (int64_t k = 0; k < end; k++)
        largest = fmax(largest, fabs(table[k]));
    while (first < end && fabs(table[first]) <= LEAST * largest)
        first++;
    while (end > first && fabs(table[end - 1]) <= LEAST * largest)
        end--;
    nodes->first[row] = (double)(first / HF_LANES * HF_LANES);
    nodes->end[row] = (double)end;
}

/* The range of rows in which a vector of columns is not zero. */
static void bound_columns(const hf_nodes *nodes, int64_t k)
{
    const double at = (double)k;
    int64_t low = 0, high = nodes->n_rows;
    while (low < high && (at < nodes->first[low] || at >= nodes->end[low]))
        low++;
    while (high > low && (at < nodes->first[high - 1] || at >= nodes->end[high - 1]))
        high--;
    nodes->low[k / HF_LANES] = (double)low;
    nodes->high[k / HF_LANES] = (double)high;
}

static void fill_column(const hpcfit_band *table, int64_t row, const hf_nodes *nodes, int64_t column, int64_t which)
{
    for (int64_t k = table->start[row]; k < table->start[row + 1]; k++) {
        const int64_t knot = table->knot[row] + k - table->start[row];
        nodes->table[(2 * knot + which) * nodes->width + column] = table->entries[k];
    }
}

static void fill_table(const hf_call *call, const hf_nodes *nodes)
{
    const hpcfit_spline *s = &nodes->function->splines[nodes->spline];
    const int64_t first = nodes->function->first_parameter + s->first_parameter;
    memset(nodes->table, 0, (size_t)(nodes->n_rows * nodes->width) * sizeof *nodes->table);
    for (int64_t k = 0; k < nodes->columns.count; k++) {
        const int64_t place = call->free_parameters[nodes->columns.first + k] - first;
        fill_column(&s->values, place, nodes, k, 0);
        fill_column(&s->slopes, place, nodes, k, 1);
    }
    for (int64_t row = 0; row < nodes->n_rows; row++)
        bound_row(nodes, row);
    for (int64_t k = 0; k < nodes->width; k += HF_LANES)
        bound_columns(nodes, k);
}

hf_nodes hf_nodes_of(const hf_call *call, const hpcfit_function *function, int64_t spline, double *tables)
{
    const hpcfit_spline *s = &function->splines[spline];
    hf_nodes nodes = {.function = function, .spline = spline, .n_rows = 2 * s->n_knots};
    nodes.columns = hf_spline_columns(call, function, s);
    nodes.width = hf_round_up(nodes.columns.count);
    nodes.table = tables + needed_by(function, spline);
    for (const hpcfit_function *f = call->functions->functions; f < function; f++)
        nodes.table += needed_by(f, f->n_splines);
    nodes.first = nodes.table + nodes.n_rows * nodes.width;
    nodes.end = nodes.first + hf_round_up(nodes.n_rows);
    nodes.mapped = nodes.end + hf_round_up(nodes.n_rows);
    nodes.low = nodes.mapped + 8 * nodes.width;
    nodes.high = nodes.low + hf_round_up(nodes.width / HF_LANES);
    return nodes;
}

void hf_nodes_fill(const hf_call *call, double *tables)
{
    for (int64_t f = 0; f < call->functions->n_functions; f++) {
        const hpcfit_function *function = &call->functions->functions[f];
        for (int64_t k = 0; k < function->n_splines; k++) {
            const hf_nodes nodes = hf_nodes_of(call, function, k, tables);
            if (nodes.columns.count > 0) fill_table(call, &nodes);
        }
    }
}

/* The functions of the four rows, and their slopes: straight lines beyond the ends. */
HF_CLONES
static void fill_basis(int64_t n, const double *restrict fraction, const double *restrict width,
                       const double *restrict beyond, int64_t stride, double *restrict basis)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double t = fraction[k], h = width[k], d = beyond[k], u = 1.0 - t;
        const double rise = 6.0 * t * u / h, from = u * (1.0 - 3.0 * t), to = t * (3.0 * t - 2.0);
        basis[k] = u * u * (1.0 + 2.0 * t) - rise * d;
        basis[stride + k] = h * t * u * u + from * d;
        basis[2 * stride + k] = t * t * (3.0 - 2.0 * t) + rise * d;
        basis[3 * stride + k] = -h * t * t * u + to * d;
        basis[4 * stride + k] = -rise;
        basis[5 * stride + k] = from;
        basis[6 * stride + k] = rise;
        basis[7 * stride + k] = to;
    }
}

hf_basis hf_basis_at(const hf_call *call, const hf_nodes *nodes, const double *rows, int64_t apart, int64_t n,
                     const double *x, int64_t stride, double *scratch)
{
    const double *w = hf_function_weights(call, nodes->function, nodes->spline, rows, apart);
    double *value = scratch + HF_LOCATED * stride, *slope = value + HF_ROWS_PER_ARGUMENT * stride;
    hf_spline_locate(&nodes->function->splines[nodes->spline], n, x, stride, scratch);
    fill_basis(n, scratch + stride, scratch + 2 * stride, scratch + 3 * stride, stride, value);
    for (int q = 0; q < HF_ROWS_PER_ARGUMENT && w != NULL; q++)
        hf_spline_program_weigh(n, w, w + apart, value + q * stride, slope + q * stride);
    return (hf_basis){.stride = stride, .interval = (const int32_t *)scratch, .value = value, .slope = slope};
}

/* Inlined with a fixed n, sums stay in registers. */
static inline __attribute__((always_inline)) void map_rows(const hf_nodes *nodes, int64_t low, int64_t high, int n,
                                                           int64_t apart, const double *rows)
{
    for (int64_t k = 0; k < nodes->width; k += HF_LANES) {
        const double at = (double)k;
        hf_eight sums[7];
        for (int c = 0; c < n; c++)
            sums[c] = (hf_eight){0.0};
        const int64_t from = (int64_t)fmax((double)low, nodes->low[k / HF_LANES]);
        const int64_t to = (int64_t)fmin((double)high, nodes->high[k / HF_LANES]);
        for (int64_t row = from; row < to; row++) {
            if (at < nodes->first[row] || at >= nodes->end[row]) continue;
            const hf_eight entry = *(const hf_eight *)(nodes->table + row * nodes->width + k);
            for (int c = 0; c < n; c++)
                sums[c] += rows[row * apart + c] * entry;
        }
        for (int c = 0; c < n; c++)
            *(hf_eight *)(nodes->mapped + c * nodes->width + k) = sums[c];
    }
}

HF_CLONES
void hf_map_rows(const hf_nodes *nodes, int64_t low, int64_t high, int n, int64_t apart, const double *rows)
{
    switch (n) {
    case 1:
        map_rows(nodes, low, high, 1, apart, rows);
        break;
    case 3:
        map_rows(nodes, low, high, 3, apart, rows);
        break;
    case 6:
        map_rows(nodes, low, high, 6, apart, rows);
        break;
    default:
        map_rows(nodes, low, high, 7, apart, rows);
    }
}

void hf_add_row_forces(const hf_nodes *nodes, int64_t low, int64_t high, const double *rows, int64_t atom,
                       const hpcfit_output *output)
{
    hf_map_rows(nodes, low, high, 3, 4, rows);
    for (int64_t k = 0; k < nodes->columns.count; k++) {
        const hpcfit_output column = hf_column(output, 1 + nodes->columns.first + k);
        for (int axis = 0; axis < 3; axis++)
            column.forces[atom][axis] += nodes->mapped[axis * nodes->width + k];
    }
}

void hf_add_row_totals(const hf_nodes *nodes, int n, hf_eight *rows, int64_t structure, const hpcfit_output *output)
{
    hf_map_rows(nodes, 0, nodes->n_rows, n, 8, (const double *)rows);
    memset(rows, 0, (size_t)nodes->n_rows * sizeof *rows);
    for (int64_t k = 0; k < nodes->columns.count; k++) {
        const hpcfit_output column = hf_column(output, 1 + nodes->columns.first + k);
        const double *mapped = nodes->mapped + k;
        if (n > HF_VIRIAL) column.energies[structure] += *mapped;
        for (int v = 0; v < HF_VIRIAL && column.virials != NULL; v++)
            column.virials[structure][v] += mapped[(n - HF_VIRIAL + v) * nodes->width];
    }
}
