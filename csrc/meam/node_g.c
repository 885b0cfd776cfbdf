/* Nodes of g. */
#include "meam/nodes.h"

/* One triplet slot: the forces on both neighbours by the value and by the slope of g, and their virials. */
typedef struct {
    double value[2][3][HF_LANES], slope[2][3][HF_LANES], virial[6][HF_LANES], virial_slope[6][HF_LANES];
} pulls;

HF_CLONES
static void fill_pulls(const hf_angular *x, const double *first, int64_t p, const hf_batch *batch, pulls *restrict t)
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
        const double distance[2] = {bonds.r[j + lane], bonds.r[k + lane]};
        const double r[2] = {inside[lane] != 0.0 ? distance[0] : 0.0, inside[lane] != 0.0 ? distance[1] : 0.0};
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

static inline __attribute__((always_inline)) void add_triplet(const hf_node_forces *s, const hf_basis *basis,
                                                              int64_t at, int lane, int64_t own,
                                                              const int64_t *others, const pulls *t, int with_virial)
{
    const int32_t interval = basis->interval[at];
    const hf_four v0 = {t->value[0][0][lane], t->value[0][1][lane], t->value[0][2][lane], 0.0};
    const hf_four v1 = {t->value[1][0][lane], t->value[1][1][lane], t->value[1][2][lane], 0.0};
    const hf_four d0 = {t->slope[0][0][lane], t->slope[0][1][lane], t->slope[0][2][lane], 0.0};
    const hf_four d1 = {t->slope[1][0][lane], t->slope[1][1][lane], t->slope[1][2][lane], 0.0};
    hf_four *here = hf_node_rows(s, own, interval), *first = hf_node_rows(s, others[0], interval),
            *second = hf_node_rows(s, others[1], interval);
    hf_eight w = {0.0}, dw = {0.0}, *totals = with_virial ? hf_node_totals(s, lane, interval) : NULL;
    for (int c = 0; c < 6 && with_virial; c++) {
        w[c] = t->virial[c][lane];
        dw[c] = t->virial_slope[c][lane];
    }
    for (int q = 0; q < HF_ROWS_PER_ARGUMENT; q++) {
        const double value = basis->value[q * basis->stride + at], slope = basis->slope[q * basis->stride + at];
        const hf_four on_first = value * v0 + slope * d0, on_second = value * v1 + slope * d1;
        first[q] -= on_first;
        second[q] -= on_second;
        here[q] += on_first + on_second;
        if (with_virial) totals[q] += value * w + slope * dw;
    }
}

HF_CLONES
static void add_g_slots(const hf_node_forces *s, const hf_basis *basis, int64_t group, const hf_batch *batch,
                        int with_virial)
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

static void add_g_batch(const hf_node_forces *s, int64_t group, int64_t b, int64_t c, hf_batch *batch)
{
    const hf_basis basis = hf_angular_basis(s->x, &s->nodes, b, c, batch);
    add_g_slots(s, &basis, group, batch, s->x->call->output->virials != NULL);
    batch->n = 0;
}

static void add_g_triplets(hf_node_forces *s, int64_t group, int64_t b, int64_t c)
{
    hf_batch batch = {.n = 0};
    hf_node_group(s, group);
    for (int64_t j = -1, k = 0; hf_angular_next(s->x, group, b, c, &j, &k), j >= 0;) {
        batch.first[batch.n] = j;
        batch.second[batch.n++] = k;
        if (batch.n == HF_BATCH) add_g_batch(s, group, b, c, &batch);
    }
    if (batch.n > 0) add_g_batch(s, group, b, c, &batch);
}

void hf_add_g_chunk(hf_node_forces *s)
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
