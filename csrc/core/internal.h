/* The base of all kernels: the layout of a geometry, a call, and sums over radial functions. */
#ifndef HF_INTERNAL_H
#define HF_INTERNAL_H

#include "hpcfit.h"

#include <math.h>
#include <stddef.h>

/* glibc's vector functions without -ffast-math; at most 4 ulp. The declarations must follow math.h. */
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) extern double exp(double);
__attribute__((simd("notinbranch"), const)) extern double log(double);
__attribute__((simd("notinbranch"), const)) extern double sin(double);
#define HF_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HF_CLONES
#endif

/* Atoms side by side in one vector: 8 doubles are one AVX-512 register and one cache line. */
#define HF_LANES 8

/* Eight numbers as one; compilers split it where vectors are shorter. */
typedef double hf_eight __attribute__((vector_size(64), aligned(8)));
typedef double hf_four __attribute__((vector_size(32), aligned(8)));

/* Components of a virial: xx yy zz yz xz xy. */
enum { HF_VIRIAL = 6 };

/* Eight atoms of one species form a group; slot s of a group holds the s-th neighbour of each of them, so that a loop
 * over lanes is a vector operation. Groups of one species form chunks small enough for the caches; inside a chunk
 * pairs are ordered by the neighbour's species, then group, then slot, then lane. Pairs that only fill up a slot have
 * u = 0 and lie beyond every cut-off. */
struct hpcfit_geometry {
    int64_t n_structures, n_atoms, n_species;
    int64_t n_groups, n_chunks, n_slots;
    int64_t max_chunk_slots;
    int32_t *lane_atom;       /* [n_groups][8] atom in the batch; spare lanes name atom 0 */
    int32_t *lane_structure;  /* [n_groups][8] */
    int32_t *lane_count;      /* [n_groups] lanes in use */
    int64_t *slot_start;      /* [n_groups][n_species] first slot */
    int32_t *slot_count;      /* [n_groups][n_species] */
    int64_t *chunk_group;     /* [n_chunks + 1] first group */
    int32_t *chunk_species;   /* [n_chunks] */
    int64_t *run_start;       /* [n_chunks][n_species + 1] first slot by the neighbour's species */
    double *r, *ux, *uy, *uz; /* [n_slots][8] distance and unit vector from the atom to its neighbour */
    int32_t *neighbour;       /* [n_slots][8] atom in the batch */
    int64_t *structure_start; /* [n_structures + 1] first atom; this and the following NULL where not wanted */
    double (*cell)[3][3];     /* [n_structures] */
    int32_t (*periodic)[3];   /* [n_structures] */
    double (*position)[3];    /* [n_atoms] in the batch's order */
    int64_t bytes;
    hpcfit_geometry *half; /* the same with each pair once; NULL where it is not wanted */
};

/* Kernels keep small arrays per species on the stack. */
#define HF_MAX_SPECIES 16

typedef struct {
    const hpcfit_potential *potential;
    const int64_t *sizes;
    const hpcfit_functions *functions;
    const hpcfit_geometry *geometry;
    const double *parameters;
    int64_t n_free;
    const int32_t *free_parameters;
    const hpcfit_output *output;
    const hpcfit_weights *weights; /* of a gradient [n_free], which stands in place of the output */
    double *gradient;
    const double *knots; /* values and slopes at the knots of all splines of all functions */
    double *scratch;
} hf_call;

/* In pair/pairs.h. */
typedef struct hf_pair_law hf_pair_law;

struct hpcfit_potential {
    const char *name, *formula, *reference;
    int n_parameters;
    const hpcfit_parameter *parameters;
    int n_sizes;
    const hpcfit_size *sizes;
    int64_t (*count)(const int64_t *sizes, int parameter); /* rows that a numbered row stands for */
    int is_linear;
    int n_roles;
    const hpcfit_role *roles;
    const hf_pair_law *law;                       /* NULL if the potential does not use the loop of pair/pairs.h */
    int pairwise;                                 /* uses the half geometry */
    int needs_positions;                          /* uses cells, periodicity and positions */
    int64_t (*scratch_size)(const hf_call *call); /* parameters, scratch and output are not set yet */
    void (*evaluate)(const hf_call *call);
    int64_t (*gradient_scratch)(const hf_call *call);
    void (*gradient)(const hf_call *call); /* NULL for a potential without reverse mode */
};

/* Pairs of a chunk whose neighbours are of one species; arrays start at the run's first pair. */
typedef struct {
    int64_t n_pairs, offset; /* offset in pairs from the chunk's first */
    const double *r;
} hf_run;

/* Consecutive pairs of a geometry, or gathered ones; `inverse` is 1 / r where it was computed. */
typedef struct {
    const double *r, *inverse, *ux, *uy, *uz;
    const int32_t *neighbour;
} hf_bonds;

/* Vectors, an array for each axis. */
typedef struct {
    double *x, *y, *z;
} hf_axes;

static inline hf_bonds hf_bonds_at(const hpcfit_geometry *g, int64_t pair, const double *inverse)
{
    return (hf_bonds){.r = g->r + pair,
                      .inverse = inverse,
                      .ux = g->ux + pair,
                      .uy = g->uy + pair,
                      .uz = g->uz + pair,
                      .neighbour = g->neighbour + pair};
}

static inline int64_t hf_pair_tuple(int64_t a, int64_t b, int64_t n_species)
{
    const int64_t low = a < b ? a : b, high = a < b ? b : a;
    return low * n_species - low * (low - 1) / 2 + high - low;
}

static inline int64_t hf_n_pair_tuples(int64_t n_species)
{
    return n_species * (n_species + 1) / 2;
}

static inline int64_t hf_triplet_tuple(int64_t centre, int64_t b, int64_t c, int64_t n_species)
{
    return centre * hf_n_pair_tuples(n_species) + hf_pair_tuple(b, c, n_species);
}

static inline hf_run hf_run_of(const hpcfit_geometry *g, int64_t chunk, int64_t species)
{
    const int64_t *start = g->run_start + chunk * (g->n_species + 1);
    return (hf_run){.n_pairs = (start[species + 1] - start[species]) * HF_LANES,
                    .offset = (start[species] - start[0]) * HF_LANES,
                    .r = g->r + start[species] * HF_LANES};
}

/* The pairs of a group with neighbours of one species: how many slots, and where they begin in a chunk's arrays and
 * in the geometry. */
typedef struct {
    int64_t n_slots, local, pair;
} hf_part;

static inline hf_part hf_part_of(const hpcfit_geometry *g, int64_t chunk, int64_t group, int64_t species)
{
    const int64_t slot = g->slot_start[group * g->n_species + species];
    return (hf_part){.n_slots = g->slot_count[group * g->n_species + species],
                     .local = (slot - g->run_start[chunk * (g->n_species + 1)]) * HF_LANES,
                     .pair = slot * HF_LANES};
}

/* Scratch array number `array` over the pairs of one chunk. */
static inline double *hf_chunk_array(const hf_call *call, int64_t array)
{
    return call->scratch + array * call->geometry->max_chunk_slots * HF_LANES;
}

static inline int64_t hf_chunk_arrays(const hf_call *call, int64_t n_arrays)
{
    return n_arrays * call->geometry->max_chunk_slots * HF_LANES;
}

static inline int64_t hf_round_up(int64_t n)
{
    return (n + HF_LANES - 1) / HF_LANES * HF_LANES;
}

/* An array of the scratch space and its length in doubles. */
typedef struct {
    double **array;
    int64_t length;
} hf_array;

#define HF_COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

/* Lays n arrays out in the scratch space behind its first `used` doubles, NULL to learn their length alone; returns
 * the number of doubles used. */
int64_t hf_lay_out(int64_t n, const hf_array *plan, double *scratch, int64_t used);

/* inverse = 1 / r */
void hf_invert(int64_t n, const double *r, double *inverse);

/* Number of combinations of species. */
int64_t hf_n_tuples(hpcfit_kind kind, int64_t n_species);

/* Place of a parameter's first value in the parameter vector. */
int64_t hf_parameter_offset(const hf_call *call, int parameter);

/* Place of the value for a combination of species among the values of a parameter of this kind. */
int64_t hf_tuple(hpcfit_kind kind, const int64_t *species, int64_t n_species);

/* The value of a parameter for a combination of species, which may hold more species than the parameter asks for. */
double hf_value(const hf_call *call, int parameter, const int64_t *species);

/* The parameter at a place in the parameter vector, and the (up to three) species that its value is for. */
int hf_parameter_at(const hf_call *call, int64_t place, int64_t *species);

/* The function in a role for a combination of species, NULL where there is none. */
const hpcfit_function *hf_role(const hf_call *call, int role, int64_t tuple);

/* The output of one column: 0 the values, k + 1 the derivatives with respect to free parameter k. */
hpcfit_output hf_column(const hpcfit_output *output, int64_t column);

/* Adds the energy, forces and virials of a pair function, given its value phi and slope dphi at every pair of the run
 * of `species` in `chunk`; each unordered pair counts once. */
void hf_add_radial(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *phi, const double *dphi,
                   const hpcfit_output *column);

/* Adds forces [3][8] of the atoms of a group, and the virials of radial forces: the slopes dphi of n_slots >= 1
 * slots, which begin at `pair` of the geometry, times `share`. */
void hf_add_group_radial(const hpcfit_geometry *g, int64_t group, int64_t n_slots, int64_t pair, double share,
                         const double *dphi, const double (*force)[HF_LANES], const hpcfit_output *column);

/* Adds forces [3][8] and virials [6][8] of the atoms of a group. */
void hf_add_group_forces(const hpcfit_geometry *g, int64_t group, const double (*force)[HF_LANES],
                         const hpcfit_output *column);
void hf_add_group_virial(const hpcfit_geometry *g, int64_t group, const double (*virial)[HF_LANES],
                         const hpcfit_output *column);

/* Adds energies of the atoms of a group, [8]. */
void hf_add_group_energy(const hpcfit_geometry *g, int64_t group, const double *energy, const hpcfit_output *column);

#endif
