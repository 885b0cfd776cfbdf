/* Every pair once: functions of the distance are computed for one of the two atoms and act on both. */
#include "core/half.h"

#include <stdlib.h>
#include <string.h>

/* Which of an atom's two views of a pair with its own image counts. */
static int points_up(const double *d)
{
    if (d[2] != 0.0) return d[2] > 0.0;
    return d[1] != 0.0 ? d[1] > 0.0 : d[0] > 0.0;
}

/* Gives every pair to that of its atoms which has fewer so far, so that all have nearly the same number; counts them
 * [n_atoms], and lists them where `half` has room for them. */
static void share_pairs(const hpcfit_batch *batch, int64_t *count, const hf_half_batch *half)
{
    memset(count, 0, (size_t)batch->n_atoms * sizeof *count);
    for (int64_t i = 0; i < batch->n_atoms; i++)
        for (int64_t k = batch->neighbour_start[i]; k < batch->neighbour_start[i + 1]; k++) {
            const int64_t j = batch->neighbour[k];
            if (j < i || (j == i && !points_up(batch->vector[k]))) continue;
            const int64_t owner = count[i] <= count[j] ? i : j;
            const int64_t place = half->start == NULL ? -1 : half->start[owner] + count[owner];
            count[owner]++;
            if (place < 0) continue;
            half->neighbour[place] = (int32_t)(owner == i ? j : i);
            for (int axis = 0; axis < 3; axis++)
                half->vector[place][axis] = owner == i ? batch->vector[k][axis] : -batch->vector[k][axis];
        }
}

int hf_half_batch_new(const hpcfit_batch *batch, hf_half_batch *half)
{
    const size_t n_atoms = (size_t)batch->n_atoms, most = (size_t)batch->neighbour_start[batch->n_atoms];
    int64_t *count = calloc(n_atoms + 1, sizeof *count), *start = calloc(n_atoms + 1, sizeof *start);
    *half = (hf_half_batch){.neighbour = malloc((most + 1) * sizeof *half->neighbour),
                            .vector = malloc((most + 1) * sizeof *half->vector)};
    if (count == NULL || start == NULL || half->neighbour == NULL || half->vector == NULL) {
        free(count);
        free(start);
        hf_half_batch_free(half);
        return 0;
    }
    share_pairs(batch, count, half);
    for (int64_t i = 0; i < batch->n_atoms; i++)
        start[i + 1] = start[i] + count[i];
    half->start = start;
    share_pairs(batch, count, half);
    free(count);
    half->batch = *batch;
    half->batch.neighbour_start = half->start;
    half->batch.neighbour = half->neighbour;
    half->batch.vector = (const double (*)[3])half->vector;
    return 1;
}

void hf_half_batch_free(hf_half_batch *half)
{
    free(half->start);
    free(half->neighbour);
    free(half->vector);
}

/* Adds up dphi u over the slots of a group, and takes it from the neighbours. */
HF_CLONES
static void share_forces(int64_t n_slots, const double *dphi, const double *ux, const double *uy, const double *uz,
                         const int32_t *neighbour, double (*force)[HF_LANES], double (*forces)[3])
{
    hf_eight sum[3] = {{0.0}};
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
        hf_share_slot((const hf_eight *)(dphi + k), ux + k, uy + k, uz + k, neighbour + k, sum, forces);
    memcpy(force, sum, sizeof sum);
}

HF_CLONES
static void sum_slots(int64_t n_slots, const double *restrict values, double *restrict sum)
{
    /* Two sums, that of the odd slots apart, wait half as long for each other. */
    double odd[HF_LANES] = {0.0};
    for (int64_t slot = 0; slot + 1 < n_slots; slot += 2)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            sum[lane] += values[slot * HF_LANES + lane];
            odd[lane] += values[(slot + 1) * HF_LANES + lane];
        }
    if (n_slots % 2 == 1)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            sum[lane] += values[(n_slots - 1) * HF_LANES + lane];
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++)
        sum[lane] += odd[lane];
}

void hf_add_pair_energies(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *phi,
                          const hpcfit_output *column)
{
    for (int64_t group = half->chunk_group[chunk]; group < half->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, chunk, group, species);
        const int64_t local = p.pair - half->run_start[chunk * (half->n_species + 1) + species] * HF_LANES;
        double energy[HF_LANES] = {0.0};
        sum_slots(p.n_slots, phi + local, energy);
        hf_add_group_energy(half, group, energy, column);
    }
}

void hf_add_pairs(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *phi, const double *dphi,
                  const hpcfit_output *column)
{
    if (phi != NULL) hf_add_pair_energies(half, chunk, species, phi, column);
    for (int64_t group = half->chunk_group[chunk]; group < half->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, chunk, group, species);
        const int64_t local = p.pair - half->run_start[chunk * (half->n_species + 1) + species] * HF_LANES;
        double force[3][HF_LANES];
        if (p.n_slots == 0) continue;
        share_forces(p.n_slots, dphi + local, half->ux + p.pair, half->uy + p.pair, half->uz + p.pair,
                     half->neighbour + p.pair, force, column->forces);
        hf_add_group_radial(half, group, p.n_slots, p.pair, 1.0, dphi + local, (const double (*)[HF_LANES])force,
                            column);
    }
}

/* Adds a value to the neighbour of each pair of a group. */
HF_CLONES
static void add_to_neighbours(int64_t n_slots, const double *values, const int32_t *neighbour, double *atoms)
{
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
        for (int lane = 0; lane < HF_LANES; lane++)
            atoms[neighbour[k + lane]] += values[k + lane];
}

void hf_share_values(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *own,
                     const double *other, double *atoms)
{
    for (int64_t group = half->chunk_group[chunk]; group < half->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, chunk, group, species);
        const int64_t local = p.pair - half->run_start[chunk * (half->n_species + 1) + species] * HF_LANES;
        double sum[HF_LANES] = {0.0};
        if (other != NULL) add_to_neighbours(p.n_slots, other + local, half->neighbour + p.pair, atoms);
        if (own == NULL) continue;
        sum_slots(p.n_slots, own + local, sum);
        for (int lane = 0; lane < half->lane_count[group]; lane++)
            atoms[half->lane_atom[group * HF_LANES + lane]] += sum[lane];
    }
}
