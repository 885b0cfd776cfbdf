/* Every instruction is one vector loop over a tile of arguments, short enough that the processor works on several
 * instructions at once, a division among them, and predicts each jump. */
#include "functions/program.h"

#include <string.h>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) extern double pow(double, double);
#endif

static double apply(int op, double a, double b, double c)
{
    switch (op) {
    case HF_ADD:
        return a + b;
    case HF_SUB:
        return a - b;
    case HF_MUL:
        return a * b;
    case HF_DIV:
        return a / b;
    case HF_POW:
        return pow(a, b);
    case HF_LT:
        return a < b ? 1.0 : 0.0;
    case HF_LE:
        return a <= b ? 1.0 : 0.0;
    case HF_EQ:
        return a == b ? 1.0 : 0.0;
    case HF_AND:
        return a != 0.0 && b != 0.0 ? 1.0 : 0.0;
    case HF_OR:
        return a != 0.0 || b != 0.0 ? 1.0 : 0.0;
    case HF_NOT:
        return a == 0.0 ? 1.0 : 0.0;
    case HF_EXP:
        return exp(a);
    case HF_LOG:
        return log(a);
    case HF_SQRT:
        return sqrt(a);
    case HF_SIN:
        return sin(a);
    case HF_COS:
        return cos(a);
    case HF_TAN:
        return tan(a);
    case HF_ASIN:
        return asin(a);
    case HF_ACOS:
        return acos(a);
    case HF_ATAN:
        return atan(a);
    case HF_SINH:
        return sinh(a);
    case HF_COSH:
        return cosh(a);
    case HF_TANH:
        return tanh(a);
    case HF_SELECT:
        return a != 0.0 ? b : c;
    case HF_MUL_ADD:
        return a * b + c;
    case HF_MUL_SUB:
        return a * b - c;
    default:
        return a;
    }
}

void hf_program_uniform(const hpcfit_program *program, const double *parameters, double *uniform)
{
    memcpy(uniform, program->constants, (size_t)program->n_constants * sizeof *uniform);
    memcpy(uniform + program->n_constants, parameters, (size_t)program->n_parameters * sizeof *uniform);
    for (int64_t k = 0; k < program->n_uniform_steps; k++) {
        const int32_t *s = program->uniform_steps[k];
        uniform[s[1]] = apply(s[0], uniform[s[2]], uniform[s[3]], uniform[s[4]]);
    }
}

/* Arguments per tile. */
#define TILE 64

/* An instruction and which of its operands are uniform. */
enum { NONE_UNIFORM = 0, FIRST = 1, SECOND = 2, THIRD = 4 };
#define SHAPE(op, uniform) ((op) * 8 + (uniform))

/* An instruction on all arguments of a tile. */
#define CASE(label, expression)                                                                                      \
    case label:                                                                                                      \
        _Pragma("omp simd") for (int k = 0; k < n; k++) r[k] = (expression);                                         \
        break

HF_CLONES
static void multiply(int n, double *restrict r, const double *restrict a)
{
#pragma omp simd
    for (int k = 0; k < n; k++)
        r[k] *= a[k];
}

HF_CLONES
static void square(int n, double *restrict r)
{
#pragma omp simd
    for (int k = 0; k < n; k++)
        r[k] *= r[k];
}

HF_CLONES
static void invert(int n, double *restrict r, const double *restrict a)
{
#pragma omp simd
    for (int k = 0; k < n; k++)
        r[k] = 1.0 / a[k];
}

static void fill(int n, double *r, double value)
{
    for (int k = 0; k < n; k++)
        r[k] = value;
}

/* Exponents up to this are computed by multiplications, which cost a tenth of a general power. */
#define MOST_SQUARED 16.0

/* a^exponent for a whole exponent by squaring; returns whether it is one. */
static int whole_power(int n, double *r, const double *a, double exponent, double *base)
{
    int started = 0;
    if (!(fabs(exponent) <= MOST_SQUARED) || exponent != floor(exponent)) return 0;
    if (exponent < 0.0)
        invert(n, base, a);
    else
        memcpy(base, a, (size_t)n * sizeof *base);
    for (int left = (int)fabs(exponent); left > 0; left /= 2) {
        if (left % 2 == 1 && started) multiply(n, r, base);
        if (left % 2 == 1 && !started) memcpy(r, base, (size_t)n * sizeof *r);
        started |= left % 2;
        if (left > 1) square(n, base);
    }
    if (!started) fill(n, r, 1.0);
    return 1;
}

/* The less frequent instructions. */
HF_CLONES
static void operate(int op, int n, double *restrict r, const double *restrict a, const double *restrict b,
                    const double *restrict c)
{
    switch (op) {
        CASE(HF_POW, pow(a[k], b[k]));
        CASE(HF_LT, a[k] < b[k] ? 1.0 : 0.0);
        CASE(HF_LE, a[k] <= b[k] ? 1.0 : 0.0);
        CASE(HF_EQ, a[k] == b[k] ? 1.0 : 0.0);
        CASE(HF_AND, (a[k] != 0.0) & (b[k] != 0.0) ? 1.0 : 0.0);
        CASE(HF_OR, (a[k] != 0.0) | (b[k] != 0.0) ? 1.0 : 0.0);
        CASE(HF_NOT, a[k] == 0.0 ? 1.0 : 0.0);
        CASE(HF_EXP, exp(a[k]));
        CASE(HF_LOG, log(a[k]));
        CASE(HF_SQRT, sqrt(a[k]));
        CASE(HF_SELECT, a[k] != 0.0 ? b[k] : c[k]);
        CASE(HF_COPY, a[k]);
        CASE(HF_MUL_ADD, a[k] * b[k] + c[k]);
        CASE(HF_MUL_SUB, a[k] * b[k] - c[k]);
        CASE(HF_MUL_MUL, a[k] * b[k] * c[k]);
        CASE(HF_HORNER, (a[k] * b[k] + c[k]) * b[k]);
        CASE(HF_INVERT, 1.0 / (a[k] * b[k] + c[k]));
        CASE(HF_EXP_LINEAR, exp((a[k] - b[k]) * c[k]));
    default:
        for (int k = 0; k < n; k++)
            r[k] = apply(op, a[k], b[k], c[k]);
    }
}

/* An instruction and where its result and operands are in the tile. */
typedef struct {
    int op, shape;
    double *at[4];
} step;

/* An instruction that is not among the frequent ones: all operands become vectors, in the room that `spread` has for
 * three. */
static void general_step(const step *s, int n, double *spread)
{
    const int uniform = s->shape % SHAPE(1, 0);
    const double *operands[3] = {s->at[1], s->at[2], s->at[3]};
    if (s->op == HF_POW && uniform == SECOND && whole_power(n, s->at[0], operands[0], *operands[1], spread)) return;
    for (int k = 0; k < 3; k++, spread += TILE) {
        if (!(uniform >> k & 1)) continue;
        fill(n, spread, *operands[k]);
        operands[k] = spread;
    }
    operate(s->op, n, s->at[0], operands[0], operands[1], operands[2]);
}

/* All instructions on the n arguments of a tile. */
HF_CLONES
static void run_tile(const step *steps, int64_t n_steps, int n, double *spread)
{
    n = n / HF_LANES * HF_LANES;
    for (const step *s = steps; s < steps + n_steps; s++) {
        const double *restrict a = s->at[1], *restrict b = s->at[2], *restrict c = s->at[3];
        double *restrict r = s->at[0];
        switch (s->shape) {
            CASE(SHAPE(HF_ADD, NONE_UNIFORM), a[k] + b[k]);
            CASE(SHAPE(HF_ADD, FIRST), *a + b[k]);
            CASE(SHAPE(HF_ADD, SECOND), a[k] + *b);
            CASE(SHAPE(HF_SUB, NONE_UNIFORM), a[k] - b[k]);
            CASE(SHAPE(HF_SUB, FIRST), *a - b[k]);
            CASE(SHAPE(HF_SUB, SECOND), a[k] - *b);
            CASE(SHAPE(HF_MUL, NONE_UNIFORM), a[k] * b[k]);
            CASE(SHAPE(HF_MUL, FIRST), *a * b[k]);
            CASE(SHAPE(HF_MUL, SECOND), a[k] * *b);
            CASE(SHAPE(HF_DIV, NONE_UNIFORM), a[k] / b[k]);
            CASE(SHAPE(HF_DIV, FIRST), *a / b[k]);
            CASE(SHAPE(HF_DIV, SECOND), a[k] / *b);
            CASE(SHAPE(HF_EXP, NONE_UNIFORM), exp(a[k]));
            CASE(SHAPE(HF_MUL_ADD, NONE_UNIFORM), a[k] * b[k] + c[k]);
            CASE(SHAPE(HF_MUL_ADD, FIRST), *a * b[k] + c[k]);
            CASE(SHAPE(HF_MUL_ADD, THIRD), a[k] * b[k] + *c);
            CASE(SHAPE(HF_MUL_ADD, FIRST + THIRD), *a * b[k] + *c);
            CASE(SHAPE(HF_MUL_SUB, NONE_UNIFORM), a[k] * b[k] - c[k]);
            CASE(SHAPE(HF_MUL_SUB, FIRST), *a * b[k] - c[k]);
            CASE(SHAPE(HF_MUL_MUL, NONE_UNIFORM), a[k] * b[k] * c[k]);
            CASE(SHAPE(HF_MUL_MUL, FIRST), *a * b[k] * c[k]);
            CASE(SHAPE(HF_MUL_MUL, THIRD), a[k] * b[k] * *c);
            CASE(SHAPE(HF_HORNER, NONE_UNIFORM), (a[k] * b[k] + c[k]) * b[k]);
            CASE(SHAPE(HF_HORNER, THIRD), (a[k] * b[k] + *c) * b[k]);
            CASE(SHAPE(HF_HORNER, FIRST + THIRD), (*a * b[k] + *c) * b[k]);
            CASE(SHAPE(HF_INVERT, NONE_UNIFORM), 1.0 / (a[k] * b[k] + c[k]));
            CASE(SHAPE(HF_INVERT, THIRD), 1.0 / (a[k] * b[k] + *c));
            CASE(SHAPE(HF_INVERT, FIRST + THIRD), 1.0 / (*a * b[k] + *c));
            CASE(SHAPE(HF_EXP_LINEAR, NONE_UNIFORM), exp((a[k] - b[k]) * c[k]));
            CASE(SHAPE(HF_EXP_LINEAR, FIRST + THIRD), exp((*a - b[k]) * *c));
            CASE(SHAPE(HF_EXP_LINEAR, SECOND + THIRD), exp((a[k] - *b) * *c));
        default:
            general_step(s, n, spread);
        }
    }
}

/* The scratch: inputs; registers that are no outputs; operands of a general step; the steps, and which of their
 * places move from tile to tile. */
typedef struct {
    double *inputs, *registers, *spread;
    step *steps;
    double ***moving;
} layout;

static layout lay_out(const hpcfit_program *program, double *scratch)
{
    layout l = {.inputs = scratch, .registers = scratch + program->n_inputs * HF_BLOCK};
    l.spread = l.registers + (program->n_registers - 1 - program->n_outputs - program->n_inputs) * TILE;
    l.steps = (step *)(l.spread + 3 * TILE);
    l.moving = (double ***)(l.steps + program->n_steps);
    return l;
}

int64_t hf_program_scratch(const hpcfit_program *program)
{
    const int64_t n_registers = program->n_registers - 1 - program->n_outputs - program->n_inputs;
    const size_t per_step = (sizeof(step) + 4 * sizeof(double **)) / sizeof(double);
    const int64_t n = program->n_inputs * HF_BLOCK + (n_registers + 3) * TILE + program->n_steps * (int64_t)per_step;
    return hf_round_up(n);
}

/* Where the values of a place are for the first tile; returns whether they move. */
static int find_place(const hpcfit_program *program, const layout *l, int32_t place, const double *uniform,
                      const double *x, const hf_target *outputs, double **at)
{
    const int64_t input = place - 1 - program->n_outputs, other = input - program->n_inputs;
    if (place < 0)
        *at = (double *)uniform - 1 - place;
    else if (place == 0)
        *at = (double *)x;
    else if (input < 0)
        *at = hf_target_row(outputs, place - 1);
    else if (other < 0)
        *at = l->inputs + input * HF_BLOCK;
    else
        *at = l->registers + other * TILE;
    return place >= 0 && other < 0;
}

void hf_program_run(const hpcfit_program *program, const double *uniform, int64_t n, const double *x,
                    const hf_target *outputs, double *registers)
{
    const layout l = lay_out(program, registers);
    int64_t n_moving = 0;
    for (int64_t k = 0; k < program->n_steps; k++) {
        const int32_t *s = program->steps[k];
        step *made = l.steps + k;
        made->op = s[0];
        made->shape = SHAPE(s[0], (s[2] < 0) * FIRST + (s[3] < 0) * SECOND + (s[4] < 0) * THIRD);
        for (int place = 0; place < 4; place++)
            if (find_place(program, &l, s[1 + place], uniform, x, outputs, &made->at[place]))
                l.moving[n_moving++] = &made->at[place];
    }
    for (int64_t left = n; left > 0; left -= TILE) {
        run_tile(l.steps, program->n_steps, (int)(left < TILE ? left : TILE), l.spread);
        for (int64_t k = 0; k < n_moving; k++)
            *l.moving[k] += TILE;
    }
}
