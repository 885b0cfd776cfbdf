"""The instructions of register programs."""

from __future__ import annotations

import enum


class Op(enum.IntEnum):
    """Instructions; the numbers are those of csrc/program.h."""

    ADD, SUB, MUL, DIV, POW, LT, LE, EQ, AND, OR = range(10)
    NOT, EXP, LOG, SQRT, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, TANH, COPY = range(10, 24)
    SELECT = 24
    MUL_ADD, MUL_SUB = 25, 26  #: a b + c, a b - c
