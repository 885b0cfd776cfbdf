/* Checks that are counted, and batches in arrays of exactly the size they need. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include "hpcfit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int n_passed = 0, n_failed = 0;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void check(int condition, const char *text, int line)
{
    if (condition) {
        n_passed++;
    } else {
        n_failed++;
        printf("line %d: %s\n", line, text);
    }
}

enum { MAX_ATOMS = 700, MAX_NEIGHBOURS = 8 * MAX_ATOMS };

/* A batch in arrays of exactly the size it needs, so that the sanitizer sees a step outside. */
typedef struct {
    hpcfit_batch batch;
    int64_t *structure_start, *neighbour_start;
    int32_t *species, *neighbour;
    double (*vector)[3];
} sample;

/* Structures of the given sizes: rings of atoms about 2.4 Angstrom apart; every atom sees the next n_next of them
 * both ways round, itself too where the ring is that short. The last atom of each structure sees none and is seen by
 * none if `loner`. */
static sample new_sample(int n_structures, const int *sizes, int n_species, int n_next, int loner)
{
    static int32_t neighbour[MAX_NEIGHBOURS];
    static double vector[MAX_NEIGHBOURS][3];
    int64_t n_atoms = 0, n = 0;
    for (int s = 0; s < n_structures; s++)
        n_atoms += sizes[s];
    sample x = {.structure_start = calloc((size_t)n_structures + 1, sizeof(int64_t)),
                .neighbour_start = calloc((size_t)n_atoms + 1, sizeof(int64_t)),
                .species = malloc((size_t)n_atoms * sizeof(int32_t))};
    for (int s = 0, first = 0; s < n_structures; first = (int)x.structure_start[++s]) {
        x.structure_start[s + 1] = first + sizes[s];
        for (int k = 0; k < sizes[s]; k++) {
            x.species[first + k] = (first + k) % n_species;
            for (int step = -n_next; step <= n_next; step++) {
                const int other = ((k + step) % sizes[s] + sizes[s]) % sizes[s], last = sizes[s] - 1;
                if (step == 0 || (loner && (k == last || other == last))) continue;
                neighbour[n] = first + other;
                vector[n][0] = 2.4 * step;
                vector[n][1] = 0.3 * (step % 2);
                vector[n++][2] = 0.1 * step;
            }
            x.neighbour_start[first + k + 1] = n;
        }
    }
    x.neighbour = malloc((size_t)n * sizeof *neighbour);
    x.vector = malloc((size_t)n * sizeof *vector);
    if (n > 0) memcpy(x.neighbour, neighbour, (size_t)n * sizeof *neighbour);
    if (n > 0) memcpy(x.vector, vector, (size_t)n * sizeof *vector);
    x.batch = (hpcfit_batch){.n_structures = n_structures,
                             .n_atoms = n_atoms,
                             .n_species = n_species,
                             .structure_start = x.structure_start,
                             .species = x.species,
                             .neighbour_start = x.neighbour_start,
                             .neighbour = x.neighbour,
                             .vector = (const double (*)[3])x.vector};
    return x;
}

static void free_sample(sample *x)
{
    free(x->structure_start);
    free(x->neighbour_start);
    free(x->species);
    free(x->neighbour);
    free(x->vector);
}

static int report(void)
{
    printf("%d passed, %d failed\n", n_passed, n_failed);
    return n_failed > 0;
}

#endif
