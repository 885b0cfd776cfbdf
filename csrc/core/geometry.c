/* From a batch of structures to the layout that the kernels stream over. */
#include "core/half.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slots per chunk: 512 pairs, so that a dozen scratch arrays stay in the first-level cache. */
#define CHUNK_SLOTS 32

/* With each pair once: three groups with 42 neighbours. Twice as many were measured to slow derivatives down, whose
 * arrays leave the first-level cache then. */
#define HALF_CHUNK_SLOTS 64

/* Atoms are sorted by their number of neighbours inside windows of this many, which keeps spare slots rare without
 * scattering the atoms of a structure. */
#define SORT_WINDOW 512

typedef struct {
    int32_t species, window, count, atom;
} atom_key;

static int compare_keys(const void *left, const void *right)
{
    const atom_key *a = left, *b = right;
    if (a->species != b->species) return a->species < b->species ? -1 : 1;
    if (a->window != b->window) return a->window < b->window ? -1 : 1;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return a->atom < b->atom ? -1 : 1;
}

static hpcfit_status fail(hpcfit_error *err, hpcfit_status status, int64_t structure, int64_t atom,
                          const char *message)
{
    err->structure = structure;
    err->atom = atom;
    snprintf(err->message, sizeof err->message, "%s", message);
    return status;
}

/* Zeroed, 64-byte aligned memory, counted in the geometry. */
static void *allocate(hpcfit_geometry *g, int64_t count, size_t size)
{
    const size_t bytes = ((size_t)(count > 0 ? count : 1) * size + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    if (memory != NULL) {
        memset(memory, 0, bytes);
        g->bytes += (int64_t)bytes;
    }
    return memory;
}

static hpcfit_status check_batch(const hpcfit_batch *batch, hpcfit_error *err)
{
    if (batch->n_species > HF_MAX_SPECIES)
        return fail(err, HPCFIT_BAD_ARGUMENT, -1, -1, "more species than the kernels hold");
    if (batch->n_structures < 0 || batch->n_atoms < 0 || batch->n_species < 1 || batch->structure_start[0] != 0 ||
        batch->structure_start[batch->n_structures] != batch->n_atoms || batch->neighbour_start[0] != 0)
        return fail(err, HPCFIT_BAD_ARGUMENT, -1, -1, "offsets of structures or neighbours do not fit the counts");
    for (int64_t s = 0; s < batch->n_structures; s++) {
        if (batch->structure_start[s + 1] < batch->structure_start[s] ||
            batch->structure_start[s + 1] > batch->n_atoms)
            return fail(err, HPCFIT_BAD_ARGUMENT, s, -1, "offsets of structures fall");
        for (int64_t i = batch->structure_start[s]; i < batch->structure_start[s + 1]; i++) {
            if (batch->species[i] < 0 || batch->species[i] >= batch->n_species)
                return fail(err, HPCFIT_BAD_ARGUMENT, s, i, "species out of range");
            if (batch->neighbour_start[i + 1] < batch->neighbour_start[i] ||
                batch->neighbour_start[i + 1] > batch->neighbour_start[batch->n_atoms])
                return fail(err, HPCFIT_BAD_ARGUMENT, s, i, "offsets of neighbours fall");
            for (int64_t k = batch->neighbour_start[i]; k < batch->neighbour_start[i + 1]; k++)
                if (batch->neighbour[k] < batch->structure_start[s] ||
                    batch->neighbour[k] >= batch->structure_start[s + 1])
                    return fail(err, HPCFIT_BAD_ARGUMENT, s, i, "neighbour outside the atom's structure");
        }
    }
    return HPCFIT_OK;
}

static hpcfit_status sort_atoms(const hpcfit_batch *batch, atom_key **sorted, hpcfit_error *err)
{
    atom_key *keys = malloc((size_t)(batch->n_atoms > 0 ? batch->n_atoms : 1) * sizeof *keys);
    if (keys == NULL) return fail(err, HPCFIT_OUT_OF_MEMORY, -1, -1, "no memory to sort the atoms");
    for (int64_t i = 0; i < batch->n_atoms; i++)
        keys[i] = (atom_key){.species = batch->species[i],
                             .window = (int32_t)(i / SORT_WINDOW),
                             .count = (int32_t)(batch->neighbour_start[i + 1] - batch->neighbour_start[i]),
                             .atom = (int32_t)i};
    qsort(keys, (size_t)batch->n_atoms, sizeof *keys, compare_keys);
    *sorted = keys;
    return HPCFIT_OK;
}

static int64_t count_groups(const hpcfit_batch *batch, const atom_key *keys)
{
    int64_t n_groups = 0, filled = 0;
    for (int64_t i = 0; i < batch->n_atoms; i++) {
        if (i == 0 || keys[i].species != keys[i - 1].species || filled == HF_LANES) {
            n_groups++;
            filled = 0;
        }
        filled++;
    }
    return n_groups;
}

static int32_t structure_of(const hpcfit_batch *batch, int32_t atom)
{
    int64_t low = 0, high = batch->n_structures;
    while (high - low > 1) {
        const int64_t middle = (low + high) / 2;
        if (batch->structure_start[middle] <= atom)
            low = middle;
        else
            high = middle;
    }
    return (int32_t)low;
}

static void place_atoms(const hpcfit_batch *batch, const atom_key *keys, hpcfit_geometry *g, int32_t *group_species)
{
    int64_t group = -1;
    for (int64_t i = 0; i < batch->n_atoms; i++) {
        if (i == 0 || keys[i].species != keys[i - 1].species || g->lane_count[group] == HF_LANES)
            group_species[++group] = keys[i].species;
        const int64_t lane = group * HF_LANES + g->lane_count[group]++;
        g->lane_atom[lane] = keys[i].atom;
        g->lane_structure[lane] = structure_of(batch, keys[i].atom);
    }
}

static void count_slots(const hpcfit_batch *batch, hpcfit_geometry *g)
{
    for (int64_t group = 0; group < g->n_groups; group++)
        for (int32_t lane = 0; lane < g->lane_count[group]; lane++) {
            const int32_t atom = g->lane_atom[group * HF_LANES + lane];
            for (int64_t species = 0; species < g->n_species; species++) {
                int32_t count = 0;
                for (int64_t k = batch->neighbour_start[atom]; k < batch->neighbour_start[atom + 1]; k++)
                    count += batch->species[batch->neighbour[k]] == species;
                int32_t *slots = &g->slot_count[group * g->n_species + species];
                if (count > *slots) *slots = count;
            }
        }
}

static int64_t slots_of(const hpcfit_geometry *g, int64_t group)
{
    int64_t slots = 0;
    for (int64_t species = 0; species < g->n_species; species++)
        slots += g->slot_count[group * g->n_species + species];
    return slots;
}

static void cut_chunks(const int32_t *group_species, int64_t most, hpcfit_geometry *g)
{
    int64_t slots = 0;
    g->n_chunks = 0;
    for (int64_t group = 0; group < g->n_groups; group++) {
        const int64_t more = slots_of(g, group);
        if (group == 0 || group_species[group] != group_species[group - 1] || slots + more > most) {
            g->chunk_group[g->n_chunks] = group;
            g->chunk_species[g->n_chunks++] = group_species[group];
            slots = 0;
        }
        slots += more;
        if (slots > g->max_chunk_slots) g->max_chunk_slots = slots;
    }
    g->chunk_group[g->n_chunks] = g->n_groups;
}

static void place_slots(hpcfit_geometry *g)
{
    int64_t slot = 0;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        int64_t *run = g->run_start + chunk * (g->n_species + 1);
        for (int64_t species = 0; species < g->n_species; species++) {
            run[species] = slot;
            for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
                g->slot_start[group * g->n_species + species] = slot;
                slot += g->slot_count[group * g->n_species + species];
            }
        }
        run[g->n_species] = slot;
    }
    g->n_slots = slot;
}

static double longest(const hpcfit_batch *batch)
{
    double squared = 0.0;
    for (int64_t k = 0; k < batch->neighbour_start[batch->n_atoms]; k++) {
        const double *d = batch->vector[k];
        const double d2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
        if (d2 > squared) squared = d2;
    }
    return sqrt(squared);
}

static void fill_pairs(const hpcfit_batch *batch, hpcfit_geometry *g)
{
    /* No cut-off reaches beyond the list, so this is out of every function's range. */
    const double beyond = 2.0 * longest(batch) + 1e3;
    for (int64_t pair = 0; pair < g->n_slots * HF_LANES; pair++)
        g->r[pair] = beyond;
    for (int64_t group = 0; group < g->n_groups; group++)
        for (int32_t lane = 0; lane < g->lane_count[group]; lane++) {
            const int32_t atom = g->lane_atom[group * HF_LANES + lane];
            for (int64_t species = 0; species < g->n_species; species++) {
                const int64_t slot = g->slot_start[group * g->n_species + species];
                const int64_t end = (slot + g->slot_count[group * g->n_species + species]) * HF_LANES;
                int64_t pair = slot * HF_LANES + lane;
                for (int64_t k = batch->neighbour_start[atom]; k < batch->neighbour_start[atom + 1]; k++) {
                    if (batch->species[batch->neighbour[k]] != species) continue;
                    const double *d = batch->vector[k];
                    const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
                    g->r[pair] = r;
                    g->ux[pair] = d[0] / r;
                    g->uy[pair] = d[1] / r;
                    g->uz[pair] = d[2] / r;
                    g->neighbour[pair] = batch->neighbour[k];
                    pair += HF_LANES;
                }
                /* Padding has the atom itself as neighbour: a NaN must not reach another structure. */
                for (; pair < end; pair += HF_LANES)
                    g->neighbour[pair] = atom;
            }
        }
}

static int allocate_groups(hpcfit_geometry *g)
{
    g->lane_atom = allocate(g, g->n_groups * HF_LANES, sizeof(int32_t));
    g->lane_structure = allocate(g, g->n_groups * HF_LANES, sizeof(int32_t));
    g->lane_count = allocate(g, g->n_groups, sizeof(int32_t));
    g->slot_start = allocate(g, g->n_groups * g->n_species, sizeof(int64_t));
    g->slot_count = allocate(g, g->n_groups * g->n_species, sizeof(int32_t));
    g->chunk_group = allocate(g, g->n_groups + 1, sizeof(int64_t));
    g->chunk_species = allocate(g, g->n_groups, sizeof(int32_t));
    g->run_start = allocate(g, g->n_groups * (g->n_species + 1), sizeof(int64_t));
    return g->lane_atom && g->lane_structure && g->lane_count && g->slot_start && g->slot_count && g->chunk_group &&
           g->chunk_species && g->run_start;
}

static int allocate_pairs(hpcfit_geometry *g)
{
    g->r = allocate(g, g->n_slots * HF_LANES, sizeof(double));
    g->ux = allocate(g, g->n_slots * HF_LANES, sizeof(double));
    g->uy = allocate(g, g->n_slots * HF_LANES, sizeof(double));
    g->uz = allocate(g, g->n_slots * HF_LANES, sizeof(double));
    g->neighbour = allocate(g, g->n_slots * HF_LANES, sizeof(int32_t));
    return g->r && g->ux && g->uy && g->uz && g->neighbour;
}

static hpcfit_status arrange(const hpcfit_batch *batch, const atom_key *keys, int64_t most, hpcfit_geometry *g,
                             hpcfit_error *err)
{
    hpcfit_status status = HPCFIT_OUT_OF_MEMORY;
    int32_t *group_species = calloc((size_t)g->n_groups + 1, sizeof *group_species);
    if (group_species != NULL && allocate_groups(g)) {
        place_atoms(batch, keys, g, group_species);
        count_slots(batch, g);
        cut_chunks(group_species, most, g);
        place_slots(g);
        if (allocate_pairs(g)) {
            fill_pairs(batch, g);
            status = HPCFIT_OK;
        }
    }
    free(group_species);
    return status == HPCFIT_OK ? status : fail(err, status, -1, -1, "no memory for the geometry");
}

/* The geometry of a checked batch. */
static hpcfit_status new_geometry(const hpcfit_batch *batch, int64_t most, hpcfit_geometry **geometry,
                                  hpcfit_error *err)
{
    atom_key *keys = NULL;
    hpcfit_status status = sort_atoms(batch, &keys, err);
    if (status != HPCFIT_OK) return status;
    hpcfit_geometry *g = calloc(1, sizeof *g);
    if (g == NULL) {
        free(keys);
        return fail(err, HPCFIT_OUT_OF_MEMORY, -1, -1, "no memory for the geometry");
    }
    g->bytes = (int64_t)sizeof *g;
    g->n_structures = batch->n_structures;
    g->n_atoms = batch->n_atoms;
    g->n_species = batch->n_species;
    g->n_groups = count_groups(batch, keys);
    status = arrange(batch, keys, most, g, err);
    free(keys);
    if (status == HPCFIT_OK)
        *geometry = g;
    else
        hpcfit_geometry_free(g);
    return status;
}

static hpcfit_status new_half(const hpcfit_batch *batch, hpcfit_geometry **geometry, hpcfit_error *err)
{
    hf_half_batch half;
    if (!hf_half_batch_new(batch, &half)) return fail(err, HPCFIT_OUT_OF_MEMORY, -1, -1, "no memory for the pairs");
    const hpcfit_status status = new_geometry(&half.batch, HALF_CHUNK_SLOTS, geometry, err);
    hf_half_batch_free(&half);
    return status;
}

/* A copy of an array of the batch. */
static void *copied(hpcfit_geometry *g, const void *from, int64_t count, size_t size)
{
    void *memory = allocate(g, count, size);
    if (memory != NULL && count > 0) memcpy(memory, from, (size_t)count * size);
    return memory;
}

static hpcfit_status keep_positions(const hpcfit_batch *batch, hpcfit_geometry *g, hpcfit_error *err)
{
    if (batch->cell == NULL || batch->periodic == NULL || batch->position == NULL)
        return fail(err, HPCFIT_BAD_ARGUMENT, -1, -1, "a batch without cells, periodicity and positions");
    g->structure_start = copied(g, batch->structure_start, g->n_structures + 1, sizeof *g->structure_start);
    g->cell = copied(g, batch->cell, g->n_structures, sizeof *g->cell);
    g->periodic = copied(g, batch->periodic, g->n_structures, sizeof *g->periodic);
    g->position = copied(g, batch->position, g->n_atoms, sizeof *g->position);
    if (g->structure_start && g->cell && g->periodic && g->position) return HPCFIT_OK;
    return fail(err, HPCFIT_OUT_OF_MEMORY, -1, -1, "no memory for the positions");
}

hpcfit_status hpcfit_geometry_new(const hpcfit_batch *batch, int parts, hpcfit_geometry **geometry, hpcfit_error *err)
{
    *geometry = NULL;
    hpcfit_status status = check_batch(batch, err);
    if (status == HPCFIT_OK) status = new_geometry(batch, CHUNK_SLOTS, geometry, err);
    if (status == HPCFIT_OK && (parts & HPCFIT_PAIRS)) status = new_half(batch, &(*geometry)->half, err);
    if (status == HPCFIT_OK && (parts & HPCFIT_POSITIONS)) status = keep_positions(batch, *geometry, err);
    if (status == HPCFIT_OK) return status;
    hpcfit_geometry_free(*geometry);
    *geometry = NULL;
    return status;
}

void hpcfit_geometry_free(hpcfit_geometry *g)
{
    if (g == NULL) return;
    hpcfit_geometry_free(g->half);
    void *owned[] = {g->lane_atom,
                     g->lane_structure,
                     g->lane_count,
                     g->slot_start,
                     g->slot_count,
                     g->chunk_group,
                     g->chunk_species,
                     g->run_start,
                     g->r,
                     g->ux,
                     g->uy,
                     g->uz,
                     g->neighbour,
                     g->cell,
                     g->structure_start,
                     g->periodic,
                     g->position};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
        free(owned[k]);
    free(g);
}

int64_t hpcfit_geometry_bytes(const hpcfit_geometry *geometry)
{
    return geometry->bytes + (geometry->half == NULL ? 0 : geometry->half->bytes);
}
