/* The vector loops of bond-order potentials. Arrays are [n][8], pairs of a group whose neighbours are of one species,
 * or [n_bonds][n_thirds][8], every bond with every third atom. */
#ifndef HF_BOND_LOOPS_H
#define HF_BOND_LOOPS_H

#include "bond_order/bond_order.h"

/* Arrays over the pairs of a group. */
enum {
    HF_ROW_R,
    HF_ROW_INVERSE, /* 1/r */
    HF_ROW_X,       /* unit vector */
    HF_ROW_Y,
    HF_ROW_Z,
    HF_ROW_REPULSION, /* f exp(-lambda1 r), its slope */
    HF_ROW_REPULSION_SLOPE,
    HF_ROW_ATTRACTION,
    HF_ROW_ATTRACTION_SLOPE,
    HF_ROW_ZETA,
    HF_ROW_STRETCH, /* derivative of zeta by the bond's own length */
    HF_ROW_BEND_X,  /* sum over third atoms of the derivative by the cosine times their unit vectors */
    HF_ROW_BEND_Y,
    HF_ROW_BEND_Z,
    HF_ROW_ORDER, /* b, its first and second derivative by zeta */
    HF_ROW_ORDER_FIRST,
    HF_ROW_ORDER_SECOND,
    HF_ROW_SIGMA,   /* q / (1 + q), q = (beta zeta)^eta */
    HF_ROW_LOG,     /* ln (beta zeta) */
    HF_ROW_LOG_SUM, /* ln (1 + q) */
    HF_ROW_PER_ZETA,
    HF_ROW_WEIGHT,  /* derivative of the energy by zeta */
    HF_ROW_ZETA_BY, /* zeta and its geometric derivatives, by a parameter */
    HF_ROW_STRETCH_BY,
    HF_ROW_BEND_BY_X,
    HF_ROW_BEND_BY_Y,
    HF_ROW_BEND_BY_Z,
    HF_ROW_WEIGHT_BY,
    HF_ROW_ENERGY, /* of a column: energy, radial part of the derivative by the bond's vector, and the rest */
    HF_ROW_RADIAL,
    HF_ROW_T_X,
    HF_ROW_T_Y,
    HF_ROW_T_Z,
    HF_ROW_CUTOFF, /* from here on two arrays for each species of the bonded neighbour: f and its slope */
};

/* Arrays over bonds and third atoms. */
enum {
    HF_BLOCK_COSINE,
    HF_BLOCK_POWER, /* (r_ij - r_ik)^m */
    HF_BLOCK_E,     /* exp(mu power), and its derivative by r_ij */
    HF_BLOCK_E_SLOPE,
    HF_BLOCK_G,
    HF_BLOCK_G_SLOPE,
    HF_BLOCK_BEND, /* derivatives of a third atom's part in zeta by the cosine and by its distance */
    HF_BLOCK_RADIAL,
    HF_BLOCK_VALUE_BY, /* g or e and its slope, by a parameter */
    HF_BLOCK_SLOPE_BY,
    HF_BLOCK_BEND_BY,
    HF_BLOCK_RADIAL_BY,
    HF_N_BLOCKS
};

/* Bonds with neighbours of one species and third atoms of one species: where each array of rows begins for either. */
typedef struct {
    int64_t n_bonds, n_thirds;
    int same; /* bonds and third atoms are the same atoms */
    double *const *bond, *const *third;
} hf_block;

/* Copies those slots that have a pair closer than `reach` and returns their number. Pairs farther away are
 * moved to `reach`, where all functions are zero and nothing overflows. */
int64_t hf_gather_pairs(const hpcfit_geometry *g, int64_t first, int64_t n_slots, double reach, double *const *row,
                        int32_t *neighbour);

void hf_fill_cutoff(int64_t n, const double *r, double middle, double half_width, int smooth, double *f, double *df);
void hf_fill_bonds(int64_t n, const hf_bond *bond, const double *f, const double *df, double *const *row);

/* Cosines, exponentials and their slopes. */
void hf_fill_cosines(const hf_block *block, double *cosine);
void hf_fill_exponentials(const hf_block *block, const hf_angle *angle, double *power, double *e, double *de);

/* Derivatives of the exponentials and their slopes by mu, times a rate. */
void hf_fill_mu(const hf_block *block, const hf_angle *angle, double rate, double *power, const double *e, double *by,
                double *dby);

/* Factors of a third atom's part in zeta with their slopes, and that part's derivatives by the cosine and by the
 * third atom's distance, which hf_sum_thirds fills. */
typedef struct {
    double *f, *df; /* [n_thirds][8] */
    const double *e, *de, *g, *dg;
    double *bend, *radial;
} hf_thirds;

/* Adds the third atoms' parts to zeta and its geometric derivatives, five arrays from `sums` on (HF_ROW_ZETA or
 * HF_ROW_ZETA_BY). The cut-offs f and df are restored. */
void hf_sum_thirds(const hf_block *block, const hf_thirds *thirds, int sums);

void hf_fill_order(int64_t n, const hf_bond *bond, double *const *row);

/* Start a column at the bonds: energy, radial part, weight and bending, for a change of the radial functions, of the
 * bond order's parameters, or of zeta. The weight goes to array `weight`. */
void hf_start_radial(int64_t n, const double *repulsion, const double *attraction, int weight, double *const *row);
void hf_start_order(int64_t n, const hf_bond *bond, const hf_bond_derivative *by, double *const *row);
void hf_start_zeta(int64_t n, const hf_bond *bond, double *const *row);

/* Adds the forces of weighted bonds on their third atoms. */
void hf_add_thirds(const hf_block *block, const double *weight, const double *bend, const double *radial);

/* The derivatives by the vectors to the neighbours from their parts, and the energy of each atom. */
void hf_finish_column(int64_t n, double *const *row, double *energy);

#endif
