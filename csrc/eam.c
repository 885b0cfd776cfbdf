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
#include "function.h"
#include "registry.h"

#include <string.h>

enum { PAIR, DENSITY, EMBEDDING, N_ROLES };

static const hpcfit_role roles[N_ROLES] = {
    [PAIR] = {"pair-interaction", "energy of a pair", HPCFIT_PAIR, HPCFIT_OF_DISTANCE},
    [DENSITY] = {"electron-density", "density that species-a receives from species-b", HPCFIT_ORDERED_PAIR,
                 HPCFIT_OF_DISTANCE},
    [EMBEDDING] = {"embedding-energy", "energy of an atom in the density of its neighbours", HPCFIT_SPECIES,
                   HPCFIT_OF_DENSITY},
};

/* Of an embedding function: value, slope, second derivative, then as for every function. */
enum { SECOND = HF_BY, EMBEDDING_BY };

/* The scratch space. Lanes are the atoms in the order of the groups; arrays over atoms are in the batch's order, for
 * neighbours to read. */
typedef struct {
    int64_t n_lanes, stride, rows;
    double *rho, *first;         /* [n_lanes] density, F'(rho) */
    double *rho_by;              /* [n_free][n_lanes] derivative of the density by a parameter of a density */
    double *first_by;            /* [n_free][n_lanes] derivative of F'(rho) by any parameter */
    double *atom_first;          /* [n_atoms] F'(rho) */
    double *atom_first_by;       /* [n_free][n_atoms] */
    double *pair, *here, *there; /* [rows][stride] outputs over a chunk's run: phi, rho_ij, rho_ji */
    double *gathered;            /* [stride] */
    double *slope;               /* [stride] */
    double *embedding;           /* [rows][max lanes of a chunk] */
    double *function;            /* scratch of the functions */
} space;

static int64_t rounded(int64_t n)
{
    return (n + HF_LANES - 1) / HF_LANES * HF_LANES;
}

/* Lays the arrays out from `scratch` on and returns their length in all. */
static int64_t lay_out(const hf_call *call, double *scratch, space *s)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_atoms = rounded(g->n_atoms), n_free = call->n_free;
    int64_t used = 0, lanes = HF_LANES;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        if ((g->chunk_group[chunk + 1] - g->chunk_group[chunk]) * HF_LANES > lanes)
            lanes = (g->chunk_group[chunk + 1] - g->chunk_group[chunk]) * HF_LANES;
    s->n_lanes = g->n_groups * HF_LANES;
    s->stride = g->max_chunk_slots * HF_LANES;
    s->rows = hf_function_most_outputs(call->functions);
    const struct {
        double **array;
        int64_t length;
    } plan[] = {{&s->rho, s->n_lanes},
                {&s->first, s->n_lanes},
                {&s->rho_by, n_free * s->n_lanes},
                {&s->first_by, n_free * s->n_lanes},
                {&s->atom_first, n_atoms},
                {&s->atom_first_by, n_free * n_atoms},
                {&s->pair, s->rows * s->stride},
                {&s->here, s->rows * s->stride},
                {&s->there, s->rows * s->stride},
                {&s->gathered, s->stride},
                {&s->slope, s->stride},
                {&s->embedding, s->rows * lanes},
                {&s->function, rounded(hf_function_scratch(call->functions))}};
    for (size_t k = 0; k < sizeof plan / sizeof *plan; k++) {
        *plan[k].array = scratch == NULL ? NULL : scratch + used;
        used += plan[k].length;
    }
    return used;
}

static int64_t scratch_size(const hf_call *call)
{
    space s;
    return lay_out(call, NULL, &s);
}

static const hpcfit_function *pair_of(const hf_call *call, int64_t a, int64_t b)
{
    return hf_role(call, PAIR, hf_pair_tuple(a, b, call->geometry->n_species));
}

static const hpcfit_function *density_of(const hf_call *call, int64_t host, int64_t neighbour)
{
    return hf_role(call, DENSITY, host * call->geometry->n_species + neighbour);
}

/* Adds each group's sums over its slots to an array over lanes. */
HF_CLONES
static void add_sums(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *restrict values,
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

static void add_densities(const hf_call *call, const space *s)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++) {
            const hf_run run = hf_run_of(g, chunk, b);
            const hpcfit_function *density = density_of(call, g->chunk_species[chunk], b);
            if (density == NULL || run.n_pairs == 0) continue;
            const hf_columns columns = hf_function_columns(call, density);
            hf_function_run(call, density, run.n_pairs, run.r, s->here, s->stride, s->function);
            add_sums(g, chunk, b, s->here, s->rho);
            for (int64_t k = 0; k < columns.count; k++)
                add_sums(g, chunk, b, s->here + (HF_BY + k) * s->stride,
                         s->rho_by + (columns.first + k) * s->n_lanes);
        }
}

/* Copies an array over lanes to one over atoms; an atom without density has no neighbour that could feel the slope of
 * its embedding function, which may be infinite there. */
static void publish(const hpcfit_geometry *g, const double *rho, double *lanes, double *atoms)
{
    for (int64_t group = 0; group < g->n_groups; group++)
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t k = group * HF_LANES + lane;
            if (rho[k] == 0.0 && !isfinite(lanes[k])) lanes[k] = 0.0;
            if (lane < g->lane_count[group])
                atoms[g->lane_atom[k]] = lanes[k];
            else
                lanes[k] = 0.0;
        }
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
static void embed_chunk(const hf_call *call, const space *s, int64_t chunk)
{
    const hpcfit_geometry *g = call->geometry;
    const hpcfit_function *embedding = hf_role(call, EMBEDDING, g->chunk_species[chunk]);
    const int64_t first = g->chunk_group[chunk] * HF_LANES, n = g->chunk_group[chunk + 1] * HF_LANES - first;
    if (embedding == NULL) return;
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

static void embed(const hf_call *call, const space *s)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        embed_chunk(call, s, chunk);
    publish(g, s->rho, s->first, s->atom_first);
    for (int64_t k = 0; k < call->n_free; k++)
        publish(g, s->rho, s->first_by + k * s->n_lanes, s->atom_first_by + k * rounded(g->n_atoms));
}

/* What the neighbours of a run read from an array over atoms. */
HF_CLONES
static void gather(int64_t n, const int32_t *restrict neighbour, const double *restrict atoms,
                   double *restrict gathered)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        gathered[k] = atoms[neighbour[k]];
}

/* slope += here * lanes of the atom + there * what was gathered from the neighbour, over the slots of a group. */
HF_CLONES
static void add_products(int64_t n_slots, const double *restrict here, const double *restrict there,
                         const double *restrict lanes, const double *restrict gathered, double *restrict slope)
{
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            slope[k + lane] += here[k + lane] * lanes[lane] + there[k + lane] * gathered[k + lane];
}

static void add_slopes(const hf_call *call, const space *s, int64_t chunk, int64_t species, const double *here,
                       const double *there, const double *lanes, const double *atoms)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    const int64_t n_pairs = hf_run_of(g, chunk, species).n_pairs;
    gather(n_pairs, g->neighbour + first * HF_LANES, atoms, s->gathered);
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t local = (g->slot_start[group * g->n_species + species] - first) * HF_LANES;
        add_products(g->slot_count[group * g->n_species + species], here + local, there + local,
                     lanes + group * HF_LANES, s->gathered + local, s->slope + local);
    }
}

static void copy_or_clear(int64_t n, const double *from, double *to)
{
    if (from != NULL)
        memcpy(to, from, (size_t)n * sizeof *to);
    else
        memset(to, 0, (size_t)n * sizeof *to);
}

/* The outputs of a function over a run; zero slopes where there is none. */
static hf_columns run_function(const hf_call *call, const hpcfit_function *function, const hf_run *run,
                               const space *s, double *outputs)
{
    if (function == NULL) {
        memset(outputs, 0, (size_t)(HF_BY * s->stride) * sizeof *outputs);
        return (hf_columns){.first = 0, .count = 0};
    }
    hf_function_run(call, function, run->n_pairs, run->r, outputs, s->stride, s->function);
    return hf_function_columns(call, function);
}

/* The output of a function for one of its columns: the derivative of its slope, NULL for a column of another. */
static const double *slope_by(const hf_columns *columns, int64_t column, const double *outputs, int64_t stride)
{
    const int64_t own = column - columns->first;
    return own >= 0 && own < columns->count ? outputs + (HF_BY + columns->count + own) * stride : NULL;
}

static void add_run(const hf_call *call, const space *s, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t a = g->chunk_species[chunk], n_atoms = rounded(g->n_atoms);
    const hf_run run = hf_run_of(g, chunk, b);
    const hf_columns pair = run_function(call, pair_of(call, a, b), &run, s, s->pair);
    const hf_columns here = run_function(call, density_of(call, a, b), &run, s, s->here);
    const hf_columns there = run_function(call, density_of(call, b, a), &run, s, s->there);
    const double *slope_here = s->here + HF_SLOPE * s->stride, *slope_there = s->there + HF_SLOPE * s->stride;
    hpcfit_output column = hf_column(call->output, 0);
    copy_or_clear(run.n_pairs, s->pair + HF_SLOPE * s->stride, s->slope);
    add_slopes(call, s, chunk, b, slope_here, slope_there, s->first, s->atom_first);
    hf_add_radial(g, chunk, b, s->pair, s->slope, &column);
    for (int64_t k = 0; k < call->n_free; k++) {
        const double *own = slope_by(&pair, k, s->pair, s->stride);
        const double *by_here = slope_by(&here, k, s->here, s->stride);
        const double *by_there = slope_by(&there, k, s->there, s->stride);
        column = hf_column(call->output, k + 1);
        copy_or_clear(run.n_pairs, own, s->slope);
        add_slopes(call, s, chunk, b, slope_here, slope_there, s->first_by + k * s->n_lanes,
                   s->atom_first_by + k * n_atoms);
        if (by_here != NULL || by_there != NULL) {
            /* The rows of values are free to serve as zeros: only slopes are needed from here on. */
            memset(s->here, 0, (size_t)run.n_pairs * sizeof(double));
            add_slopes(call, s, chunk, b, by_here ? by_here : s->here, by_there ? by_there : s->here, s->first,
                       s->atom_first);
        }
        if (own != NULL)
            own = s->pair + (HF_BY + k - pair.first) * s->stride;
        else
            own = memset(s->there, 0, (size_t)run.n_pairs * sizeof(double));
        hf_add_radial(g, chunk, b, own, s->slope, &column);
    }
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    space s;
    lay_out(call, call->scratch, &s);
    /* Densities, F' and their derivatives lie first, one behind the other. */
    memset(call->scratch, 0, (size_t)(s.pair - call->scratch) * sizeof(double));
    add_densities(call, &s);
    embed(call, &s);
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t b = 0; b < g->n_species; b++)
            if (hf_run_of(g, chunk, b).n_pairs > 0) add_run(call, &s, chunk, b);
}

const hpcfit_potential hf_eam = {
    .name = "eam",
    .formula = "sum_{i<j} phi(r_ij) + sum_i F(sum_j rho(r_ij))",
    .reference = "M. S. Daw and M. I. Baskes, Phys. Rev. B 29, 6443 (1984), eqs. 8 and 9",
    .n_roles = N_ROLES,
    .roles = roles,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
