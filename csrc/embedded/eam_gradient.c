/* Reverse mode of embedded atoms. With weights w of energies, forces and virials, and along each pair
 *
 *   g = (w_F(i) - w_F(j)).u - r u.w_V u,
 *
 * the differentiated function is sum_pairs [w_E phi + g slope] + sum_i w_E F(rho_i),  the slope along a pair being
 * phi' + F'(rho_i) rho_ij' + F'(rho_j) rho_ji'. Each atom has the derivatives of this by F' and by rho,
 *
 *   A_i = sum_j g rho_ij',   B_i = w_E F'(rho_i) + A_i F''(rho_i),
 *
 * so that phi has the weights w_E and g, rho_ij has B_i and g F'(rho_i), and F has w_E and A_i: the derivatives by a
 * function's parameters follow from weighted values and slopes. */
#include "core/half.h"
#include "embedded/embedding.h"
#include "functions/adjoint.h"
#include "functions/spline_rows.h"

#include <string.h>

/* Of an embedding function: its row behind value and slope. */
enum { SECOND = HF_BY };

/* The scratch space; arrays over atoms in the batch's order. */
typedef struct {
    int64_t stride;
    double *rho, *first;             /* [n_atoms] density, F' */
    double *by_first, *by_rho;       /* [n_atoms] A, B */
    double *g;                       /* [n_slots of the half][8] */
    double *rows, *there;            /* [most rows][stride] outputs of functions */
    double *x, *a, *b;               /* [stride] arguments of embedding functions, weights of values and slopes */
    double *function, *basis, *sums; /* scratch of the functions, of their adjoints; sums over intervals */
} space;

static int64_t lay_out(const hf_call *call, double *scratch, space *s)
{
    const hpcfit_geometry *half = call->geometry->half;
    const int64_t n_atoms = hf_round_up(call->geometry->n_atoms), run = half->max_chunk_slots * HF_LANES;
    s->stride = run > HF_BLOCK ? run : HF_BLOCK;
    const int64_t rows = hf_function_most_rows(call->functions) * s->stride;
    const int64_t n_knots = hf_functions_knots(call->functions), basis = hf_adjoint_scratch(s->stride);
    const hf_array plan[] = {{&s->rho, n_atoms},
                             {&s->first, n_atoms},
                             {&s->by_first, n_atoms},
                             {&s->by_rho, n_atoms},
                             {&s->sums, hf_round_up(hf_adjoint_sums(call->functions))},
                             {&s->g, half->n_slots * HF_LANES},
                             {&s->rows, rows},
                             {&s->there, rows},
                             {&s->x, s->stride},
                             {&s->a, s->stride},
                             {&s->b, s->stride},
                             {&s->function, hf_round_up(hf_function_scratch(call->functions))},
                             {&s->basis, basis > n_knots ? basis : n_knots}};
    return hf_lay_out(HF_COUNT(plan), plan, scratch, 0);
}

/* A run of the half geometry; `first` is its first pair. */
typedef struct {
    const hpcfit_geometry *half;
    int64_t chunk, b, first, n;
    const double *r;
    const hpcfit_function *pair, *here, *there;
} pairs;

static pairs pairs_of(const hf_call *call, int64_t chunk, int64_t b)
{
    const hpcfit_geometry *half = call->geometry->half;
    const int64_t a = half->chunk_species[chunk], n = half->n_species;
    const hf_run run = hf_run_of(half, chunk, b);
    return (pairs){.half = half,
                   .chunk = chunk,
                   .b = b,
                   .first = run.r - half->r,
                   .n = run.n_pairs,
                   .r = run.r,
                   .pair = hf_role(call, HF_PAIR_ROLE, hf_pair_tuple(a, b, n)),
                   .here = hf_role(call, HF_DENSITY_ROLE, a * n + b),
                   .there = hf_role(call, HF_DENSITY_ROLE, b * n + a)};
}

/* The weights of a group's atoms: of forces, and of their structures' virials xx yy zz yz xz xy. */
typedef struct {
    double force[3][HF_LANES], virial[6][HF_LANES];
} own_weights;

static own_weights weights_of(const hf_call *call, const hpcfit_geometry *half, int64_t group)
{
    own_weights own;
    memset(&own, 0, sizeof own);
    for (int lane = 0; lane < half->lane_count[group]; lane++) {
        const int64_t atom = half->lane_atom[group * HF_LANES + lane];
        const int64_t structure = half->lane_structure[group * HF_LANES + lane];
        for (int axis = 0; axis < 3; axis++)
            own.force[axis][lane] = call->weights->forces[atom][axis];
        for (int v = 0; v < 6 && call->weights->virials != NULL; v++)
            own.virial[v][lane] = call->weights->virials[structure][v];
    }
    return own;
}

/* g over the slots of a group, of which k is the first pair. */
HF_CLONES
static void fill_g(const hpcfit_geometry *half, int64_t n_slots, int64_t k, const own_weights *own,
                   const double (*forces)[3], double *g)
{
    const hf_eight *f = (const hf_eight *)own->force, *v = (const hf_eight *)own->virial;
    for (const int64_t end = k + n_slots * HF_LANES; k < end; k += HF_LANES) {
        const hf_eight r = *(const hf_eight *)(half->r + k), x = *(const hf_eight *)(half->ux + k),
                       y = *(const hf_eight *)(half->uy + k), z = *(const hf_eight *)(half->uz + k);
        double of_neighbours[3][HF_LANES];
        for (int lane = 0; lane < HF_LANES; lane++)
            for (int axis = 0; axis < 3; axis++)
                of_neighbours[axis][lane] = forces[half->neighbour[k + lane]][axis];
        const hf_eight *other = (const hf_eight *)of_neighbours;
        const hf_eight strain = x * (v[0] * x + v[4] * z + v[5] * y) + y * (v[1] * y + v[3] * z) + v[2] * z * z;
        *(hf_eight *)(g + k) = (f[0] - other[0]) * x + (f[1] - other[1]) * y + (f[2] - other[2]) * z - r * strain;
    }
}

HF_CLONES
static void multiply(int64_t n, const double *restrict g, double *restrict slope)
{
#pragma omp simd
    for (int64_t k = 0; k < n; k++)
        slope[k] *= g[k];
}

/* Adds a density of a run to rho and A of own atoms or of neighbours. */
static void share(const hf_call *call, const space *s, const pairs *x, const hpcfit_function *density, double *rows,
                  int to_own, int to_other)
{
    double *slope = rows + HF_SLOPE * s->stride;
    hf_function_run_rows(call, density, x->n, x->r, rows, s->stride, s->function);
    multiply(x->n, s->g + x->first, slope);
    hf_share_values(x->half, x->chunk, x->b, to_own ? rows : NULL, to_other ? rows : NULL, s->rho);
    hf_share_values(x->half, x->chunk, x->b, to_own ? slope : NULL, to_other ? slope : NULL, s->by_first);
}

static void add_densities(const hf_call *call, const space *s, const pairs *x)
{
    const hpcfit_geometry *half = x->half;
    for (int64_t group = half->chunk_group[x->chunk]; group < half->chunk_group[x->chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, x->chunk, group, x->b);
        const own_weights own = weights_of(call, half, group);
        fill_g(half, p.n_slots, p.pair, &own, call->weights->forces, s->g);
    }
    if (x->here != NULL) share(call, s, x, x->here, s->rows, 1, x->here == x->there);
    if (x->there != NULL && x->there != x->here) share(call, s, x, x->there, s->there, 0, 1);
}

/* A derivative that is infinite for an atom without density acts on no neighbour. */
static double felt(double rho, double value)
{
    return rho == 0.0 && !isfinite(value) ? 0.0 : value;
}

/* The embedding energies of at most HF_BLOCK lanes, of groups of one species. */
static void embed(const hf_call *call, const space *s, const hpcfit_function *embedding, int64_t group, int64_t end)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n = (end - group) * HF_LANES, first = group * HF_LANES;
    for (int64_t k = 0; k < n; k++) {
        const int is_used = k % HF_LANES < g->lane_count[group + k / HF_LANES];
        s->x[k] = is_used ? s->rho[g->lane_atom[first + k]] : 0.0;
        s->a[k] = is_used ? call->weights->energies[g->lane_structure[first + k]] : 0.0;
        s->b[k] = is_used ? s->by_first[g->lane_atom[first + k]] : 0.0;
    }
    hf_function_run_rows(call, embedding, n, s->x, s->rows, s->stride, s->function);
    for (int64_t k = 0; k < n; k++) {
        if (k % HF_LANES >= g->lane_count[group + k / HF_LANES]) continue;
        const int64_t atom = g->lane_atom[first + k];
        s->first[atom] = felt(s->x[k], s->rows[HF_SLOPE * s->stride + k]);
        s->by_rho[atom] = s->a[k] * s->first[atom] + s->b[k] * felt(s->x[k], s->rows[SECOND * s->stride + k]);
    }
    const hf_adjoint at = {.n = n, .stride = s->stride, .x = s->x, .a = s->a, .b = s->b, .rows = s->rows};
    hf_adjoint_add(call, embedding, &at, s->sums, s->basis, call->gradient);
}

static void embed_all(const hf_call *call, const space *s)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        const hpcfit_function *embedding = hf_role(call, HF_EMBEDDING_ROLE, g->chunk_species[chunk]);
        const int64_t most = HF_BLOCK / HF_LANES, last = g->chunk_group[chunk + 1];
        for (int64_t group = g->chunk_group[chunk]; group < last && embedding != NULL; group += most)
            embed(call, s, embedding, group, group + most < last ? group + most : last);
    }
}

/* Weights of a density over a group's slots: B and g F' of the atoms that receive it, own or neighbours or both. */
HF_CLONES
static void fill_density(const hpcfit_geometry *half, int64_t n_slots, int64_t k, const double *by_rho,
                         const double *first, const hf_eight *own, int to_other, const double *g, double *a,
                         double *b)
{
    for (int64_t slot = 0; slot < n_slots; slot++, k += HF_LANES) {
        hf_eight rho = own[0], slope = own[1];
        for (int lane = 0; lane < HF_LANES && to_other; lane++) {
            rho[lane] += by_rho[half->neighbour[k + lane]];
            slope[lane] += first[half->neighbour[k + lane]];
        }
        *(hf_eight *)(a + slot * HF_LANES) = rho;
        *(hf_eight *)(b + slot * HF_LANES) = slope * *(const hf_eight *)(g + k);
    }
}

/* Fills the adjoint weights a and b of a density (at own atoms, at neighbours or both) or, with neither, of the pair
 * energy. */
static void fill_weights(const hf_call *call, const space *s, const pairs *x, int to_own, int to_other)
{
    const hpcfit_geometry *half = x->half;
    for (int64_t group = half->chunk_group[x->chunk]; group < half->chunk_group[x->chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, x->chunk, group, x->b);
        double own[2][HF_LANES] = {{0.0}};
        for (int lane = 0; lane < half->lane_count[group]; lane++) {
            const int64_t at = group * HF_LANES + lane;
            if (to_own) {
                own[0][lane] = s->by_rho[half->lane_atom[at]];
                own[1][lane] = s->first[half->lane_atom[at]];
            } else if (!to_other) {
                own[0][lane] = call->weights->energies[half->lane_structure[at]];
                own[1][lane] = 1.0;
            }
        }
        fill_density(half, p.n_slots, p.pair, s->by_rho, s->first, (const hf_eight *)own, to_other, s->g,
                     s->a + p.pair - x->first, s->b + p.pair - x->first);
    }
}

static void add_function(const hf_call *call, const space *s, const pairs *x, const hpcfit_function *function,
                         int to_own, int to_other)
{
    if (function == NULL || hf_function_columns(call, function).count == 0) return;
    fill_weights(call, s, x, to_own, to_other);
    if (!hf_is_spline(function)) hf_function_run_rows(call, function, x->n, x->r, s->rows, s->stride, s->function);
    const hf_adjoint at = {.n = x->n, .stride = s->stride, .x = x->r, .a = s->a, .b = s->b, .rows = s->rows};
    hf_adjoint_add(call, function, &at, s->sums, s->basis, call->gradient);
}

static void for_each_run(const hf_call *call, const space *s,
                         void (*work)(const hf_call *, const space *, const pairs *))
{
    const hpcfit_geometry *half = call->geometry->half;
    for (int64_t chunk = 0; chunk < half->n_chunks; chunk++)
        for (int64_t b = 0; b < half->n_species; b++) {
            const pairs x = pairs_of(call, chunk, b);
            if (x.n > 0) work(call, s, &x);
        }
}

static void add_pairs(const hf_call *call, const space *s, const pairs *x)
{
    const int is_shared = x->here == x->there;
    add_function(call, s, x, x->pair, 0, 0);
    add_function(call, s, x, x->here, 1, is_shared);
    if (!is_shared) add_function(call, s, x, x->there, 0, 1);
}

int64_t hf_embedded_gradient_scratch(const hf_call *call)
{
    space s;
    return lay_out(call, NULL, &s);
}

void hf_embedded_gradient(const hf_call *call)
{
    space s;
    lay_out(call, call->scratch, &s);
    memset(s.rho, 0, (size_t)(s.g - s.rho) * sizeof *s.rho);
    for_each_run(call, &s, add_densities);
    embed_all(call, &s);
    for_each_run(call, &s, add_pairs);
    hf_adjoint_finish(call, s.sums, s.basis, call->gradient);
}
