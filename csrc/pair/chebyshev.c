/* Chebyshev polynomials of a transformed distance, times a cut-off function, several species.
 *
 *   V(r) = (1 - r / cutoff)^3 sum_{k=0}^{terms-1} c_k T_k(s)   for r < cutoff, else 0
 *
 * with s linear in x = exp(-r / decay), 1 at the distance `inner` and -1 at the cut-off. R. K. Lindsey, L. E. Fried
 * and N. Goldman, J. Chem. Theory Comput. 13, 6222 (2017), without the three-body terms and the penalty below the
 * inner distance. The energy is linear in all c_k. T_{k+1} = 2 s T_k - T_{k-1}, and its slope follows from this. */
#include "core/half.h"
#include "core/internal.h"

#include <string.h>

enum { C, CUTOFF, INNER, DECAY, N_ROWS };

/* One size. */
enum { TERMS };

static const hpcfit_size sizes[] = {{"terms", "number of polynomials", 1, 64}};

static const hpcfit_parameter table[N_ROWS] = {
    [C] = {"c", "eV", "coefficient of a polynomial", HPCFIT_PAIR, -INFINITY, INFINITY, 1, 0, 0.0, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
    [INNER] = {"inner", "A", "distance at which the polynomials' argument is 1", HPCFIT_PAIR, 0.0, INFINITY, 0},
    [DECAY] = {"decay", "A", "length over which the transformed distance decays", HPCFIT_PAIR, 1e-3, INFINITY, 0},
};

static int64_t count(const int64_t *of, int parameter)
{
    return parameter == C ? of[TERMS] : 1;
}

/* Arrays over the pairs of a chunk: the sums, those of a term, and what terms are made of: the cut-off function and
 * its slope, s and its slope, two polynomials and their slopes. */
enum { PHI, DPHI, TERM, DTERM, F, DF, S, DS, T, DT, BEFORE, DBEFORE, N_ARRAYS };

static int64_t scratch_size(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    return half == NULL ? 0 : N_ARRAYS * half->max_chunk_slots * HF_LANES;
}

HF_CLONES
static void start(int64_t n, const double *restrict r, double cutoff, double inner, double decay, double *const *a)
{
    const double last = exp(-cutoff / decay), scale = 2.0 / (exp(-inner / decay) - last);
    double *restrict f = a[F], *restrict df = a[DF], *restrict s = a[S], *restrict ds = a[DS];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double left = r[k] < cutoff ? 1.0 - r[k] / cutoff : 0.0, x = scale * exp(-r[k] / decay);
        f[k] = left * left * left;
        df[k] = -3.0 * left * left / cutoff;
        s[k] = x - scale * last - 1.0;
        ds[k] = -x / decay;
    }
    memset(a[PHI], 0, (size_t)n * sizeof(double));
    memset(a[DPHI], 0, (size_t)n * sizeof(double));
    memset(a[DT], 0, (size_t)n * sizeof(double));
    memcpy(a[BEFORE], s, (size_t)n * sizeof(double)); /* T_{-1} = T_1 */
    memcpy(a[DBEFORE], ds, (size_t)n * sizeof(double));
    for (int64_t k = 0; k < n; k++)
        a[T][k] = 1.0;
}

/* The term of the polynomial at hand, added c times to the sums; then the next polynomial. */
HF_CLONES
static void advance(int64_t n, double c, double *const *a)
{
    const double *restrict f = a[F], *restrict df = a[DF], *restrict s = a[S], *restrict ds = a[DS];
    double *restrict phi = a[PHI], *restrict dphi = a[DPHI], *restrict term = a[TERM], *restrict dterm = a[DTERM];
    double *restrict t = a[T], *restrict dt = a[DT], *restrict before = a[BEFORE], *restrict dbefore = a[DBEFORE];
#pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const double own = t[k], slope = dt[k];
        term[k] = f[k] * own;
        dterm[k] = df[k] * own + f[k] * slope;
        phi[k] += c * term[k];
        dphi[k] += c * dterm[k];
        t[k] = 2.0 * s[k] * own - before[k];
        dt[k] = 2.0 * (ds[k] * own + s[k] * slope) - dbefore[k];
        before[k] = own;
        dbefore[k] = slope;
    }
}

static void add_run(const hf_call *call, int64_t chunk, int64_t species)
{
    const hpcfit_geometry *half = call->geometry->half;
    const int64_t n_tuples = hf_n_pair_tuples(half->n_species), n_terms = call->sizes[TERMS];
    const int64_t tuple = hf_pair_tuple(half->chunk_species[chunk], species, half->n_species);
    const double *p = call->parameters + tuple, *fixed = p + n_terms * n_tuples;
    const hf_run run = hf_run_of(half, chunk, species);
    double *a[N_ARRAYS];
    for (int k = 0; k < N_ARRAYS; k++)
        a[k] = call->scratch + k * half->max_chunk_slots * HF_LANES;
    start(run.n_pairs, run.r, fixed[0], fixed[n_tuples], fixed[2 * n_tuples], a);
    for (int64_t term = 0; term < n_terms; term++) {
        advance(run.n_pairs, p[term * n_tuples], a);
        for (int64_t k = 0; k < call->n_free; k++) {
            if (call->free_parameters[k] != term * n_tuples + tuple) continue;
            const hpcfit_output column = hf_column(call->output, k + 1);
            hf_add_pairs(half, chunk, species, a[TERM], a[DTERM], &column);
        }
    }
    const hpcfit_output values = hf_column(call->output, 0);
    hf_add_pairs(half, chunk, species, a[PHI], a[DPHI], &values);
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    for (int64_t chunk = 0; chunk < half->n_chunks; chunk++)
        for (int64_t species = 0; species < half->n_species; species++)
            if (hf_run_of(half, chunk, species).n_pairs > 0) add_run(call, chunk, species);
}

const hpcfit_potential hf_chebyshev = {
    .name = "chebyshev",
    .formula = "sum_{i<j} (1 - r/cutoff)^3 sum_k c_k T_k(s), s linear in exp(-r/decay), 1 at inner, -1 at cutoff",
    .reference = "R. K. Lindsey, L. E. Fried and N. Goldman, J. Chem. Theory Comput. 13, 6222 (2017)",
    .n_sizes = 1,
    .sizes = sizes,
    .count = count,
    .n_parameters = N_ROWS,
    .parameters = table,
    .is_linear = 1,
    .pairwise = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
