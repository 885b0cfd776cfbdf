/* Register programs: functions of one variable, compiled elsewhere, executed over blocks of arguments. */
#ifndef HF_PROGRAM_H
#define HF_PROGRAM_H

#include "core/internal.h"

/* Most arguments at once for a program with inputs: the distance between inputs. */
#define HF_BLOCK 512

/* Most registers of a program. */
#define HF_MAX_REGISTERS 4096

/* Instructions; operands are registers, or uniform value k written as -1 - k. */
enum {
    HF_ADD,
    HF_SUB,
    HF_MUL,
    HF_DIV,
    HF_POW,
    HF_LT,
    HF_LE,
    HF_EQ,
    HF_AND,
    HF_OR,
    HF_NOT,
    HF_EXP,
    HF_LOG,
    HF_SQRT,
    HF_SIN,
    HF_COS,
    HF_TAN,
    HF_ASIN,
    HF_ACOS,
    HF_ATAN,
    HF_SINH,
    HF_COSH,
    HF_TANH,
    HF_COPY,
    HF_SELECT,
    HF_MUL_ADD, /* a b + c */
    HF_MUL_SUB, /* a b - c */
    HF_N_UNIFORM_OPS,
    HF_MUL_MUL = HF_N_UNIFORM_OPS, /* (a b) c; this and the following are for registers alone */
    HF_HORNER,                     /* (a b + c) b */
    HF_INVERT,                     /* 1 / (a b + c) */
    HF_EXP_LINEAR,                 /* exp((a - b) c) */
    HF_N_OPS
};

/* The first fault of a program, NULL for none: a program without a fault stays within its arrays. */
const char *hf_program_fault(const hpcfit_program *program);

/* Computes the uniform values [n_uniform] from the parameters. */
void hf_program_uniform(const hpcfit_program *program, const double *parameters, double *uniform);

/* Where outputs go: to rows that lie `stride` apart, the first at `first`; or, if `each` is not NULL, to rows
 * anywhere.
 */
typedef struct {
    double *first;
    int64_t stride;
    double *const *each;
} hf_target;

static inline double *hf_target_row(const hf_target *target, int64_t row)
{
    return target->each == NULL ? target->first + row * target->stride : target->each[row];
}

/* Computes all outputs at n arguments, n a multiple of 8 so that every one takes the vector path; registers is
 * scratch of hf_program_scratch doubles. With inputs, n is at most HF_BLOCK, and the inputs are the first of the
 * registers, each [HF_BLOCK] long. */
void hf_program_run(const hpcfit_program *program, const double *uniform, int64_t n, const double *x,
                    const hf_target *outputs, double *registers);

int64_t hf_program_scratch(const hpcfit_program *program);

#endif
