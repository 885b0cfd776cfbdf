/* Densities, embedding energies, and the slopes F' with their derivatives by all parameters. */
#include "embedded/embedding.h"
#include "core/half.h"
#include "functions/fused_pair.h"
#include "functions/spline_columns.h"
#include "functions/spline_rows.h"

#include <string.h>

/* Of an embedding function: value, slope, second derivative, then as for every function. */
enum { SECOND = HF_BY, EMBEDDING_BY };

HF_CLONES
void hf_embed_add_sums(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *restrict values,
                       double *restrict lanes)
{
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t local = (g->slot_start[group * g->n_species + species] - first) * HF_LANES;
        for (int64_t slot = 0; slot < g->slot_count[group * g->n_species + species]; slot++)
#pragma omp simd
            for (int lane = 0; lane < HF_LANES; lane++)
                lanes[group * HF_LANES + lane] += values[local + slot * HF_LANES + lane];
    }
}

/* Adds a density of a run and its derivatives to arrays over atoms, of own atoms or of neighbours. */
static void share_density(const hf_call *call, const hf_embedded *s, const hpcfit_function *density, int64_t chunk,
                          int64_t b, const double *outputs, int to_own, int to_other)
{
    const hpcfit_geometry *half = call->geometry->half;
    const hf_columns columns = hf_function_columns(call, density);
    const double *by = outputs + HF_BY * s->stride;
    const double *own = to_own ? outputs : NULL, *other = to_other ? outputs : NULL;
    hf_share_values(half, chunk, b, own, other, s->atom_rho);
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(call, density, k)) continue;
        own = to_own ? by : NULL;
        other = to_other ? by : NULL;
        hf_share_values(half, chunk, b, own, other, s->atom_rho + (1 + k) * s->n_atoms);
        by += s->stride;
    }
}

/* The pair energies of a run, and their derivatives by parameters outside splines. */
static void add_run_energies(const hf_call *call, const hf_embedded *s, const hpcfit_function *pair, int64_t chunk,
                             int64_t b)
{
    const hpcfit_geometry *half = call->geometry->half;
    const hf_columns columns = hf_function_columns(call, pair);
    const double *by = s->pair + HF_BY * s->stride, *slope_by = by + hf_function_n_dense(call, pair) * s->stride;
    hpcfit_output column = hf_column(call->output, 0);
    hf_add_pair_energies(half, chunk, b, s->pair, &column);
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(call, pair, k)) continue;
        column = hf_column(call->output, k + 1);
        hf_add_pairs(half, chunk, b, by, slope_by, &column);
        by += s->stride;
        slope_by += s->stride;
    }
}

static void keep_slopes(const hf_call *call, const hf_embedded *s, const hf_run *run, int which,
                        const double *outputs)
{
    double *kept = s->slopes[which] + (run->r - call->geometry->half->r);
    const size_t size = (size_t)run->n_pairs * sizeof *kept;
    if (outputs == NULL)
        memset(kept, 0, size);
    else
        memcpy(kept, outputs + HF_SLOPE * s->stride, size);
}

/* Keeps the slopes of a density for the forces. */
static void keep_density(const hf_call *call, const hf_embedded *s, const hf_run *run, int which,
                         const hpcfit_function *density, const double *outputs)
{
    keep_slopes(call, s, run, which, density == NULL ? NULL : outputs);
    if (density == NULL || s->n_kept == 0) return;
    const int64_t n_dense = hf_function_n_dense(call, density), first = run->r - call->geometry->half->r;
    for (int64_t k = 0; k < n_dense; k++)
        memcpy(hf_kept_slope_by(call, s, which, k) + first, outputs + (HF_BY + n_dense + k) * s->stride,
               (size_t)run->n_pairs * sizeof *outputs);
}

/* Computes a pair energy and a density by their fused program, from the pair's first row on but for the rows that are
 * kept; returns the density's first row. */
static double *run_fused_pair(const hf_call *call, const hf_embedded *s, const hf_run *run,
                              const hpcfit_function *pair, const hpcfit_function *here)
{
    const int64_t own = pair->program.n_outputs, first = run->r - call->geometry->half->r;
    const int64_t n_dense = hf_function_n_dense(call, here);
    for (int64_t row = 0; row < pair->fused.n_outputs; row++)
        s->row_of[row] = s->pair + row * s->stride;
    s->row_of[HF_SLOPE] = s->slopes[HF_PAIR_SLOPE] + first;
    s->row_of[own + HF_SLOPE] = s->slopes[HF_HERE_SLOPE] + first;
    for (int64_t k = 0; k < n_dense && s->n_kept > 0; k++)
        s->row_of[own + HF_BY + n_dense + k] = hf_kept_slope_by(call, s, HF_HERE_SLOPE, k) + first;
    hf_fused_pair_run_rows(call, pair, run->n_pairs, run->r, s->row_of, s->function);
    return s->pair + own * s->stride;
}

/* A run's pair energies, and the densities that its pairs' atoms receive from each other; slopes are kept. */
static void add_run(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *half = call->geometry->half;
    const hf_run run = hf_run_of(half, chunk, b);
    const int64_t a = half->chunk_species[chunk], n = half->n_species;
    const hpcfit_function *pair = hf_role(call, HF_PAIR_ROLE, hf_pair_tuple(a, b, n));
    const hpcfit_function *here = hf_role(call, HF_DENSITY_ROLE, a * n + b);
    const hpcfit_function *there = hf_role(call, HF_DENSITY_ROLE, b * n + a);
    double *of_here = s->here;
    if (hf_is_fused_pair(call, pair, here)) {
        of_here = run_fused_pair(call, s, &run, pair, here);
    } else {
        if (pair != NULL) hf_function_run_rows(call, pair, run.n_pairs, run.r, s->pair, s->stride, s->function);
        if (here != NULL) hf_function_run_rows(call, here, run.n_pairs, run.r, s->here, s->stride, s->function);
        keep_slopes(call, s, &run, HF_PAIR_SLOPE, pair == NULL ? NULL : s->pair);
        keep_density(call, s, &run, HF_HERE_SLOPE, here, of_here);
    }
    if (pair != NULL) add_run_energies(call, s, pair, chunk, b);
    if (here != NULL) share_density(call, s, here, chunk, b, of_here, 1, here == there);
    if (here == there) return;
    if (there != NULL) {
        hf_function_run_rows(call, there, run.n_pairs, run.r, s->there, s->stride, s->function);
        share_density(call, s, there, chunk, b, s->there, 0, 1);
    }
    keep_density(call, s, &run, HF_THERE_SLOPE, there, s->there);
}

typedef struct {
    int64_t first, end;
} groups;

/* Adds energies over lanes, those in use only. */
static void add_energies(const hpcfit_geometry *g, groups own, const double *energies, const hpcfit_output *column)
{
    const int64_t first = own.first;
    for (int64_t group = first; group < own.end; group++) {
        double used[HF_LANES] = {0.0};
        for (int lane = 0; lane < g->lane_count[group]; lane++)
            used[lane] = energies[(group - first) * HF_LANES + lane];
        hf_add_group_energy(g, group, used, column);
    }
}

/* Turns the derivatives of the density into those of F, and computes those of F': zero where the density does not
 * change, though F' may be infinite there. */
HF_CLONES
static void follow_density(int64_t n, const double *slope, const double *second, double *rho_by, double *first_by)
{
    typedef int64_t bits __attribute__((vector_size(sizeof(hf_eight))));
    for (int64_t lane = 0; lane < n; lane += HF_LANES) {
        hf_eight *by = (hf_eight *)(rho_by + lane);
        const hf_eight of_first = *(const hf_eight *)(second + lane) * *by,
                       of_value = *(const hf_eight *)(slope + lane) * *by;
        const bits moved = *by != (hf_eight){0.0};
        *(hf_eight *)(first_by + lane) = (hf_eight)((bits)of_first & moved);
        *by = (hf_eight)((bits)of_value & moved);
    }
}

/* F(rho): energies of all columns, F' and its derivatives. */
static void add_embedding(const hf_call *call, const hf_embedded *s, const hpcfit_function *embedding, groups own)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t first = own.first * HF_LANES, n = own.end * HF_LANES - first;
    const hf_columns columns = hf_function_columns(call, embedding);
    hf_function_run(call, embedding, n, s->rho + first, s->embedding, n, s->function);
    hpcfit_output column = hf_column(call->output, 0);
    add_energies(g, own, s->embedding, &column);
    memcpy(s->first + first, s->embedding + HF_SLOPE * n, (size_t)n * sizeof(double));
    for (int64_t c = 0; c < s->n_columns; c++) {
        const int64_t k = s->column[c];
        double *rho_by = s->rho_by + k * s->n_lanes + first, *first_by = s->first_by + k * s->n_lanes + first;
        const int64_t by = k - columns.first;
        const int is_own = by >= 0 && by < columns.count;
        column = hf_column(call->output, k + 1);
        if (is_own) {
            add_energies(g, own, s->embedding + (EMBEDDING_BY + by) * n, &column);
            memcpy(first_by, s->embedding + (EMBEDDING_BY + columns.count + by) * n, (size_t)n * sizeof(double));
            continue;
        }
        follow_density(n, s->embedding + HF_SLOPE * n, s->embedding + SECOND * n, rho_by, first_by);
        add_energies(g, own, rho_by, &column);
    }
}

/* Whether F' depends on a parameter: of densities and embedding functions, nodes of splines alone or others alone. */
static int is_listed(const hf_call *call, int end, int64_t k, int dense)
{
    for (int role = HF_DENSITY_ROLE; role < end; role++)
        for (int64_t t = 0; t < hf_n_tuples(call->potential->roles[role].kind, call->geometry->n_species); t++) {
            const hpcfit_function *function = hf_role(call, role, t);
            const int64_t place = function == NULL ? -1 : call->free_parameters[k] - function->first_parameter;
            if (place >= 0 && place < function->program.n_parameters)
                return hf_function_is_dense(call, function, k) == dense;
        }
    return 0;
}

/* Lists the parameters that F' depends on. A panel of eight columns takes as long as three or four single
 * columns, so that panels pay for the many nodes of splines only. The choice must not depend on other parameters,
 * because the bits depend on it. Angular terms always have panels. */
static void list_columns(const hf_call *call, hf_embedded *s, int end)
{
    const int all = end > HF_N_EMBEDDED_ROLES;
    s->n_columns = 0;
    for (int64_t k = 0; k < call->n_free && !all; k++)
        if (is_listed(call, end, k, 1)) s->column[s->n_columns++] = k;
    s->n_single = s->n_columns;
    for (int64_t k = 0; k < call->n_free; k++)
        if (is_listed(call, end, k, 0) || (all && is_listed(call, end, k, 1))) s->column[s->n_columns++] = k;
    const int64_t count = s->n_columns - s->n_single;
    s->panel = (hf_panel){.n_columns = count,
                          .width = hf_round_up(count),
                          .column = s->column + s->n_single,
                          .lanes = s->panel_lanes,
                          .atoms = s->panel_atoms,
                          .forces = s->panel_forces};
}

/* Copies values over lanes to places `apart` doubles apart, over lanes, if not NULL, and over atoms. An atom without
 * density has no neighbour that could feel the slope of its embedding function, which may be infinite there. */
static void publish(const hpcfit_geometry *g, groups own, const double *rho, const double *values, int64_t apart,
                    double *lanes, double *atoms)
{
    for (int64_t group = own.first; group < own.end; group++)
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t k = group * HF_LANES + lane;
            const double value = rho[k] == 0.0 && !isfinite(values[k]) ? 0.0 : values[k];
            if (lanes != NULL) lanes[k * apart] = value;
            atoms[g->lane_atom[k] * apart] = value;
        }
}

static void clear_spare(const hpcfit_geometry *g, groups own, double *lanes)
{
    for (int64_t group = own.first; group < own.end; group++)
        for (int lane = g->lane_count[group]; lane < HF_LANES; lane++)
            lanes[group * HF_LANES + lane] = 0.0;
}

static void clear(double *array, int64_t length)
{
    memset(array, 0, (size_t)length * sizeof *array);
}

/* Sets the sums to zero, and the values that are not written for an atom without embedding function. */
static void clear_sums(const hf_embedded *s)
{
    clear(s->rho, s->n_lanes);
    clear(s->first, s->n_lanes);
    clear(s->atom_rho, s->n_atoms);
    clear(s->atom_first, s->n_atoms);
    for (int64_t c = 0; c < s->n_columns; c++) {
        clear(s->rho_by + s->column[c] * s->n_lanes, s->n_lanes);
        clear(s->atom_rho + (1 + s->column[c]) * s->n_atoms, s->n_atoms);
    }
    clear(s->single_atoms, s->n_single * s->n_atoms);
    clear(s->panel_lanes, s->panel.width * s->n_lanes);
    clear(s->panel_atoms, s->panel.width * s->n_atoms);
    clear(s->panel_forces, 3 * s->panel.width * s->n_atoms);
}

void hf_embed_start(const hf_call *call, hf_embedded *s, int end)
{
    list_columns(call, s, end);
    clear_sums(s);
    if (call->n_free > 0) hf_nodes_fill(call, s->spline);
    const hpcfit_geometry *half = call->geometry->half;
    for (int64_t chunk = 0; chunk < half->n_chunks; chunk++)
        for (int64_t b = 0; b < half->n_species; b++)
            if (hf_run_of(half, chunk, b).n_pairs > 0) add_run(call, s, chunk, b);
}

/* The derivatives of densities by the parameters of splines. */
static void add_node_density(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const hf_run run = hf_run_of(g, chunk, b);
    const hpcfit_function *density = hf_role(call, HF_DENSITY_ROLE, g->chunk_species[chunk] * g->n_species + b);
    const hf_rows rows = {.function = density, .rows = s->here, .stride = s->stride};
    if (run.n_pairs == 0 || !hf_function_has_nodes(call, density)) return;
    if (!hf_is_spline(density))
        hf_function_run_rows(call, density, run.n_pairs, run.r, s->here, s->stride, s->function);
    hf_spline_add_sums(call, &rows, chunk, b, NULL, s->rho_by, s->spline);
}

void hf_embed_add_density(const hf_call *call, const hf_embedded *s, int64_t chunk)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t k = group * HF_LANES + lane, atom = g->lane_atom[k];
            s->rho[k] += s->atom_rho[atom];
            for (int64_t c = 0; c < s->n_columns; c++)
                s->rho_by[s->column[c] * s->n_lanes + k] += s->atom_rho[(1 + s->column[c]) * s->n_atoms + atom];
        }
    for (int64_t b = 0; b < g->n_species; b++)
        add_node_density(call, s, chunk, b);
}

static void give_densities(const hpcfit_geometry *g, groups own, const double *rho, double *densities)
{
    for (int64_t group = own.first; group < own.end; group++)
        for (int lane = 0; lane < g->lane_count[group]; lane++)
            densities[g->lane_atom[group * HF_LANES + lane]] = rho[group * HF_LANES + lane];
}

void hf_embed_chunks(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t end)
{
    const hpcfit_geometry *g = call->geometry;
    const hpcfit_function *embedding = hf_role(call, HF_EMBEDDING_ROLE, g->chunk_species[chunk]);
    const groups own = {.first = g->chunk_group[chunk], .end = g->chunk_group[end]};
    if (embedding == NULL) return;
    if (call->output->densities != NULL) give_densities(g, own, s->rho, call->output->densities);
    add_embedding(call, s, embedding, own);
    clear_spare(g, own, s->first);
    publish(g, own, s->rho, s->first, 1, s->first, s->atom_first);
    for (int64_t c = 0; c < s->n_columns; c++) {
        const double *first_by = s->first_by + s->column[c] * s->n_lanes;
        const int64_t place = c - s->n_single;
        if (place < 0)
            publish(g, own, s->rho, first_by, 1, NULL, s->single_atoms + c * s->n_atoms);
        else
            publish(g, own, s->rho, first_by, s->panel.width, s->panel_lanes + place, s->panel_atoms + place);
    }
}
