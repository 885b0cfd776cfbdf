/* Bytes become a program; one that the loader lets pass must run within its arrays. For libFuzzer (clang
 * -fsanitize=fuzzer,address,undefined -DLIBFUZZER), or on its own with random bytes: fuzz_programs SECONDS SEED. */
#include "functions/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *data;
    size_t left;
} source;

static int64_t next(source *s, int64_t low, int64_t high)
{
    if (s->left == 0) return low;
    s->left--;
    return low + *s->data++ % (high - low + 1);
}

/* Copies of exactly the size needed, so that the sanitizer sees a step outside. */
static int32_t (*read_steps(source *s, int64_t n, int64_t low, int64_t high))[5]
{
    int32_t (*steps)[5] = malloc((size_t)(n > 0 ? n : 1) * sizeof *steps);
    for (int64_t k = 0; k < n; k++) {
        steps[k][0] = (int32_t)next(s, -1, HF_N_OPS);
        for (int operand = 1; operand < 5; operand++)
            steps[k][operand] = (int32_t)next(s, low, high);
    }
    return steps;
}

static void run(const hpcfit_program *program)
{
    enum { N = HF_BLOCK + 8 }; /* a whole block and one vector */
    double *uniform = malloc((size_t)(program->n_uniform + 1) * sizeof *uniform);
    double *outputs = malloc((size_t)(program->n_outputs * N + 1) * sizeof *outputs);
    double *registers = malloc((size_t)hf_program_scratch(program) * sizeof *registers);
    double *parameters = malloc((size_t)(program->n_parameters + 1) * sizeof *parameters);
    double *x = malloc(N * sizeof *x);
    const int64_t n = program->n_inputs > 0 ? HF_BLOCK : N;
    for (int k = 0; k < N; k++)
        x[k] = 0.1 * k;
    for (int64_t k = 0; k < program->n_inputs * HF_BLOCK; k++)
        registers[k] = 0.5;
    for (int64_t k = 0; k < program->n_parameters; k++)
        parameters[k] = 1.5;
    hf_program_uniform(program, parameters, uniform);
    const hf_target target = {.first = outputs, .stride = n};
    hf_program_run(program, uniform, n, x, &target, registers);
    free(x);
    free(parameters);
    free(registers);
    free(outputs);
    free(uniform);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    source s = {data, size};
    double constants[4] = {-1.0, 0.0, 0.5, 2.0};
    hpcfit_program p = {.n_constants = next(&s, 0, 4), .n_parameters = next(&s, 0, 3), .constants = constants};
    p.n_uniform_steps = next(&s, 0, 3);
    p.n_uniform = p.n_constants + p.n_parameters + p.n_uniform_steps + next(&s, 0, 8) / 8;
    p.n_steps = next(&s, 0, 6);
    p.n_registers = next(&s, 0, 6);
    p.n_outputs = next(&s, 0, 3);
    p.n_inputs = next(&s, -1, 8) / 4;
    int32_t (*uniform)[5] = read_steps(&s, p.n_uniform_steps, -1, p.n_uniform);
    int32_t (*steps)[5] = read_steps(&s, p.n_steps, -p.n_uniform - 1, p.n_registers);
    for (int64_t k = 0; k < p.n_uniform_steps; k++) /* the only place that is right; wrong ones stay frequent */
        if (next(&s, 0, 7) > 0) uniform[k][1] = (int32_t)(p.n_constants + p.n_parameters + k);
    for (int64_t k = 0; k < p.n_uniform_steps; k++)
        for (int operand = 3; operand < 5; operand++)
            if (next(&s, 0, 1)) uniform[k][operand] = 0;
    for (int64_t k = 0; k < p.n_steps; k++)
        for (int operand = 3; operand < 5; operand++)
            if (next(&s, 0, 1)) steps[k][operand] = 0;
    p.uniform_steps = (const int32_t (*)[5])uniform;
    p.steps = (const int32_t (*)[5])steps;
    const int good = hf_program_fault(&p) == NULL;
    if (good) run(&p);
    free(steps);
    free(uniform);
    return good ? 0 : -1;
}

#ifndef LIBFUZZER
int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? atof(argv[1]) : 1.0;
    const time_t begun = time(NULL);
    int64_t n = 0, n_run = 0;
    srand(argc > 2 ? (unsigned)atoi(argv[2]) : 1);
    do {
        uint8_t data[96];
        const size_t size = 16 + (size_t)(rand() % 80);
        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)(rand() >> 7);
        n_run += LLVMFuzzerTestOneInput(data, size) == 0;
        n++;
    } while (n < 40000 || difftime(time(NULL), begun) < seconds);
    printf("%lld programs, %lld run\n", (long long)n, (long long)n_run);
    return n_run < 200;
}
#endif
