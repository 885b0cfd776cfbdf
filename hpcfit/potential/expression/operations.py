"""The instructions of register programs."""

from __future__ import annotations

import enum


class Op(enum.IntEnum):
    """Instructions; the numbers are those of csrc/functions/program.h."""

    ADD, SUB, MUL, DIV, POW, LT, LE, EQ, AND, OR = range(10)
    NOT, EXP, LOG, SQRT, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, COPY = range(10, 24)
    SELECT = 24
    MUL_ADD, MUL_SUB = 25, 26  #: a b + c, a b - c
    MUL_MUL = 27  #: (a b) c
    HORNER = 28  #: (a b + c) b
    INVERT = 29  #: 1 / (a b + c)
    EXP_LINEAR = 30  #: exp((a - b) c)
