/* The public interface of the kernels.
 *
 * Units: eV, Angstrom. Voigt order: xx yy zz yz xz xy. Virial: minus the derivative of the energy with respect to
 * strain, so that stress (tension positive) = -virial / volume.
 *
 * One contract for all potentials: a batch of structures becomes a geometry once; a potential and its parameters are
 * evaluated on that geometry any number of times. cffi reads the text between the two markers: plain declarations
 * only, no preprocessor. */
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

/* Combinations of species that parameters and functions are for. */
typedef enum {
    HPCFIT_PAIR,           /* unordered pairs: (0,0) (0,1) .. (1,1) .. */
    HPCFIT_TRIPLET,        /* a centre and an unordered pair of neighbours, centre slowest */
    HPCFIT_SPECIES,        /* single species */
    HPCFIT_ORDERED_PAIR,   /* a host and a neighbour, host slowest */
    HPCFIT_ORDERED_TRIPLET /* a centre, a bonded neighbour and a third atom, centre slowest */
} hpcfit_kind;

/* The argument of a function of one variable. */
typedef enum { HPCFIT_OF_DISTANCE, HPCFIT_OF_DENSITY, HPCFIT_OF_COSINE } hpcfit_argument;

typedef struct {
    const char *name;
    const char *unit;
    const char *description;
    hpcfit_kind kind;
    double lower, upper; /* admissible values */
    int fittable;
    int reach;    /* the sum of all parameters with this mark is the range of the interaction */
    double step;  /* where not 0: admissible are lower, lower + step, ... only */
    int numbered; /* stands for several rows, name0, name1, ..., as many as follow from the potential's sizes */
} hpcfit_parameter;

/* A number that determines the table of parameters, as the number of terms. */
typedef struct {
    const char *name;
    const char *description;
    int64_t lower, upper; /* admissible values */
} hpcfit_size;

/* The role of a function of one variable in a potential built from functions. */
typedef struct {
    const char *name;
    const char *description;
    hpcfit_kind kind;
    hpcfit_argument argument;
} hpcfit_role;

typedef struct hpcfit_potential hpcfit_potential;

/* The registry. Parameters are stored parameter by parameter, combinations of species inside. A potential with roles
 * has no table of parameters: its parameters are those of its functions, one function after the other. */
int hpcfit_n_potentials(void);
const hpcfit_potential *hpcfit_potential_at(int index);
const char *hpcfit_potential_name(const hpcfit_potential *potential);
const char *hpcfit_potential_formula(const hpcfit_potential *potential);
const char *hpcfit_potential_reference(const hpcfit_potential *potential);
int hpcfit_potential_n_parameters(const hpcfit_potential *potential);
const hpcfit_parameter *hpcfit_potential_parameter(const hpcfit_potential *potential, int index);
int hpcfit_potential_n_sizes(const hpcfit_potential *potential);
const hpcfit_size *hpcfit_potential_size(const hpcfit_potential *potential, int index);
/* How many rows a row stands for with sizes [n_sizes], which are admissible; NULL where there are none. */
int64_t hpcfit_potential_n_rows(const hpcfit_potential *potential, const int64_t *sizes, int index);
/* Whether the energy is linear and homogeneous in the parameters that can be fitted. */
int hpcfit_potential_is_linear(const hpcfit_potential *potential);
int hpcfit_potential_pairwise(const hpcfit_potential *potential);        /* needs a geometry with pairs */
int hpcfit_potential_needs_positions(const hpcfit_potential *potential); /* needs one with positions */
int hpcfit_potential_n_roles(const hpcfit_potential *potential);
const hpcfit_role *hpcfit_potential_role(const hpcfit_potential *potential, int index);

/* A function of one variable as a short program for registers that hold blocks of arguments. A step is {operation,
 * place of the result, up to three operands}. Uniform steps work on the uniform values (constants, then parameters,
 * then results); steps work on registers, with an operand of -1 - k for uniform value k. Register 0 is the variable,
 * registers 1 to n_outputs are the outputs, the next n_inputs hold inputs. The operations are
 * listed in functions/program.h. */
typedef struct {
    int64_t n_constants, n_parameters, n_uniform, n_uniform_steps, n_steps, n_registers, n_inputs, n_outputs;
    const double *constants;
    const int32_t (*uniform_steps)[5];
    const int32_t (*steps)[5];
} hpcfit_program;

/* Rows of a table over knots: the entries of each row that are not negligible, at consecutive knots. */
typedef struct {
    const int64_t *start;  /* [n_rows + 1] first entry of each row */
    const int64_t *knot;   /* [n_rows] knot of that entry */
    const double *entries; /* [start[n_rows]] */
} hpcfit_band;

/* A piecewise cubic function, linear in its parameters, by values and slopes at its knots: each row of the
 * tables belongs to one unit of a parameter, the last row is the constant part. Bins of equal width, at most half
 * that of the narrowest interval, lead from an argument to its interval. */
typedef struct {
    int64_t first_parameter; /* place of its first parameter among those of its function */
    int64_t n_knots, n_parameters, n_bins;
    double bins_per_unit;
    const double *knots;        /* [n_knots] ascending */
    hpcfit_band values, slopes; /* [n_parameters + 1] rows */
    const double *bins;         /* [n_bins] number of the interval in which the bin begins */
} hpcfit_spline;

/* A function that a potential is built from: a program; a spline; or a spline program, whose inputs are the values
 * and slopes, for a function of the density also the second derivatives, of splines, spline by spline. The outputs
 * are value and slope; for a function of the density also the second derivative; then the derivatives of the value by
 * the free parameters outside splines, then those of the slope. If any parameter of a spline program is free, the
 * last outputs are for each spline the derivative of the value by the spline's value, and the slope of that
 * derivative. Two functions of the distance without splines that are for the same pairs may have a fused program,
 * because they share steps: its parameters and outputs are those of the first function, then those of the second. */
typedef struct {
    int64_t first_parameter; /* place of its first parameter in the potential's parameter vector */
    double cutoff;           /* the function is zero from here on */
    hpcfit_program program;  /* of a spline: numbers of parameters and outputs alone, and no registers */
    int64_t n_splines;
    const hpcfit_spline *splines; /* in the order of their parameters */
    int64_t fused_with;           /* number of the second function of a fused pair */
    hpcfit_program fused;         /* no registers: no fused pair */
} hpcfit_function;

typedef struct {
    int64_t n_functions;
    const hpcfit_function *functions;
    int64_t n_places;
    const int32_t
        *roles; /* [n_places] role by role, combinations of species inside: number of the function, -1 for none */
} hpcfit_functions;

typedef struct {
    int64_t n_structures;
    int64_t n_atoms;
    int64_t n_species;
    const int64_t *structure_start; /* [n_structures + 1] first atom */
    const int32_t *species;         /* [n_atoms] */
    const int64_t *neighbour_start; /* [n_atoms + 1] first neighbour */
    const int32_t *neighbour;       /* [n_neighbours] atom in the batch; full list, images included */
    const double (*vector)[3];      /* [n_neighbours][3] from the atom to its neighbour, Angstrom */
    const double (*cell)[3][3];   /* [n_structures] rows are the cell's vectors, Angstrom; these three may be NULL */
    const int32_t (*periodic)[3]; /* [n_structures] whether the cell repeats along each of them */
    const double (*position)[3];  /* [n_atoms][3] Angstrom */
} hpcfit_batch;

/* Distances and unit vectors of a batch, arranged for the kernels. */
typedef struct hpcfit_geometry hpcfit_geometry;

/* What a geometry keeps besides neighbours: every pair once, for pairwise potentials, for which the list must hold
 * each pair from both sides; and cells, periodicity and positions. */
enum { HPCFIT_PAIRS = 1, HPCFIT_POSITIONS = 2 };

hpcfit_status hpcfit_geometry_new(const hpcfit_batch *batch, int parts, hpcfit_geometry **geometry,
                                  hpcfit_error *err);
void hpcfit_geometry_free(hpcfit_geometry *geometry);
int64_t hpcfit_geometry_bytes(const hpcfit_geometry *geometry);

/* Where an evaluation adds its results; virials may be NULL. Derivatives with respect to the k-th free parameter lie
 * (k + 1) * stride doubles after the value they belong to. Densities may be NULL; only those of atoms with an
 * embedding energy are set. */
typedef struct {
    int64_t stride;
    double *energies;     /* [n_structures] eV */
    double (*forces)[3];  /* [n_atoms][3] eV/Angstrom */
    double (*virials)[6]; /* [n_structures][6] eV */
    double *densities;    /* [n_atoms] */
} hpcfit_output;

/* Doubles of scratch space that an evaluation needs; functions is NULL for a potential without roles, sizes for one
 * whose table does not depend on any. */
int64_t hpcfit_scratch_size(const hpcfit_potential *potential, const int64_t *sizes,
                            const hpcfit_functions *functions, const hpcfit_geometry *geometry, int64_t n_free);

/* Adds the potential's energies, forces and virials, and their exact derivatives with respect to n_free of its
 * parameters (ascending places in the parameter vector), to the output. scratch is 64-byte aligned. */
hpcfit_status hpcfit_evaluate(const hpcfit_potential *potential, const int64_t *sizes,
                              const hpcfit_functions *functions, const hpcfit_geometry *geometry,
                              const double *parameters, int64_t n_free, const int32_t *free_parameters,
                              double *scratch, const hpcfit_output *output, hpcfit_error *err);

/* Weights of energies, forces and virials, each in one over its unit; virials may be NULL. */
typedef struct {
    const double *energies;     /* [n_structures] */
    const double (*forces)[3];  /* [n_atoms][3] */
    const double (*virials)[6]; /* [n_structures][6] */
} hpcfit_weights;

/* Whether a potential supports reverse mode. */
int hpcfit_potential_has_gradient(const hpcfit_potential *potential);

/* Doubles of scratch space that hpcfit_gradient needs. */
int64_t hpcfit_gradient_scratch_size(const hpcfit_potential *potential, const int64_t *sizes,
                                     const hpcfit_functions *functions, const hpcfit_geometry *geometry);

/* Adds to gradient [n_free] the exact derivatives of the weighted sum of the potential's energies, forces and virials
 * with respect to n_free of its parameters, without a column for each. Functions are compiled for these parameters,
 * as in hpcfit_evaluate; scratch is 64-byte aligned. */
hpcfit_status hpcfit_gradient(const hpcfit_potential *potential, const int64_t *sizes,
                              const hpcfit_functions *functions, const hpcfit_geometry *geometry,
                              const double *parameters, int64_t n_free, const int32_t *free_parameters,
                              double *scratch, const hpcfit_weights *weights, double *gradient, hpcfit_error *err);

/* Doubles of scratch space that hpcfit_function_values needs. */
int64_t hpcfit_function_scratch_size(const hpcfit_function *function);

/* Computes all outputs of a function at n arguments x, zero from its cut-off on: output k in row k of outputs
 * [n_outputs][n]. parameters are those of the potential; scratch is 64-byte aligned. */
void hpcfit_function_values(const hpcfit_function *function, const double *parameters, int64_t n, const double *x,
                            double *scratch, double *outputs);
/* cffi: end */

#endif
