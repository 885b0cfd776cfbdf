/* One group of eight atoms in the environment-dependent potential: where its arrays lie in the scratch space, and how
 * a column of the output is gathered from functions of the distance and fields of the angles. */
#ifndef HF_EDIP_GROUP_H
#define HF_EDIP_GROUP_H

#include "edip/edip_sums.h"

/* The field whose weights are the derivatives by gamma follows those of the angular function. */
enum { HF_EDIP_BY_GAMMA = HF_EDIP_N_FIELDS };

/* A chunk's parameters, and a group of it. */
typedef struct {
    const hpcfit_geometry *g;
    int64_t n, centre, group;
    hf_edip_pair pair[HF_MAX_SPECIES];
    hf_edip_triplet *triplet; /* [pairs of species], as the two below */
    hf_edip_angle *angle;
    int64_t *triplet_start;
    int64_t n_slots[HF_MAX_SPECIES], start[HF_MAX_SPECIES], first[HF_MAX_SPECIES]; /* start in scratch arrays */
    int64_t stride, triplet_stride;
    double *pairs, *triplets;
    double z[HF_LANES]; /* coordinations */
    hf_edip_attraction attraction[HF_MAX_SPECIES];
} hf_edip_group;

/* Sums of a column: energies, and the derivatives by Z that its forces contain. */
typedef struct {
    double energy[HF_LANES], by_z[HF_LANES];
} hf_edip_sums;

/* Doubles of scratch space for the groups of a geometry. */
int64_t hf_edip_scratch_size(const hpcfit_geometry *g);

/* A view without parameters into scratch space of that size. */
hf_edip_group hf_edip_view(const hpcfit_geometry *g, double *scratch);

/* Starts a group and fills functions of the distance, coordinations, the angular function and its field. */
void hf_edip_enter(hf_edip_group *x, int64_t group);

/* An array at the group's neighbours of species b. */
static inline double *hf_edip_array(const hf_edip_group *x, int array, int64_t b)
{
    return x->pairs + array * x->stride + x->start[b];
}

/* A field at the neighbours of species b from their triplets with species c. */
hf_edip_field hf_edip_field_at(const hf_edip_group *x, int field, int64_t b, int64_t c);

/* Fills the fields of the angular function's derivatives, and the vectors of these and of its own. */
void hf_edip_fill_derivatives(const hf_edip_group *x);

/* Fills the field by gamma for triplets of species b with all others; the array BY there is the derivative of g. */
void hf_edip_fill_gamma(const hf_edip_group *x, int64_t b);

/* The energies' second derivatives by Z. */
void hf_edip_second_by_z(const hf_edip_group *x, double *by_zz);

void hf_edip_begin_column(const hf_edip_group *x, hf_edip_sums *s);

/* Adds factor times a function of the distance to the energies of neighbours of species b; by_z is the factor's
 * derivative by Z. */
void hf_edip_add_function(const hf_edip_group *x, int64_t b, int h, const double *factor, const double *by_z,
                          hf_edip_sums *s);

/* Sets the vectors of a column to which all functions have been added. */
void hf_edip_set_vectors(const hf_edip_group *x, const hf_edip_sums *s);

/* The same for a column without functions, which need not be begun. */
void hf_edip_set_along(const hf_edip_group *x, const hf_edip_sums *s);

/* Adds factor times a field at the neighbours of species b, from triplets with c; g is the array of their weights. */
void hf_edip_add_field(const hf_edip_group *x, int64_t b, int64_t c, int field, int g, const double *factor);

/* The same, with g(r) for weights, also at the neighbours of species c. */
void hf_edip_add_both_fields(const hf_edip_group *x, int64_t b, int64_t c, int field, const double *factor);

/* The same by the vectors of the field. */
void hf_edip_add_both_vectors(const hf_edip_group *x, int64_t b, int64_t c, int field, const double *factor);

/* Adds a column's energies, forces and virial to the output. */
void hf_edip_finish_column(const hf_edip_group *x, const hf_edip_sums *s, const hpcfit_output *column);

#endif
