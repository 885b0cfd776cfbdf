/* The loader's check of a register program: after it, running the program cannot leave its memory. */
#include "program.h"

#include <stdio.h>
#include <string.h>

/* More than any formula needs; keeps every later product of counts far from overflow. */
#define MOST 65536

static hpcfit_status fail(hpcfit_error *err, const char *what, int64_t step)
{
    err->structure = -1;
    err->atom = -1;
    snprintf(err->message, sizeof err->message, "program: %s, step %lld", what, (long long)step);
    return HPCFIT_BAD_ARGUMENT;
}

static int n_operands(int32_t operation)
{
    if (operation < 0 || operation >= HF_N_OPS) return -1;
    if (operation == HF_SELECT) return 3;
    return operation <= HF_OR ? 2 : 1;
}

static int counts_fit(const hpcfit_program *p)
{
    const int64_t counts[] = {p->n_constants, p->n_parameters, p->n_uniform, p->n_uniform_steps,
                              p->n_steps,     p->n_registers,  p->n_outputs};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++)
        if (counts[k] < 0 || counts[k] > MOST) return 0;
    return p->n_uniform == p->n_constants + p->n_parameters + p->n_uniform_steps && p->n_registers > p->n_outputs;
}

/* Uniform step k writes the value after all earlier ones and reads those before it. */
static hpcfit_status check_uniform(const hpcfit_program *p, hpcfit_error *err)
{
    for (int64_t k = 0; k < p->n_uniform_steps; k++) {
        const int32_t *s = p->uniform_steps[k];
        const int64_t place = p->n_constants + p->n_parameters + k;
        if (n_operands(s[0]) < 0) return fail(err, "unknown operation", k);
        if (s[1] != place) return fail(err, "uniform result out of order", k);
        for (int o = 2; o < 5; o++)
            if (s[o] < 0 || s[o] >= place) return fail(err, "uniform operand not yet known", k);
    }
    return HPCFIT_OK;
}

static hpcfit_status check_steps(const hpcfit_program *p, unsigned char *written, hpcfit_error *err)
{
    written[0] = 1;
    for (int64_t k = 0; k < p->n_steps; k++) {
        const int32_t *s = p->steps[k];
        const int count = n_operands(s[0]);
        if (count < 0) return fail(err, "unknown operation", k);
        if (s[1] < 1 || s[1] >= p->n_registers) return fail(err, "register of the result out of range", k);
        for (int o = 2; o < 5; o++) {
            if (s[o] >= p->n_registers || s[o] < -p->n_uniform) return fail(err, "operand out of range", k);
            if (o < 2 + count && s[o] >= 0 && !written[s[o]]) return fail(err, "operand not yet written", k);
            /* The instructions are vector loops that may not read what they write. */
            if (s[o] == s[1]) return fail(err, "result overwrites an operand", k);
        }
        written[s[1]] = 1;
    }
    for (int64_t k = 1; k <= p->n_outputs; k++)
        if (!written[k]) return fail(err, "output never written", p->n_steps);
    return HPCFIT_OK;
}

hpcfit_status hpcfit_program_check(const hpcfit_program *program, hpcfit_error *err)
{
    /* On the stack: nothing here allocates. */
    unsigned char written[MOST];
    if (!counts_fit(program)) return fail(err, "counts do not fit each other", -1);
    memset(written, 0, (size_t)program->n_registers);
    const hpcfit_status status = check_uniform(program, err);
    return status == HPCFIT_OK ? check_steps(program, written, err) : status;
}
