/* Potentials built from functions with programs written by hand, and programs that lie, for the sanitizers; what the
 * numbers must be is tested elsewhere. */
#include "gradients.h"

#include <math.h>

#include "functions/program.h"

/* f(x) = p exp(-x): uniform values -1, p, -p; registers x, the outputs, -x, exp(-x). */
enum { MAX_FUNCTIONS = 200 };

static const double minus_one[1] = {-1.0};
static const int32_t minus_p[1][5] = {{HF_MUL, 2, 0, 1, 0}};

/* Value, slope, second derivative if wanted, and if the parameter is free the derivatives by it. */
static hpcfit_program new_program(int second, int is_free)
{
    const int n_outputs = 2 + second + 2 * is_free, e = n_outputs + 2;
    int32_t (*steps)[5] = calloc(2 + (size_t)n_outputs, sizeof *steps);
    const int32_t wanted[][5] = {{HF_MUL, n_outputs + 1, 0, -1, 0},
                                 {HF_EXP, e, n_outputs + 1, 0, 0},
                                 {HF_MUL, 1, e, -2, 0},
                                 {HF_MUL, 2, e, -3, 0},
                                 {HF_MUL, 3, -2, e, 0},
                                 {HF_COPY, 3 + second, e, 0, 0},
                                 {HF_MUL, 4 + second, e, -1, 0}};
    int n = 0;
    for (int k = 0; k < 7; k++)
        if ((k < 4) || (k == 4 && second) || (k > 4 && is_free)) memcpy(steps[n++], wanted[k], sizeof *wanted);
    return (hpcfit_program){.n_constants = 1,
                            .n_parameters = 1,
                            .n_uniform = 3,
                            .n_uniform_steps = 1,
                            .n_steps = n,
                            .n_registers = e + 1,
                            .n_outputs = n_outputs,
                            .constants = minus_one,
                            .uniform_steps = minus_p,
                            .steps = (const int32_t (*)[5])steps};
}

/* One parameter, which scales the first rows of the tables; bins half as wide as the narrowest interval. */
static const double knots[] = {1.0, 2.5, 3.0, 5.0}, bins[] = {0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2};
static const double values[] = {1.0, 0.5, 0.3, 0.1, 0.0, 0.1, 0.2, 0.3},
                    slopes[] = {-0.3, -0.2, -0.2, 0.0, 0, 0, 0, 0};
static const int64_t table_start[] = {0, 4, 8, 8}, table_knot[] = {0, 0, 0};

static const int32_t minus_last[][5] = {{HF_MUL, 3, 0, 1, 0}};

static hpcfit_spline new_spline(void)
{
    return (hpcfit_spline){.n_knots = 4,
                           .n_parameters = 1,
                           .n_bins = 17,
                           .bins_per_unit = 17.0 / 4.0,
                           .knots = knots,
                           .values = {table_start, table_knot, values},
                           .slopes = {table_start, table_knot, slopes},
                           .bins = bins};
}

static int64_t n_tuples(hpcfit_kind kind, int64_t n)
{
    const int64_t pairs = n * (n + 1) / 2;
    const int64_t counts[] = {pairs, n * pairs, n, n * n, n * n * n};
    return counts[kind];
}

typedef struct {
    hpcfit_functions functions;
    hpcfit_function *array;
    int32_t *roles;
    hpcfit_spline *splines;
} functions_sample;

static void make_spline(hpcfit_function *function, hpcfit_spline *spline)
{
    *spline = new_spline();
    function->n_splines = 1;
    function->splines = spline;
    function->program.n_registers = 0;
    function->program.n_outputs -= 2 * (function->program.n_outputs > 3);
}

/* The square of a spline: registers x, outputs, inputs. The parameter is the spline's. */
static void make_spline_program(hpcfit_function *function, hpcfit_spline *spline, int is_free)
{
    hpcfit_program *p = &function->program;
    const int second = (int)p->n_outputs - 2 - 2 * is_free, s = (int)p->n_outputs + 1, extra = s + 2 + second;
    int32_t (*steps)[5] = (int32_t (*)[5])p->steps;
    const int32_t wanted[][5] = {{HF_MUL, 1, s, s, 0},
                                 {HF_ADD, extra, s, s, 0},
                                 {HF_MUL, 2, extra, s + 1, 0},
                                 {HF_ADD, 3, s + 1, s + 2, 0}, /* neither right nor wrong matters here */
                                 {HF_COPY, 3 + second, extra, 0, 0},
                                 {HF_ADD, 4 + second, s + 1, s + 1, 0}};
    int n = 0;
    for (int k = 0; k < 6; k++)
        if ((k < 3) || (k == 3 && second) || (k > 3 && is_free)) memcpy(steps[n++], wanted[k], sizeof *wanted);
    make_spline(function, spline);
    p->n_steps = n;
    p->n_inputs = 2 + second;
    p->n_registers = extra + 1;
    p->n_outputs = s - 1;
}

/* A function for every place but each seventh, which has none; every fourth, if it is not the first, is a spline, the
 * one before that joins one; all parameters are free or none. */
static functions_sample new_functions(const hpcfit_potential *potential, int64_t n_species, int is_free)
{
    functions_sample x = {.array = calloc(MAX_FUNCTIONS, sizeof *x.array),
                          .roles = calloc(MAX_FUNCTIONS, sizeof *x.roles),
                          .splines = calloc(MAX_FUNCTIONS, sizeof *x.splines)};
    int64_t n = 0, place = 0;
    for (int r = 0; r < hpcfit_potential_n_roles(potential); r++) {
        const hpcfit_role *role = hpcfit_potential_role(potential, r);
        const int of_distance = role->argument == HPCFIT_OF_DISTANCE;
        for (int64_t tuple = 0; tuple < n_tuples(role->kind, n_species); tuple++, place++) {
            x.roles[place] = place % 7 == 6 ? -1 : (int32_t)n;
            if (place % 7 == 6) continue;
            const hpcfit_program program = new_program(role->argument == HPCFIT_OF_DENSITY && is_free, is_free);
            x.array[n] = (hpcfit_function){
                .first_parameter = n, .cutoff = of_distance ? 6.0 + 0.1 * (double)r : INFINITY, .program = program};
            if (n % 4 == 3) make_spline(&x.array[n], &x.splines[n]);
            if (n % 4 == 2) make_spline_program(&x.array[n], &x.splines[n], is_free);
            n++;
        }
    }
    x.functions = (hpcfit_functions){.n_functions = n, .functions = x.array, .n_places = place, .roles = x.roles};
    return x;
}

static void free_functions(functions_sample *x)
{
    for (int64_t f = 0; f < x->functions.n_functions; f++)
        free((void *)x->array[f].program.steps);
    free(x->array);
    free(x->splines);
    free(x->roles);
}

/* Evaluates with arrays of exactly the size needed; forces of the values sum up to nothing. */
static hpcfit_status evaluate(const hpcfit_potential *potential, const functions_sample *f, int is_free,
                              const hpcfit_geometry *geometry, const hpcfit_batch *batch)
{
    const int64_t n = f->functions.n_functions, n_free = is_free ? n : 0;
    const int64_t stride = 7 * batch->n_structures + 3 * batch->n_atoms, size = (1 + n_free) * stride;
    double *columns = calloc((size_t)size, sizeof *columns), *parameters = calloc((size_t)n, sizeof *parameters);
    int32_t *places = calloc((size_t)n + 1, sizeof *places);
    double *forces = columns + batch->n_structures, sum = 0.0, force[3] = {0.0};
    const hpcfit_output output = {.stride = stride,
                                  .energies = columns,
                                  .forces = (double (*)[3])forces,
                                  .virials = (double (*)[6])(forces + 3 * batch->n_atoms)};
    hpcfit_error err;
    for (int64_t k = 0; k < n; k++) {
        parameters[k] = 1.0 + 0.01 * (double)k;
        places[k] = (int32_t)k;
    }
    const int64_t n_scratch = (hpcfit_scratch_size(potential, NULL, &f->functions, geometry, n_free) + 7) / 8 * 8;
    double *scratch = aligned_alloc(64, (size_t)n_scratch * sizeof *scratch + 64);
    const hpcfit_status status =
        hpcfit_evaluate(potential, NULL, &f->functions, geometry, parameters, n_free, places, scratch, &output, &err);
    for (int64_t k = 0; k < size; k++)
        sum += columns[k];
    CHECK(isfinite(sum));
    CHECK(status == HPCFIT_OK || sum == 0.0);
    for (int64_t k = 0; k < 3 * batch->n_atoms; k++)
        force[k % 3] += forces[k];
    CHECK(fabs(force[0]) + fabs(force[1]) + fabs(force[2]) < 1e-9);
    free(scratch);
    /* A program for two functions computes something else here, and reverse mode has no use for it. */
    if (status == HPCFIT_OK && is_free && hpcfit_potential_has_gradient(potential) &&
        f->array[0].fused.n_registers == 0)
        check_gradient(potential, &f->functions, geometry, parameters, places, stride, columns, batch);
    free(places);
    free(parameters);
    free(columns);
    return status;
}

static void test_batch(int n_structures, const int *sizes, int n_species, int n_next, int loner)
{
    sample x = new_sample(n_structures, sizes, n_species, n_next, loner);
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    for (int p = 0; p < hpcfit_n_potentials(); p++) {
        const hpcfit_potential *potential = hpcfit_potential_at(p);
        for (int is_free = 0; is_free < 2 && hpcfit_potential_n_roles(potential) > 0; is_free++) {
            functions_sample f = new_functions(potential, n_species, is_free);
            CHECK(evaluate(potential, &f, is_free, geometry, &x.batch) == HPCFIT_OK);
            free_functions(&f);
        }
    }
    hpcfit_geometry_free(geometry);
    free_sample(&x);
}

static void test_batches(void)
{
    const int eight[] = {8}, mixed[] = {1, 3, 17, 2, 9}, large[] = {30, 250}, ones[] = {1, 1, 1};
    for (int n_species = 1; n_species <= 3; n_species++) {
        test_batch(1, eight, n_species, 1, 0);
        test_batch(5, mixed, n_species, 2, 1);
        test_batch(2, large, n_species, 4, 1);
        test_batch(3, ones, n_species, 1, 1);
        test_batch(0, NULL, n_species, 0, 0);
    }
}

static const hpcfit_potential *embedded(void)
{
    int p = 0;
    while (strcmp(hpcfit_potential_name(hpcfit_potential_at(p)), "eam") != 0)
        p++;
    return hpcfit_potential_at(p);
}

/* Puts one wrong number into good functions, expects a refusal that leaves the output alone, and puts it back. */
#define REFUSE(place, wrong)                                                                                         \
    do {                                                                                                             \
        const double right = (double)(place);                                                                        \
        (place) = (wrong);                                                                                           \
        CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);                               \
        (place) = (__typeof__(place))right;                                                                          \
        CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_OK);                                         \
    } while (0)

/* Two functions of one parameter each by one program, with derivatives: what it computes does not matter here. */
static hpcfit_program new_fused_program(void)
{
    hpcfit_program fused = new_program(0, 1);
    int32_t (*steps)[5] = calloc(8, sizeof *steps);
    for (int k = 0; k < 8; k++)
        memcpy(steps[k], (int32_t[]){HF_MUL, k + 1, 0, 0, 0}, sizeof *steps);
    free((void *)fused.steps);
    fused.steps = (const int32_t (*)[5])steps;
    fused.n_steps = fused.n_outputs = 8;
    fused.n_registers = 9;
    fused.n_parameters = 2;
    fused.n_uniform = 4;
    fused.uniform_steps = minus_last;
    return fused;
}

static void test_bad_fused_pairs(void)
{
    const int sizes[] = {9};
    sample x = new_sample(1, sizes, 1, 2, 0);
    functions_sample f = new_functions(embedded(), 1, 1);
    hpcfit_program *fused = &f.array[0].fused;
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    *fused = new_fused_program();
    f.array[0].fused_with = 1;
    REFUSE(f.array[0].fused_with, -1);
    REFUSE(f.array[0].fused_with, 3);
    REFUSE(f.array[0].fused_with, 2); /* a spline program */
    REFUSE(fused->n_outputs, 7);
    REFUSE(fused->n_parameters, 1);
    REFUSE(fused->n_inputs, 1);
    REFUSE(fused->n_registers, -1);
    REFUSE(fused->n_steps, -1);
    free((void *)fused->steps);
    hpcfit_geometry_free(geometry);
    free_functions(&f);
    free_sample(&x);
}

static void test_bad_functions(void)
{
    const int sizes[] = {9};
    sample x = new_sample(1, sizes, 1, 2, 0);
    functions_sample f = new_functions(embedded(), 1, 1);
    hpcfit_program *program = &f.array[1].program;
    int32_t (*steps)[5] = (int32_t (*)[5])program->steps;
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    REFUSE(f.functions.n_places, 2);
    REFUSE(f.functions.n_functions, 2);
    REFUSE(f.roles[0], 3);
    REFUSE(f.roles[0], -2);
    REFUSE(f.roles[1], 2); /* a function of the density */
    REFUSE(f.roles[2], 0);
    REFUSE(f.array[1].first_parameter, 0);
    REFUSE(program->n_constants, 2);
    REFUSE(program->n_constants, -1);
    REFUSE(program->n_uniform, 4);
    REFUSE(program->n_uniform_steps, 0);
    REFUSE(program->n_outputs, 3);
    REFUSE(program->n_outputs, 30);
    REFUSE(program->n_registers, 0);
    REFUSE(program->n_registers, 5);
    REFUSE(program->n_registers, 1 << 20);
    REFUSE(program->n_steps, 4);
    REFUSE(program->n_steps, -1);
    REFUSE(steps[0][0], HF_N_OPS);
    REFUSE(steps[0][0], -1);
    REFUSE(steps[0][1], 0);
    REFUSE(steps[0][1], 1000);
    REFUSE(steps[0][2], 6); /* nothing was written there yet */
    REFUSE(steps[1][2], 6); /* its own result */
    REFUSE(steps[0][3], -4);
    REFUSE(steps[0][3], 1000);
    REFUSE(steps[1][3], 1);
    hpcfit_geometry_free(geometry);
    free_functions(&f);
    free_sample(&x);
}

static void test_bad_splines(void)
{
    const int sizes[] = {9};
    sample x = new_sample(1, sizes, 1, 2, 0);
    functions_sample f = new_functions(embedded(), 1, 1);
    hpcfit_spline *spline = &f.splines[1];
    hpcfit_geometry *geometry = NULL;
    hpcfit_error err;
    double other[17] = {1.0, 2.5, 2.5, 5.0};
    CHECK(hpcfit_geometry_new(&x.batch, 1, &geometry, &err) == HPCFIT_OK);
    make_spline(&f.array[1], spline);
    REFUSE(f.array[1].n_splines, -1);
    REFUSE(spline->first_parameter, -1);
    REFUSE(spline->first_parameter, 1);
    REFUSE(f.array[1].program.n_inputs, 2);
    REFUSE(f.array[2].program.n_inputs, 2);
    REFUSE(f.array[2].n_splines, 0);
    REFUSE(spline->n_knots, 1);
    REFUSE(spline->n_parameters, 2);
    REFUSE(spline->n_parameters, -1);
    REFUSE(spline->n_bins, 0);
    REFUSE(spline->bins_per_unit, -1);
    spline->knots = other;
    CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);
    spline->knots = knots;
    const int64_t falling[] = {0, 4, 3}, far[] = {0, 1}, late[] = {1, 4, 8};
    spline->slopes.start = falling;
    CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);
    spline->slopes.start = late;
    CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);
    spline->slopes.start = table_start;
    spline->values.knot = far; /* the row's four entries end behind the last knot */
    CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);
    spline->values.knot = table_knot;
    spline->bins = other; /* 5 is beyond the last interval */
    CHECK(evaluate(embedded(), &f, 1, geometry, &x.batch) == HPCFIT_BAD_ARGUMENT);
    hpcfit_geometry_free(geometry);
    free_functions(&f);
    free_sample(&x);
}

static void test_bad_uniform_steps(void)
{
    const int32_t good[5] = {HF_MUL, 2, 0, 1, 0};
    const int32_t wrong[][5] = {{HF_N_OPS, 2, 0, 1, 0}, {HF_MUL, 1, 0, 1, 0}, {HF_MUL, 2, 2, 1, 0},
                                {HF_MUL, 2, 0, -1, 0},  {HF_NOT, 2, 0, 1, 0}, {HF_MUL, 2, 0, 1, 1}};
    hpcfit_program program = new_program(0, 0);
    program.uniform_steps = &good;
    CHECK(hf_program_fault(&program) == NULL);
    for (int k = 0; k < 6; k++) {
        program.uniform_steps = &wrong[k];
        CHECK(hf_program_fault(&program) != NULL);
    }
    free((void *)program.steps);
}

int main(void)
{
    test_batches();
    test_bad_functions();
    test_bad_fused_pairs();
    test_bad_splines();
    test_bad_uniform_steps();
    return report();
}
