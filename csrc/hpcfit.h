/* The public interface of the kernels.
 *
 * Units: eV, Angstrom. Voigt order: xx yy zz yz xz xy. Virial: minus the derivative of the energy with respect to
 * strain, so that stress (tension positive) = -virial / volume.
 *
 * One contract for all potentials: a batch of structures becomes a geometry once; a potential and its parameters are
 * evaluated on that geometry as often as wanted. What stands between the two markers is read by cffi: plain
 * declarations only, no preprocessor. */
#ifndef HPCFIT_H
#define HPCFIT_H

#include <stdint.h>

/* cffi: begin */
typedef enum {
    HPCFIT_OK = 0,
    HPCFIT_BAD_ARGUMENT,
    HPCFIT_OUT_OF_MEMORY,
    HPCFIT_NOT_FINITE /* an energy or force is NaN or infinite; outputs are complete all the same */
} hpcfit_status;

/* Caller-owned; written only when the status is not HPCFIT_OK. */
typedef struct {
    int64_t structure; /* in the batch, -1 when it does not apply */
    int64_t atom;      /* in the batch, -1 when it does not apply */
    char message[160];
} hpcfit_error;

typedef enum {
    HPCFIT_PAIR,   /* a value per unordered pair of species: (0,0) (0,1) .. (1,1) .. */
    HPCFIT_TRIPLET /* a value per centre and unordered pair of neighbours, centre slowest */
} hpcfit_parameter_kind;

typedef struct {
    const char *name;
    const char *unit;
    const char *description;
    hpcfit_parameter_kind kind;
    double lower, upper; /* admissible values */
    int fittable;
} hpcfit_parameter;

typedef struct hpcfit_potential hpcfit_potential;

/* The registry. Parameters are stored parameter by parameter, combinations of species inside. */
int hpcfit_n_potentials(void);
const hpcfit_potential *hpcfit_potential_at(int index);
const char *hpcfit_potential_name(const hpcfit_potential *potential);
const char *hpcfit_potential_formula(const hpcfit_potential *potential);
const char *hpcfit_potential_reference(const hpcfit_potential *potential);
int hpcfit_potential_n_parameters(const hpcfit_potential *potential);
const hpcfit_parameter *hpcfit_potential_parameter(const hpcfit_potential *potential, int index);

typedef struct {
    int64_t n_structures;
    int64_t n_atoms;
    int64_t n_species;
    const int64_t *structure_start; /* [n_structures + 1] first atom */
    const int32_t *species;         /* [n_atoms] */
    const int64_t *neighbour_start; /* [n_atoms + 1] first neighbour */
    const int32_t *neighbour;       /* [n_neighbours] atom in the batch; full list, images included */
    const double (*vector)[3];      /* [n_neighbours][3] from the atom to its neighbour, Angstrom */
} hpcfit_batch;

/* Distances and unit vectors of a batch, arranged for the kernels; owns its memory and the kernels' scratch space, so
 * that one geometry is evaluated by one thread at a time. */
typedef struct hpcfit_geometry hpcfit_geometry;

hpcfit_status hpcfit_geometry_new(const hpcfit_batch *batch, hpcfit_geometry **geometry, hpcfit_error *err);
void hpcfit_geometry_free(hpcfit_geometry *geometry);
int64_t hpcfit_geometry_bytes(const hpcfit_geometry *geometry);

/* Where an evaluation adds its results; virials may be NULL. Derivatives with respect to the k-th free parameter lie
 * (k + 1) * stride doubles after the value they belong to. */
typedef struct {
    int64_t stride;
    double *energies;     /* [n_structures] eV */
    double (*forces)[3];  /* [n_atoms][3] eV/Angstrom */
    double (*virials)[6]; /* [n_structures][6] eV */
} hpcfit_output;

/* Adds the potential's energies, forces and virials, and their exact derivatives with respect to n_free of its
 * parameters (places in the parameter vector), to the output. */
hpcfit_status hpcfit_evaluate(const hpcfit_potential *potential, hpcfit_geometry *geometry, const double *parameters,
                              int64_t n_free, const int32_t *free_parameters, const hpcfit_output *output,
                              hpcfit_error *err);
/* cffi: end */

#endif
