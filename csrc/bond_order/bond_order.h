/* Potentials in which neighbours weaken bonds, after J. Tersoff, Phys. Rev. B 37, 6991 (1988), eqs. 2-3:
 *
 *   E = 1/2 sum_i sum_{j != i} f_ij(r_ij) [A exp(-lambda1 r_ij) - b_ij B exp(-lambda2 r_ij)]
 *   b_ij = [1 + (beta zeta_ij)^eta]^-delta
 *   zeta_ij = sum_{k != i,j} f_ijk(r_ik) g_ijk(cos theta_jik) exp[mu (r_ij - r_ik)^m],   m = 1 or 3
 *
 * with the cut-off f between R - D and R + D; f_ij = f_ijj. A form gives the parameters of bonds and angles, the
 * function g, and the meaning of a derivative by one of its parameters in these terms. */
#ifndef HF_BOND_ORDER_H
#define HF_BOND_ORDER_H

#include "core/internal.h"

/* A bond of an atom with a neighbour of one species. */
typedef struct {
    double repulsion, repulsion_decay, attraction, attraction_decay; /* A, lambda1, B, lambda2 */
    double beta, eta, delta;
} hf_bond;

/* The effect of a third atom on a bond. */
typedef struct {
    double middle, half_width; /* R, D */
    double mu;
    int cubic;   /* m is 3, otherwise 1 */
    double g[6]; /* parameters of the angular function, in the form's order */
} hf_angle;

/* The kinds of derivatives. */
typedef enum {
    HF_BY_NOTHING,
    HF_BY_RADIAL, /* A exp(-lambda1 r) changes by (repulsion[0] + repulsion[1] r) exp(-lambda1 r), B likewise */
    HF_BY_ORDER,  /* ln beta, eta and delta change at these rates */
    HF_BY_MU,     /* mu changes at this rate */
    HF_BY_ANGLE   /* by this parameter of the angular function */
} hf_change;

typedef struct {
    hf_change change;
    int unordered;      /* the parameter is one of an unordered pair */
    int64_t species[3]; /* centre, bonded neighbour, third atom */
    double repulsion[2], attraction[2];
    double log_beta, eta, delta;
    double rate;
    int parameter;
} hf_bond_derivative;

/* The angular function and its slope by the cosine, or the derivatives of both by parameter `by`. */
typedef void hf_angular(int64_t n, const double *cosine, const double *parameters, double *g, double *dg);
typedef void hf_angular_by(int64_t n, const double *cosine, const double *parameters, int by, double *g, double *dg);

typedef struct {
    int smooth; /* the cut-off has a continuous second derivative */
    void (*read_bond)(const hf_call *call, const int64_t *species, hf_bond *bond);
    void (*read_angle)(const hf_call *call, const int64_t *species, hf_angle *angle);
    void (*read_derivative)(const hf_call *call, int parameter, const int64_t *species, hf_bond_derivative *out);
    hf_angular *angular;
    hf_angular_by *angular_by;
} hf_bond_order;

int64_t hf_bond_order_scratch(const hf_call *call);
void hf_bond_order_evaluate(const hf_call *call, const hf_bond_order *form);

/* g = gamma [1 + c^2/d^2 - c^2/(d^2 + (h - cos)^2)], with parameters in the order of this list. */
enum { HF_GAMMA, HF_C, HF_D, HF_H };
hf_angular hf_tersoff_angular;
hf_angular_by hf_tersoff_angular_by;

#endif
