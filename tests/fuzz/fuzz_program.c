/* Fuzzes the register program and its loader: bytes become a program; what the loader lets pass is run, under the
 * address and undefined-behaviour sanitizers. Built and started by `make fuzz`. */
#include "program.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    const uint8_t *data;
    size_t size;
} stream;

static int64_t take(stream *s, int bytes)
{
    uint64_t value = 0;
    for (int k = 0; k < bytes; k++)
        value = value << 8 | (s->size > 0 ? (s->size--, *s->data++) : 0);
    return bytes == 1 ? (int8_t)value : bytes == 2 ? (int16_t)value : (int64_t)value;
}

static void take_steps(stream *s, int32_t (*steps)[5], int64_t n)
{
    for (int64_t k = 0; k < n; k++)
        for (int o = 0; o < 5; o++) {
            steps[k][o] = (int32_t)take(s, 1);
            if (steps[k][o] == 127) steps[k][o] = (int32_t)take(s, 8);
        }
}

static void run(const hpcfit_program *program)
{
    enum { N = 200 };
    double *x = malloc(N * sizeof *x), *outputs = malloc((size_t)(program->n_outputs * N + 1) * sizeof *outputs);
    double *parameters = malloc((size_t)(program->n_parameters + 1) * sizeof *parameters);
    double *uniform = malloc((size_t)(program->n_uniform + 1) * sizeof *uniform);
    double *registers = malloc((size_t)hf_program_scratch(program) * sizeof *registers);
    for (int k = 0; k < N; k++)
        x[k] = 0.1 * k - 1.0;
    for (int64_t k = 0; k < program->n_parameters; k++)
        parameters[k] = 1.5 * (double)k;
    hf_program_uniform(program, parameters, uniform);
    hf_program_run(program, uniform, N, x, outputs, N, registers);
    free(x);
    free(outputs);
    free(parameters);
    free(uniform);
    free(registers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    stream s = {data, size};
    hpcfit_error err;
    hpcfit_program program = {.n_constants = take(&s, 1),
                              .n_parameters = take(&s, 1),
                              .n_uniform_steps = take(&s, 1),
                              .n_steps = take(&s, 1),
                              .n_registers = take(&s, 2),
                              .n_outputs = take(&s, 1)};
    program.n_uniform = program.n_constants + program.n_parameters + program.n_uniform_steps + take(&s, 1) / 64;
    /* Arrays have exactly the announced lengths, so that a step beyond them is seen. */
    const int64_t n_constants = program.n_constants > 0 ? program.n_constants : 0;
    const int64_t n_uniform = program.n_uniform_steps > 0 ? program.n_uniform_steps : 0;
    const int64_t n_steps = program.n_steps > 0 ? program.n_steps : 0;
    double *constants = malloc((size_t)n_constants * sizeof *constants + 1);
    int32_t (*uniform_steps)[5] = malloc((size_t)n_uniform * sizeof *uniform_steps + 1);
    int32_t (*steps)[5] = malloc((size_t)n_steps * sizeof *steps + 1);
    for (int64_t k = 0; k < n_constants; k++)
        constants[k] = (double)take(&s, 2) / 16.0;
    take_steps(&s, uniform_steps, n_uniform);
    take_steps(&s, steps, n_steps);
    program.constants = constants;
    program.uniform_steps = (const int32_t (*)[5])uniform_steps;
    program.steps = (const int32_t (*)[5])steps;
    if (hpcfit_program_check(&program, &err) == HPCFIT_OK) run(&program);
    free(constants);
    free(uniform_steps);
    free(steps);
    return 0;
}
