/* Derivatives by the nodes of splines at constant fields, and of the fields: four rows for each neighbour of an atom.
 */
#include "embedded/distortion.h"

#include <string.h>

int64_t hf_distortion_lay_out(const hf_call *call, double *scratch, hf_distortion *d)
{
    const hpcfit_geometry *g = call->geometry, *half = g->half == NULL ? g : g->half;
    const int64_t n_atoms = hf_round_up(g->n_atoms), width = hf_round_up(call->n_free);
    const int64_t most = hf_round_up(hf_nodes_most_rows(call->functions));
    double *column = NULL;
    d->call = call;
    d->stride = (half->max_chunk_slots > g->max_chunk_slots ? half : g)->max_chunk_slots * HF_LANES;
    const hf_array plan[] = {{&d->fields, HF_FIELD * n_atoms},
                             {&d->changes, HF_FIELD * width * n_atoms},
                             {&d->forces, 3 * width * n_atoms},
                             {&column, width},
                             {&d->total_rows, 8 * most},
                             {&d->field_rows, 8 * most},
                             {&d->force_rows, 4 * most},
                             {&d->tables, hf_nodes_scratch(call->functions)},
                             {&d->basis, hf_basis_scratch(d->stride)},
                             {&d->rows, hf_function_most_rows(call->functions) * d->stride},
                             {&d->function, hf_round_up(hf_function_scratch(call->functions))}};
    const int64_t used = hf_lay_out(HF_COUNT(plan), plan, scratch, 0);
    d->column = (int64_t *)column;
    return used;
}

static int is_of_role(const hf_distortion *d, int64_t parameter)
{
    const int64_t n_tuples = hf_n_pair_tuples(d->call->geometry->n_species);
    for (int64_t t = 0; t < n_tuples; t++) {
        const hpcfit_function *function = hf_role(d->call, d->role, t);
        const int64_t place = function == NULL ? -1 : d->call->free_parameters[parameter] - function->first_parameter;
        if (place >= 0 && place < function->program.n_parameters) return 1;
    }
    return 0;
}

void hf_distortion_start(hf_distortion *d, int role, int quadratic)
{
    const int64_t n_atoms = d->call->geometry->n_atoms;
    int64_t count = 0;
    d->role = role;
    d->quadratic = quadratic;
    for (int64_t k = 0; k < d->call->n_free; k++)
        if (is_of_role(d, k)) d->column[count++] = k;
    d->panel = (hf_panel){.n_columns = count,
                          .width = hf_round_up(count),
                          .column = d->column,
                          .atoms = d->changes,
                          .forces = d->forces};
    memset(d->fields, 0, (size_t)(HF_FIELD * n_atoms) * sizeof *d->fields);
    memset(d->changes, 0, (size_t)(HF_FIELD * d->panel.width * n_atoms) * sizeof *d->changes);
    memset(d->forces, 0, (size_t)(3 * d->panel.width * n_atoms) * sizeof *d->forces);
}

typedef struct {
    const hf_distortion *d;
    hf_nodes nodes;
    hf_basis basis;
    hf_four *forces;                       /* [n_rows] x y z of an atom */
    hf_eight *fields, *totals;             /* [n_rows] of an atom; energy and virial of a structure */
    int64_t low, high, structure, own_row; /* rows of an atom in use */
} space;

/* The field applied to a direction. */
static inline void apply(int quadratic, const double *field, const double *u, double *h)
{
    for (int axis = 0; axis < 3; axis++)
        h[axis] = field[axis];
    if (!quadratic) return;
    h[0] = field[0] * u[0] + field[5] * u[1] + field[4] * u[2];
    h[1] = field[5] * u[0] + field[1] * u[1] + field[3] * u[2];
    h[2] = field[4] * u[0] + field[3] * u[1] + field[2] * u[2];
}

static inline double dot(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Energy, then xx yy zz yz xz xy of the symmetric part of u v, times a factor. */
static inline void fill_total(double energy, double factor, const double *u, const double *v, double *total)
{
    const double cross = 0.5 * factor;
    total[0] = energy;
    for (int axis = 0; axis < 3; axis++)
        total[1 + axis] = factor * u[axis] * v[axis];
    total[4] = cross * (u[1] * v[2] + u[2] * v[1]);
    total[5] = cross * (u[0] * v[2] + u[2] * v[0]);
    total[6] = cross * (u[0] * v[1] + u[1] * v[0]);
}

/* One neighbour: the contributions of the value of df and of its slope. The fields of both atoms act on the bond; the
 * energy is that of the atom itself, the virial half of the bond's. */
static inline __attribute__((always_inline)) void add_pair(space *s, int quadratic, int64_t k, double r,
                                                           const double *u, const double *own, const double *other)
{
    const double less = quadratic ? 2.0 * r : 1.0, power = quadratic ? r * r : r;
    double h[3], there[3], sum[3];
    apply(quadratic, own, u, h);
    apply(quadratic, other, u, there);
    for (int axis = 0; axis < 3; axis++)
        sum[axis] = quadratic ? h[axis] + there[axis] : h[axis] - there[axis];
    const double along = power * dot(u, sum);
    const hf_four of_value = {less * sum[0], less * sum[1], less * sum[2], 0.0};
    const hf_four of_slope = {along * u[0], along * u[1], along * u[2], 0.0};
    hf_eight total = {0.0}, total_slope = {0.0};
    fill_total(power * dot(u, h), -0.5 * r * less, u, sum, (double *)&total);
    fill_total(0.0, -0.5 * r * along, u, u, (double *)&total_slope);
    hf_eight field = {power * u[0], power * u[1], power * u[2]};
    if (quadratic)
        field = (hf_eight){power * u[0] * u[0], power * u[1] * u[1], power * u[2] * u[2],
                           power * u[1] * u[2], power * u[0] * u[2], power * u[0] * u[1]};
    const int64_t row = 2 * s->basis.interval[k];
    for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
        const double value = s->basis.value[q * s->basis.stride + k], slope = s->basis.slope[q * s->basis.stride + k];
        s->forces[row + q] += value * of_value + slope * of_slope;
        s->totals[row + q] += value * total + slope * total_slope;
        s->fields[row + q] += value * field;
    }
    if (row < s->low) s->low = row;
    if (row + HF_ROWS_PER_ARGUMENT > s->high) s->high = row + HF_ROWS_PER_ARGUMENT;
}

/* The pairs of one lane: `local` is the first in the run, `pair` in the geometry. */
static inline __attribute__((always_inline)) void add_lane(space *s, int quadratic, int64_t n_slots, int64_t local,
                                                           int64_t pair, const double *own)
{
    const hpcfit_geometry *g = s->d->call->geometry;
    const double cutoff = s->nodes.function->cutoff;
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES) {
        const double u[3] = {g->ux[pair + k], g->uy[pair + k], g->uz[pair + k]};
        if (g->r[pair + k] >= cutoff) continue;
        add_pair(s, quadratic, local + k, g->r[pair + k], u, own, s->d->fields + HF_FIELD * g->neighbour[pair + k]);
    }
}

HF_CLONES
static void add_pairs(space *s, int64_t n_slots, int64_t local, int64_t pair, const double *own)
{
    if (s->d->quadratic)
        add_lane(s, 1, n_slots, local, pair, own);
    else
        add_lane(s, 0, n_slots, local, pair, own);
}

/* An atom's forces go to the output, its field's derivatives to the panel. */
static void flush_atom(space *s, int64_t atom)
{
    const hf_distortion *d = s->d;
    const int64_t n = s->nodes.columns.count, width = d->panel.width;
    const int n_components = d->quadratic ? 6 : 3;
    const double *mapped = s->nodes.mapped;
    double *changes = d->changes + HF_FIELD * width * atom + s->own_row;
    hf_add_row_forces(&s->nodes, s->low, s->high, (const double *)s->forces, atom, d->call->output);
    hf_map_rows(&s->nodes, s->low, s->high, n_components, 8, (const double *)(s->fields));
    for (int64_t k = 0; k < n; k++) {
        const double trace = mapped[k] + mapped[s->nodes.width + k] + mapped[2 * s->nodes.width + k];
        for (int c = 0; c < n_components; c++)
            changes[c * width + k] += mapped[c * s->nodes.width + k] - (d->quadratic && c < 3 ? trace / 3.0 : 0.0);
    }
    memset(s->forces + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->forces);
    memset(s->fields + s->low, 0, (size_t)(s->high - s->low) * sizeof *s->fields);
    s->low = s->nodes.n_rows;
    s->high = 0;
}

static void flush_structure(space *s)
{
    if (s->structure >= 0) hf_add_row_totals(&s->nodes, 1 + HF_VIRIAL, s->totals, s->structure, s->d->call->output);
}

static void add_run(space *s, int64_t chunk, int64_t b)
{
    const hf_distortion *d = s->d;
    const hpcfit_geometry *g = d->call->geometry;
    const hf_run run = hf_run_of(g, chunk, b);
    const hpcfit_function *function = s->nodes.function;
    if (run.n_pairs == 0) return;
    if (!hf_is_spline(function))
        hf_function_run_rows(d->call, function, run.n_pairs, run.r, d->rows, d->stride, d->function);
    s->basis = hf_basis_at(d->call, &s->nodes, d->rows, d->stride, run.n_pairs, run.r, d->stride, d->basis);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(g, chunk, group, b);
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t at = group * HF_LANES + lane, atom = g->lane_atom[at];
            if (s->structure != g->lane_structure[at]) flush_structure(s);
            s->structure = g->lane_structure[at];
            add_pairs(s, p.n_slots, p.local - run.offset + lane, p.pair + lane, d->fields + HF_FIELD * atom);
            if (s->high > 0) flush_atom(s, atom);
        }
    }
}

static void add_spline(const hf_distortion *d, const hpcfit_function *function, int64_t spline)
{
    const hpcfit_geometry *g = d->call->geometry;
    space s = {.d = d,
               .nodes = hf_nodes_of(d->call, function, spline, d->tables),
               .forces = (hf_four *)d->force_rows,
               .fields = (hf_eight *)d->field_rows,
               .totals = (hf_eight *)d->total_rows,
               .structure = -1};
    if (s.nodes.columns.count == 0) return;
    while (d->column[s.own_row] != s.nodes.columns.first)
        s.own_row++;
    s.low = s.nodes.n_rows;
    memset(d->total_rows, 0, (size_t)(d->force_rows - d->total_rows + 4 * s.nodes.n_rows) * sizeof(double));
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            if (hf_distortion_function(d, g->chunk_species[chunk], b) == function) add_run(&s, chunk, b);
    flush_structure(&s);
}

void hf_distortion_add_nodes(const hf_distortion *d)
{
    const hpcfit_functions *functions = d->call->functions;
    hf_nodes_fill(d->call, d->tables);
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        int used = 0;
        for (int64_t t = 0; t < hf_n_pair_tuples(d->call->geometry->n_species); t++)
            used |= hf_role(d->call, d->role, t) == function;
        for (int64_t k = 0; k < function->n_splines && used; k++)
            add_spline(d, function, k);
    }
}
