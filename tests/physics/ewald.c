/* Ewald's sum for fixed charges, one per species, as a potential that needs cells and positions: a kernel of the
 * tests.
 *
 *   E = k_e [ 1/2 sum_{i, j != i} q_i q_j erfc(a r)/r + 2 pi/V sum_{k != 0} exp(-k^2/4 a^2)/k^2 |S(k)|^2
 *             - a/sqrt(pi) sum_i q_i^2 - pi/(2 V a^2) (sum_i q_i)^2 ],   S(k) = sum_i q_i exp(i k.r_i)
 *
 * P. P. Ewald, Ann. Phys. 369, 253 (1921); the virial as in D. M. Heyes, Phys. Rev. B 49, 755 (1994). The sum is a
 * form B(q, q), so that its derivative by the charge of a species is 2 B(q, 1 for this species). Cells that are not
 * periodic along all their vectors have no such energy: it is NaN. */
#include "core/internal.h"

#include <stdlib.h>

enum { CHARGE, CUTOFF, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [CHARGE] = {"charge", "e", "charge of an atom", HPCFIT_SPECIES, -INFINITY, INFINITY, 1},
    [CUTOFF] = {"cutoff", "A", "distance beyond which erfc counts as zero", HPCFIT_PAIR, 1e-3, INFINITY, 0, 1},
};

static const double PI = 3.14159265358979323846, K_E = 14.399645478425668;

/* In units of a, and in units of 1 / (2 a) for k: exp(-36) = 2e-16. */
static const double REACH = 6.0;

/* The form for charges p and q of the species, times a factor. */
typedef struct {
    const hpcfit_geometry *g;
    const double *p, *q;
    double a, cutoff, factor;
    hpcfit_output to;
    int32_t *species; /* [n_atoms] */
} form;

static void add_virial(const form *f, int64_t structure, const double (*w)[3])
{
    if (f->to.virials == NULL) return;
    const double voigt[] = {w[0][0], w[1][1], w[2][2], w[1][2], w[0][2], w[0][1]};
    for (int v = 0; v < 6; v++)
        f->to.virials[structure][v] += f->factor * voigt[v];
}

static void add_pair(const form *f, int64_t lane, int64_t pair)
{
    const double r = f->g->r[pair], u[3] = {f->g->ux[pair], f->g->uy[pair], f->g->uz[pair]};
    const int64_t i = f->g->lane_atom[lane], j = f->g->neighbour[pair], s = f->g->lane_structure[lane];
    if (r >= f->cutoff) return;
    const double *p = f->p, *q = f->q, c = erfc(f->a * r) / r;
    const double weight = 0.5 * K_E * (p[f->species[i]] * q[f->species[j]] + q[f->species[i]] * p[f->species[j]]);
    const double slope = -weight * (c + 2.0 * f->a / sqrt(PI) * exp(-f->a * f->a * r * r)) / r;
    double w[3][3];
    f->to.energies[s] += f->factor * 0.5 * weight * c;
    for (int x = 0; x < 3; x++) {
        f->to.forces[i][x] += f->factor * slope * u[x];
        for (int y = 0; y < 3; y++)
            w[x][y] = -0.5 * r * slope * u[x] * u[y];
    }
    add_virial(f, s, (const double (*)[3])w);
}

static void add_pairs(const form *f)
{
    const hpcfit_geometry *g = f->g;
    for (int64_t group = 0; group < g->n_groups; group++)
        for (int64_t species = 0; species < g->n_species; species++)
            for (int64_t slot = 0; slot < g->slot_count[group * g->n_species + species]; slot++)
                for (int64_t lane = 0; lane < g->lane_count[group]; lane++)
                    add_pair(f, group * HF_LANES + lane,
                             (g->slot_start[group * g->n_species + species] + slot) * HF_LANES + lane);
}

static double dot(const double *a, const double *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static void cross(const double *a, const double *b, double *c)
{
    for (int x = 0; x < 3; x++)
        c[x] = a[(x + 1) % 3] * b[(x + 2) % 3] - a[(x + 2) % 3] * b[(x + 1) % 3];
}

/* One wave vector k and, by symmetry, its opposite. */
static void add_wave(const form *f, int64_t structure, double volume, const double *k)
{
    const int64_t first = f->g->structure_start[structure], end = f->g->structure_start[structure + 1];
    const double k2 = dot(k, k), weight = 4.0 * PI * K_E / volume * exp(-k2 / (4.0 * f->a * f->a)) / k2;
    double sums[4] = {0.0}, w[3][3];
    for (int64_t i = first; i < end; i++) {
        const double phase = dot(k, f->g->position[i]), p = f->p[f->species[i]], q = f->q[f->species[i]];
        sums[0] += p * cos(phase);
        sums[1] += p * sin(phase);
        sums[2] += q * cos(phase);
        sums[3] += q * sin(phase);
    }
    const double energy = weight * (sums[0] * sums[2] + sums[1] * sums[3]);
    f->to.energies[structure] += f->factor * energy;
    for (int64_t i = first; i < end; i++) {
        const double phase = dot(k, f->g->position[i]), p = f->p[f->species[i]], q = f->q[f->species[i]];
        const double real = p * sums[2] + q * sums[0], imaginary = p * sums[3] + q * sums[1];
        for (int x = 0; x < 3; x++)
            f->to.forces[i][x] += f->factor * weight * k[x] * (sin(phase) * real - cos(phase) * imaginary);
    }
    for (int x = 0; x < 3; x++)
        for (int y = 0; y < 3; y++)
            w[x][y] = energy * ((x == y) - 2.0 * k[x] * k[y] * (1.0 / (4.0 * f->a * f->a) + 1.0 / k2));
    add_virial(f, structure, (const double (*)[3])w);
}

static void add_structure(const form *f, int64_t structure)
{
    const double (*h)[3] = (const double (*)[3])f->g->cell[structure];
    const int32_t *periodic = f->g->periodic[structure];
    double b[3][3], total[2] = {0.0}, self = 0.0;
    int64_t n[3];
    for (int x = 0; x < 3; x++)
        cross(h[(x + 1) % 3], h[(x + 2) % 3], b[x]);
    const double volume = dot(h[0], b[0]), longest = 2.0 * REACH * f->a;
    if (!(periodic[0] && periodic[1] && periodic[2])) f->to.energies[structure] = NAN;
    for (int x = 0; x < 3; x++) {
        for (int y = 0; y < 3; y++)
            b[x][y] *= 2.0 * PI / volume;
        n[x] = (int64_t)(longest * sqrt(dot(h[x], h[x])) / (2.0 * PI)) + 1;
    }
    for (int64_t i = 0; i <= n[0]; i++)
        for (int64_t j = -n[1]; j <= n[1]; j++)
            for (int64_t m = -n[2]; m <= n[2]; m++) {
                /* Half of the space. */
                if (i == 0 && (j < 0 || (j == 0 && m <= 0))) continue;
                double k[3];
                for (int x = 0; x < 3; x++)
                    k[x] = (double)i * b[0][x] + (double)j * b[1][x] + (double)m * b[2][x];
                if (dot(k, k) < longest * longest) add_wave(f, structure, fabs(volume), k);
            }
    for (int64_t i = f->g->structure_start[structure]; i < f->g->structure_start[structure + 1]; i++) {
        self += f->p[f->species[i]] * f->q[f->species[i]];
        total[0] += f->p[f->species[i]];
        total[1] += f->q[f->species[i]];
    }
    const double background = -K_E * PI / (2.0 * fabs(volume) * f->a * f->a) * total[0] * total[1];
    const double w[3][3] = {{background, 0, 0}, {0, background, 0}, {0, 0, background}};
    f->to.energies[structure] += f->factor * (background - K_E * f->a / sqrt(PI) * self);
    add_virial(f, structure, w);
}

static int64_t scratch_size(const hf_call *call)
{
    return (call->geometry->n_atoms + 1) / 2 + call->geometry->n_species;
}

static hpcfit_output column(const hpcfit_output *output, int64_t k)
{
    const int64_t shift = k * output->stride;
    return (hpcfit_output){.energies = output->energies + shift,
                           .forces = (double (*)[3])(output->forces[0] + shift),
                           .virials = output->virials ? (double (*)[6])(output->virials[0] + shift) : NULL};
}

static void evaluate(const hf_call *call)
{
    const hpcfit_geometry *g = call->geometry;
    const double cutoff = call->parameters[g->n_species];
    double *unit = call->scratch;
    form f = {.g = g, .p = call->parameters, .q = call->parameters, .cutoff = cutoff, .a = REACH / cutoff};
    f.species = (int32_t *)(unit + g->n_species);
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        for (int64_t lane = g->chunk_group[chunk] * HF_LANES; lane < g->chunk_group[chunk + 1] * HF_LANES; lane++)
            if (lane % HF_LANES < g->lane_count[lane / HF_LANES])
                f.species[g->lane_atom[lane]] = (int32_t)g->chunk_species[chunk];
    for (int64_t k = 0; k <= call->n_free; k++) {
        for (int64_t s = 0; s < g->n_species; s++)
            unit[s] = k > 0 && s == call->free_parameters[k - 1];
        f.q = k == 0 ? call->parameters : unit;
        f.factor = k == 0 ? 1.0 : 2.0;
        f.to = column(call->output, k);
        add_pairs(&f);
        for (int64_t s = 0; s < g->n_structures; s++)
            add_structure(&f, s);
    }
}

extern const hpcfit_potential test_ewald;
const hpcfit_potential test_ewald = {
    .name = "ewald",
    .formula = "sum_{i<j} q_i q_j / r, images included",
    .reference = "P. P. Ewald, Ann. Phys. 369, 253 (1921)",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .needs_positions = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
