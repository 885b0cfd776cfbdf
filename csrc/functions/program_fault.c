/* Checks of a program before it runs: it comes from outside. */
#include "functions/program.h"

/* One bit per register that holds a value. */
typedef struct {
    uint64_t words[HF_MAX_REGISTERS / 64];
} register_set;

static int holds(const register_set *set, int64_t place)
{
    return (int)(set->words[place / 64] >> (place % 64) & 1);
}

static void add(register_set *set, int64_t place)
{
    set->words[place / 64] |= (uint64_t)1 << (place % 64);
}

static int n_operands(int op)
{
    if (op >= HF_SELECT) return 3;
    return op < HF_NOT ? 2 : 1;
}

static int is_operation(int op)
{
    return op >= 0 && op < HF_N_OPS;
}

static const char *uniform_fault(const hpcfit_program *p)
{
    const int64_t first = p->n_constants + p->n_parameters;
    if (p->n_constants < 0 || p->n_parameters < 0 || p->n_uniform_steps < 0) return "a program's size is negative";
    if (p->n_uniform != first + p->n_uniform_steps) return "a program has uniform values that it does not compute";
    for (int64_t k = 0; k < p->n_uniform_steps; k++) {
        const int32_t *step = p->uniform_steps[k];
        if (!is_operation(step[0]) || step[0] >= HF_N_UNIFORM_OPS) return "a program has an unknown instruction";
        if (step[1] != first + k) return "a program computes its uniform values out of order";
        for (int operand = 0; operand < 3; operand++) {
            const int64_t end = operand < n_operands(step[0]) ? first + k : 1;
            if (step[2 + operand] < 0 || step[2 + operand] >= end)
                return "a program reads a uniform value that is not there";
        }
    }
    return NULL;
}

/* A step must not read the register that it writes, nor one without a value; unused operands are 0. */
static const char *step_fault(const hpcfit_program *p, const int32_t *step, const register_set *known)
{
    if (!is_operation(step[0])) return "a program has an unknown instruction";
    if (step[1] < 1 || step[1] >= p->n_registers) return "a program writes to a register that is not there";
    for (int operand = 0; operand < 3; operand++) {
        const int32_t place = step[2 + operand];
        const int used = operand < n_operands(step[0]);
        if (used && place < 0 && place >= -p->n_uniform) continue;
        if (place < 0 || place >= p->n_registers || place == step[1] || (!used && place != 0) || !holds(known, place))
            return "a program reads a register that holds nothing";
    }
    return NULL;
}

const char *hf_program_fault(const hpcfit_program *p)
{
    const char *fault = uniform_fault(p);
    register_set known = {{1}};
    if (fault != NULL) return fault;
    if (p->n_inputs < 0 || p->n_inputs > HF_MAX_REGISTERS) return "a program has a wrong number of inputs";
    if (p->n_registers < 1 || p->n_registers > HF_MAX_REGISTERS) return "a program has no or too many registers";
    if (p->n_outputs < 0 || p->n_outputs >= p->n_registers - p->n_inputs)
        return "a program has more outputs and inputs than registers";
    if (p->n_steps < 0) return "a program's size is negative";
    for (int64_t input = 1; input <= p->n_inputs; input++)
        add(&known, p->n_outputs + input);
    for (int64_t k = 0; k < p->n_steps; k++) {
        fault = step_fault(p, p->steps[k], &known);
        if (fault != NULL) return fault;
        add(&known, p->steps[k][1]);
    }
    for (int64_t output = 1; output <= p->n_outputs; output++)
        if (!holds(&known, output)) return "a program does not compute an output";
    return NULL;
}
