/* Forces and virials by the derivatives of the fields: eight columns at a time, every pair once. */
#include "embedded/distortion.h"

/* p f r^(p-1) and f' r^p in the place of f and f'. */
HF_CLONES
static void weigh(int64_t n, const double *restrict r, int quadratic, double cutoff, double *restrict f,
                  double *restrict df)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = r[k] < cutoff ? r[k] : 0.0;
        df[k] = df[k] * (quadratic ? x * x : x);
        f[k] = f[k] * (quadratic ? 2.0 * x : 1.0);
    }
}

/* The pairs of one lane of a group; they are HF_LANES places apart. */
typedef struct {
    int64_t n_slots;
    const double *across, *along, *r, *ux, *uy, *uz;
    const int32_t *neighbour;
} bonds;

static inline __attribute__((always_inline)) void sum_bonds(const bonds *b, const hf_panel *panel, int64_t atom,
                                                            int64_t first, int quadratic, int with_virial,
                                                            hf_eight *restrict sums)
{
    const int n_components = quadratic ? 6 : 3;
    const int64_t width = panel->width;
    const double *mine = panel->atoms + HF_FIELD * width * atom + first;
    hf_eight f[HF_FIELD], x = {0.0}, y = {0.0}, z = {0.0}, virial[HF_VIRIAL] = {{0.0}};
    for (int64_t k = 0; k < b->n_slots * HF_LANES; k += HF_LANES) {
        const double ux = b->ux[k], uy = b->uy[k], uz = b->uz[k], across = b->across[k], along = b->along[k];
        if (across == 0.0 && along == 0.0) continue;
        const double *other = panel->atoms + HF_FIELD * width * b->neighbour[k] + first;
        double *there = panel->forces + 3 * width * b->neighbour[k] + first;
        for (int c = 0; c < n_components; c++) {
            const hf_eight here = *(const hf_eight *)(mine + c * width);
            f[c] = quadratic ? here + *(const hf_eight *)(other + c * width)
                             : here - *(const hf_eight *)(other + c * width);
        }
        const hf_eight hx = quadratic ? f[0] * ux + f[5] * uy + f[4] * uz : f[0];
        const hf_eight hy = quadratic ? f[5] * ux + f[1] * uy + f[3] * uz : f[1];
        const hf_eight hz = quadratic ? f[4] * ux + f[3] * uy + f[2] * uz : f[2];
        const hf_eight uh = along * (ux * hx + uy * hy + uz * hz);
        const hf_eight tx = across * hx + uh * ux, ty = across * hy + uh * uy, tz = across * hz + uh * uz;
        x += tx;
        y += ty;
        z += tz;
        *(hf_eight *)there -= tx;
        *(hf_eight *)(there + width) -= ty;
        *(hf_eight *)(there + 2 * width) -= tz;
        if (!with_virial) continue;
        const double vx = -b->r[k] * ux, vy = -b->r[k] * uy, vz = -b->r[k] * uz;
        virial[0] += vx * tx;
        virial[1] += vy * ty;
        virial[2] += vz * tz;
        virial[3] += 0.5 * (vy * tz + vz * ty);
        virial[4] += 0.5 * (vx * tz + vz * tx);
        virial[5] += 0.5 * (vx * ty + vy * tx);
    }
    double *here = panel->forces + 3 * width * atom + first;
    *(hf_eight *)here += x;
    *(hf_eight *)(here + width) += y;
    *(hf_eight *)(here + 2 * width) += z;
    for (int v = 0; v < HF_VIRIAL && with_virial; v++)
        sums[v] = virial[v];
}

HF_CLONES
static void sum_lane(const bonds *b, const hf_panel *panel, int64_t atom, int64_t first, int quadratic,
                     int with_virial, hf_eight *sums)
{
    if (quadratic && with_virial)
        sum_bonds(b, panel, atom, first, 1, 1, sums);
    else if (quadratic)
        sum_bonds(b, panel, atom, first, 1, 0, sums);
    else
        sum_bonds(b, panel, atom, first, 0, with_virial, sums);
}

static void add_panel_lane(const hf_distortion *d, int64_t lane, const bonds *b)
{
    const hpcfit_geometry *half = d->call->geometry->half;
    const hpcfit_output *output = d->call->output;
    hf_eight sums[HF_VIRIAL];
    for (int64_t first = 0; first < d->panel.n_columns; first += HF_LANES) {
        sum_lane(b, &d->panel, half->lane_atom[lane], first, d->quadratic, output->virials != NULL, sums);
        hf_add_panel_virial(&d->panel, first, sums, half->lane_structure[lane], output);
    }
}

static void add_panel_run(const hf_distortion *d, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *half = d->call->geometry->half;
    const hf_run run = hf_run_of(half, chunk, b);
    const hpcfit_function *function = hf_distortion_function(d, half->chunk_species[chunk], b);
    double *value = d->rows, *slope = d->rows + HF_SLOPE * d->stride;
    if (function == NULL || run.n_pairs == 0) return;
    hf_function_run_rows(d->call, function, run.n_pairs, run.r, d->rows, d->stride, d->function);
    weigh(run.n_pairs, run.r, d->quadratic, function->cutoff, value, slope);
    for (int64_t group = half->chunk_group[chunk]; group < half->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, chunk, group, b);
        for (int lane = 0; lane < half->lane_count[group] && p.n_slots > 0; lane++) {
            const int64_t k = p.pair + lane, local = p.local - run.offset + lane;
            const bonds seen = {.n_slots = p.n_slots,
                                .across = value + local,
                                .along = slope + local,
                                .r = half->r + k,
                                .ux = half->ux + k,
                                .uy = half->uy + k,
                                .uz = half->uz + k,
                                .neighbour = half->neighbour + k};
            add_panel_lane(d, group * HF_LANES + lane, &seen);
        }
    }
}

void hf_distortion_add_panel(const hf_distortion *d)
{
    const hpcfit_geometry *g = d->call->geometry;
    for (int64_t chunk = 0; chunk < g->half->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            add_panel_run(d, chunk, b);
    hf_add_panel_forces(&d->panel, g->n_atoms, d->call->output);
}
