/* Sums over the neighbours of eight atoms at a time. */
#include "core/moments.h"

#include <string.h>

HF_CLONES
void hf_sum_moments(int64_t n_slots, const double *restrict g, const double *restrict ux, const double *restrict uy,
                    const double *restrict uz, double (*restrict m)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double s = 0.0, x = 0.0, y = 0.0, z = 0.0, xx = 0.0, yy = 0.0, zz = 0.0, yz = 0.0, xz = 0.0, xy = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            const double gx = g[k] * ux[k], gy = g[k] * uy[k], gz = g[k] * uz[k];
            s += g[k];
            x += gx;
            y += gy;
            z += gz;
            xx += gx * ux[k];
            yy += gy * uy[k];
            zz += gz * uz[k];
            yz += gy * uz[k];
            xz += gx * uz[k];
            xy += gx * uy[k];
            k += HF_LANES;
        } while (--left > 0);
        m[HF_M_S][lane] = s;
        m[HF_M_X][lane] = x;
        m[HF_M_Y][lane] = y;
        m[HF_M_Z][lane] = z;
        m[HF_M_XX][lane] = xx;
        m[HF_M_YY][lane] = yy;
        m[HF_M_ZZ][lane] = zz;
        m[HF_M_YZ][lane] = yz;
        m[HF_M_XZ][lane] = xz;
        m[HF_M_XY][lane] = xy;
    }
}

HF_CLONES
void hf_add_field(double (*restrict field)[HF_LANES], const double (*restrict m)[HF_LANES], double s, double d,
                  double q)
{
    const double factor[HF_N_MOMENTS] = {s, d, d, d, q, q, q, q, q, q};
    for (int c = 0; c < HF_N_MOMENTS; c++)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            field[c][lane] += factor[c] * m[c][lane];
}

void hf_part_moments(const hpcfit_geometry *geometry, int64_t chunk, int64_t group, int64_t species, const double *g,
                     hf_moments m)
{
    const hf_part p = hf_part_of(geometry, chunk, group, species);
    const double *ux = geometry->ux + p.pair, *uy = geometry->uy + p.pair, *uz = geometry->uz + p.pair;
    memset(m, 0, sizeof(hf_moments));
    if (p.n_slots > 0) hf_sum_moments(p.n_slots, g + p.local, ux, uy, uz, m);
}

void hf_add_pair_fields(const hf_moments *m, hf_moments *field, int64_t b, int64_t c, double s, double d, double q)
{
    hf_add_field(field[b], m[c], s, d, q);
    if (b != c) hf_add_field(field[c], m[b], s, d, q);
}

HF_CLONES
void hf_add_moment_energy(double factor, const double (*restrict m)[HF_LANES],
                          const double (*restrict field)[HF_LANES], double *restrict energy)
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double scalar = m[HF_M_S][lane] * field[HF_M_S][lane];
        const double vector = m[HF_M_X][lane] * field[HF_M_X][lane] + m[HF_M_Y][lane] * field[HF_M_Y][lane] +
                              m[HF_M_Z][lane] * field[HF_M_Z][lane];
        const double diagonal = m[HF_M_XX][lane] * field[HF_M_XX][lane] + m[HF_M_YY][lane] * field[HF_M_YY][lane] +
                                m[HF_M_ZZ][lane] * field[HF_M_ZZ][lane];
        const double across = m[HF_M_YZ][lane] * field[HF_M_YZ][lane] + m[HF_M_XZ][lane] * field[HF_M_XZ][lane] +
                              m[HF_M_XY][lane] * field[HF_M_XY][lane];
        energy[lane] += factor * (scalar - 2.0 * vector + diagonal + 2.0 * across);
    }
}

HF_CLONES
void hf_add_moment_vectors(int64_t n_slots, const double (*restrict field)[HF_LANES], const double *restrict g,
                           const double *restrict dg, const hf_bonds *bonds, const hf_axes *t)
{
    const double *restrict inverse = bonds->inverse;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double s = field[HF_M_S][lane], dx = field[HF_M_X][lane], dy = field[HF_M_Y][lane],
                     dz = field[HF_M_Z][lane];
        const double xx = field[HF_M_XX][lane], yy = field[HF_M_YY][lane], zz = field[HF_M_ZZ][lane];
        const double yz = field[HF_M_YZ][lane], xz = field[HF_M_XZ][lane], xy = field[HF_M_XY][lane];
        int64_t k = lane, left = n_slots;
        do {
            const double x = ux[k], y = uy[k], z = uz[k];
            const double ax = xx * x + xy * y + xz * z, ay = xy * x + yy * y + yz * z, az = xz * x + yz * y + zz * z;
            const double ua = x * ax + y * ay + z * az, ud = x * dx + y * dy + z * dz;
            const double across = 2.0 * g[k] * inverse[k];
            const double along = (ua - 2.0 * ud + s) * dg[k] - across * (ua - ud);
            tx[k] += along * x + across * (ax - dx);
            ty[k] += along * y + across * (ay - dy);
            tz[k] += along * z + across * (az - dz);
            k += HF_LANES;
        } while (--left > 0);
    }
}

HF_CLONES
static void sum_vectors(int64_t n_slots, const hf_axes *t, double (*restrict sum)[HF_LANES])
{
    const double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double x = 0.0, y = 0.0, z = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            x += tx[k];
            y += ty[k];
            z += tz[k];
            k += HF_LANES;
        } while (--left > 0);
        sum[0][lane] = x;
        sum[1][lane] = y;
        sum[2][lane] = z;
    }
}

HF_CLONES
static void sum_virial(int64_t n_slots, const hf_bonds *bonds, const hf_axes *t, double (*restrict sum)[HF_LANES])
{
    const double *restrict r = bonds->r;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    const double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double xx = 0.0, yy = 0.0, zz = 0.0, yz = 0.0, xz = 0.0, xy = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            const double x = r[k] * ux[k], y = r[k] * uy[k], z = r[k] * uz[k];
            xx -= x * tx[k];
            yy -= y * ty[k];
            zz -= z * tz[k];
            yz -= 0.5 * (y * tz[k] + z * ty[k]);
            xz -= 0.5 * (x * tz[k] + z * tx[k]);
            xy -= 0.5 * (x * ty[k] + y * tx[k]);
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

void hf_add_vectors(const hpcfit_geometry *g, int64_t group, int64_t n_slots, const hf_bonds *bonds, const hf_axes *t,
                    const hpcfit_output *column)
{
    double sum[6][HF_LANES];
    sum_vectors(n_slots, t, sum);
    hf_add_group_forces(g, group, sum, column);
    /* Copied out of the structs: the compiler would load them again after every store. */
    const int32_t *neighbour = bonds->neighbour;
    const double *tx = t->x, *ty = t->y, *tz = t->z;
    double (*forces)[3] = column->forces;
    for (int64_t k = 0; k < n_slots * HF_LANES; k++) {
        double *force = forces[neighbour[k]];
        force[0] -= tx[k];
        force[1] -= ty[k];
        force[2] -= tz[k];
    }
    if (column->virials == NULL) return;
    sum_virial(n_slots, bonds, t, sum);
    hf_add_group_virial(g, group, sum, column);
}

void hf_add_vector_forces(const hpcfit_geometry *g, int64_t group, int64_t species, const hf_axes *t,
                          const hpcfit_output *column)
{
    const hf_bonds bonds = hf_bonds_at(g, g->slot_start[group * g->n_species + species] * HF_LANES, NULL);
    const int64_t n_slots = g->slot_count[group * g->n_species + species];
    if (n_slots > 0) hf_add_vectors(g, group, n_slots, &bonds, t, column);
}
