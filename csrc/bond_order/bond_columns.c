/* The vector loops that turn bonds and third atoms into one column of results.
 *
 * An atom's energy is 1/2 sum_j [V_j - b(zeta_j) X_j] with V = A f exp(-lambda1 r) and X = B f exp(-lambda2 r). Its
 * derivative by the vector to neighbour j is
 *
 *   t_j = s_j u_j + [v_j - (u_j.v_j) u_j] / r_j
 *   s_j = 1/2 (V_j' - b X_j') + P_j dzeta_j/dr_j + sum_k P_k dzeta_k/dr_j,   P_j = -1/2 b'(zeta_j) X_j
 *   v_j = P_j sum_k dzeta_j/dcos_jk u_k + sum_k P_k dzeta_k/dcos_kj u_k
 *
 * where what comes from the bond itself starts a column, and what comes from bond k to the third atom j is added. A
 * derivative by a parameter has the same shape with other weights. */
#include "bond_order/bond_loops.h"

HF_CLONES
void hf_start_radial(int64_t n, const double *repulsion, const double *attraction, int weight, double *const *row)
{
    const double *restrict r = row[HF_ROW_R], *restrict order = row[HF_ROW_ORDER],
                           *restrict first = row[HF_ROW_ORDER_FIRST];
    const double *restrict v = row[HF_ROW_REPULSION], *restrict dv = row[HF_ROW_REPULSION_SLOPE];
    const double *restrict x = row[HF_ROW_ATTRACTION], *restrict dx = row[HF_ROW_ATTRACTION_SLOPE];
    const double *restrict stretch = row[HF_ROW_STRETCH], *restrict bx = row[HF_ROW_BEND_X];
    const double *restrict by = row[HF_ROW_BEND_Y], *restrict bz = row[HF_ROW_BEND_Z];
    double *restrict energy = row[HF_ROW_ENERGY], *restrict radial = row[HF_ROW_RADIAL], *restrict q = row[weight];
    double *restrict tx = row[HF_ROW_T_X], *restrict ty = row[HF_ROW_T_Y], *restrict tz = row[HF_ROW_T_Z];
    const double v0 = repulsion[0], v1 = repulsion[1], x0 = attraction[0], x1 = attraction[1];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double a = v0 + v1 * r[k], b = x0 + x1 * r[k], w = -0.5 * first[k] * b * x[k];
        energy[k] = 0.5 * (a * v[k] - order[k] * b * x[k]);
        radial[k] = 0.5 * (a * dv[k] + v1 * v[k] - order[k] * (b * dx[k] + x1 * x[k])) + w * stretch[k];
        q[k] = w;
        tx[k] = w * bx[k];
        ty[k] = w * by[k];
        tz[k] = w * bz[k];
    }
}

/* By ln beta, eta and delta: with c = 1 - (1 + delta) s,
 *   b_p  = -b [delta s (eta ln_beta_p + ln(beta zeta) eta_p) + ln(1 + q) delta_p]
 *   b'_p = -b s / zeta [delta (eta^2 c ln_beta_p + (1 + eta ln(beta zeta) c) eta_p) + eta (1 - delta ln(1 + q))
 * delta_p]
 */
HF_CLONES
void hf_start_order(int64_t n, const hf_bond *bond, const hf_bond_derivative *by, double *const *row)
{
    const double *restrict order = row[HF_ROW_ORDER], *restrict s = row[HF_ROW_SIGMA], *restrict ln = row[HF_ROW_LOG];
    const double *restrict sum = row[HF_ROW_LOG_SUM], *restrict per_zeta = row[HF_ROW_PER_ZETA];
    const double *restrict x = row[HF_ROW_ATTRACTION], *restrict dx = row[HF_ROW_ATTRACTION_SLOPE];
    const double *restrict stretch = row[HF_ROW_STRETCH], *restrict bend_x = row[HF_ROW_BEND_X];
    const double *restrict bend_y = row[HF_ROW_BEND_Y], *restrict bend_z = row[HF_ROW_BEND_Z];
    double *restrict energy = row[HF_ROW_ENERGY], *restrict radial = row[HF_ROW_RADIAL];
    double *restrict q = row[HF_ROW_WEIGHT_BY];
    double *restrict tx = row[HF_ROW_T_X], *restrict ty = row[HF_ROW_T_Y], *restrict tz = row[HF_ROW_T_Z];
    const double eta = bond->eta, delta = bond->delta, half = -0.5 * bond->attraction;
    const double log_beta_by = by->log_beta, eta_by = by->eta, delta_by = by->delta;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double c = 1.0 - (1.0 + delta) * s[k];
        const double b = -order[k] * (delta * s[k] * (eta * log_beta_by + ln[k] * eta_by) + sum[k] * delta_by);
        const double slope = -order[k] * s[k] * per_zeta[k] *
                             (delta * (eta * eta * c * log_beta_by + (1.0 + eta * ln[k] * c) * eta_by) +
                              eta * (1.0 - delta * sum[k]) * delta_by);
        const double w = half * slope * x[k];
        energy[k] = half * b * x[k];
        radial[k] = half * b * dx[k] + w * stretch[k];
        q[k] = w;
        tx[k] = w * bend_x[k];
        ty[k] = w * bend_y[k];
        tz[k] = w * bend_z[k];
    }
}

HF_CLONES
void hf_start_zeta(int64_t n, const hf_bond *bond, double *const *row)
{
    const double *restrict first = row[HF_ROW_ORDER_FIRST], *restrict second = row[HF_ROW_ORDER_SECOND];
    const double *restrict x = row[HF_ROW_ATTRACTION], *restrict dx = row[HF_ROW_ATTRACTION_SLOPE];
    const double *restrict weight = row[HF_ROW_WEIGHT], *restrict zeta_by = row[HF_ROW_ZETA_BY];
    const double *restrict stretch = row[HF_ROW_STRETCH], *restrict stretch_by = row[HF_ROW_STRETCH_BY];
    const double *restrict bx = row[HF_ROW_BEND_X], *restrict by = row[HF_ROW_BEND_Y],
                           *restrict bz = row[HF_ROW_BEND_Z];
    const double *restrict bx_by = row[HF_ROW_BEND_BY_X], *restrict by_by = row[HF_ROW_BEND_BY_Y];
    const double *restrict bz_by = row[HF_ROW_BEND_BY_Z];
    double *restrict energy = row[HF_ROW_ENERGY], *restrict radial = row[HF_ROW_RADIAL];
    double *restrict q = row[HF_ROW_WEIGHT_BY];
    double *restrict tx = row[HF_ROW_T_X], *restrict ty = row[HF_ROW_T_Y], *restrict tz = row[HF_ROW_T_Z];
    const double half = -0.5 * bond->attraction;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double b = half * first[k] * zeta_by[k], w = half * second[k] * zeta_by[k] * x[k], p = weight[k];
        energy[k] = b * x[k];
        radial[k] = b * dx[k] + w * stretch[k] + p * stretch_by[k];
        q[k] = w;
        tx[k] = w * bx[k] + p * bx_by[k];
        ty[k] = w * by[k] + p * by_by[k];
        tz[k] = w * bz[k] + p * bz_by[k];
    }
}

HF_CLONES
void hf_add_thirds(const hf_block *block, const double *restrict weight, const double *restrict bend,
                   const double *restrict along)
{
    const double *restrict ux = block->bond[HF_ROW_X], *restrict uy = block->bond[HF_ROW_Y];
    const double *restrict uz = block->bond[HF_ROW_Z];
    double *restrict radial = block->third[HF_ROW_RADIAL], *restrict tx = block->third[HF_ROW_T_X];
    double *restrict ty = block->third[HF_ROW_T_Y], *restrict tz = block->third[HF_ROW_T_Z];
    const int64_t n_bonds = block->n_bonds, n_thirds = block->n_thirds;
    for (int64_t k = 0; k < n_bonds; k++) {
        const int64_t row = k * n_thirds * HF_LANES;
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t at = k * HF_LANES + lane;
            const double w = weight[at], wx = w * ux[at], wy = w * uy[at], wz = w * uz[at];
            int64_t j = lane, left = n_thirds;
            do {
                radial[j] += w * along[row + j];
                tx[j] += wx * bend[row + j];
                ty[j] += wy * bend[row + j];
                tz[j] += wz * bend[row + j];
                j += HF_LANES;
            } while (--left > 0);
        }
    }
}

HF_CLONES
void hf_finish_column(int64_t n, double *const *row, double *restrict energy)
{
    const double *restrict ux = row[HF_ROW_X], *restrict uy = row[HF_ROW_Y], *restrict uz = row[HF_ROW_Z];
    const double *restrict inverse = row[HF_ROW_INVERSE], *restrict e = row[HF_ROW_ENERGY];
    const double *restrict radial = row[HF_ROW_RADIAL];
    double *restrict tx = row[HF_ROW_T_X], *restrict ty = row[HF_ROW_T_Y], *restrict tz = row[HF_ROW_T_Z];
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double sum = 0.0;
        int64_t k = lane, left = n;
        do {
            const double along = ux[k] * tx[k] + uy[k] * ty[k] + uz[k] * tz[k];
            const double s = radial[k] - along * inverse[k];
            sum += e[k];
            tx[k] = s * ux[k] + inverse[k] * tx[k];
            ty[k] = s * uy[k] + inverse[k] * ty[k];
            tz[k] = s * uz[k] + inverse[k] * tz[k];
            k += HF_LANES;
        } while (--left > 0);
        energy[lane] = sum;
    }
}
