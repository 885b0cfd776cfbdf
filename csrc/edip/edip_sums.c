/* The angular function, and sums over pairs and triplets, for eight atoms at a time. */
#include "edip/edip_sums.h"

HF_CLONES
void hf_edip_add_sum(int64_t n_slots, const double *restrict x, double *restrict total)
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double sum = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            sum += x[k];
            k += HF_LANES;
        } while (--left > 0);
        total[lane] += sum;
    }
}

HF_CLONES
void hf_edip_add_product(int64_t n_slots, const double *restrict x, const double *restrict y, double *restrict total)
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double sum = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            sum += x[k] * y[k];
            k += HF_LANES;
        } while (--left > 0);
        total[lane] += sum;
    }
}

/* The first neighbour of the second species that makes triplets with neighbour j of the first, and their number. */
static inline int64_t first_slot(const hf_edip_range *range, int64_t j)
{
    return range->same ? j + 1 : 0;
}

static inline int64_t n_slots_after(const hf_edip_range *range, int64_t j)
{
    return range->n_second - first_slot(range, j);
}

HF_CLONES
void hf_edip_arms(const hf_edip_range *range, const double *restrict tau, const hf_bonds *bonds, double *restrict arm)
{
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    for (int64_t j = 0, at = 0; j < range->n_first && n_slots_after(range, j) > 0; j++) {
        const int64_t first = first_slot(range, j), count = n_slots_after(range, j);
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t own = j * HF_LANES + lane;
            int64_t k = range->there_in_geometry + first * HF_LANES + lane, t = at + lane, left = count;
            do {
                arm[t] = ux[own] * ux[k] + uy[own] * uy[k] + uz[own] * uz[k] + tau[lane];
                k += HF_LANES;
                t += HF_LANES;
            } while (--left > 0);
        }
        at += count * HF_LANES;
    }
}

HF_CLONES
void hf_edip_angular(int64_t n_slots, const double *restrict q, double eta, const double *restrict arm,
                     double *restrict decay, double *restrict h, double *restrict dh)
{
    for (int64_t t = 0; t < n_slots * HF_LANES; t += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double qa = q[lane] * arm[t + lane], x = qa * arm[t + lane], e = exp(-x);
            decay[t + lane] = e;
            h[t + lane] = 1.0 - e + eta * x;
            dh[t + lane] = 2.0 * qa * (e + eta);
        }
}

HF_CLONES
static void angular_by_eta(int64_t n_slots, const double *restrict q, const double *restrict arm, double *restrict h,
                           double *restrict dh)
{
    for (int64_t t = 0; t < n_slots * HF_LANES; t += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double qa = q[lane] * arm[t + lane];
            h[t + lane] = qa * arm[t + lane];
            dh[t + lane] = 2.0 * qa;
        }
}

HF_CLONES
static void angular_by_log_q(int64_t n_slots, const double *restrict q, double eta, const double *restrict arm,
                             const double *restrict decay, double *restrict h, double *restrict dh)
{
    for (int64_t t = 0; t < n_slots * HF_LANES; t += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double qa = q[lane] * arm[t + lane], x = qa * arm[t + lane], e = decay[t + lane];
            h[t + lane] = x * (e + eta);
            dh[t + lane] = 2.0 * qa * (e + eta - x * e);
        }
}

HF_CLONES
static void angular_by_tau(int64_t n_slots, const double *restrict q, double eta, const double *restrict arm,
                           const double *restrict decay, double *restrict h, double *restrict dh)
{
    for (int64_t t = 0; t < n_slots * HF_LANES; t += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double qa = q[lane] * arm[t + lane], x = qa * arm[t + lane], e = decay[t + lane];
            h[t + lane] = 2.0 * qa * (e + eta);
            dh[t + lane] = 2.0 * q[lane] * (e + eta - 2.0 * x * e);
        }
}

void hf_edip_angular_by(int field, int64_t n_slots, const double *q, double eta, const double *arm,
                        const double *decay, double *h, double *dh)
{
    if (field == HF_EDIP_BY_ETA)
        angular_by_eta(n_slots, q, arm, h, dh);
    else if (field == HF_EDIP_BY_LOG_Q)
        angular_by_log_q(n_slots, q, eta, arm, decay, h, dh);
    else
        angular_by_tau(n_slots, q, eta, arm, decay, h, dh);
}

/* The triplets of neighbour j of the first species, whose arrays begin at `at`. */
HF_CLONES
static void add_row(const hf_edip_range *range, int64_t j, int64_t at, const hf_edip_triplet_arrays *arrays,
                    const hf_bonds *bonds, const hf_edip_field *field, double *restrict slope,
                    double *restrict moment)
{
    const double *restrict h = arrays->h + at, *restrict dh = arrays->dh + at, *restrict arm = arrays->arm + at;
    const double *restrict w_first = arrays->first_weight, *restrict w_second = arrays->second_weight;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict c = field->c, *restrict x = field->x, *restrict y = field->y, *restrict z = field->z;
    const int64_t own = j * HF_LANES, first = first_slot(range, j) * HF_LANES, count = n_slots_after(range, j);
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double w = w_first[own + lane], ox = ux[own + lane], oy = uy[own + lane], oz = uz[own + lane];
        double sum = 0.0, sx = 0.0, sy = 0.0, sz = 0.0, slopes = 0.0, moments = 0.0;
        int64_t u = range->there_in_geometry + first + lane, f = range->there + first + lane, v = first + lane,
                t = lane;
        int64_t left = count;
        do {
            const double there = w_second[v] * dh[t], here = w * dh[t];
            sum += w_second[v] * h[t];
            sx += there * ux[u];
            sy += there * uy[u];
            sz += there * uz[u];
            slopes += there;
            moments += there * arm[t];
            c[f] += w * h[t];
            x[f] += here * ox;
            y[f] += here * oy;
            z[f] += here * oz;
            u += HF_LANES;
            f += HF_LANES;
            v += HF_LANES;
            t += HF_LANES;
        } while (--left > 0);
        c[own + lane] += sum;
        x[own + lane] += sx;
        y[own + lane] += sy;
        z[own + lane] += sz;
        slope[lane] += w * slopes;
        moment[lane] += w * moments;
    }
}

void hf_edip_add_triplets(const hf_edip_range *range, const hf_edip_triplet_arrays *arrays, const hf_bonds *bonds,
                          hf_edip_field field, double *slope, double *moment)
{
    for (int64_t j = 0, at = 0; j < range->n_first && n_slots_after(range, j) > 0; j++) {
        add_row(range, j, at, arrays, bonds, &field, slope, moment);
        at += n_slots_after(range, j) * HF_LANES;
    }
}

HF_CLONES
void hf_edip_set_slots(int64_t n_slots, const double *restrict slope, const double *restrict by_z,
                       const double *restrict df, const hf_bonds *bonds, const hf_axes *t)
{
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double along = slope[k + lane] + by_z[lane] * df[k + lane];
            tx[k + lane] = along * ux[k + lane];
            ty[k + lane] = along * uy[k + lane];
            tz[k + lane] = along * uz[k + lane];
        }
}

HF_CLONES
void hf_edip_set_slots_by_z(int64_t n_slots, const double *restrict by_z, const double *restrict df,
                            const hf_bonds *bonds, const hf_axes *t)
{
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double along = by_z[lane] * df[k + lane];
            tx[k + lane] = along * ux[k + lane];
            ty[k + lane] = along * uy[k + lane];
            tz[k + lane] = along * uz[k + lane];
        }
}

HF_CLONES
void hf_edip_add_scaled(int64_t n_slots, const double *restrict factor, int64_t stride, const double *restrict v,
                        double *restrict t)
{
    for (int axis = 0; axis < 3; axis++)
        for (int64_t k = axis * stride; k < axis * stride + n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
            for (int lane = 0; lane < HF_LANES; lane++)
                t[k + lane] += factor[lane] * v[k + lane];
}

HF_CLONES
void hf_edip_set_field_vectors(int64_t n_slots, hf_edip_field field, const double *restrict g,
                               const double *restrict dg, const hf_bonds *bonds, const hf_axes *v)
{
    const double *restrict c = field.c, *restrict x = field.x, *restrict y = field.y, *restrict z = field.z;
    const double *restrict inverse = bonds->inverse;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict vx = v->x, *restrict vy = v->y, *restrict vz = v->z;
    const int64_t n = n_slots * HF_LANES;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double across = g[k] * inverse[k];
        const double along = dg[k] * c[k] - across * (x[k] * ux[k] + y[k] * uy[k] + z[k] * uz[k]);
        vx[k] = along * ux[k] + across * x[k];
        vy[k] = along * uy[k] + across * y[k];
        vz[k] = along * uz[k] + across * z[k];
    }
}

HF_CLONES
void hf_edip_add_vectors(int64_t n_slots, const double *restrict factor, hf_edip_field field,
                         const double *restrict g, const double *restrict dg, const hf_bonds *bonds, const hf_axes *t)
{
    const double *restrict c = field.c, *restrict x = field.x, *restrict y = field.y, *restrict z = field.z;
    const double *restrict inverse = bonds->inverse;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict tx = t->x, *restrict ty = t->y, *restrict tz = t->z;
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t m = k + lane;
            const double across = factor[lane] * g[m] * inverse[m];
            const double along = factor[lane] * dg[m] * c[m] - across * (x[m] * ux[m] + y[m] * uy[m] + z[m] * uz[m]);
            tx[m] += along * ux[m] + across * x[m];
            ty[m] += along * uy[m] + across * y[m];
            tz[m] += along * uz[m] + across * z[m];
        }
}

HF_CLONES
void hf_edip_add_slopes(int64_t n_slots, const double *restrict factor, const double *restrict dh,
                        double *restrict slope)
{
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            slope[k + lane] += factor[lane] * dh[k + lane];
}
