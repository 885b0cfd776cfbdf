/* Embedded atoms, several species; pair potentials where densities and embedding are left out.
 *
 *   E = sum_{i<j} phi(r_ij) + sum_i F(rho_i),   rho_i = sum_{j != i} rho(r_ij)
 *
 * M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984), eqs. 8 and 9; with a density per host and neighbour,
 * M. W. Finnis and J. E. Sinclair, Philos. Mag. A 50, 45 (1984). The force along a bond is radial,
 *
 *   phi' + F'(rho_i) rho_ij' + F'(rho_j) rho_ji',
 *
 * with rho_ij what atom i receives from j: every column is a sum over an atom's own neighbours, nothing is scattered.
 */
#include "embedding.h"
#include "registry.h"
#include "spline_columns.h"

#include <string.h>

static const hpcfit_role roles[HF_N_EMBEDDED_ROLES] = {HF_EMBEDDED_ROLES};

/* What the neighbours of a run read from an array over atoms. */
HF_CLONES
static void gather(int64_t n, const int32_t *restrict neighbour, const double *restrict atoms,
                   double *restrict gathered)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        gathered[k] = atoms[neighbour[k]];
}

/* What the pairs of a run read from an array over lanes. */
static void spread(int64_t n_slots, const double *lanes, double *pairs)
{
    for (int64_t slot = 0; slot < n_slots; slot++)
        memcpy(pairs + slot * HF_LANES, lanes, HF_LANES * sizeof *pairs);
}

/* slope += function * weight */
HF_CLONES
static void add_product(int64_t n, const double *restrict function, const double *restrict weight,
                        double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        slope[k] += function[k] * weight[k];
}

static void fill_weights(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + b];
    gather(hf_run_of(g, chunk, b).n_pairs, g->neighbour + first * HF_LANES, s->atom_first, s->gathered);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
        spread(g->slot_count[group * g->n_species + b], s->first + group * HF_LANES,
               s->weight + (g->slot_start[group * g->n_species + b] - first) * HF_LANES);
}

/* The outputs of a function over a run; zero slopes where there is none. */
static void run_function(const hf_call *call, const hpcfit_function *function, const hf_run *run,
                         const hf_embedded *s, double *outputs)
{
    if (function == NULL)
        memset(outputs, 0, (size_t)(HF_BY * s->stride) * sizeof *outputs);
    else
        hf_function_run_rows(call, function, run->n_pairs, run->r, outputs, s->stride, s->function);
}

/* Derivatives by the parameters of the pair energy. */
static void add_pair_columns(const hf_call *call, const hf_embedded *s, const hpcfit_function *pair, int64_t chunk,
                             int64_t b)
{
    if (pair == NULL) return;
    const hf_columns columns = hf_function_columns(call, pair);
    const hf_rows rows = {.function = pair, .rows = s->pair, .stride = s->stride};
    const double *by = s->pair + HF_BY * s->stride, *slope_by = by + hf_function_n_dense(call, pair) * s->stride;
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(call, pair, k)) continue;
        const hpcfit_output column = hf_column(call->output, k + 1);
        hf_add_radial(call->geometry, chunk, b, by, slope_by, &column);
        by += s->stride;
        slope_by += s->stride;
    }
    hf_spline_add_radial(call, &rows, chunk, b, NULL, s->spline);
}

/* Derivatives by the parameters of a density at constant F': its slopes times weights. */
static void add_density_columns(const hf_call *call, const hf_embedded *s, const hpcfit_function *density,
                                const double *outputs, const double *weight, int64_t chunk, int64_t b)
{
    const int64_t n = hf_run_of(call->geometry, chunk, b).n_pairs;
    if (density == NULL) return;
    const hf_columns columns = hf_function_columns(call, density);
    const hf_rows rows = {.function = density, .rows = outputs, .stride = s->stride};
    const double *slope_by = outputs + (HF_BY + hf_function_n_dense(call, density)) * s->stride;
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(call, density, k)) continue;
        const hpcfit_output column = hf_column(call->output, k + 1);
        memset(s->slope, 0, (size_t)n * sizeof *s->slope);
        add_product(n, slope_by, weight, s->slope);
        hf_add_radial(call->geometry, chunk, b, s->zeros, s->slope, &column);
        slope_by += s->stride;
    }
    hf_spline_add_radial(call, &rows, chunk, b, weight, s->spline);
}

static void add_run(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t a = g->chunk_species[chunk], n = g->n_species;
    const hf_run run = hf_run_of(g, chunk, b);
    const hpcfit_function *pair = hf_role(call, HF_PAIR_ROLE, hf_pair_tuple(a, b, n));
    const hpcfit_function *here = hf_role(call, HF_DENSITY_ROLE, a * n + b);
    const hpcfit_function *there = hf_role(call, HF_DENSITY_ROLE, b * n + a);
    const double *slope_here = s->here + HF_SLOPE * s->stride;
    const hpcfit_output column = hf_column(call->output, 0);
    fill_weights(call, s, chunk, b);
    run_function(call, pair, &run, s, s->pair);
    /* The density's slopes are at hand; only their derivatives by its own parameters ask for more. */
    if (here != NULL && hf_function_columns(call, here).count == 0)
        slope_here = s->slopes + (run.r - g->r);
    else
        run_function(call, here, &run, s, s->here);
    if (here != there) run_function(call, there, &run, s, s->there);
    const double *slope_there = here == there ? slope_here : s->there + HF_SLOPE * s->stride;
    memcpy(s->slope, s->pair + HF_SLOPE * s->stride, (size_t)run.n_pairs * sizeof *s->slope);
    add_product(run.n_pairs, slope_here, s->weight, s->slope);
    add_product(run.n_pairs, slope_there, s->gathered, s->slope);
    hf_add_radial(g, chunk, b, s->pair, s->slope, &column);
    if (call->n_free == 0) return;
    add_pair_columns(call, s, pair, chunk, b);
    hf_add_panel(g, chunk, b, slope_here, slope_there, &s->panel, call->output);
    if (here == there)
        for (int64_t k = 0; k < run.n_pairs; k++)
            s->weight[k] += s->gathered[k];
    else
        add_density_columns(call, s, there, s->there, s->gathered, chunk, b);
    add_density_columns(call, s, here, s->here, s->weight, chunk, b);
}

int64_t hf_embedded_scratch(const hf_call *call)
{
    hf_embedded s;
    return hf_embedded_lay_out(call, NULL, &s);
}

void hf_embed_add_pairs(const hf_call *call, const hf_embedded *s)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            if (hf_run_of(g, chunk, b).n_pairs > 0) add_run(call, s, chunk, b);
}

void hf_embedded_evaluate(const hf_call *call)
{
    hf_embedded s;
    hf_embedded_lay_out(call, call->scratch, &s);
    hf_embed_start(call, &s, HF_N_EMBEDDED_ROLES);
    for (int64_t chunk = 0; chunk < call->geometry->n_chunks; chunk++) {
        hf_embed_add_density(call, &s, chunk);
        hf_embed_chunk(call, &s, chunk);
    }
    hf_embed_add_pairs(call, &s);
}

const hpcfit_potential hf_eam = {
    .name = "eam",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(sum_j rho(r_ij))",
    .reference = "M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984), eqs. 8 and 9",
    .n_roles = HF_N_EMBEDDED_ROLES,
    .roles = roles,
    .scratch_size = hf_embedded_scratch,
    .evaluate = hf_embedded_evaluate,
};
