"""Columns of LAMMPS's parameter files, behind the three elements of an entry: what is read and written alike."""

from __future__ import annotations


def _columns(header: str) -> tuple[str, ...]:
    return tuple(header.split())


SW = _columns("epsilon sigma a lambda gamma costheta0 A B p q tol")
TERSOFF = _columns("m gamma lambda3 c d costheta0 n beta lambda2 B R D lambda1 A")
TERSOFF_MOD = _columns("beta alpha h eta beta_ters lambda2 B R D lambda1 A n c1 c2 c3 c4 c5")
EDIP = _columns("A B cutoffA cutoffC alpha beta eta gamma lambda mu rho sigma Q0 u1 u2 u3 u4")
