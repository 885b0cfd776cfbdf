/* The functions of the environment-dependent potential of one variable, distance or coordination, and their
 * derivatives by parameters, for eight atoms at a time. */
#include "edip/edip_sums.h"

/* How far a pair is between the inner and the outer cut-off, 0 to 1, NaN for a NaN; and 1 less its cube, without
 * cancellation. */
static inline double between(double r, double outer, double inner)
{
    return r <= inner || r >= outer ? 0.0 : (r - inner) / (outer - inner);
}

static inline double cubic_gap(double x, double r, double outer, double inner)
{
    return x > 0.0 ? (outer - r) / (outer - inner) * (1.0 + x + x * x) : 1.0;
}

HF_CLONES
void hf_edip_functions(int64_t n, const double *restrict r, const hf_edip_pair *p, double *const *arrays)
{
    double *restrict f = arrays[HF_EDIP_F], *restrict df = arrays[HF_EDIP_DF];
    double *restrict power = arrays[HF_EDIP_POWER], *restrict dpower = arrays[HF_EDIP_DPOWER];
    double *restrict decay = arrays[HF_EDIP_DECAY], *restrict ddecay = arrays[HF_EDIP_DDECAY];
    double *restrict g = arrays[HF_EDIP_G], *restrict dg = arrays[HF_EDIP_DG];
    double *restrict inverse = arrays[HF_EDIP_INVERSE];
    const double outer = p->outer, inner = p->inner, width = 1.0 / (outer - inner);
    const double alpha = p->alpha, gamma = p->gamma, rho = p->rho, sigma = p->sigma, b = p->b;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = between(r[k], outer, inner), gap = 1.0 / cubic_gap(x, r[k], outer, inner);
        const double w = r[k] < outer ? 1.0 / (r[k] - outer) : 0.0, w2 = w * w, ik = 1.0 / r[k];
        const double fk = r[k] < outer ? exp(-alpha * x * x * x * gap) : 0.0;
        const double ck = r[k] < outer ? exp(sigma * w) : 0.0;
        const double pk = r[k] < outer ? exp(rho * log(b * ik) + sigma * w) : 0.0;
        const double gk = r[k] < outer ? exp(gamma * w) : 0.0;
        f[k] = fk;
        df[k] = x > 0.0 ? -3.0 * alpha * width * (x * gap) * (x * gap) * fk : 0.0;
        decay[k] = ck;
        ddecay[k] = -sigma * w2 * ck;
        power[k] = pk;
        dpower[k] = -(rho * ik + sigma * w2) * pk;
        g[k] = gk;
        dg[k] = -gamma * w2 * gk;
        inverse[k] = ik;
    }
}

/* With m = x^3 / (1 - x^3): f = exp(-alpha m), m' = 3 x^2 / (1 - x^3)^2. */
HF_CLONES
void hf_edip_by_alpha(int64_t n, const double *restrict r, const hf_edip_pair *p, const double *restrict f,
                      double *restrict by, double *restrict dby)
{
    const double outer = p->outer, inner = p->inner, alpha = p->alpha, width = 1.0 / (outer - inner);
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = between(r[k], outer, inner), gap = 1.0 / cubic_gap(x, r[k], outer, inner);
        const double m = x * x * x * gap, m1 = 3.0 * (x * gap) * (x * gap), fk = f[k];
        by[k] = (x > 0.0 ? -m : 0.0) * fk;
        dby[k] = (x > 0.0 ? (alpha * m - 1.0) * m1 * width : 0.0) * fk;
    }
}

/* dx/dc = (x - 1) width; m'' = 6 x (1 + 2 x^3) / (1 - x^3)^3. */
HF_CLONES
void hf_edip_by_inner(int64_t n, const double *restrict r, const hf_edip_pair *p, const double *restrict f,
                      double *restrict by, double *restrict dby)
{
    const double outer = p->outer, inner = p->inner, alpha = p->alpha, width = 1.0 / (outer - inner);
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double x = between(r[k], outer, inner), gap = 1.0 / cubic_gap(x, r[k], outer, inner);
        const double m1 = 3.0 * (x * gap) * (x * gap), fk = f[k];
        const double m2 = 6.0 * x * (1.0 + 2.0 * x * x * x) * gap * gap * gap, move = (r[k] - outer) * width;
        by[k] = (x > 0.0 ? -alpha * m1 * move * width : 0.0) * fk;
        dby[k] = (x > 0.0 ? -alpha * width * width * ((m2 - alpha * m1 * m1) * move + m1) : 0.0) * fk;
    }
}

HF_CLONES
void hf_edip_by_rho(int64_t n, const double *restrict r, const hf_edip_pair *p, const double *restrict h,
                    const double *restrict dh, double *restrict by, double *restrict dby)
{
    const double b = p->b;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double inverse = 1.0 / r[k], l = log(b * inverse);
        by[k] = l * h[k];
        dby[k] = l * dh[k] - inverse * h[k];
    }
}

HF_CLONES
void hf_edip_by_decay(int64_t n, const double *restrict r, const hf_edip_pair *p, const double *restrict h,
                      const double *restrict dh, double *restrict by, double *restrict dby)
{
    const double outer = p->outer;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double w = r[k] < outer ? 1.0 / (r[k] - outer) : 0.0;
        by[k] = w * h[k];
        dby[k] = w * (dh[k] - w * h[k]);
    }
}

HF_CLONES
void hf_edip_attraction_at(const hf_edip_pair *p, const double *restrict z, hf_edip_attraction *restrict attraction)
{
    const double a = p->a, beta = p->beta;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double bz = beta * z[lane], decay = exp(-bz * z[lane]);
        attraction->decay[lane] = decay;
        attraction->factor[lane] = -a * decay;
        attraction->by_z[lane] = 2.0 * bz * a * decay;
        attraction->by_zz[lane] = (2.0 * beta - 4.0 * bz * bz) * a * decay;
    }
}

HF_CLONES
void hf_edip_angle_at(const hf_edip_triplet *p, const double *restrict z, hf_edip_angle *restrict angle)
{
    const double q0 = p->q0, mu = p->mu, u1 = p->u1, u2 = p->u2, u3 = p->u3, u4 = p->u4;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double v = exp(-u4 * z[lane]);
        angle->q[lane] = q0 * exp(-mu * z[lane]);
        angle->v[lane] = v;
        angle->tau[lane] = u1 + u2 * (u3 - v) * v;
        angle->tau_z[lane] = -u4 * u2 * (u3 - 2.0 * v) * v;
        angle->tau_zz[lane] = u4 * u4 * u2 * (u3 - 4.0 * v) * v;
    }
}

HF_CLONES
void hf_edip_by_u2(const hf_edip_triplet *p, const double *restrict v, double *restrict change, double *restrict by_z)
{
    const double u3 = p->u3, u4 = p->u4;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        change[lane] = (u3 - v[lane]) * v[lane];
        by_z[lane] = -u4 * (u3 - 2.0 * v[lane]) * v[lane];
    }
}

HF_CLONES
void hf_edip_by_u3(const hf_edip_triplet *p, const double *restrict v, double *restrict change, double *restrict by_z)
{
    const double u2 = p->u2, u4 = p->u4;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        change[lane] = u2 * v[lane];
        by_z[lane] = -u4 * u2 * v[lane];
    }
}

HF_CLONES
void hf_edip_by_u4(const hf_edip_triplet *p, const double *restrict z, const double *restrict v,
                   double *restrict change, double *restrict by_z)
{
    const double u2 = p->u2, u3 = p->u3, u4 = p->u4;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double vk = v[lane], z4 = u4 * z[lane];
        change[lane] = -u2 * z[lane] * (u3 - 2.0 * vk) * vk;
        by_z[lane] = -u2 * (u3 * (1.0 - z4) - 2.0 * vk * (1.0 - 2.0 * z4)) * vk;
    }
}
