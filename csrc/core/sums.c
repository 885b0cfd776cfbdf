/* The layout of scratch space, columns of the output, and sums over the pairs of a group that are added to them. */
#include "core/internal.h"

int64_t hf_lay_out(int64_t n, const hf_array *plan, double *scratch, int64_t used)
{
    for (int64_t k = 0; k < n; k++) {
        *plan[k].array = scratch == NULL ? NULL : scratch + used;
        used += plan[k].length;
    }
    return used;
}

HF_CLONES
void hf_invert(int64_t n, const double *restrict r, double *restrict inverse)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        inverse[k] = 1.0 / r[k];
}

hpcfit_output hf_column(const hpcfit_output *output, int64_t column)
{
    const int64_t shift = column * output->stride;
    return (hpcfit_output){.stride = output->stride,
                           .energies = output->energies + shift,
                           .forces = (double (*)[3])(output->forces[0] + shift),
                           .virials = output->virials ? (double (*)[6])(output->virials[0] + shift) : NULL};
}

/* Sums over the slots of a group, at least one, lane by lane. The inner loop counts down: gcc vectorises the outer
 * one only where it sees that the count is the same for all lanes. */
HF_CLONES
static void sum_radial(int64_t n_slots, const double *restrict phi, const double *restrict dphi,
                       const double *restrict ux, const double *restrict uy, const double *restrict uz,
                       double (*restrict sum)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double e = 0.0, x = 0.0, y = 0.0, z = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            e += phi[k];
            x += dphi[k] * ux[k];
            y += dphi[k] * uy[k];
            z += dphi[k] * uz[k];
            k += HF_LANES;
        } while (--left > 0);
        sum[0][lane] = 0.5 * e;
        sum[1][lane] = x;
        sum[2][lane] = y;
        sum[3][lane] = z;
    }
}

HF_CLONES
static void sum_radial_virial(int64_t n_slots, double share, const double *restrict dphi, const double *restrict r,
                              const double *restrict ux, const double *restrict uy, const double *restrict uz,
                              double (*restrict sum)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double xx = 0.0, yy = 0.0, zz = 0.0, yz = 0.0, xz = 0.0, xy = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            const double w = -share * r[k] * dphi[k];
            xx += w * ux[k] * ux[k];
            yy += w * uy[k] * uy[k];
            zz += w * uz[k] * uz[k];
            yz += w * uy[k] * uz[k];
            xz += w * ux[k] * uz[k];
            xy += w * ux[k] * uy[k];
            k += HF_LANES;
        } while (--left > 0);
        sum[0][lane] = xx;
        sum[1][lane] = yy;
        sum[2][lane] = zz;
        sum[3][lane] = yz;
        sum[4][lane] = xz;
        sum[5][lane] = xy;
    }
}

/* Adds the values of a group's atoms to those of their structures, which lie `stride` apart. Neighbouring lanes of
 * one structure are added up first: a chain through memory is slow. */
static void add_lanes(const int32_t *structure, const double *values, double *target, int64_t stride)
{
    double sum = values[0];
    for (int lane = 1; lane < HF_LANES; lane++) {
        if (structure[lane] != structure[lane - 1]) {
            target[structure[lane - 1] * stride] += sum;
            sum = 0.0;
        }
        sum += values[lane];
    }
    target[structure[HF_LANES - 1] * stride] += sum;
}

void hf_add_group_energy(const hpcfit_geometry *g, int64_t group, const double *energy, const hpcfit_output *column)
{
    add_lanes(g->lane_structure + group * HF_LANES, energy, column->energies, 1);
}

void hf_add_group_forces(const hpcfit_geometry *g, int64_t group, const double (*force)[HF_LANES],
                         const hpcfit_output *column)
{
    const int32_t *atom = g->lane_atom + group * HF_LANES;
    for (int lane = 0; lane < HF_LANES; lane++)
        for (int axis = 0; axis < 3; axis++)
            column->forces[atom[lane]][axis] += force[axis][lane];
}

void hf_add_group_virial(const hpcfit_geometry *g, int64_t group, const double (*virial)[HF_LANES],
                         const hpcfit_output *column)
{
    const int32_t *structure = g->lane_structure + group * HF_LANES;
    for (int v = 0; v < 6; v++)
        add_lanes(structure, virial[v], column->virials[0] + v, 6);
}

void hf_add_group_radial(const hpcfit_geometry *g, int64_t group, int64_t n_slots, int64_t pair, double share,
                         const double *dphi, const double (*force)[HF_LANES], const hpcfit_output *column)
{
    double virial[6][HF_LANES];
    hf_add_group_forces(g, group, force, column);
    if (column->virials == NULL) return;
    sum_radial_virial(n_slots, share, dphi, g->r + pair, g->ux + pair, g->uy + pair, g->uz + pair, virial);
    hf_add_group_virial(g, group, (const double (*)[HF_LANES])virial, column);
}

void hf_add_radial(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *phi, const double *dphi,
                   const hpcfit_output *column)
{
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t start = g->slot_start[group * g->n_species + species], k = start * HF_LANES;
        const int64_t n_slots = g->slot_count[group * g->n_species + species], local = (start - first) * HF_LANES;
        double sum[4][HF_LANES];
        if (n_slots == 0) continue;
        sum_radial(n_slots, phi + local, dphi + local, g->ux + k, g->uy + k, g->uz + k, sum);
        hf_add_group_energy(g, group, sum[0], column);
        hf_add_group_radial(g, group, n_slots, k, 0.5, dphi + local, (const double (*)[HF_LANES])(sum + 1), column);
    }
}
