/* Arrays of one group of eight atoms in the environment-dependent potential. */
#include "edip/edip_group.h"
#include "core/moments.h"

#include <string.h>

/* Of a field: c, x, y, z, and the three components of its vectors. */
enum { RAW_ARRAYS = 4, FIELD_ARRAYS = 7, N_FIELDS = HF_EDIP_BY_GAMMA + 1 };

/* Arrays over a group's triplets: l + tau, exp(-Q (l + tau)^2), the angular function and a derivative of it. */
enum { ARM, EXPONENTIAL, H, DH, H_BY, DH_BY, N_TRIPLET_ARRAYS };

/* Doubles that n objects of a size take, in whole cache lines. */
static int64_t room(int64_t n, size_t size)
{
    return (n * (int64_t)size + 63) / 64 * 8;
}

static int64_t pairs_room(const hpcfit_geometry *g)
{
    return (HF_EDIP_N_ARRAYS + N_FIELDS * g->n_species * FIELD_ARRAYS) * g->max_chunk_slots * HF_LANES;
}

static int64_t triplets_room(const hpcfit_geometry *g)
{
    return N_TRIPLET_ARRAYS * (g->max_chunk_slots * (g->max_chunk_slots - 1) / 2) * HF_LANES;
}

int64_t hf_edip_scratch_size(const hpcfit_geometry *g)
{
    const int64_t n = hf_n_pair_tuples(g->n_species);
    return pairs_room(g) + triplets_room(g) + room(n, sizeof(hf_edip_triplet)) + room(n, sizeof(hf_edip_angle)) +
           room(n, sizeof(int64_t));
}

hf_edip_group hf_edip_view(const hpcfit_geometry *g, double *scratch)
{
    const int64_t n = hf_n_pair_tuples(g->n_species);
    double *triplet = scratch + pairs_room(g) + triplets_room(g);
    double *angle = triplet + room(n, sizeof(hf_edip_triplet)), *start = angle + room(n, sizeof(hf_edip_angle));
    return (hf_edip_group){.g = g,
                           .n = g->n_species,
                           .triplet = (hf_edip_triplet *)triplet,
                           .angle = (hf_edip_angle *)angle,
                           .triplet_start = (int64_t *)start,
                           .pairs = scratch,
                           .triplets = scratch + pairs_room(g)};
}

hf_edip_field hf_edip_field_at(const hf_edip_group *x, int field, int64_t b, int64_t c)
{
    const int64_t array = HF_EDIP_N_ARRAYS + (field * x->n + c) * FIELD_ARRAYS;
    double *first = x->pairs + array * x->stride + x->start[b];
    return (hf_edip_field){
        .c = first, .x = first + x->stride, .y = first + 2 * x->stride, .z = first + 3 * x->stride};
}

static hf_bonds bonds_of(const hf_edip_group *x, int64_t b)
{
    return hf_bonds_at(x->g, x->first[b], hf_edip_array(x, HF_EDIP_INVERSE, b));
}

/* The vectors that a column gathers. */
static hf_axes vectors_of(const hf_edip_group *x, int64_t b)
{
    return (hf_axes){hf_edip_array(x, HF_EDIP_TX, b), hf_edip_array(x, HF_EDIP_TY, b),
                     hf_edip_array(x, HF_EDIP_TZ, b)};
}

/* The vectors of a field, an array per axis, `stride` apart. */
static double *vectors_at(const hf_edip_group *x, int field, int64_t b, int64_t c)
{
    return hf_edip_field_at(x, field, b, c).c + RAW_ARRAYS * x->stride;
}

static hf_edip_range range_of(const hf_edip_group *x, int64_t b, int64_t c)
{
    return (hf_edip_range){.n_first = x->n_slots[b],
                           .n_second = x->n_slots[c],
                           .same = b == c,
                           .there_in_geometry = x->first[c] - x->first[b],
                           .there = hf_edip_field_at(x, 0, c, b).c - hf_edip_field_at(x, 0, b, c).c};
}

/* An array at the triplets of species b <= c. */
static double *triplet_array(const hf_edip_group *x, int array, int64_t b, int64_t c)
{
    return x->triplets + array * x->triplet_stride + x->triplet_start[hf_pair_tuple(b, c, x->n)];
}

static void place(hf_edip_group *x, int64_t group)
{
    x->group = group;
    x->stride = 0;
    x->triplet_stride = 0;
    for (int64_t b = 0; b < x->n; b++) {
        x->n_slots[b] = x->g->slot_count[group * x->n + b];
        x->first[b] = x->g->slot_start[group * x->n + b] * HF_LANES;
        x->start[b] = x->stride;
        x->stride += x->n_slots[b] * HF_LANES;
    }
    for (int64_t b = 0; b < x->n; b++)
        for (int64_t c = b; c < x->n; c++) {
            const hf_edip_range range = range_of(x, b, c);
            x->triplet_start[hf_pair_tuple(b, c, x->n)] = x->triplet_stride;
            x->triplet_stride += hf_edip_n_triplets(&range) * HF_LANES;
        }
}

/* Functions of the distance, and the coordinations. */
static void fill_pairs(hf_edip_group *x)
{
    memset(x->z, 0, sizeof x->z);
    for (int64_t b = 0; b < x->n; b++) {
        double *s[HF_EDIP_N_ARRAYS];
        for (int k = 0; k < HF_EDIP_N_ARRAYS; k++)
            s[k] = hf_edip_array(x, k, b);
        if (x->n_slots[b] == 0) continue;
        hf_edip_functions(x->n_slots[b] * HF_LANES, x->g->r + x->first[b], &x->pair[b], s);
        hf_edip_add_sum(x->n_slots[b], s[HF_EDIP_F], x->z);
    }
}

/* Adds the triplets with species b <= c to a field, from the arrays h and, behind it, its slope. */
static void add_triplets(const hf_edip_group *x, int64_t b, int64_t c, int h, int weight_b, int weight_c, int field,
                         double *slope, double *moment)
{
    const hf_edip_range range = range_of(x, b, c);
    const hf_bonds bonds = bonds_of(x, b);
    const hf_edip_triplet_arrays arrays = {.h = triplet_array(x, h, b, c),
                                           .dh = triplet_array(x, h + 1, b, c),
                                           .arm = triplet_array(x, ARM, b, c),
                                           .first_weight = hf_edip_array(x, weight_b, b),
                                           .second_weight = hf_edip_array(x, weight_c, c)};
    hf_edip_add_triplets(&range, &arrays, &bonds, hf_edip_field_at(x, field, b, c), slope, moment);
}

static void clear_field(const hf_edip_group *x, int field)
{
    for (int64_t c = 0; c < x->n; c++)
        memset(hf_edip_field_at(x, field, 0, c).c, 0, (size_t)(RAW_ARRAYS * x->stride) * sizeof(double));
}

/* Triplets of species b <= c; the field is filled. */
HF_CLONES
static void fill_total(const hf_edip_group *x, int64_t b, int64_t c, int field)
{
    hf_edip_angle *angle = &x->angle[hf_pair_tuple(b, c, x->n)];
    const double mu = x->triplet[hf_pair_tuple(b, c, x->n)].mu, share = b == c ? 0.5 : 1.0;
    hf_edip_total *total = &angle->total[field];
    double product[HF_LANES] = {0.0};
    if (field <= HF_EDIP_BY_ETA && x->n_slots[b] > 0)
        hf_edip_add_product(x->n_slots[b], hf_edip_array(x, HF_EDIP_G, b), hf_edip_field_at(x, field, b, c).c,
                            product);
    for (int lane = 0; lane < HF_LANES; lane++) {
        /* A function of Q (l + tau)^2 alone has the derivative by log Q (l + tau)/2 times that by l. */
        const double by_log_q =
            field == HF_EDIP_BY_TAU ? angle->slope[HF_EDIP_BY_LOG_Q][lane] : 0.5 * angle->moment[field][lane];
        total->energy[lane] = share * product[lane];
        if (field == HF_EDIP_BY_LOG_Q) total->energy[lane] = 0.5 * angle->moment[HF_EDIP_VALUE][lane];
        if (field == HF_EDIP_BY_TAU) total->energy[lane] = angle->slope[HF_EDIP_VALUE][lane];
        total->by_z[lane] = angle->tau_z[lane] * angle->slope[field][lane] - mu * by_log_q;
    }
}

/* Starts the sums over triplets of a field. */
static void clear_sums(hf_edip_angle *angle, int field)
{
    *(hf_eight *)angle->slope[field] = (hf_eight){0.0};
    *(hf_eight *)angle->moment[field] = (hf_eight){0.0};
}

static void fill_angle(const hf_edip_group *x, int64_t b, int64_t c)
{
    const hf_edip_range range = range_of(x, b, c);
    const int64_t tuple = hf_pair_tuple(b, c, x->n);
    const hf_bonds bonds = bonds_of(x, b);
    hf_edip_angle *angle = &x->angle[tuple];
    double *arm = triplet_array(x, ARM, b, c);
    clear_sums(angle, HF_EDIP_VALUE);
    hf_edip_angle_at(&x->triplet[tuple], x->z, angle);
    hf_edip_arms(&range, angle->tau, &bonds, arm);
    hf_edip_angular(hf_edip_n_triplets(&range), angle->q, x->triplet[tuple].eta, arm,
                    triplet_array(x, EXPONENTIAL, b, c), triplet_array(x, H, b, c), triplet_array(x, DH, b, c));
    add_triplets(x, b, c, H, HF_EDIP_G, HF_EDIP_G, HF_EDIP_VALUE, angle->slope[HF_EDIP_VALUE],
                 angle->moment[HF_EDIP_VALUE]);
    fill_total(x, b, c, HF_EDIP_VALUE);
}

void hf_edip_enter(hf_edip_group *x, int64_t group)
{
    place(x, group);
    fill_pairs(x);
    for (int64_t b = 0; b < x->n; b++)
        hf_edip_attraction_at(&x->pair[b], x->z, &x->attraction[b]);
    clear_field(x, HF_EDIP_VALUE);
    for (int64_t b = 0; b < x->n; b++)
        for (int64_t c = b; c < x->n; c++)
            fill_angle(x, b, c);
}

/* The vectors of a field with g(r) for weights. */
static void fill_vectors(const hf_edip_group *x, int64_t b, int64_t c, int field)
{
    const hf_bonds bonds = bonds_of(x, b);
    double *v = vectors_at(x, field, b, c);
    const hf_axes axes = {v, v + x->stride, v + 2 * x->stride};
    hf_edip_set_field_vectors(x->n_slots[b], hf_edip_field_at(x, field, b, c), hf_edip_array(x, HF_EDIP_G, b),
                              hf_edip_array(x, HF_EDIP_DG, b), &bonds, &axes);
}

void hf_edip_fill_derivatives(const hf_edip_group *x)
{
    for (int field = HF_EDIP_BY_ETA; field < HF_EDIP_N_FIELDS; field++) {
        clear_field(x, field);
        for (int64_t b = 0; b < x->n; b++)
            for (int64_t c = b; c < x->n; c++) {
                const hf_edip_range range = range_of(x, b, c);
                const int64_t tuple = hf_pair_tuple(b, c, x->n);
                hf_edip_angle *angle = &x->angle[tuple];
                hf_edip_angular_by(field, hf_edip_n_triplets(&range), angle->q, x->triplet[tuple].eta,
                                   triplet_array(x, ARM, b, c), triplet_array(x, EXPONENTIAL, b, c),
                                   triplet_array(x, H_BY, b, c), triplet_array(x, DH_BY, b, c));
                clear_sums(angle, field);
                add_triplets(x, b, c, H_BY, HF_EDIP_G, HF_EDIP_G, field, angle->slope[field], angle->moment[field]);
                fill_total(x, b, c, field);
            }
    }
    for (int field = HF_EDIP_VALUE; field < HF_EDIP_N_FIELDS; field++)
        for (int64_t b = 0; b < x->n; b++)
            for (int64_t c = 0; c < x->n; c++)
                fill_vectors(x, b, c, field);
}

void hf_edip_fill_gamma(const hf_edip_group *x, int64_t b)
{
    double unused[2][HF_LANES] = {{0.0}};
    clear_field(x, HF_EDIP_BY_GAMMA);
    for (int64_t c = 0; c < x->n; c++) {
        const int64_t low = b < c ? b : c, high = b < c ? c : b;
        add_triplets(x, low, high, H, low == b ? HF_EDIP_BY : HF_EDIP_G, high == b ? HF_EDIP_BY : HF_EDIP_G,
                     HF_EDIP_BY_GAMMA, unused[0], unused[1]);
    }
}

HF_CLONES
void hf_edip_second_by_z(const hf_edip_group *x, double *by_zz)
{
    memset(by_zz, 0, HF_LANES * sizeof *by_zz);
    for (int64_t b = 0; b < x->n; b++) {
        const hf_edip_attraction *found = &x->attraction[b];
        double sum[HF_LANES] = {0.0};
        if (x->n_slots[b] > 0) hf_edip_add_sum(x->n_slots[b], hf_edip_array(x, HF_EDIP_DECAY, b), sum);
        for (int lane = 0; lane < HF_LANES; lane++)
            by_zz[lane] += found->by_zz[lane] * sum[lane];
        for (int64_t c = b; c < x->n; c++) {
            const int64_t tuple = hf_pair_tuple(b, c, x->n);
            const hf_edip_triplet *p = &x->triplet[tuple];
            const hf_edip_angle *angle = &x->angle[tuple];
            const hf_edip_total *by_q = &angle->total[HF_EDIP_BY_LOG_Q], *by_tau = &angle->total[HF_EDIP_BY_TAU];
            for (int lane = 0; lane < HF_LANES; lane++)
                by_zz[lane] += p->lambda * (angle->tau_z[lane] * by_tau->by_z[lane] - p->mu * by_q->by_z[lane] +
                                            angle->tau_zz[lane] * by_tau->energy[lane]);
        }
    }
}

void hf_edip_begin_column(const hf_edip_group *x, hf_edip_sums *s)
{
    const hf_eight none = {0.0};
    *(hf_eight *)s->energy = none;
    *(hf_eight *)s->by_z = none;
    for (int64_t k = 0; k < x->stride; k += HF_LANES)
        *(hf_eight *)(hf_edip_array(x, HF_EDIP_SLOPE, 0) + k) = none;
}

HF_CLONES
void hf_edip_add_function(const hf_edip_group *x, int64_t b, int h, const double *factor, const double *by_z,
                          hf_edip_sums *s)
{
    double sum[HF_LANES] = {0.0};
    if (x->n_slots[b] == 0) return;
    hf_edip_add_sum(x->n_slots[b], hf_edip_array(x, h, b), sum);
    hf_edip_add_slopes(x->n_slots[b], factor, hf_edip_array(x, h + 1, b), hf_edip_array(x, HF_EDIP_SLOPE, b));
    for (int lane = 0; lane < HF_LANES; lane++) {
        s->energy[lane] += factor[lane] * sum[lane];
        s->by_z[lane] += by_z[lane] * sum[lane];
    }
}

void hf_edip_set_vectors(const hf_edip_group *x, const hf_edip_sums *s)
{
    for (int64_t b = 0; b < x->n; b++) {
        const hf_bonds bonds = bonds_of(x, b);
        const hf_axes t = vectors_of(x, b);
        hf_edip_set_slots(x->n_slots[b], hf_edip_array(x, HF_EDIP_SLOPE, b), s->by_z, hf_edip_array(x, HF_EDIP_DF, b),
                          &bonds, &t);
    }
}

void hf_edip_set_along(const hf_edip_group *x, const hf_edip_sums *s)
{
    for (int64_t b = 0; b < x->n; b++) {
        const hf_bonds bonds = bonds_of(x, b);
        const hf_axes t = vectors_of(x, b);
        hf_edip_set_slots_by_z(x->n_slots[b], s->by_z, hf_edip_array(x, HF_EDIP_DF, b), &bonds, &t);
    }
}

void hf_edip_add_field(const hf_edip_group *x, int64_t b, int64_t c, int field, int g, const double *factor)
{
    const hf_bonds bonds = bonds_of(x, b);
    const hf_axes t = vectors_of(x, b);
    hf_edip_add_vectors(x->n_slots[b], factor, hf_edip_field_at(x, field, b, c), hf_edip_array(x, g, b),
                        hf_edip_array(x, g + 1, b), &bonds, &t);
}

void hf_edip_add_both_fields(const hf_edip_group *x, int64_t b, int64_t c, int field, const double *factor)
{
    hf_edip_add_field(x, b, c, field, HF_EDIP_G, factor);
    if (b != c) hf_edip_add_field(x, c, b, field, HF_EDIP_G, factor);
}

static void add_scaled(const hf_edip_group *x, int64_t b, int64_t c, int field, const double *factor)
{
    hf_edip_add_scaled(x->n_slots[b], factor, x->stride, vectors_at(x, field, b, c), hf_edip_array(x, HF_EDIP_TX, b));
}

void hf_edip_add_both_vectors(const hf_edip_group *x, int64_t b, int64_t c, int field, const double *factor)
{
    add_scaled(x, b, c, field, factor);
    if (b != c) add_scaled(x, c, b, field, factor);
}

void hf_edip_finish_column(const hf_edip_group *x, const hf_edip_sums *s, const hpcfit_output *column)
{
    hf_add_group_energy(x->g, x->group, s->energy, column);
    for (int64_t b = 0; b < x->n; b++) {
        const hf_axes t = vectors_of(x, b);
        hf_add_vector_forces(x->g, x->group, b, &t, column);
    }
}
