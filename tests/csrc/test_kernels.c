/* Batches of every shape through every potential with parameters of its own, for the sanitizers; what the numbers
 * must be is tested elsewhere.
 */
#include "samples.h"

#include <math.h>

enum { MAX_COLUMNS = 400 };

/* Of every potential that has any. */
static const int64_t table_sizes[] = {5};

static int n_tuples(hpcfit_kind kind, int n_species)
{
    const int n_pairs = n_species * (n_species + 1) / 2;
    switch (kind) {
    case HPCFIT_PAIR:
        return n_pairs;
    case HPCFIT_TRIPLET:
        return n_species * n_pairs;
    case HPCFIT_SPECIES:
        return n_species;
    case HPCFIT_ORDERED_PAIR:
        return n_species * n_species;
    default:
        return n_species * n_species * n_species;
    }
}

/* All parameters 1.5, within every table's bounds or at them, cut-offs 3.5; all are free. */
static int fill_parameters(const hpcfit_potential *potential, int n_species, double *parameters, int32_t *places)
{
    int n = 0;
    for (int k = 0; k < hpcfit_potential_n_parameters(potential); k++) {
        const hpcfit_parameter *row = hpcfit_potential_parameter(potential, k);
        const int n_values = n_tuples(row->kind, n_species) * (int)hpcfit_potential_n_rows(potential, table_sizes, k);
        for (int v = 0; v < n_values; v++, n++) {
            parameters[n] = row->reach ? 3.5 : fmin(1.5 + 0.01 * v, row->upper);
            places[n] = n;
        }
    }
    return n;
}

/* Whether atoms act on each other. */
static int is_interacting(const hpcfit_potential *potential)
{
    int found = 0;
    for (int k = 0; k < hpcfit_potential_n_parameters(potential); k++)
        found |= hpcfit_potential_parameter(potential, k)->reach;
    return found;
}

/* Evaluates with all parameters free and with none, with virials and without, in arrays of exactly the size needed.
 */
static void evaluate(const hpcfit_potential *potential, hpcfit_geometry *geometry, const hpcfit_batch *batch)
{
    double parameters[MAX_COLUMNS];
    int32_t places[MAX_COLUMNS];
    const int n = fill_parameters(potential, (int)batch->n_species, parameters, places);
    hpcfit_error err;
    if (hpcfit_potential_n_roles(potential) > 0) return;
    for (int n_free = 0; n_free <= n; n_free += n)
        for (int virials = 0; virials < 2; virials++) {
            const int64_t stride = (virials ? 7 : 1) * batch->n_structures + 3 * batch->n_atoms;
            const int64_t size = (1 + n_free) * stride;
            double *columns = calloc((size_t)size, sizeof *columns), sum = 0.0, force[3] = {0.0};
            double *forces = columns + batch->n_structures;
            hpcfit_output output = {.stride = stride, .energies = columns, .forces = (double (*)[3])forces};
            if (virials) output.virials = (double (*)[6])(forces + 3 * batch->n_atoms);
            const int64_t n_scratch =
                (hpcfit_scratch_size(potential, table_sizes, NULL, geometry, n_free) + 7) / 8 * 8;
            double *scratch = aligned_alloc(64, (size_t)n_scratch * sizeof *scratch + 64);
            CHECK(hpcfit_evaluate(potential, table_sizes, NULL, geometry, parameters, n_free, places, scratch,
                                  &output, &err) == HPCFIT_OK);
            free(scratch);
            for (int64_t k = 0; k < size; k++)
                sum += columns[k];
            CHECK(isfinite(sum));
            CHECK((sum != 0.0) ==
                  ((is_interacting(potential) ? batch->neighbour_start[batch->n_atoms] : batch->n_atoms) > 0));
            for (int64_t k = 0; k < 3 * batch->n_atoms; k++)
                force[k % 3] += forces[k];
            CHECK(fabs(force[0]) + fabs(force[1]) + fabs(force[2]) < 1e-9);
            free(columns);
        }
}

static void test_batch(int n_structures, const int *sizes, int n_species, int n_next, int loner)
{
    sample x = new_sample(n_structures, sizes, n_species, n_next, loner);
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    CHECK(hpcfit_geometry_bytes(geometry) > 0);
    for (int p = 0; p < hpcfit_n_potentials(); p++)
        evaluate(hpcfit_potential_at(p), geometry, &x.batch);
    hpcfit_geometry_free(geometry);
    free_sample(&x);
}

static void test_batches(void)
{
    const int eight[] = {8}, mixed[] = {1, 3, 17, 2, 9}, full[] = {16, 8}, large[] = {30, 650}, ones[] = {1, 1, 1};
    for (int n_species = 1; n_species <= 3; n_species++) {
        test_batch(1, eight, n_species, 1, 0);
        test_batch(5, mixed, n_species, 2, 0); /* spare lanes, and atoms that see themselves */
        test_batch(5, mixed, n_species, 2, 1);
        test_batch(2, full, n_species, 3, 0);
        test_batch(2, large, n_species, 4, 1); /* several windows and chunks */
        test_batch(3, ones, n_species, 1, 1);  /* no neighbours at all */
        test_batch(0, NULL, n_species, 0, 0);
    }
}

static void test_registry(void)
{
    CHECK(hpcfit_potential_at(-1) == NULL);
    CHECK(hpcfit_potential_at(hpcfit_n_potentials()) == NULL);
    for (int p = 0; p < hpcfit_n_potentials(); p++) {
        const hpcfit_potential *potential = hpcfit_potential_at(p);
        const int n = hpcfit_potential_n_parameters(potential);
        CHECK(strlen(hpcfit_potential_name(potential)) > 0);
        CHECK(strlen(hpcfit_potential_formula(potential)) > 0);
        CHECK(strlen(hpcfit_potential_reference(potential)) > 0);
        CHECK(hpcfit_potential_parameter(potential, -1) == NULL);
        CHECK(hpcfit_potential_parameter(potential, n) == NULL);
        for (int k = 0; k < n; k++)
            CHECK(hpcfit_potential_parameter(potential, k)->lower <= hpcfit_potential_parameter(potential, k)->upper);
    }
}

/* Expects a refusal that leaves no geometry behind. */
static void refuse(const hpcfit_batch *batch, int64_t structure)
{
    hpcfit_geometry *geometry = (hpcfit_geometry *)&geometry;
    hpcfit_error err = {.structure = -2};
    CHECK(hpcfit_geometry_new(batch, 1, &geometry, &err) == HPCFIT_BAD_ARGUMENT);
    CHECK(geometry == NULL);
    CHECK(err.structure == structure);
    CHECK(strlen(err.message) > 0);
}

/* Puts one wrong number into a batch of two structures, expects a refusal, and puts the right one back. */
#define REFUSE(place, wrong, structure)                                                                              \
    do {                                                                                                             \
        const int64_t right = (place);                                                                               \
        (place) = (wrong);                                                                                           \
        refuse(&x.batch, (structure));                                                                               \
        (place) = (int32_t)right;                                                                                    \
    } while (0)

static void test_bad_batches(void)
{
    const int sizes[] = {4, 5};
    sample x = new_sample(2, sizes, 2, 1, 0);
    REFUSE(x.batch.n_species, 0, -1);
    REFUSE(x.batch.n_species, 1, 0); /* species 1 is there */
    REFUSE(x.batch.n_species, 1000, -1);
    REFUSE(x.batch.n_structures, -1, -1);
    REFUSE(x.batch.n_structures, 1, -1);
    REFUSE(x.batch.n_atoms, -1, -1);
    REFUSE(x.batch.n_atoms, 8, -1);
    REFUSE(x.structure_start[0], 1, -1);
    REFUSE(x.structure_start[1], -1, 0);
    REFUSE(x.structure_start[1], 1 << 20, 0);
    REFUSE(x.structure_start[2], 8, -1);
    REFUSE(x.species[5], 2, 1);
    REFUSE(x.species[5], -1, 1);
    REFUSE(x.neighbour_start[0], 1, -1);
    REFUSE(x.neighbour_start[5], 3, 1);
    REFUSE(x.neighbour_start[5], 1 << 20, 1);
    REFUSE(x.neighbour[0], 4, 0); /* an atom of the other structure */
    REFUSE(x.neighbour[0], -1, 0);
    REFUSE(x.neighbour[17], 9, 1);
    REFUSE(x.neighbour[17], 3, 1);
    free_sample(&x);
}

static void test_bad_free_parameters(void)
{
    const int n_atoms[] = {4};
    sample x = new_sample(1, n_atoms, 1, 1, 0);
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    for (int p = 0; p < hpcfit_n_potentials(); p++) {
        double parameters[MAX_COLUMNS], columns[2 * 13] = {0.0};
        int32_t places[MAX_COLUMNS];
        const int n = fill_parameters(hpcfit_potential_at(p), 1, parameters, places);
        const hpcfit_output output = {.stride = 13, .energies = columns, .forces = (double (*)[3])(columns + 1)};
        const int32_t wrong[] = {-1, n, 1 << 30};
        for (int k = 0; k < 3; k++)
            CHECK(hpcfit_evaluate(hpcfit_potential_at(p), table_sizes, NULL, geometry, parameters, 1, &wrong[k], NULL,
                                  &output, &err) == HPCFIT_BAD_ARGUMENT);
        for (int k = 0; k < 2 * 13; k++)
            CHECK(columns[k] == 0.0);
    }
    hpcfit_geometry_free(geometry);
    free_sample(&x);
}

int main(void)
{
    test_registry();
    test_batches();
    test_bad_batches();
    test_bad_free_parameters();
    hpcfit_geometry_free(NULL);
    return report();
}
