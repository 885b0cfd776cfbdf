/* Every instruction is one vector loop over a block in the first-level cache. */
#include "program.h"

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

/* Where a block of a program reads and writes. */
typedef struct {
    int n;
    int64_t n_outputs, stride;
    const double *x, *uniform;
    double *outputs, *registers;
} frame;

static double *result_of(const frame *f, int32_t place)
{
    return place <= f->n_outputs ? f->outputs + (place - 1) * f->stride
                                 : f->registers + (place - 1 - f->n_outputs) * HF_BLOCK;
}

/* One number where the operand is uniform. */
static const double *operand_of(const frame *f, int32_t place)
{
    if (place < 0) return f->uniform - 1 - place;
    return place == 0 ? f->x : result_of(f, place);
}

/* An instruction and which of its operands are uniform. */
enum { NONE_UNIFORM = 0, FIRST = 1, SECOND = 2, THIRD = 4 };
#define SHAPE(op, uniform) ((op) * 8 + (uniform))

#define EACH(expression)                                                                                             \
    do {                                                                                                             \
        _Pragma("omp simd") for (int k = 0; k < n; k++) r[k] = (expression);                                         \
        return 1;                                                                                                    \
    } while (0)

/* The frequent instructions, each for itself with a uniform operand; says whether it was one of them. */
HF_CLONES
static int arithmetic(int shape, int n, double *restrict r, const double *restrict a, const double *restrict b,
                      const double *restrict c)
{
    const double a0 = *a, b0 = *b, c0 = *c;
    switch (shape) {
    case SHAPE(HF_ADD, NONE_UNIFORM):
        EACH(a[k] + b[k]);
    case SHAPE(HF_ADD, FIRST):
        EACH(a0 + b[k]);
    case SHAPE(HF_ADD, SECOND):
        EACH(a[k] + b0);
    case SHAPE(HF_SUB, NONE_UNIFORM):
        EACH(a[k] - b[k]);
    case SHAPE(HF_SUB, FIRST):
        EACH(a0 - b[k]);
    case SHAPE(HF_SUB, SECOND):
        EACH(a[k] - b0);
    case SHAPE(HF_MUL, NONE_UNIFORM):
        EACH(a[k] * b[k]);
    case SHAPE(HF_MUL, FIRST):
        EACH(a0 * b[k]);
    case SHAPE(HF_MUL, SECOND):
        EACH(a[k] * b0);
    case SHAPE(HF_DIV, NONE_UNIFORM):
        EACH(a[k] / b[k]);
    case SHAPE(HF_DIV, FIRST):
        EACH(a0 / b[k]);
    case SHAPE(HF_DIV, SECOND):
        EACH(a[k] / b0);
    case SHAPE(HF_MUL_ADD, NONE_UNIFORM):
        EACH(a[k] * b[k] + c[k]);
    case SHAPE(HF_MUL_ADD, FIRST):
        EACH(a0 * b[k] + c[k]);
    case SHAPE(HF_MUL_ADD, THIRD):
        EACH(a[k] * b[k] + c0);
    case SHAPE(HF_MUL_ADD, FIRST + THIRD):
        EACH(a0 * b[k] + c0);
    case SHAPE(HF_MUL_SUB, NONE_UNIFORM):
        EACH(a[k] * b[k] - c[k]);
    case SHAPE(HF_MUL_SUB, FIRST):
        EACH(a0 * b[k] - c[k]);
    default:
        return 0;
    }
}

/* The others, on vectors. */
HF_CLONES
static int step(int op, int n, double *restrict r, const double *restrict a, const double *restrict b,
                const double *restrict c)
{
    switch (op) {
    case HF_POW:
        EACH(pow(a[k], b[k]));
    case HF_LT:
        EACH(a[k] < b[k] ? 1.0 : 0.0);
    case HF_LE:
        EACH(a[k] <= b[k] ? 1.0 : 0.0);
    case HF_EQ:
        EACH(a[k] == b[k] ? 1.0 : 0.0);
    case HF_AND:
        EACH((a[k] != 0.0) & (b[k] != 0.0) ? 1.0 : 0.0);
    case HF_OR:
        EACH((a[k] != 0.0) | (b[k] != 0.0) ? 1.0 : 0.0);
    case HF_NOT:
        EACH(a[k] == 0.0 ? 1.0 : 0.0);
    case HF_EXP:
        EACH(exp(a[k]));
    case HF_LOG:
        EACH(log(a[k]));
    case HF_SQRT:
        EACH(sqrt(a[k]));
    case HF_SELECT:
        EACH(a[k] != 0.0 ? b[k] : c[k]);
    case HF_COPY:
        EACH(a[k]);
    default:
        return 0;
    }
}

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

/* Exponents up to this are worked out by multiplications, which cost a tenth of a general power. */
#define MOST_SQUARED 16.0

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

/* a^exponent for a whole exponent by squaring; says whether it was one. */
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

int64_t hf_program_scratch(const hpcfit_program *program)
{
    /* The outputs and the variable have arrays of their own; three more to spread uniform operands over. */
    return (program->n_registers - 1 - program->n_outputs + 3) * HF_BLOCK;
}

/* An instruction that is not among the frequent ones: all operands become vectors. */
static void general_step(const hpcfit_program *program, const frame *f, const int32_t *s)
{
    double *spread = f->registers + (program->n_registers - 1 - f->n_outputs) * HF_BLOCK, *r = result_of(f, s[1]);
    const double *operands[3];
    if (s[0] == HF_POW && s[2] >= 0 && s[3] < 0 &&
        whole_power(f->n, r, operand_of(f, s[2]), *operand_of(f, s[3]), spread))
        return;
    for (int k = 0; k < 3; k++, spread += HF_BLOCK) {
        operands[k] = operand_of(f, s[2 + k]);
        if (s[2 + k] >= 0) continue;
        fill(f->n, spread, *operands[k]);
        operands[k] = spread;
    }
    if (arithmetic(SHAPE(s[0], NONE_UNIFORM), f->n, r, operands[0], operands[1], operands[2]) ||
        step(s[0], f->n, r, operands[0], operands[1], operands[2]))
        return;
    for (int k = 0; k < f->n; k++)
        r[k] = apply(s[0], operands[0][k], 0.0, 0.0);
}

static void run_block(const hpcfit_program *program, const frame *f)
{
    for (int64_t k = 0; k < program->n_steps; k++) {
        const int32_t *s = program->steps[k];
        const int shape = SHAPE(s[0], (s[2] < 0) * FIRST + (s[3] < 0) * SECOND + (s[4] < 0) * THIRD);
        if (!arithmetic(shape, f->n, result_of(f, s[1]), operand_of(f, s[2]), operand_of(f, s[3]),
                        operand_of(f, s[4])))
            general_step(program, f, s);
    }
}

void hf_program_run(const hpcfit_program *program, const double *uniform, int64_t n, const double *x, double *outputs,
                    int64_t stride, double *registers)
{
    for (int64_t start = 0; start < n; start += HF_BLOCK) {
        const frame f = {.n = (int)(n - start < HF_BLOCK ? n - start : HF_BLOCK),
                         .n_outputs = program->n_outputs,
                         .stride = stride,
                         .x = x + start,
                         .uniform = uniform,
                         .outputs = outputs + start,
                         .registers = registers};
        run_block(program, &f);
    }
}
