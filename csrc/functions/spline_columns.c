/* A pair touches the values and slopes at the two knots about it and nothing else. So sums are made for each knot's
 * value and slope, four per pair, and only when an atom (for energies and virials, a structure) is complete they are
 * spread over the parameters by the spline's tables. */
#include "functions/spline_columns.h"
#include "functions/spline_rows.h"

#include <string.h>

typedef struct {
    hf_nodes nodes;
    hf_basis basis;
    double *sums;      /* [n_rows] of an atom */
    hf_four *forces;   /* [n_rows] x y z of an atom */
    hf_eight *totals;  /* [n_rows] energy and virial of a structure */
    int64_t low, high; /* rows of an atom in use */
} space;

static int64_t stride_of(const hf_call *call)
{
    return call->geometry->max_chunk_slots * HF_LANES;
}

/* Sums of an atom and a structure, for each row: 1 number, 4 and 8. */
static int64_t sums_of(const hf_call *call)
{
    return 13 * hf_round_up(hf_nodes_most_rows(call->functions));
}

int64_t hf_spline_columns_scratch(const hf_call *call)
{
    return hf_nodes_scratch(call->functions) + sums_of(call) + hf_basis_scratch(stride_of(call));
}

static void prepare(const hf_call *call, const hf_rows *rows, int64_t spline, const hf_run *run, double *scratch,
                    space *s)
{
    double *sums = scratch + hf_nodes_scratch(call->functions), *basis = sums + sums_of(call);
    s->nodes = hf_nodes_of(call, rows->function, spline, scratch);
    s->basis = hf_basis_at(call, &s->nodes, rows->rows, rows->stride, run->n_pairs, run->r, stride_of(call), basis);
    s->totals = (hf_eight *)sums;
    s->forces = (hf_four *)(sums + 8 * s->nodes.n_rows);
    s->sums = sums + 12 * s->nodes.n_rows;
    memset(sums, 0, (size_t)(13 * s->nodes.n_rows) * sizeof *sums);
    s->low = s->nodes.n_rows;
    s->high = 0;
}

static void touch(space *s, int32_t interval)
{
    if (2 * interval < s->low) s->low = 2 * interval;
    if (2 * interval + HF_ROWS_PER_ARGUMENT > s->high) s->high = 2 * interval + HF_ROWS_PER_ARGUMENT;
}

static void rest(space *s)
{
    memset(s->forces + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->forces);
    memset(s->sums + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->sums);
    s->low = s->nodes.n_rows;
    s->high = 0;
}

static void flush_atom(space *s, const hpcfit_output *output, int64_t atom)
{
    hf_add_row_forces(&s->nodes, s->low, s->high, (const double *)s->forces, atom, output);
    rest(s);
}

static void flush_structure(space *s, const hpcfit_output *output, int64_t structure)
{
    hf_add_row_totals(&s->nodes, 1 + HF_VIRIAL, s->totals, structure, output);
}

/* One atom's pairs; `local` is its first in the run, `pair` in the geometry. */
HF_CLONES
static void add_pairs(const hpcfit_geometry *g, int64_t n_slots, int64_t local, int64_t pair, double cutoff,
                      const double *weights, space *s)
{
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES) {
        const double r = g->r[pair + k];
        if (r >= cutoff) continue;
        const double x = g->ux[pair + k], y = g->uy[pair + k], z = g->uz[pair + k];
        const double w = weights != NULL ? weights[local + k] : 1.0, v = -0.5 * r * w;
        const hf_four force = {w * x, w * y, w * z, 0.0};
        const hf_eight virial = {0.0, v * x * x, v * y * y, v * z * z, v * y * z, v * x * z, v * x * y, 0.0};
        const hf_eight energy = {weights != NULL ? 0.0 : 0.5};
        const int64_t row = 2 * s->basis.interval[local + k];
        for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
            const double value = s->basis.value[q * s->basis.stride + local + k];
            const double slope = s->basis.slope[q * s->basis.stride + local + k];
            s->forces[row + q] += slope * force;
            s->totals[row + q] += slope * virial + value * energy;
        }
        touch(s, s->basis.interval[local + k]);
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
    prepare(call, rows, spline, &run, scratch, &s);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t start = g->slot_start[group * g->n_species + species];
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t at = group * HF_LANES + lane;
            if (structure >= 0 && structure != g->lane_structure[at]) flush_structure(&s, call->output, structure);
            structure = g->lane_structure[at];
            add_pairs(g, g->slot_count[group * g->n_species + species], (start - first) * HF_LANES + lane,
                      start * HF_LANES + lane, rows->function->cutoff, weights, &s);
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
                     const double *weights, double *sums, double *scratch)
{
    const hpcfit_geometry *g = call->geometry;
    const hf_run run = hf_run_of(g, chunk, species);
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species], n_lanes = g->n_groups * HF_LANES;
    space s;
    prepare(call, rows, spline, &run, scratch, &s);
    for (int64_t at = g->chunk_group[chunk] * HF_LANES; at < g->chunk_group[chunk + 1] * HF_LANES; at++) {
        const int64_t group = at / HF_LANES,
                      begin = (g->slot_start[group * g->n_species + species] - first) * HF_LANES;
        const int64_t end = begin + g->slot_count[group * g->n_species + species] * HF_LANES;
        for (int64_t k = begin + at % HF_LANES; k < end; k += HF_LANES) {
            if (run.r[k] >= rows->function->cutoff) continue;
            const double weight = weights != NULL ? weights[k] : 1.0;
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
                s.sums[2 * s.basis.interval[k] + q] += weight * s.basis.value[q * s.basis.stride + k];
            touch(&s, s.basis.interval[k]);
        }
        if (s.high == 0) continue;
        hf_map_rows(&s.nodes, s.low, s.high, 1, 1, s.sums);
        for (int64_t k = 0; k < s.nodes.columns.count; k++)
            sums[(s.nodes.columns.first + k) * n_lanes + at] += s.nodes.mapped[k];
        rest(&s);
    }
}

void hf_spline_add_sums(const hf_call *call, const hf_rows *rows, int64_t chunk, int64_t species,
                        const double *weights, double *sums, double *scratch)
{
    for (int64_t k = 0; k < rows->function->n_splines; k++)
        if (hf_spline_columns(call, rows->function, &rows->function->splines[k]).count > 0)
            add_sums(call, rows, k, chunk, species, weights, sums, scratch);
}
