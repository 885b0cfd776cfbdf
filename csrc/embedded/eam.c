/* Embedded atoms, several species; pair potentials if densities and embedding are omitted.
 *
 *   E = sum_{i<j} phi(r_ij) + sum_i F(rho_i),   rho_i = sum_{j != i} rho(r_ij)
 *
 * M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984), eqs. 8 and 9; with a density per host and neighbour,
 * M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984). The force along a bond is radial,
 *
 *   phi' + F'(rho_i) rho_ij' + F'(rho_j) rho_ji',
 *
 * where atom i receives rho_ij from j. Every pair is computed once and acts on both atoms; only the derivatives
 * by the nodes of splines are sums over all neighbours of an atom. */
#include "core/half.h"
#include "embedded/embedding.h"
#include "functions/spline_columns.h"

#include <string.h>

static const hpcfit_role roles[HF_N_EMBEDDED_ROLES] = {HF_EMBEDDED_ROLES};

/* Gathers an array over atoms for the neighbours of a run. */
HF_CLONES
static void gather(int64_t n, const int32_t *restrict neighbour, const double *restrict atoms,
                   double *restrict gathered)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        gathered[k] = atoms[neighbour[k]];
}

/* Gathers an array over atoms for a group's atoms. */
static void read_own(const hpcfit_geometry *g, const double *atoms, int64_t group, double *own)
{
    memset(own, 0, HF_LANES * sizeof *own);
    for (int lane = 0; lane < g->lane_count[group]; lane++)
        own[lane] = atoms[g->lane_atom[group * HF_LANES + lane]];
}

/* F' of a run's atoms and of their neighbours, pair by pair; g is either geometry. */
static void fill_weights(const hpcfit_geometry *g, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + b] * HF_LANES;
    gather(hf_run_of(g, chunk, b).n_pairs, g->neighbour + first, s->atom_first, s->gathered);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(g, chunk, group, b);
        double own[HF_LANES];
        read_own(g, s->atom_first, group, own);
        for (int64_t k = p.pair; k < p.pair + p.n_slots * HF_LANES; k += HF_LANES)
            memcpy(s->weight + k - first, own, sizeof own);
    }
}

/* A run of the half geometry, its densities, and the kept slopes of all pairs. */
typedef struct {
    const hpcfit_geometry *half;
    int64_t chunk, b;
    hf_run run;
    const hpcfit_function *here, *there;
    const double *slope_pair, *slope_here, *slope_there;
} pairs;

static pairs pairs_of(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *half = call->geometry->half;
    const int64_t a = half->chunk_species[chunk], n = half->n_species;
    pairs x = {.half = half,
               .chunk = chunk,
               .b = b,
               .run = hf_run_of(half, chunk, b),
               .here = hf_role(call, HF_DENSITY_ROLE, a * n + b),
               .there = hf_role(call, HF_DENSITY_ROLE, b * n + a)};
    x.slope_pair = s->slopes[HF_PAIR_SLOPE];
    x.slope_here = s->slopes[HF_HERE_SLOPE];
    x.slope_there = s->slopes[x.here == x.there ? HF_HERE_SLOPE : HF_THERE_SLOPE];
    return x;
}

/* Slopes of both densities, over all pairs, times values of the atoms that receive them; NULL for none. */
typedef struct {
    const double *here, *there, *atoms;
} received;

/* Slopes along pairs: with nothing added where `pair` is NULL, or where the second has no densities. */
typedef struct {
    const double *pair;
    received first, second;
} slopes;

static inline __attribute__((always_inline)) void add_received(const received *w, int64_t k, const hf_eight *own,
                                                               const int32_t *neighbour, hf_eight *slope)
{
    hf_eight other = {0.0};
    if (w->here != NULL) *slope += *(const hf_eight *)(w->here + k) * *own;
    if (w->there == NULL) return;
    for (int lane = 0; lane < HF_LANES; lane++)
        other[lane] = w->atoms[neighbour[lane]];
    *slope += *(const hf_eight *)(w->there + k) * other;
}

/* The forces along the pairs of a group, of which k is the first; own [2] are what its atoms have of the values that
 * slopes are times. */
HF_CLONES
static void share_forces(const slopes *of, const pairs *x, int64_t n_slots, int64_t k, const hf_eight *own,
                         double *total, double (*force)[HF_LANES], double (*forces)[3])
{
    hf_eight sum[3] = {{0.0}};
    for (int64_t end = k + n_slots * HF_LANES; k < end; k += HF_LANES, total += HF_LANES) {
        const int32_t *neighbour = x->half->neighbour + k;
        hf_eight slope = {0.0};
        if (of->pair != NULL) slope = *(const hf_eight *)(of->pair + k);
        add_received(&of->first, k, own, neighbour, &slope);
        if (of->second.atoms != NULL) add_received(&of->second, k, own + 1, neighbour, &slope);
        *(hf_eight *)total = slope;
        hf_share_slot(&slope, x->half->ux + k, x->half->uy + k, x->half->uz + k, neighbour, sum, forces);
    }
    memcpy(force, sum, sizeof sum);
}

static void add_forces(const hf_embedded *s, const pairs *x, const slopes *of, const hpcfit_output *column)
{
    const hpcfit_geometry *half = x->half;
    for (int64_t group = half->chunk_group[x->chunk]; group < half->chunk_group[x->chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, x->chunk, group, x->b);
        double own[2][HF_LANES], force[3][HF_LANES];
        if (p.n_slots == 0) continue;
        read_own(half, of->first.atoms, group, own[0]);
        if (of->second.atoms != NULL) read_own(half, of->second.atoms, group, own[1]);
        share_forces(of, x, p.n_slots, p.pair, (const hf_eight *)own, s->slope, force, column->forces);
        hf_add_group_radial(half, group, p.n_slots, p.pair, 1.0, s->slope, (const double (*)[HF_LANES])force, column);
    }
}

/* Derivatives of a density's slope by a parameter, over all pairs; NULL where it has none of its own. */
static const double *slope_by(const hf_call *call, const hf_embedded *s, const pairs *x,
                              const hpcfit_function *density, int which, int64_t column)
{
    if (density == NULL) return NULL;
    const hf_columns columns = hf_function_columns(call, density);
    if (column < columns.first || column >= columns.first + columns.count) return NULL;
    if (!hf_function_is_dense(call, density, column)) return NULL;
    int64_t row = 0;
    for (int64_t k = columns.first; k < column; k++)
        row += hf_function_is_dense(call, density, k);
    if (s->n_kept > 0) return hf_kept_slope_by(call, s, which, row);
    const double *rows = which == HF_HERE_SLOPE ? s->here : s->there;
    return rows + (HF_BY + hf_function_n_dense(call, density) + row) * s->stride - (x->run.r - x->half->r);
}

/* Single columns: through F', and at constant F' by the parameters of densities outside splines. */
static void add_columns(const hf_call *call, const hf_embedded *s, const pairs *x)
{
    for (int64_t c = 0; c < s->n_columns; c++) {
        const int64_t k = s->column[c];
        const hpcfit_output column = hf_column(call->output, k + 1);
        const double *here = slope_by(call, s, x, x->here, HF_HERE_SLOPE, k);
        const double *there = x->here == x->there ? here : slope_by(call, s, x, x->there, HF_THERE_SLOPE, k);
        const int is_direct = here != NULL || there != NULL;
        slopes of = {.second = {here, there, is_direct ? s->atom_first : NULL}};
        if (c < s->n_single) {
            of.first = (received){x->slope_here, x->slope_there, s->single_atoms + c * s->n_atoms};
        } else if (is_direct) {
            of = (slopes){.first = of.second};
        } else {
            continue;
        }
        add_forces(s, x, &of, &column);
    }
}

/* Computes the rows of the densities that were not kept. */
static void run_densities(const hf_call *call, const hf_embedded *s, const pairs *x)
{
    const hf_run *run = &x->run;
    if (x->here != NULL && hf_function_n_dense(call, x->here) > 0)
        hf_function_run_rows(call, x->here, run->n_pairs, run->r, s->here, s->stride, s->function);
    if (x->there != NULL && x->there != x->here && hf_function_n_dense(call, x->there) > 0)
        hf_function_run_rows(call, x->there, run->n_pairs, run->r, s->there, s->stride, s->function);
}

static void add_run(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_output column = hf_column(call->output, 0);
    const pairs x = pairs_of(call, s, chunk, b);
    const slopes values = {.pair = x.slope_pair, .first = {x.slope_here, x.slope_there, s->atom_first}};
    add_forces(s, &x, &values, &column);
    if (call->n_free == 0) return;
    if (s->n_kept == 0) run_densities(call, s, &x);
    add_columns(call, s, &x);
    const int64_t first = x.run.r - x.half->r;
    hf_add_panel(x.half, chunk, b, x.slope_here + first, x.slope_there + first, &s->panel, call->output);
}

static void add_weights(const hf_embedded *s, int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        s->weight[k] += s->gathered[k];
}

/* Derivatives by the parameters of a function's splines, over all neighbours of one species of a chunk's atoms. */
static void add_nodes_of(const hf_call *call, const hf_embedded *s, const hpcfit_function *function, int64_t chunk,
                         int64_t b, const double *weights)
{
    if (!hf_function_has_nodes(call, function)) return;
    const hf_run run = hf_run_of(call->geometry, chunk, b);
    const hf_rows rows = {.function = function, .rows = s->here, .stride = s->stride};
    if (!hf_is_spline(function))
        hf_function_run_rows(call, function, run.n_pairs, run.r, s->here, s->stride, s->function);
    hf_spline_add_radial(call, &rows, chunk, b, weights, s->spline);
}

static void add_nodes(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t a = g->chunk_species[chunk], n = g->n_species;
    const hpcfit_function *here = hf_role(call, HF_DENSITY_ROLE, a * n + b);
    const hpcfit_function *there = hf_role(call, HF_DENSITY_ROLE, b * n + a);
    add_nodes_of(call, s, hf_role(call, HF_PAIR_ROLE, hf_pair_tuple(a, b, n)), chunk, b, NULL);
    if (!hf_function_has_nodes(call, here) && !hf_function_has_nodes(call, there)) return;
    fill_weights(g, s, chunk, b);
    if (here == there)
        add_weights(s, hf_run_of(g, chunk, b).n_pairs);
    else
        add_nodes_of(call, s, there, chunk, b, s->gathered);
    add_nodes_of(call, s, here, chunk, b, s->weight);
}

int64_t hf_embedded_scratch(const hf_call *call)
{
    hf_embedded s;
    return hf_embedded_lay_out(call, NULL, &s);
}

void hf_embed_add_pairs(const hf_call *call, const hf_embedded *s)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->half->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            if (hf_run_of(g->half, chunk, b).n_pairs > 0) add_run(call, s, chunk, b);
    hf_add_panel_forces(&s->panel, g->n_atoms, call->output);
    for (int64_t chunk = 0; chunk < g->n_chunks && call->n_free > 0; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            if (hf_run_of(g, chunk, b).n_pairs > 0) add_nodes(call, s, chunk, b);
}

/* The end of the chunks of the same species from one on that fill a block of arguments. */
static int64_t alike(const hpcfit_geometry *g, int64_t chunk)
{
    int64_t end = chunk + 1;
    while (end < g->n_chunks && g->chunk_species[end] == g->chunk_species[chunk] &&
           hf_n_chunk_lanes(g, chunk, end + 1) <= HF_BLOCK)
        end++;
    return end;
}

void hf_embedded_evaluate(const hf_call *call)
{
    hf_embedded s;
    hf_embedded_lay_out(call, call->scratch, &s);
    hf_embed_start(call, &s, HF_N_EMBEDDED_ROLES);
    for (int64_t chunk = 0, end; chunk < call->geometry->n_chunks; chunk = end) {
        end = alike(call->geometry, chunk);
        for (int64_t k = chunk; k < end; k++)
            hf_embed_add_density(call, &s, k);
        hf_embed_chunks(call, &s, chunk, end);
    }
    hf_embed_add_pairs(call, &s);
}

const hpcfit_potential hf_eam = {
    .name = "eam",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(sum_j rho(r_ij))",
    .reference = "M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984), eqs. 8 and 9",
    .n_roles = HF_N_EMBEDDED_ROLES,
    .roles = roles,
    .pairwise = 1,
    .scratch_size = hf_embedded_scratch,
    .evaluate = hf_embedded_evaluate,
    .gradient_scratch = hf_embedded_gradient_scratch,
    .gradient = hf_embedded_gradient,
};
