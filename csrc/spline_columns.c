/* A pair touches the values and slopes at the two knots about it and nothing else. So sums are made for each knot's
 * value and slope, four per pair, and only when an atom (for energies and virials, a structure) is complete they are
 * spread over the parameters by the spline's tables. */
#include "spline_columns.h"
#include "panel.h"
#include "spline.h"

#include <string.h>

typedef double four __attribute__((vector_size(32), aligned(8)));

/* Rows are a knot's value and slope in turn: those of interval i are 2 i to 2 i + 3. */
enum { PER_PAIR = 4 };

typedef struct {
    const hpcfit_spline *spline;
    hf_columns columns;
    int64_t n_rows, width;
    double *table;     /* [n_rows][width] what a row adds for each free parameter */
    double *sums;      /* [n_rows] of an atom */
    four *forces;      /* [n_rows] x y z of an atom */
    hf_eight *totals;  /* [n_rows] energy and virial of a structure */
    double *mapped;    /* [8][width] */
    double *located;   /* intervals, fractions, widths, distances beyond the ends */
    double *basis;     /* [4][n] values of the rows' functions, [4][n] slopes */
    int64_t low, high; /* rows of an atom in use */
    int64_t stride;    /* doubles between arrays over pairs */
} space;

static void lay_out(const hf_call *call, const hpcfit_function *function, const hpcfit_spline *spline,
                    double *scratch, space *s)
{
    s->spline = spline;
    s->columns = hf_spline_columns(call, function, spline);
    s->n_rows = 2 * spline->n_knots;
    s->width = hf_round_up(s->columns.count);
    s->stride = call->geometry->max_chunk_slots * HF_LANES;
    s->totals = (hf_eight *)scratch;
    s->forces = (four *)(scratch + 8 * s->n_rows);
    s->table = scratch + 12 * s->n_rows;
    s->sums = s->table + s->n_rows * s->width;
    s->mapped = s->sums + hf_round_up(s->n_rows);
    s->located = s->mapped + 8 * s->width;
    s->basis = s->located + HF_LOCATED * s->stride;
}

int64_t hf_spline_columns_scratch(const hf_call *call)
{
    const int64_t stride = call->geometry->max_chunk_slots * HF_LANES;
    int64_t most = 0;
    for (int64_t f = 0; f < call->functions->n_functions; f++)
        for (int64_t k = 0; k < call->functions->functions[f].n_splines; k++) {
            const hpcfit_spline *spline = &call->functions->functions[f].splines[k];
            const int64_t width = hf_round_up(spline->n_parameters), n_rows = 2 * spline->n_knots;
            const int64_t needed =
                12 * n_rows + n_rows * width + hf_round_up(n_rows) + 8 * width + (HF_LOCATED + 2 * PER_PAIR) * stride;
            if (needed > most) most = needed;
        }
    return most;
}

static void fill_table(const hf_call *call, const hpcfit_function *function, space *s)
{
    const int64_t n = s->spline->n_knots;
    memset(s->totals, 0, (size_t)(12 * s->n_rows + s->n_rows * s->width + s->n_rows) * sizeof(double));
    for (int64_t k = 0; k < s->columns.count; k++) {
        const int64_t place =
            call->free_parameters[s->columns.first + k] - function->first_parameter - s->spline->first_parameter;
        for (int64_t knot = 0; knot < n; knot++) {
            s->table[2 * knot * s->width + k] = s->spline->values[place * n + knot];
            s->table[(2 * knot + 1) * s->width + k] = s->spline->slopes[place * n + knot];
        }
    }
    s->low = s->n_rows;
    s->high = 0;
}

/* The functions of the four rows of a pair, and their slopes: straight lines beyond the ends. */
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

/* The derivative w of a function by the spline, and its slope, take the place of 1 and 0 before the basis. */
HF_CLONES
static void weigh_basis(int64_t n, const double *restrict w, const double *restrict dw, double *restrict value,
                        double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        slope[k] = dw[k] * value[k] + w[k] * slope[k];
        value[k] = w[k] * value[k];
    }
}

static const int32_t *prepare(const hf_call *call, const hf_rows *rows, int64_t spline, const hf_run *run,
                              double *scratch, space *s)
{
    const hpcfit_function *function = rows->function;
    const double *w = hf_function_weights(call, function, spline, rows->rows, rows->stride);
    lay_out(call, function, &function->splines[spline], scratch, s);
    fill_table(call, function, s);
    hf_spline_locate(s->spline, run->n_pairs, run->r, s->stride, s->located);
    fill_basis(run->n_pairs, s->located + s->stride, s->located + 2 * s->stride, s->located + 3 * s->stride,
               s->stride, s->basis);
    for (int q = 0; q < PER_PAIR && w != NULL; q++)
        weigh_basis(run->n_pairs, w, w + rows->stride, s->basis + q * s->stride,
                    s->basis + (PER_PAIR + q) * s->stride);
    return (const int32_t *)s->located;
}

static void touch(space *s, int32_t interval)
{
    if (2 * interval < s->low) s->low = 2 * interval;
    if (2 * interval + PER_PAIR > s->high) s->high = 2 * interval + PER_PAIR;
}

/* mapped[component] = sum of the rows in use, times the table, for n components of rows that are `apart` doubles
 * apart. Inlined with a fixed n, sums stay in registers. */
static inline __attribute__((always_inline)) void map_rows(const space *s, int64_t low, int64_t high, int n,
                                                           int64_t apart, const double *rows)
{
    for (int64_t k = 0; k < s->width; k += HF_LANES) {
        hf_eight sums[7];
        for (int c = 0; c < n; c++)
            sums[c] = (hf_eight){0.0};
        for (int64_t row = low; row < high; row++) {
            const hf_eight entry = *(const hf_eight *)(s->table + row * s->width + k);
            for (int c = 0; c < n; c++)
                sums[c] += rows[row * apart + c] * entry;
        }
        for (int c = 0; c < n; c++)
            *(hf_eight *)(s->mapped + c * s->width + k) = sums[c];
    }
}

HF_CLONES
static void map_sum(const space *s)
{
    map_rows(s, s->low, s->high, 1, 1, s->sums);
}

HF_CLONES
static void map_force(const space *s)
{
    map_rows(s, s->low, s->high, 3, 4, (const double *)s->forces);
}

HF_CLONES
static void map_total(const space *s)
{
    map_rows(s, 0, s->n_rows, 7, 8, (const double *)s->totals);
}

static void rest(space *s)
{
    memset(s->forces + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->forces);
    memset(s->sums + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->sums);
    s->low = s->n_rows;
    s->high = 0;
}

static void flush_atom(space *s, const hpcfit_output *output, int64_t atom)
{
    map_force(s);
    for (int64_t k = 0; k < s->columns.count; k++) {
        const hpcfit_output column = hf_column(output, 1 + s->columns.first + k);
        for (int axis = 0; axis < 3; axis++)
            column.forces[atom][axis] += s->mapped[axis * s->width + k];
    }
    rest(s);
}

static void flush_structure(space *s, const hpcfit_output *output, int64_t structure)
{
    map_total(s);
    memset(s->totals, 0, (size_t)s->n_rows * sizeof *s->totals);
    for (int64_t k = 0; k < s->columns.count; k++) {
        const hpcfit_output column = hf_column(output, 1 + s->columns.first + k);
        column.energies[structure] += s->mapped[k];
        for (int v = 0; v < 6 && column.virials != NULL; v++)
            column.virials[structure][v] += s->mapped[(1 + v) * s->width + k];
    }
}

/* One atom's pairs; `local` is its first in the run, `pair` in the geometry. */
HF_CLONES
static void add_pairs(const hpcfit_geometry *g, int64_t n_slots, int64_t local, int64_t pair, double cutoff,
                      const int32_t *interval, const double *weights, space *s)
{
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES) {
        const double r = g->r[pair + k];
        if (r >= cutoff) continue;
        const double x = g->ux[pair + k], y = g->uy[pair + k], z = g->uz[pair + k];
        const double w = weights != NULL ? weights[local + k] : 1.0, v = -0.5 * r * w;
        const four force = {w * x, w * y, w * z, 0.0};
        const hf_eight virial = {0.0, v * x * x, v * y * y, v * z * z, v * y * z, v * x * z, v * x * y, 0.0};
        const hf_eight energy = {weights != NULL ? 0.0 : 0.5};
        const int64_t row = 2 * interval[local + k];
        for (int q = 0; q < PER_PAIR; q++) {
            const double value = s->basis[q * s->stride + local + k];
            const double slope = s->basis[(PER_PAIR + q) * s->stride + local + k];
            s->forces[row + q] += slope * force;
            s->totals[row + q] += slope * virial + value * energy;
        }
        touch(s, interval[local + k]);
    }
}

static void add_radial(const hf_call *call, const hf_rows *rows, int64_t spline, int64_t chunk, int64_t species,
                       const double *weights, double *scratch)
{
    const hpcfit_geometry *g = call->geometry;
    const hf_run run = hf_run_of(g, chunk, species);
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    int64_t structure = -1;
    space s;
    const int32_t *interval = prepare(call, rows, spline, &run, scratch, &s);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t start = g->slot_start[group * g->n_species + species];
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t at = group * HF_LANES + lane;
            if (structure >= 0 && structure != g->lane_structure[at]) flush_structure(&s, call->output, structure);
            structure = g->lane_structure[at];
            add_pairs(g, g->slot_count[group * g->n_species + species], (start - first) * HF_LANES + lane,
                      start * HF_LANES + lane, rows->function->cutoff, interval, weights, &s);
            if (s.high > 0) flush_atom(&s, call->output, g->lane_atom[at]);
        }
    }
    if (structure >= 0) flush_structure(&s, call->output, structure);
}

void hf_spline_add_radial(const hf_call *call, const hf_rows *rows, int64_t chunk, int64_t species,
                          const double *weights, double *scratch)
{
    for (int64_t k = 0; k < rows->function->n_splines; k++)
        if (hf_spline_columns(call, rows->function, &rows->function->splines[k]).count > 0)
            add_radial(call, rows, k, chunk, species, weights, scratch);
}

static void add_sums(const hf_call *call, const hf_rows *rows, int64_t spline, int64_t chunk, int64_t species,
                     double *sums, double *scratch)
{
    const hpcfit_geometry *g = call->geometry;
    const hf_run run = hf_run_of(g, chunk, species);
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species], n_lanes = g->n_groups * HF_LANES;
    space s;
    const int32_t *interval = prepare(call, rows, spline, &run, scratch, &s);
    for (int64_t at = g->chunk_group[chunk] * HF_LANES; at < g->chunk_group[chunk + 1] * HF_LANES; at++) {
        const int64_t group = at / HF_LANES,
                      begin = (g->slot_start[group * g->n_species + species] - first) * HF_LANES;
        const int64_t end = begin + g->slot_count[group * g->n_species + species] * HF_LANES;
        for (int64_t k = begin + at % HF_LANES; k < end; k += HF_LANES) {
            if (run.r[k] >= rows->function->cutoff) continue;
            for (int q = 0; q < PER_PAIR; q++)
                s.sums[2 * interval[k] + q] += s.basis[q * s.stride + k];
            touch(&s, interval[k]);
        }
        if (s.high == 0) continue;
        map_sum(&s);
        for (int64_t k = 0; k < s.columns.count; k++)
            sums[(s.columns.first + k) * n_lanes + at] += s.mapped[k];
        rest(&s);
    }
}

void hf_spline_add_sums(const hf_call *call, const hf_rows *rows, int64_t chunk, int64_t species, double *sums,
                        double *scratch)
{
    for (int64_t k = 0; k < rows->function->n_splines; k++)
        if (hf_spline_columns(call, rows->function, &rows->function->splines[k]).count > 0)
            add_sums(call, rows, k, chunk, species, sums, scratch);
}
