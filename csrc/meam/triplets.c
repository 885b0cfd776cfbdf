/* Loops over triplets, eight atoms at a time. */
#include "meam/triplets.h"

HF_CLONES
void hf_fill_batch_cosines(const hf_batch *batch, const hf_bonds *bonds, double first_cutoff, double second_cutoff,
                           double *restrict cosine, double *restrict inside)
{
    const int64_t n = batch->n, *restrict first = batch->first, *restrict second = batch->second;
    const double *restrict r = bonds->r;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    for (int64_t p = 0; p < n; p++) {
        const int64_t j = first[p] * HF_LANES, k = second[p] * HF_LANES;
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double c = ux[j + lane] * ux[k + lane] + uy[j + lane] * uy[k + lane] + uz[j + lane] * uz[k + lane];
            /* Rounding must not lead out of the range in which g is known. */
            const double low = c < -1.0 ? -1.0 : c;
            cosine[p * HF_LANES + lane] = low > 1.0 ? 1.0 : low;
            inside[p * HF_LANES + lane] = (r[j + lane] < first_cutoff) & (r[k + lane] < second_cutoff) ? 1.0 : 0.0;
        }
    }
}

HF_CLONES
void hf_clear_outside(int64_t n, const double *restrict inside, double *restrict values)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        values[k] = inside[k] != 0.0 ? values[k] : 0.0;
}

HF_CLONES
void hf_add_triplets(int64_t n, const int64_t *restrict to, const int64_t *restrict from, const double *restrict f,
                     const double *restrict g, const double *restrict dg, const hf_bonds *bonds,
                     const hf_field *field)
{
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    double *restrict s = field->s, *restrict x = field->x, *restrict y = field->y, *restrict z = field->z;
    for (int64_t p = 0; p < n; p++) {
        const int64_t j = to[p] * HF_LANES, k = from[p] * HF_LANES, at = p * HF_LANES;
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double slope = f[k + lane] * dg[at + lane];
            s[j + lane] += f[k + lane] * g[at + lane];
            x[j + lane] += slope * ux[k + lane];
            y[j + lane] += slope * uy[k + lane];
            z[j + lane] += slope * uz[k + lane];
        }
    }
}

HF_CLONES
void hf_add_half(int64_t n, const double *restrict f, const double *restrict s, double *restrict sums)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        sums[k] += 0.5 * f[k] * s[k];
}

HF_CLONES
void hf_add_field_vectors(int64_t n, const double *restrict f, const double *restrict df, const hf_bonds *bonds,
                          const hf_field *field, const hf_axes *v)
{
    const double *restrict inverse = bonds->inverse;
    const double *restrict ux = bonds->ux, *restrict uy = bonds->uy, *restrict uz = bonds->uz;
    const double *restrict s = field->s, *restrict x = field->x, *restrict y = field->y, *restrict z = field->z;
    double *restrict vx = v->x, *restrict vy = v->y, *restrict vz = v->z;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double across = f[k] * inverse[k];
        const double along = df[k] * s[k] - across * (x[k] * ux[k] + y[k] * uy[k] + z[k] * uz[k]);
        vx[k] += along * ux[k] + across * x[k];
        vy[k] += along * uy[k] + across * y[k];
        vz[k] += along * uz[k] + across * z[k];
    }
}

HF_CLONES
void hf_weigh_slots(int64_t n_slots, const double *restrict a, const double *restrict v, double *restrict t)
{
    for (int64_t slot = 0; slot < n_slots; slot++)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            t[slot * HF_LANES + lane] = a[lane] * v[slot * HF_LANES + lane];
}
