/* Densities, embedding energies, and the slopes F' with their derivatives by all parameters. */
#include "embedding.h"
#include "spline_columns.h"

#include <string.h>

/* Of an embedding function: value, slope, second derivative, then as for every function. */
enum { SECOND = HF_BY, EMBEDDING_BY };

int64_t hf_embedded_lay_out(const hf_call *call, double *scratch, hf_embedded *s)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_free = call->n_free, width = hf_round_up(n_free);
    int64_t used = 0, lanes = HF_LANES;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        if ((g->chunk_group[chunk + 1] - g->chunk_group[chunk]) * HF_LANES > lanes)
            lanes = (g->chunk_group[chunk + 1] - g->chunk_group[chunk]) * HF_LANES;
    s->n_lanes = g->n_groups * HF_LANES;
    s->n_atoms = hf_round_up(g->n_atoms);
    s->stride = g->max_chunk_slots * HF_LANES;
    s->rows = hf_function_most_rows(call->functions);
    double *column = NULL;
    const struct {
        double **array;
        int64_t length;
    } plan[] = {{&s->rho, s->n_lanes},
                {&s->first, s->n_lanes},
                {&s->rho_by, n_free * s->n_lanes},
                {&s->first_by, n_free * s->n_lanes},
                {&s->atom_first, s->n_atoms},
                {&s->panel_lanes, width * s->n_lanes},
                {&s->panel_atoms, width * s->n_atoms},
                {&s->zeros, s->stride},
                {&column, width},
                {&s->pair, s->rows * s->stride},
                {&s->here, s->rows * s->stride},
                {&s->there, s->rows * s->stride},
                {&s->slopes, g->n_slots * HF_LANES},
                {&s->weight, s->stride},
                {&s->gathered, s->stride},
                {&s->slope, s->stride},
                {&s->embedding, hf_function_most_outputs(call->functions) * lanes},
                {&s->function, hf_round_up(hf_function_scratch(call->functions))},
                {&s->spline, hf_round_up(hf_spline_columns_scratch(call))}};
    for (size_t k = 0; k < sizeof plan / sizeof *plan; k++) {
        *plan[k].array = scratch == NULL ? NULL : scratch + used;
        used += plan[k].length;
    }
    s->column = (int64_t *)column;
    return used;
}

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

/* The density that the atoms of a chunk receive from one species, and its derivatives. */
static void add_density(const hf_call *call, const hf_embedded *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const hf_run run = hf_run_of(g, chunk, b);
    const hpcfit_function *density = hf_role(call, HF_DENSITY_ROLE, g->chunk_species[chunk] * g->n_species + b);
    if (density == NULL || run.n_pairs == 0) return;
    const hf_columns columns = hf_function_columns(call, density);
    hf_function_run_rows(call, density, run.n_pairs, run.r, s->here, s->stride, s->function);
    hf_embed_add_sums(g, chunk, b, s->here, s->rho);
    memcpy(s->slopes + (run.r - g->r), s->here + HF_SLOPE * s->stride, (size_t)run.n_pairs * sizeof *s->slopes);
    const hf_rows rows = {.function = density, .rows = s->here, .stride = s->stride};
    const double *by = s->here + HF_BY * s->stride;
    for (int64_t k = columns.first; k < columns.first + columns.count; k++) {
        if (!hf_function_is_dense(call, density, k)) continue;
        hf_embed_add_sums(g, chunk, b, by, s->rho_by + k * s->n_lanes);
        by += s->stride;
    }
    hf_spline_add_sums(call, &rows, chunk, b, s->rho_by, s->spline);
}

/* Adds energies over lanes, those in use only. */
static void add_energies(const hpcfit_geometry *g, int64_t chunk, const double *energies, const hpcfit_output *column)
{
    const int64_t first = g->chunk_group[chunk];
    for (int64_t group = first; group < g->chunk_group[chunk + 1]; group++)
        for (int lane = 0; lane < g->lane_count[group]; lane++)
            column->energies[g->lane_structure[group * HF_LANES + lane]] +=
                energies[(group - first) * HF_LANES + lane];
}

/* F(rho) of one chunk: energies of all columns, F' and its derivatives. */
static void add_embedding(const hf_call *call, const hf_embedded *s, const hpcfit_function *embedding, int64_t chunk)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t first = g->chunk_group[chunk] * HF_LANES, n = g->chunk_group[chunk + 1] * HF_LANES - first;
    const hf_columns columns = hf_function_columns(call, embedding);
    hf_function_run(call, embedding, n, s->rho + first, s->embedding, n, s->function);
    hpcfit_output column = hf_column(call->output, 0);
    add_energies(g, chunk, s->embedding, &column);
    memcpy(s->first + first, s->embedding + HF_SLOPE * n, (size_t)n * sizeof(double));
    for (int64_t k = 0; k < call->n_free; k++) {
        double *rho_by = s->rho_by + k * s->n_lanes + first, *first_by = s->first_by + k * s->n_lanes + first;
        const int64_t own = k - columns.first;
        const int is_own = own >= 0 && own < columns.count;
        column = hf_column(call->output, k + 1);
        if (is_own) {
            add_energies(g, chunk, s->embedding + (EMBEDDING_BY + own) * n, &column);
            memcpy(first_by, s->embedding + (EMBEDDING_BY + columns.count + own) * n, (size_t)n * sizeof(double));
            continue;
        }
        for (int64_t lane = 0; lane < n; lane++) {
            const int moved = rho_by[lane] != 0.0;
            first_by[lane] = moved ? s->embedding[SECOND * n + lane] * rho_by[lane] : 0.0;
            rho_by[lane] = moved ? s->embedding[HF_SLOPE * n + lane] * rho_by[lane] : 0.0;
        }
        add_energies(g, chunk, rho_by, &column);
    }
}

/* Lists the parameters that F' depends on: those of densities and embedding functions. */
static void list_columns(const hf_call *call, hf_embedded *s, int end)
{
    int64_t count = 0;
    for (int64_t k = 0; k < call->n_free; k++) {
        int listed = 0;
        for (int role = HF_DENSITY_ROLE; role < end; role++)
            for (int64_t t = 0; t < hf_n_tuples(call->potential->roles[role].kind, call->geometry->n_species); t++) {
                const hpcfit_function *function = hf_role(call, role, t);
                const int64_t place = function == NULL ? -1 : call->free_parameters[k] - function->first_parameter;
                listed |= place >= 0 && place < function->program.n_parameters;
            }
        if (listed) s->column[count++] = k;
    }
    s->panel = (hf_panel){.n_columns = count,
                          .width = hf_round_up(count),
                          .column = s->column,
                          .lanes = s->panel_lanes,
                          .atoms = s->panel_atoms};
}

/* Copies a chunk's values over lanes to places `apart` doubles apart, over lanes and over atoms. An atom without
 * density has no neighbour that could feel the slope of its embedding function, which may be infinite there. */
static void publish(const hpcfit_geometry *g, int64_t chunk, const double *rho, const double *values, int64_t apart,
                    double *lanes, double *atoms)
{
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
        for (int lane = 0; lane < g->lane_count[group]; lane++) {
            const int64_t k = group * HF_LANES + lane;
            const double value = rho[k] == 0.0 && !isfinite(values[k]) ? 0.0 : values[k];
            lanes[k * apart] = value;
            atoms[g->lane_atom[k] * apart] = value;
        }
}

static void clear_spare(const hpcfit_geometry *g, int64_t chunk, double *lanes)
{
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
        for (int lane = g->lane_count[group]; lane < HF_LANES; lane++)
            lanes[group * HF_LANES + lane] = 0.0;
}

void hf_embed_start(const hf_call *call, hf_embedded *s, int end)
{
    /* Everything down to the zeros lies one behind the other. */
    memset(s->rho, 0, (size_t)(s->zeros + s->stride - s->rho) * sizeof(double));
    list_columns(call, s, end);
}

void hf_embed_add_density(const hf_call *call, const hf_embedded *s, int64_t chunk)
{
    for (int64_t b = 0; b < call->geometry->n_species; b++)
        add_density(call, s, chunk, b);
}

void hf_embed_chunk(const hf_call *call, const hf_embedded *s, int64_t chunk)
{
    const hpcfit_geometry *g = call->geometry;
    const hpcfit_function *embedding = hf_role(call, HF_EMBEDDING_ROLE, g->chunk_species[chunk]);
    if (embedding == NULL) return;
    add_embedding(call, s, embedding, chunk);
    clear_spare(g, chunk, s->first);
    publish(g, chunk, s->rho, s->first, 1, s->first, s->atom_first);
    for (int64_t c = 0; c < s->panel.n_columns; c++)
        publish(g, chunk, s->rho, s->first_by + s->column[c] * s->n_lanes, s->panel.width, s->panel_lanes + c,
                s->panel_atoms + c);
}
