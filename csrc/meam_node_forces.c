/* What nodes of f and g do to forces and virials at constant F'. A pair of f, or a triplet of g, adds to four rows of
 * each of its atoms. Rows are kept for every atom, and taken to the columns when all triplets are done. */
#include "meam.h"

#include <string.h>

typedef double four __attribute__((vector_size(32), aligned(8)));

enum { N_VIRIAL = 6 };

/* One spline; the structures of the group at hand, whose virials are added up apart. */
typedef struct {
    hf_angular *x;
    hf_nodes nodes;
    four *forces;                /* [n_atoms][n_rows] x y z */
    hf_eight *totals;            /* [8][n_rows] xx yy zz yz xz xy */
    int64_t structure[HF_LANES]; /* of the totals, -1 for none */
    int of_lane[HF_LANES];       /* which of the totals a lane adds to */
    const double *first;         /* F' of the group's atoms */
    hf_basis basis[HF_MAX_SPECIES];
} space;

static void flush_total(space *s, int number)
{
    hf_eight *totals = s->totals + number * s->nodes.n_rows;
    if (s->structure[number] < 0) return;
    hf_map_rows(&s->nodes, 0, s->nodes.n_rows, 6, 8, (const double *)totals);
    memset(totals, 0, (size_t)s->nodes.n_rows * sizeof *totals);
    for (int64_t k = 0; k < s->nodes.columns.count; k++) {
        const hpcfit_output column = hf_column(s->x->call->output, 1 + s->nodes.columns.first + k);
        for (int v = 0; v < N_VIRIAL; v++)
            column.virials[s->structure[number]][v] += s->nodes.mapped[v * s->nodes.width + k];
    }
    s->structure[number] = -1;
}

/* Finds the structures of a group's lanes: the last group's go to the output, if it has other ones. */
static void enter_group(space *s, int64_t group)
{
    const hpcfit_geometry *g = s->x->g;
    int number = 0;
    s->first = s->x->embedded.first + group * HF_LANES;
    if (s->x->call->output->virials == NULL) return;
    for (int lane = 0; lane < g->lane_count[group]; lane++) {
        const int64_t structure = g->lane_structure[group * HF_LANES + lane];
        if (lane > 0 && structure != g->lane_structure[group * HF_LANES + lane - 1]) number++;
        if (s->structure[number] != structure) flush_total(s, number);
        s->structure[number] = structure;
        s->of_lane[lane] = number;
    }
}

static inline four *rows_of(const space *s, int64_t atom, int32_t interval)
{
    return s->forces + atom * s->nodes.n_rows + 2 * interval;
}

static inline hf_eight *totals_of(const space *s, int lane, int32_t interval)
{
    return s->totals + s->of_lane[lane] * s->nodes.n_rows + 2 * interval;
}

/* Nodes of f. The other neighbours of an atom feel f_k by the pull
 *
 *   d (f_j f_k g) / d r_j = [f_j' g u_j + f_j / r_j g' (u_k - c u_j)] f_k. */

/* Pulls on the slots `to` by f of 1 on the slots `from`, times F'; they are added up for `from`. */
static inline __attribute__((always_inline)) void fill_pull(const hf_angular *x, const double *first, int64_t p,
                                                            int64_t to, int64_t from,
                                                            double (*restrict pull)[HF_LANES])
{
    const int64_t j = to * HF_LANES, k = from * HF_LANES, at = p * HF_LANES, all = x->first * HF_LANES;
    const double *restrict f = x->nodes.kept[HF_KEPT_F] + all, *restrict df = x->nodes.kept[HF_KEPT_SLOPE] + all;
    const double *restrict g = x->g_rows, *restrict dg = x->g_rows + HF_SLOPE * HF_BATCH_ARGUMENTS;
    const double *restrict cosine = x->cosine, *restrict inside = x->inside;
    const hf_bonds bonds = x->bonds;
    double *restrict v = x->nodes.pulls;
    const int64_t n = x->stride;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double across = first[lane] * f[j + lane] * bonds.inverse[j + lane] * dg[at + lane];
        const double along = first[lane] * df[j + lane] * g[at + lane] - across * cosine[at + lane];
        const double ux = bonds.ux[j + lane], uy = bonds.uy[j + lane], uz = bonds.uz[j + lane];
        const double px = along * ux + across * bonds.ux[k + lane], py = along * uy + across * bonds.uy[k + lane];
        const double pz = along * uz + across * bonds.uz[k + lane];
        const double r = inside[at + lane] != 0.0 ? bonds.r[j + lane] : 0.0;
        pull[0][lane] = px;
        pull[1][lane] = py;
        pull[2][lane] = pz;
        v[k + lane] += px;
        v[n + k + lane] += py;
        v[2 * n + k + lane] += pz;
        v[3 * n + k + lane] -= r * ux * px;
        v[4 * n + k + lane] -= r * uy * py;
        v[5 * n + k + lane] -= r * uz * pz;
        v[6 * n + k + lane] -= 0.5 * r * (uy * pz + uz * py);
        v[7 * n + k + lane] -= 0.5 * r * (ux * pz + uz * px);
        v[8 * n + k + lane] -= 0.5 * r * (ux * py + uy * px);
    }
}

/* One side of a batch: neighbours of species b act on the others. */
HF_CLONES
static void add_pulls(const space *s, int64_t b, const hf_batch *batch, const int64_t *to, const int64_t *from)
{
    const hf_angular *x = s->x;
    const hf_basis *basis = &s->basis[b];
    const int64_t run = hf_run_of(x->g, x->chunk, b).offset;
    for (int64_t p = 0; p < batch->n; p++) {
        double pull[3][HF_LANES];
        fill_pull(x, s->first, p, to[p], from[p], pull);
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t k = from[p] * HF_LANES + lane - run;
            if (x->inside[p * HF_LANES + lane] == 0.0) continue;
            const int64_t atom = x->g->neighbour[(x->first + to[p]) * HF_LANES + lane];
            const four v = {pull[0][lane], pull[1][lane], pull[2][lane], 0.0};
            four *rows = rows_of(s, atom, basis->interval[k]);
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
                rows[q] -= basis->value[q * basis->stride + k] * v;
        }
    }
}

static void add_f_batch(const space *s, int64_t b, int64_t c, hf_batch *batch)
{
    const hpcfit_function *function = s->nodes.function;
    hf_angular_fill_batch(s->x, b, c, batch, 1);
    if (hf_angular_f(s->x, b) == function) add_pulls(s, b, batch, batch->second, batch->first);
    if (hf_angular_f(s->x, c) == function) add_pulls(s, c, batch, batch->first, batch->second);
    batch->n = 0;
}

/* What the pair itself feels, in the field of the others, and what these feel of it. */
HF_CLONES
static void add_pairs(const space *s, int64_t group, int64_t b)
{
    const hf_angular *x = s->x;
    const hpcfit_geometry *g = x->g;
    const hf_basis *basis = &s->basis[b];
    const hf_part p = hf_part_of(g, x->chunk, group, b);
    const int64_t run = hf_run_of(g, x->chunk, b).offset;
    double *const *kept = x->nodes.kept;
    for (int64_t slot = 0; slot < p.n_slots; slot++)
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t k = p.pair + slot * HF_LANES + lane, local = p.local + slot * HF_LANES + lane;
            const double r = g->r[k], x_ = g->ux[k], y = g->uy[k], z = g->uz[k];
            if (r >= s->nodes.function->cutoff) continue;
            const double tx = kept[HF_KEPT_X][k], ty = kept[HF_KEPT_Y][k], tz = kept[HF_KEPT_Z][k];
            const double t = tx * x_ + ty * y + tz * z, across = s->first[lane] * x->inverse[local];
            const double along = s->first[lane] * kept[HF_KEPT_S][k];
            const four value = {across * (tx - t * x_), across * (ty - t * y), across * (tz - t * z), 0.0};
            const four slope = {along * x_, along * y, along * z, 0.0};
            const double *v = x->nodes.pulls + local;
            const int64_t n = x->stride;
            const four pull = {v[0], v[n], v[2 * n], 0.0};
            const double h = -0.5 * r, w = -r * along;
            const hf_eight virial = {v[3 * n] - r * x_ * value[0],
                                     v[4 * n] - r * y * value[1],
                                     v[5 * n] - r * z * value[2],
                                     v[6 * n] + h * (y * value[2] + z * value[1]),
                                     v[7 * n] + h * (x_ * value[2] + z * value[0]),
                                     v[8 * n] + h * (x_ * value[1] + y * value[0]),
                                     0.0,
                                     0.0};
            const hf_eight virial_slope = {w * x_ * x_, w * y * y,  w * z * z, w * y * z,
                                           w * x_ * z,  w * x_ * y, 0.0,       0.0};
            const int32_t interval = basis->interval[local - run];
            four *own = rows_of(s, g->lane_atom[group * HF_LANES + lane], interval);
            four *other = rows_of(s, g->neighbour[k], interval);
            hf_eight *totals = totals_of(s, lane, interval);
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
                const double of_value = basis->value[q * basis->stride + local - run];
                const double of_slope = basis->slope[q * basis->stride + local - run];
                own[q] += of_value * (value + pull) + of_slope * slope;
                other[q] -= of_value * value + of_slope * slope;
                totals[q] += of_value * virial + of_slope * virial_slope;
            }
        }
}

static void add_f_triplets(const space *s, int64_t group, int64_t b, int64_t c)
{
    const hf_angular *x = s->x;
    const hpcfit_function *function = s->nodes.function, *of_b = hf_angular_f(x, b), *of_c = hf_angular_f(x, c);
    hf_batch batch = {.n = 0};
    if (of_b == NULL || of_c == NULL || hf_angular_g(x, b, c) == NULL) return;
    if (of_b != function && of_c != function) return;
    for (int64_t j = -1, k = 0; hf_angular_next(x, group, b, c, &j, &k), j >= 0;) {
        batch.first[batch.n] = j;
        batch.second[batch.n++] = k;
        if (batch.n == HF_BATCH) add_f_batch(s, b, c, &batch);
    }
    if (batch.n > 0) add_f_batch(s, b, c, &batch);
}

/* The basis of f at the pairs of the chunk. */
static int fill_basis(space *s)
{
    const hf_angular *x = s->x;
    const int64_t n_arguments = hf_angular_arguments(x);
    int any = 0;
    for (int64_t b = 0; b < x->g->n_species; b++) {
        const hf_run run = hf_run_of(x->g, x->chunk, b);
        if (hf_angular_f(x, b) != s->nodes.function || run.n_pairs == 0) continue;
        if (!hf_is_spline(s->nodes.function))
            hf_function_run_rows(x->call, s->nodes.function, run.n_pairs, run.r, x->rows, x->stride,
                                 x->embedded.function);
        s->basis[b] = hf_basis_at(x->call, &s->nodes, x->rows, x->stride, run.n_pairs, run.r, n_arguments,
                                  x->nodes.basis + b * hf_basis_scratch(n_arguments));
        any = 1;
    }
    return any;
}

static void add_f_chunk(space *s)
{
    const hf_angular *x = s->x;
    const int64_t n = x->g->n_species;
    if (!fill_basis(s)) return;
    memset(x->nodes.pulls, 0, (size_t)(HF_N_PULLS * x->stride) * sizeof(double));
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++) {
        enter_group(s, group);
        for (int64_t b = 0; b < n; b++)
            for (int64_t c = b; c < n; c++)
                add_f_triplets(s, group, b, c);
        for (int64_t b = 0; b < n; b++)
            if (hf_angular_f(x, b) == s->nodes.function) add_pairs(s, group, b);
    }
}

/* Nodes of g. */

/* Of one triplet slot: what the value and the slope of g do to both neighbours, and the virials of it. */
typedef struct {
    double value[2][3][HF_LANES], slope[2][3][HF_LANES], virial[6][HF_LANES], virial_slope[6][HF_LANES];
} pulls;

static inline __attribute__((always_inline)) void fill_pulls(const hf_angular *x, const double *first, int64_t p,
                                                             const hf_batch *batch, pulls *restrict t)
{
    const int64_t all = x->first * HF_LANES, j = batch->first[p] * HF_LANES, k = batch->second[p] * HF_LANES;
    const double *restrict f = x->nodes.kept[HF_KEPT_F] + all, *restrict df = x->nodes.kept[HF_KEPT_SLOPE] + all;
    const double *restrict cosine = x->cosine + p * HF_LANES, *restrict inside = x->inside + p * HF_LANES;
    const hf_bonds bonds = x->bonds;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double c = cosine[lane], ff = first[lane] * f[j + lane] * f[k + lane];
        const double along[2] = {first[lane] * df[j + lane] * f[k + lane], first[lane] * f[j + lane] * df[k + lane]};
        const double across[2] = {ff * bonds.inverse[j + lane], ff * bonds.inverse[k + lane]};
        const double u[2][3] = {{bonds.ux[j + lane], bonds.uy[j + lane], bonds.uz[j + lane]},
                                {bonds.ux[k + lane], bonds.uy[k + lane], bonds.uz[k + lane]}};
        const double r[2] = {inside[lane] != 0.0 ? bonds.r[j + lane] : 0.0,
                             inside[lane] != 0.0 ? bonds.r[k + lane] : 0.0};
        double w[6] = {0.0}, dw[6] = {0.0};
        for (int side = 0; side < 2; side++) {
            double v[3], d[3];
            for (int axis = 0; axis < 3; axis++) {
                v[axis] = along[side] * u[side][axis];
                d[axis] = across[side] * (u[1 - side][axis] - c * u[side][axis]);
                t->value[side][axis][lane] = v[axis];
                t->slope[side][axis][lane] = d[axis];
                w[axis] -= r[side] * u[side][axis] * v[axis];
                dw[axis] -= r[side] * u[side][axis] * d[axis];
            }
            const double h = 0.5 * r[side];
            w[3] -= h * (u[side][1] * v[2] + u[side][2] * v[1]);
            w[4] -= h * (u[side][0] * v[2] + u[side][2] * v[0]);
            w[5] -= h * (u[side][0] * v[1] + u[side][1] * v[0]);
            dw[3] -= h * (u[side][1] * d[2] + u[side][2] * d[1]);
            dw[4] -= h * (u[side][0] * d[2] + u[side][2] * d[0]);
            dw[5] -= h * (u[side][0] * d[1] + u[side][1] * d[0]);
        }
        for (int v = 0; v < 6; v++) {
            t->virial[v][lane] = w[v];
            t->virial_slope[v][lane] = dw[v];
        }
    }
}

static inline __attribute__((always_inline)) void add_triplet(const space *s, const hf_basis *basis, int64_t at,
                                                              int lane, int64_t own, const int64_t *others,
                                                              const pulls *t, int with_virial)
{
    const int32_t interval = basis->interval[at];
    const four v[2] = {{t->value[0][0][lane], t->value[0][1][lane], t->value[0][2][lane], 0.0},
                       {t->value[1][0][lane], t->value[1][1][lane], t->value[1][2][lane], 0.0}};
    const four d[2] = {{t->slope[0][0][lane], t->slope[0][1][lane], t->slope[0][2][lane], 0.0},
                       {t->slope[1][0][lane], t->slope[1][1][lane], t->slope[1][2][lane], 0.0}};
    four *here = rows_of(s, own, interval), *first = rows_of(s, others[0], interval),
         *second = rows_of(s, others[1], interval);
    hf_eight w = {0.0}, dw = {0.0}, *totals = with_virial ? totals_of(s, lane, interval) : NULL;
    for (int c = 0; c < 6 && with_virial; c++) {
        w[c] = t->virial[c][lane];
        dw[c] = t->virial_slope[c][lane];
    }
    for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
        const double value = basis->value[q * basis->stride + at], slope = basis->slope[q * basis->stride + at];
        const four on_first = value * v[0] + slope * d[0], on_second = value * v[1] + slope * d[1];
        first[q] -= on_first;
        second[q] -= on_second;
        here[q] += on_first + on_second;
        if (with_virial) totals[q] += value * w + slope * dw;
    }
}

HF_CLONES
static void add_g_slots(const space *s, const hf_basis *basis, int64_t group, const hf_batch *batch, int with_virial)
{
    const hf_angular *x = s->x;
    const int32_t *neighbour = x->g->neighbour + x->first * HF_LANES;
    for (int64_t p = 0; p < batch->n; p++) {
        pulls t;
        fill_pulls(x, s->first, p, batch, &t);
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t at = p * HF_LANES + lane, own = x->g->lane_atom[group * HF_LANES + lane];
            const int64_t others[2] = {neighbour[batch->first[p] * HF_LANES + lane],
                                       neighbour[batch->second[p] * HF_LANES + lane]};
            if (x->inside[at] == 0.0) continue;
            if (with_virial)
                add_triplet(s, basis, at, lane, own, others, &t, 1);
            else
                add_triplet(s, basis, at, lane, own, others, &t, 0);
        }
    }
}

static void add_g_batch(const space *s, int64_t group, int64_t b, int64_t c, hf_batch *batch)
{
    const hf_basis basis = hf_angular_basis(s->x, &s->nodes, b, c, batch);
    add_g_slots(s, &basis, group, batch, s->x->call->output->virials != NULL);
    batch->n = 0;
}

static void add_g_triplets(space *s, int64_t group, int64_t b, int64_t c)
{
    hf_batch batch = {.n = 0};
    enter_group(s, group);
    for (int64_t j = -1, k = 0; hf_angular_next(s->x, group, b, c, &j, &k), j >= 0;) {
        batch.first[batch.n] = j;
        batch.second[batch.n++] = k;
        if (batch.n == HF_BATCH) add_g_batch(s, group, b, c, &batch);
    }
    if (batch.n > 0) add_g_batch(s, group, b, c, &batch);
}

static void add_g_chunk(space *s)
{
    const hf_angular *x = s->x;
    for (int64_t b = 0; b < x->g->n_species; b++)
        for (int64_t c = b; c < x->g->n_species; c++) {
            if (hf_angular_g(x, b, c) != s->nodes.function) continue;
            if (hf_angular_f(x, b) == NULL || hf_angular_f(x, c) == NULL) continue;
            for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++)
                add_g_triplets(s, group, b, c);
        }
}

/* Goes through the chunks of a spline's function. */
typedef void add_chunk(space *s);

static void add_spline(hf_angular *x, const hpcfit_function *function, int64_t spline, add_chunk *add)
{
    space s = {.x = x, .nodes = hf_nodes_of(x->call, function, spline, x->nodes.tables)};
    const hf_nodes *nodes = &s.nodes;
    if (nodes->columns.count == 0) return;
    s.forces = (four *)x->nodes.forces;
    s.totals = (hf_eight *)x->nodes.totals;
    memset(s.forces, 0, (size_t)(x->g->n_atoms * nodes->n_rows) * sizeof *s.forces);
    memset(s.totals, 0, (size_t)(HF_LANES * nodes->n_rows) * sizeof *s.totals);
    for (int k = 0; k < HF_LANES; k++)
        s.structure[k] = -1;
    for (int64_t chunk = 0; chunk < x->g->n_chunks; chunk++) {
        hf_angular_enter(x, chunk);
        add(&s);
    }
    for (int k = 0; k < HF_LANES; k++)
        flush_total(&s, k);
    for (int64_t atom = 0; atom < x->g->n_atoms; atom++) {
        hf_map_rows(nodes, 0, nodes->n_rows, 3, 4, (const double *)(s.forces + atom * nodes->n_rows));
        for (int64_t k = 0; k < nodes->columns.count; k++) {
            const hpcfit_output column = hf_column(x->call->output, 1 + nodes->columns.first + k);
            for (int axis = 0; axis < 3; axis++)
                column.forces[atom][axis] += nodes->mapped[axis * nodes->width + k];
        }
    }
}

void hf_angular_add_nodes(hf_angular *x)
{
    const hpcfit_functions *functions = x->call->functions;
    for (int64_t f = 0; f < functions->n_functions; f++) {
        const hpcfit_function *function = &functions->functions[f];
        for (int64_t k = 0; k < function->n_splines; k++) {
            if (hf_angular_has(x->call, HF_F_ROLE, function)) add_spline(x, function, k, add_f_chunk);
            if (hf_angular_has(x->call, HF_G_ROLE, function)) add_spline(x, function, k, add_g_chunk);
        }
    }
}
