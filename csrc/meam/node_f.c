/* Nodes of f. The other neighbours of an atom depend on f_k by the pull
 *
 *   d (f_j f_k g) / d r_j = [f_j' g u_j + f_j / r_j g' (u_k - c u_j)] f_k. */
#include "meam/nodes.h"

#include <string.h>

/* Pulls on the slots `to` by f of 1 on the slots `from`, times F'; they are added up for `from`. */
HF_CLONES
static void fill_pull(const hf_angular *x, const double *first, int64_t p, int64_t to, int64_t from,
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
        const double distance = bonds.r[j + lane], r = inside[at + lane] != 0.0 ? distance : 0.0;
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
static void add_pulls(const hf_node_forces *s, int64_t b, const hf_batch *batch, const int64_t *to,
                      const int64_t *from)
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
            const hf_four v = {pull[0][lane], pull[1][lane], pull[2][lane], 0.0};
            hf_four *rows = hf_node_rows(s, atom, basis->interval[k]);
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++)
                rows[q] -= basis->value[q * basis->stride + k] * v;
        }
    }
}

static void add_f_batch(const hf_node_forces *s, int64_t b, int64_t c, hf_batch *batch)
{
    const hpcfit_function *function = s->nodes.function;
    hf_angular_fill_batch(s->x, b, c, batch, 1);
    if (hf_angular_f(s->x, b) == function) add_pulls(s, b, batch, batch->second, batch->first);
    if (hf_angular_f(s->x, c) == function) add_pulls(s, c, batch, batch->first, batch->second);
    batch->n = 0;
}

/* Adds the forces on the pair itself in the field of the other neighbours, and the pulls on its atom. */
HF_CLONES
static void add_pairs(const hf_node_forces *s, int64_t group, int64_t b)
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
            const hf_four value = {across * (tx - t * x_), across * (ty - t * y), across * (tz - t * z), 0.0};
            const hf_four slope = {along * x_, along * y, along * z, 0.0};
            const double *v = x->nodes.pulls + local;
            const int64_t n = x->stride;
            const hf_four pull = {v[0], v[n], v[2 * n], 0.0};
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
            hf_four *own = hf_node_rows(s, g->lane_atom[group * HF_LANES + lane], interval);
            hf_four *other = hf_node_rows(s, g->neighbour[k], interval);
            hf_eight *totals = hf_node_totals(s, lane, interval);
            for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
                const double of_value = basis->value[q * basis->stride + local - run];
                const double of_slope = basis->slope[q * basis->stride + local - run];
                own[q] += of_value * (value + pull) + of_slope * slope;
                other[q] -= of_value * value + of_slope * slope;
                totals[q] += of_value * virial + of_slope * virial_slope;
            }
        }
}

static void add_f_triplets(const hf_node_forces *s, int64_t group, int64_t b, int64_t c)
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
static int fill_basis(hf_node_forces *s)
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

void hf_add_f_chunk(hf_node_forces *s)
{
    const hf_angular *x = s->x;
    const int64_t n = x->g->n_species;
    if (!fill_basis(s)) return;
    memset(x->nodes.pulls, 0, (size_t)(HF_N_PULLS * x->stride) * sizeof(double));
    for (int64_t group = x->g->chunk_group[x->chunk]; group < x->g->chunk_group[x->chunk + 1]; group++) {
        hf_node_group(s, group);
        for (int64_t b = 0; b < n; b++)
            for (int64_t c = b; c < n; c++)
                add_f_triplets(s, group, b, c);
        for (int64_t b = 0; b < n; b++)
            if (hf_angular_f(x, b) == s->nodes.function) add_pairs(s, group, b);
    }
}
