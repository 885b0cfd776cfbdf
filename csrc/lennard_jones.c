/* Lennard-Jones, several species, truncated at the cut-off without shift.
 *
 *   V(r) = 4 epsilon [(sigma/r)^12 - (sigma/r)^6]   for r < cutoff, else 0
 *
 * J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924); the form of its equation as in M. P. Allen and
 * D. J. Tildesley, Computer Simulation of Liquids (1987), eq. 1.6. */
#include "registry.h"

enum { SIGMA, EPSILON, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [SIGMA] = {"sigma", "A", "distance at which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 1},
    [EPSILON] = {"epsilon", "eV", "depth of the well", HPCFIT_PAIR, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which the pair energy is zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

/* Sums over the neighbours of eight atoms, for each power by itself: energy and force are combinations of them, and
 * so are the derivatives by sigma and epsilon. */
enum { ENERGY, X, Y, Z, N_SUMS };
enum { XX, YY, ZZ, YZ, XZ, XY, N_VIRIALS };

/* (sigma/r)^6 and its square within the cut-off, zero outside; and times u/r. */
HF_CLONES
static void sum_powers(int64_t n_slots, double sigma, double cutoff, const double *restrict r,
                       const double *restrict ux, const double *restrict uy, const double *restrict uz,
                       double (*restrict six)[HF_LANES], double (*restrict twelve)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double e6 = 0.0, x6 = 0.0, y6 = 0.0, z6 = 0.0, e12 = 0.0, x12 = 0.0, y12 = 0.0, z12 = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            const double inverse = 1.0 / r[k], s = sigma * inverse, s2 = s * s;
            const double s6 = r[k] < cutoff ? s2 * s2 * s2 : 0.0, s12 = s6 * s6;
            const double f6 = s6 * inverse, f12 = s12 * inverse;
            e6 += s6;
            x6 += f6 * ux[k];
            y6 += f6 * uy[k];
            z6 += f6 * uz[k];
            e12 += s12;
            x12 += f12 * ux[k];
            y12 += f12 * uy[k];
            z12 += f12 * uz[k];
            k += HF_LANES;
        } while (--left > 0);
        six[ENERGY][lane] = e6;
        six[X][lane] = x6;
        six[Y][lane] = y6;
        six[Z][lane] = z6;
        twelve[ENERGY][lane] = e12;
        twelve[X][lane] = x12;
        twelve[Y][lane] = y12;
        twelve[Z][lane] = z12;
    }
}

/* The same powers times u u. */
HF_CLONES
static void sum_virials(int64_t n_slots, double sigma, double cutoff, const double *restrict r,
                        const double *restrict ux, const double *restrict uy, const double *restrict uz,
                        double (*restrict six)[HF_LANES], double (*restrict twelve)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double a6[N_VIRIALS] = {0.0}, a12[N_VIRIALS] = {0.0};
        int64_t k = lane, left = n_slots;
        do {
            const double s = sigma / r[k], s2 = s * s, s6 = r[k] < cutoff ? s2 * s2 * s2 : 0.0, s12 = s6 * s6;
            const double xx = ux[k] * ux[k], yy = uy[k] * uy[k], zz = uz[k] * uz[k];
            const double yz = uy[k] * uz[k], xz = ux[k] * uz[k], xy = ux[k] * uy[k];
            a6[XX] += s6 * xx;
            a6[YY] += s6 * yy;
            a6[ZZ] += s6 * zz;
            a6[YZ] += s6 * yz;
            a6[XZ] += s6 * xz;
            a6[XY] += s6 * xy;
            a12[XX] += s12 * xx;
            a12[YY] += s12 * yy;
            a12[ZZ] += s12 * zz;
            a12[YZ] += s12 * yz;
            a12[XZ] += s12 * xz;
            a12[XY] += s12 * xy;
            k += HF_LANES;
        } while (--left > 0);
        for (int v = 0; v < N_VIRIALS; v++) {
            six[v][lane] = a6[v];
            twelve[v][lane] = a12[v];
        }
    }
}

/* Both kinds of sums of a group and one species of neighbours. */
typedef struct {
    double six[N_SUMS][HF_LANES], twelve[N_SUMS][HF_LANES];
    double six_virials[N_VIRIALS][HF_LANES], twelve_virials[N_VIRIALS][HF_LANES];
} sums;

HF_CLONES
static void combine(int n, double a, double b, const double (*restrict twelve)[HF_LANES],
                    const double (*restrict six)[HF_LANES], double (*restrict sum)[HF_LANES])
{
    for (int v = 0; v < n; v++)
#pragma omp simd
        for (int lane = 0; lane < HF_LANES; lane++)
            sum[v][lane] = a * twelve[v][lane] + b * six[v][lane];
}

/* Adds a s^12 + b s^6 to a column; each pair's energy belongs to two atoms. */
static void add_column(const hpcfit_geometry *g, int64_t group, const sums *x, double a, double b,
                       const hpcfit_output *column)
{
    double sum[N_SUMS][HF_LANES], virial[N_VIRIALS][HF_LANES];
    combine(1, 0.5 * a, 0.5 * b, x->twelve, x->six, sum);
    combine(3, -12.0 * a, -6.0 * b, x->twelve + X, x->six + X, sum + X);
    hf_add_group_energy(g, group, sum[ENERGY], column);
    hf_add_group_forces(g, group, sum + X, column);
    if (column->virials == NULL) return;
    combine(N_VIRIALS, 6.0 * a, 3.0 * b, x->twelve_virials, x->six_virials, virial);
    hf_add_group_virial(g, group, virial, column);
}

static void add_columns(const hf_call *call, int64_t group, int64_t tuple, const sums *x)
{
    const int64_t n_tuples = hf_n_pair_tuples(call->geometry->n_species);
    const double sigma = call->parameters[SIGMA * n_tuples + tuple];
    const double epsilon = call->parameters[EPSILON * n_tuples + tuple];
    hpcfit_output column = hf_column(call->output, 0);
    add_column(call->geometry, group, x, 4.0 * epsilon, -4.0 * epsilon, &column);
    for (int64_t k = 0; k < call->n_free; k++) {
        const int64_t parameter = call->free_parameters[k] / n_tuples;
        if (call->free_parameters[k] % n_tuples != tuple || parameter == CUTOFF) continue;
        column = hf_column(call->output, k + 1);
        if (parameter == SIGMA)
            add_column(call->geometry, group, x, 48.0 * epsilon / sigma, -24.0 * epsilon / sigma, &column);
        else
            add_column(call->geometry, group, x, 4.0, -4.0, &column);
    }
}

static int64_t scratch_size(const hf_call *call)
{
    (void)call;
    return 0;
}

static void evaluate_group(const hf_call *call, int64_t group, int64_t species, int64_t tuple)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_tuples = hf_n_pair_tuples(g->n_species), n_slots = g->slot_count[group * g->n_species + species];
    const int64_t k = g->slot_start[group * g->n_species + species] * HF_LANES;
    const double sigma = call->parameters[SIGMA * n_tuples + tuple];
    const double cutoff = call->parameters[CUTOFF * n_tuples + tuple];
    sums x;
    if (n_slots == 0) return;
    sum_powers(n_slots, sigma, cutoff, g->r + k, g->ux + k, g->uy + k, g->uz + k, x.six, x.twelve);
    if (call->output->virials != NULL)
        sum_virials(n_slots, sigma, cutoff, g->r + k, g->ux + k, g->uy + k, g->uz + k, x.six_virials,
                    x.twelve_virials);
    add_columns(call, group, tuple, &x);
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t species = 0; species < g->n_species; species++) {
            const int64_t tuple = hf_pair_tuple(g->chunk_species[chunk], species, g->n_species);
            for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
                evaluate_group(call, group, species, tuple);
        }
}

const hpcfit_potential hf_lennard_jones = {
    .name = "lennard-jones",
    .formula = "4 epsilon [(sigma/r)^12 - (sigma/r)^6], zero from the cut-off on",
    .reference = "J. E. Lennard-Jones, Proc. R. Soc. Lond. A 106, 463 (1924)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
