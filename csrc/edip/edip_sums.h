/* The vector loops of edip.c, over pairs and triplets of eight atoms at a time (edip_functions.c, edip_sums.c). */
#ifndef HF_EDIP_SUMS_H
#define HF_EDIP_SUMS_H

#include "core/internal.h"

/* Arrays over a group's pairs: functions of the distance, each with its slope behind it, derivatives of some, and
 * the vectors of a column. The fields follow, each with one array per species of the third atom. */
enum {
    HF_EDIP_F,
    HF_EDIP_DF,
    HF_EDIP_POWER,
    HF_EDIP_DPOWER,
    HF_EDIP_DECAY,
    HF_EDIP_DDECAY,
    HF_EDIP_G,
    HF_EDIP_DG,
    HF_EDIP_INVERSE,
    HF_EDIP_BY,
    HF_EDIP_DBY,
    HF_EDIP_DECAY_BY,
    HF_EDIP_DDECAY_BY,
    HF_EDIP_SLOPE,
    HF_EDIP_TX,
    HF_EDIP_TY,
    HF_EDIP_TZ,
    HF_EDIP_N_ARRAYS
};

/* Parameters of an ordered pair: of the atom whose environment counts, and its neighbour. */
typedef struct {
    double a, b, outer, inner, alpha, beta, gamma, rho, sigma;
} hf_edip_pair;

/* Parameters of a centre and an unordered pair of its neighbours. */
typedef struct {
    double eta, lambda, mu, q0, u1, u2, u3, u4;
} hf_edip_triplet;

/* The angular function and its derivatives by eta, the logarithm of Q, and tau. */
enum { HF_EDIP_VALUE, HF_EDIP_BY_ETA, HF_EDIP_BY_LOG_Q, HF_EDIP_BY_TAU, HF_EDIP_N_FIELDS };

/* The sums over triplets for the angular function or a derivative of it, without lambda: energy, and its derivative
 * by Z through Q and tau. */
typedef struct {
    double energy[HF_LANES], by_z[HF_LANES];
} hf_edip_total;

/* The angular function of a centre's species and a pair of species: Q, v = exp(-u4 Z), tau and its derivatives by Z;
 * and for the function and each of its derivatives X the sums over triplets of g g dX/dl and of g g dX/dl (l + tau),
 * and the total. */
typedef struct {
    double q[HF_LANES], v[HF_LANES], tau[HF_LANES], tau_z[HF_LANES], tau_zz[HF_LANES];
    double slope[HF_EDIP_N_FIELDS][HF_LANES], moment[HF_EDIP_N_FIELDS][HF_LANES];
    hf_edip_total total[HF_EDIP_N_FIELDS];
} hf_edip_angle;

/* exp(-beta Z^2); and its negative times A, which is the factor of 1 times exp(sigma/(r - a)) in the pair energy,
 * with the first and second derivative by Z. */
typedef struct {
    double decay[HF_LANES], factor[HF_LANES], by_z[HF_LANES], by_zz[HF_LANES];
} hf_edip_attraction;

/* Where the triplets of two species of neighbours lie; `there` is how far behind the first species' pairs those of
 * the second lie, in the geometry and in the scratch arrays. Of two neighbours of one species the earlier comes
 * first.
 */
typedef struct {
    int64_t n_first, n_second;
    int same;
    int64_t there_in_geometry, there;
} hf_edip_range;

/* Sums over pairs for all neighbours of an atom, by the angles to each: c = sum_k w_k h, (x, y, z) = sum_k w_k h'
 * u_k.
 */
typedef struct {
    double *c, *x, *y, *z;
} hf_edip_field;

/* Slots that the triplets of a range take. */
static inline int64_t hf_edip_n_triplets(const hf_edip_range *range)
{
    return range->same ? range->n_first * (range->n_first - 1) / 2 : range->n_first * range->n_second;
}

/* Functions of the distance and their slopes: the coordination f, (B/r)^rho and 1 times exp(sigma/(r - a)), and
 * exp(gamma/(r - a)); and 1/r. */
void hf_edip_functions(int64_t n, const double *r, const hf_edip_pair *p, double *const *arrays);

/* The coordination's derivatives by alpha, and by the inner cut-off. */
void hf_edip_by_alpha(int64_t n, const double *r, const hf_edip_pair *p, const double *f, double *by, double *dby);
void hf_edip_by_inner(int64_t n, const double *r, const hf_edip_pair *p, const double *f, double *by, double *dby);

/* The derivative of h = (B/r)^rho .. by rho, and of h = exp(s/(r - a)) .. by s. */
void hf_edip_by_rho(int64_t n, const double *r, const hf_edip_pair *p, const double *h, const double *dh, double *by,
                    double *dby);
void hf_edip_by_decay(int64_t n, const double *r, const hf_edip_pair *p, const double *h, const double *dh,
                      double *by, double *dby);

/* total[lane] += sum of x, or of x y, over n_slots >= 1 slots. */
void hf_edip_add_sum(int64_t n_slots, const double *x, double *total);
void hf_edip_add_product(int64_t n_slots, const double *x, const double *y, double *total);

void hf_edip_attraction_at(const hf_edip_pair *p, const double *z, hf_edip_attraction *attraction);

/* v, tau and Q at coordinations z. */
void hf_edip_angle_at(const hf_edip_triplet *p, const double *z, hf_edip_angle *angle);

/* By how much log Q or tau change with a parameter, and that by Z. */
void hf_edip_by_u2(const hf_edip_triplet *p, const double *v, double *change, double *by_z);
void hf_edip_by_u3(const hf_edip_triplet *p, const double *v, double *change, double *by_z);
void hf_edip_by_u4(const hf_edip_triplet *p, const double *z, const double *v, double *change, double *by_z);

/* arm = l + tau of every triplet of a range, l the cosine between unit vectors. */
void hf_edip_arms(const hf_edip_range *range, const double *tau, const hf_bonds *bonds, double *arm);

/* exp(-Q arm^2), h and dh/dl without the factor lambda, over n_slots slots of triplets. */
void hf_edip_angular(int64_t n_slots, const double *q, double eta, const double *arm, double *decay, double *h,
                     double *dh);

/* The derivatives of h and dh/dl by eta, log Q or tau. */
void hf_edip_angular_by(int field, int64_t n_slots, const double *q, double eta, const double *arm,
                        const double *decay, double *h, double *dh);

/* Arrays over the triplets of a range, and the weights of the pairs of either species. */
typedef struct {
    const double *h, *dh, *arm, *first_weight, *second_weight;
} hf_edip_triplet_arrays;

/* Adds the triplets of a range to the field of the first species and, `range->there` behind it, of the second. Adds
 * the sums over triplets of w w dh and w w dh arm to slope and moment. */
void hf_edip_add_triplets(const hf_edip_range *range, const hf_edip_triplet_arrays *arrays, const hf_bonds *bonds,
                          hf_edip_field field, double *slope, double *moment);

/* t = (slope + by_z df) u over n_slots >= 1 slots. */
void hf_edip_set_slots(int64_t n_slots, const double *slope, const double *by_z, const double *df,
                       const hf_bonds *bonds, const hf_axes *t);

/* The same without slope. */
void hf_edip_set_slots_by_z(int64_t n_slots, const double *by_z, const double *df, const hf_bonds *bonds,
                            const hf_axes *t);

/* t += factor v over n_slots slots of three arrays, `stride` apart. */
void hf_edip_add_scaled(int64_t n_slots, const double *factor, int64_t stride, const double *v, double *t);

/* v = g' c u + g / r (1 - u u) (x, y, z) over n_slots slots. */
void hf_edip_set_field_vectors(int64_t n_slots, hf_edip_field field, const double *g, const double *dg,
                               const hf_bonds *bonds, const hf_axes *v);

/* t += factor (g' c u + g / r (1 - u u) (x, y, z)) over n_slots >= 1 slots. */
void hf_edip_add_vectors(int64_t n_slots, const double *factor, hf_edip_field field, const double *g,
                         const double *dg, const hf_bonds *bonds, const hf_axes *t);

/* slope += factor dh over n_slots slots, the factor lane by lane. */
void hf_edip_add_slopes(int64_t n_slots, const double *factor, const double *dh, double *slope);

#endif
