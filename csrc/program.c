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

#define EACH(expression)                                                                                             \
    do {                                                                                                             \
        _Pragma("omp simd") for (int k = 0; k < n; k++) r[k] = (expression);                                         \
        return;                                                                                                      \
    } while (0)

/* One instruction on vectors. */
HF_CLONES
static void step(int op, int n, double *restrict r, const double *restrict a, const double *restrict b,
                 const double *restrict c)
{
    switch (op) {
    case HF_ADD:
        EACH(a[k] + b[k]);
    case HF_SUB:
        EACH(a[k] - b[k]);
    case HF_MUL:
        EACH(a[k] * b[k]);
    case HF_DIV:
        EACH(a[k] / b[k]);
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
        for (int k = 0; k < n; k++)
            r[k] = apply(op, a[k], 0.0, 0.0);
    }
}

/* The frequent instructions with one uniform operand. */
HF_CLONES
static int step_uniform(int op, int n, double *restrict r, const double *restrict a, double b, int swapped)
{
#define EACH_OF(expression)                                                                                          \
    do {                                                                                                             \
        _Pragma("omp simd") for (int k = 0; k < n; k++) r[k] = (expression);                                         \
        return 1;                                                                                                    \
    } while (0)
    switch (op) {
    case HF_ADD:
        EACH_OF(a[k] + b);
    case HF_MUL:
        EACH_OF(a[k] * b);
    case HF_SUB:
        if (swapped) EACH_OF(b - a[k]);
        EACH_OF(a[k] - b);
    case HF_DIV:
        if (swapped) EACH_OF(b / a[k]);
        EACH_OF(a[k] / b);
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
    /* Three more to spread uniform operands over. */
    return (program->n_registers + 3) * HF_BLOCK;
}

static const double *operand(int32_t place, int which, int n, const double *uniform, double *registers,
                             double *spread)
{
    if (place >= 0) return registers + place * HF_BLOCK;
    fill(n, spread + which * HF_BLOCK, uniform[-1 - place]);
    return spread + which * HF_BLOCK;
}

static void run_block(const hpcfit_program *program, int n, const double *uniform, double *registers)
{
    double *spread = registers + program->n_registers * HF_BLOCK;
    for (int64_t k = 0; k < program->n_steps; k++) {
        const int32_t *s = program->steps[k];
        double *result = registers + s[1] * HF_BLOCK;
        const int binary = s[0] <= HF_DIV;
        if (binary && s[2] >= 0 && s[3] < 0 &&
            step_uniform(s[0], n, result, registers + s[2] * HF_BLOCK, uniform[-1 - s[3]], 0))
            continue;
        if (s[0] == HF_POW && s[2] >= 0 && s[3] < 0 &&
            whole_power(n, result, registers + s[2] * HF_BLOCK, uniform[-1 - s[3]], spread))
            continue;
        if (binary && s[2] < 0 && s[3] >= 0 &&
            step_uniform(s[0], n, result, registers + s[3] * HF_BLOCK, uniform[-1 - s[2]], 1))
            continue;
        step(s[0], n, result, operand(s[2], 0, n, uniform, registers, spread),
             operand(s[3], 1, n, uniform, registers, spread), operand(s[4], 2, n, uniform, registers, spread));
    }
}

void hf_program_run(const hpcfit_program *program, const double *uniform, int64_t n, const double *x, double *outputs,
                    int64_t stride, double *registers)
{
    for (int64_t start = 0; start < n; start += HF_BLOCK) {
        const int64_t count = n - start < HF_BLOCK ? n - start : HF_BLOCK;
        memcpy(registers, x + start, (size_t)count * sizeof *x);
        /* Whole vectors only, so that every argument takes the vector path. */
        for (int64_t k = count; k % HF_LANES != 0; k++)
            registers[k] = x[start];
        run_block(program, (int)((count + HF_LANES - 1) / HF_LANES * HF_LANES), uniform, registers);
        for (int64_t k = 0; k < program->n_outputs; k++)
            memcpy(outputs + k * stride + start, registers + (k + 1) * HF_BLOCK, (size_t)count * sizeof *x);
    }
}
