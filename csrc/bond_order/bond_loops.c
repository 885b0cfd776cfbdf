/* The vector loops of bond-order potentials; formulas in bond_order.h. */
#include "bond_order/bond_loops.h"

#include <string.h>

/* Below this, q = (beta zeta)^eta and all its derivatives vanish beside 1 for every sensible exponent, while the
 * powers of zeta in the derivatives of b do not overflow yet. A negative zeta counts as none, as in LAMMPS. */
static const double no_zeta = 1e-100;

static const double half_pi = 1.57079632679489661923;

HF_CLONES
static int any_closer(const double *r, double reach)
{
    int any = 0;
    for (int lane = 0; lane < HF_LANES; lane++)
        any |= r[lane] < reach;
    return any;
}

HF_CLONES
static void limit_distances(const double *restrict from, double reach, double *restrict r, double *restrict inverse)
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        const double moved = from[lane] > reach ? reach : from[lane];
        r[lane] = moved;
        inverse[lane] = 1.0 / moved;
    }
}

int64_t hf_gather_pairs(const hpcfit_geometry *g, int64_t first, int64_t n_slots, double reach, double *const *row,
                        int32_t *neighbour)
{
    const double *from[] = {g->ux, g->uy, g->uz};
    int64_t n = 0;
    for (int64_t k = first * HF_LANES; k < (first + n_slots) * HF_LANES; k += HF_LANES) {
        if (!any_closer(g->r + k, reach)) continue;
        limit_distances(g->r + k, reach, row[HF_ROW_R] + n, row[HF_ROW_INVERSE] + n);
        for (int axis = 0; axis < 3; axis++)
            memcpy(row[HF_ROW_X + axis] + n, from[axis] + k, HF_LANES * sizeof(double));
        memcpy(neighbour + n, g->neighbour + k, HF_LANES * sizeof(int32_t));
        n += HF_LANES;
    }
    return n / HF_LANES;
}

/* The half angle keeps the cut-off exact where it is small: 1/2 - 1/2 sin a = sin^2 p with p = pi/4 - a/2, and
 * 1/2 - 9/16 sin a - 1/16 sin 3a = sin^4 p (3 - 2 sin^2 p). */
HF_CLONES
void hf_fill_cutoff(int64_t n, const double *restrict r, double middle, double half_width, int smooth,
                    double *restrict f, double *restrict df)
{
    const double outer = middle + half_width, inner = middle - half_width, scale = 0.5 * half_pi / half_width;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double raw = scale * (outer - r[k]), positive = raw < 0.0 ? 0.0 : raw;
        const double p = positive > half_pi ? half_pi : positive;
        const double s = sin(p), square = s * s, slope = -scale * sin(2.0 * p);
        const double value = smooth ? square * square * (3.0 - 2.0 * square) : square;
        const double steep = smooth ? 6.0 * square * (1.0 - square) * slope : slope;
        f[k] = r[k] <= inner ? 1.0 : value;
        df[k] = r[k] <= inner ? 0.0 : steep;
    }
}

HF_CLONES
void hf_fill_bonds(int64_t n, const hf_bond *bond, const double *restrict f, const double *restrict df,
                   double *const *row)
{
    const double *restrict r = row[HF_ROW_R];
    double *restrict repulsion = row[HF_ROW_REPULSION], *restrict repulsion_slope = row[HF_ROW_REPULSION_SLOPE];
    double *restrict attraction = row[HF_ROW_ATTRACTION], *restrict attraction_slope = row[HF_ROW_ATTRACTION_SLOPE];
    const double decay1 = bond->repulsion_decay, decay2 = bond->attraction_decay;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double e1 = exp(-decay1 * r[k]), e2 = exp(-decay2 * r[k]);
        repulsion[k] = f[k] * e1;
        repulsion_slope[k] = (df[k] - decay1 * f[k]) * e1;
        attraction[k] = f[k] * e2;
        attraction_slope[k] = (df[k] - decay2 * f[k]) * e2;
    }
}

HF_CLONES
void hf_fill_cosines(const hf_block *block, double *restrict cosine)
{
    const double *restrict bx = block->bond[HF_ROW_X], *restrict by = block->bond[HF_ROW_Y];
    const double *restrict bz = block->bond[HF_ROW_Z];
    const double *restrict x = block->third[HF_ROW_X], *restrict y = block->third[HF_ROW_Y];
    const double *restrict z = block->third[HF_ROW_Z];
    const int64_t n_bonds = block->n_bonds, n_thirds = block->n_thirds;
    for (int64_t j = 0; j < n_bonds; j++) {
        const int64_t row = j * n_thirds * HF_LANES;
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const int64_t at = j * HF_LANES + lane;
            const double ux = bx[at], uy = by[at], uz = bz[at];
            int64_t k = lane, left = n_thirds;
            do {
                cosine[row + k] = ux * x[k] + uy * y[k] + uz * z[k];
                k += HF_LANES;
            } while (--left > 0);
        }
    }
}

/* Factors of 0 and 1 instead of a choice between m = 1 and m = 3 in the loop. */
HF_CLONES
static void fill_powers(const hf_block *block, int cubic, double *restrict power, double *restrict slope)
{
    const double *restrict from = block->bond[HF_ROW_R], *restrict to = block->third[HF_ROW_R];
    const double on = cubic ? 1.0 : 0.0, off = cubic ? 0.0 : 1.0;
    const int64_t n_bonds = block->n_bonds, n_thirds = block->n_thirds;
    for (int64_t j = 0; j < n_bonds; j++) {
        const int64_t row = j * n_thirds * HF_LANES;
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++) {
            const double r = from[j * HF_LANES + lane];
            int64_t k = lane, left = n_thirds;
            do {
                const double x = r - to[k], square = on * x * x;
                power[row + k] = x * (off + square);
                slope[row + k] = off + 3.0 * square;
                k += HF_LANES;
            } while (--left > 0);
        }
    }
}

HF_CLONES
static void exponentials(int64_t n, double mu, const double *restrict power, double *restrict e, double *restrict de)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double value = exp(mu * power[k]);
        e[k] = value;
        de[k] *= mu * value;
    }
}

HF_CLONES
static void no_exponentials(int64_t n, double *restrict e, double *restrict de)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        e[k] = 1.0;
        de[k] = 0.0;
    }
}

void hf_fill_exponentials(const hf_block *block, const hf_angle *angle, double *power, double *e, double *de)
{
    const int64_t n = block->n_bonds * block->n_thirds * HF_LANES;
    fill_powers(block, angle->cubic, power, de);
    if (angle->mu == 0.0)
        no_exponentials(n, e, de);
    else
        exponentials(n, angle->mu, power, e, de);
}

/* e = exp(mu x^m): by mu it is x^m e; its slope mu m x^(m-1) e gives m x^(m-1) (1 + mu x^m) e. */
HF_CLONES
static void by_mu(int64_t n, double mu, double rate, const double *restrict power, const double *restrict e,
                  double *restrict by, double *restrict dby)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        by[k] = rate * power[k] * e[k];
        dby[k] *= rate * (1.0 + mu * power[k]) * e[k];
    }
}

void hf_fill_mu(const hf_block *block, const hf_angle *angle, double rate, double *power, const double *e, double *by,
                double *dby)
{
    fill_powers(block, angle->cubic, power, dby);
    by_mu(block->n_bonds * block->n_thirds * HF_LANES, angle->mu, rate, power, e, by, dby);
}

/* Adds the third atoms' parts to bond j. */
HF_CLONES
static void sum_row(const hf_block *block, int64_t j, const hf_thirds *thirds, int sums)
{
    const int64_t row = j * block->n_thirds * HF_LANES;
    const double *restrict f = thirds->f, *restrict df = thirds->df;
    const double *restrict e = thirds->e + row, *restrict de = thirds->de + row;
    const double *restrict g = thirds->g + row, *restrict dg = thirds->dg + row;
    double *restrict bend = thirds->bend + row, *restrict radial = thirds->radial + row;
    const double *restrict ux = block->third[HF_ROW_X], *restrict uy = block->third[HF_ROW_Y];
    const double *restrict uz = block->third[HF_ROW_Z];
    double *restrict zeta = block->bond[sums] + j * HF_LANES, *restrict stretch =
                                                                  block->bond[sums + 1] + j * HF_LANES;
    double *restrict bx = block->bond[sums + 2] + j * HF_LANES, *restrict by = block->bond[sums + 3] + j * HF_LANES;
    double *restrict bz = block->bond[sums + 4] + j * HF_LANES;
    const int64_t n_thirds = block->n_thirds;
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double sum = 0.0, slope = 0.0, x = 0.0, y = 0.0, z = 0.0;
        int64_t k = lane, left = n_thirds;
        do {
            const double fg = f[k] * g[k], along = fg * de[k], across = f[k] * e[k] * dg[k];
            sum += fg * e[k];
            slope += along;
            x += across * ux[k];
            y += across * uy[k];
            z += across * uz[k];
            bend[k] = across;
            radial[k] = df[k] * g[k] * e[k] - along;
            k += HF_LANES;
        } while (--left > 0);
        zeta[lane] += sum;
        stretch[lane] += slope;
        bx[lane] += x;
        by[lane] += y;
        bz[lane] += z;
    }
}

/* An atom is not a third atom of its own bond: its cut-off is zero while that row is summed. */
void hf_sum_thirds(const hf_block *block, const hf_thirds *thirds, int sums)
{
    double kept[2][HF_LANES];
    for (int64_t j = 0; j < block->n_bonds; j++) {
        double *f = thirds->f + j * HF_LANES, *df = thirds->df + j * HF_LANES;
        if (block->same) {
            memcpy(kept[0], f, sizeof kept[0]);
            memcpy(kept[1], df, sizeof kept[1]);
            memset(f, 0, sizeof kept[0]);
            memset(df, 0, sizeof kept[1]);
        }
        sum_row(block, j, thirds, sums);
        if (block->same) {
            memcpy(f, kept[0], sizeof kept[0]);
            memcpy(df, kept[1], sizeof kept[1]);
        }
    }
}

/* With q = (beta zeta)^eta and s = q / (1 + q):  b' = -delta b h, h = eta s / zeta, and
 * b'' = delta b h [delta h - (eta (1 - s) - 1) / zeta]. The exponential of -|ln q| keeps all of it finite. */
HF_CLONES
void hf_fill_order(int64_t n, const hf_bond *bond, double *const *row)
{
    const double *restrict zeta = row[HF_ROW_ZETA];
    double *restrict order = row[HF_ROW_ORDER], *restrict first = row[HF_ROW_ORDER_FIRST];
    double *restrict second = row[HF_ROW_ORDER_SECOND], *restrict sigma = row[HF_ROW_SIGMA];
    double *restrict logarithm = row[HF_ROW_LOG], *restrict log_sum = row[HF_ROW_LOG_SUM];
    double *restrict per_zeta = row[HF_ROW_PER_ZETA];
    const double beta = bond->beta, eta = bond->eta, delta = bond->delta;
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double scaled = beta * zeta[k], inverse = 1.0 / (scaled <= no_zeta ? 1.0 : zeta[k]);
        const double ln = log(scaled <= no_zeta ? 1.0 : scaled), ln_q = eta * ln;
        const double small = exp(-fabs(ln_q)), larger = ln_q > 0.0 ? ln_q : 0.0;
        const double sum = larger + log(1.0 + small), s = (ln_q > 0.0 ? 1.0 : small) / (1.0 + small);
        const double b = exp(-delta * sum), h = eta * s * inverse;
        order[k] = scaled <= no_zeta ? 1.0 : b;
        first[k] = scaled <= no_zeta ? 0.0 : -delta * b * h;
        second[k] = scaled <= no_zeta ? 0.0 : delta * b * h * (delta * h - (eta * (1.0 - s) - 1.0) * inverse);
        sigma[k] = scaled <= no_zeta ? 0.0 : s;
        logarithm[k] = ln;
        log_sum[k] = scaled <= no_zeta ? 0.0 : sum;
        per_zeta[k] = inverse;
    }
}
