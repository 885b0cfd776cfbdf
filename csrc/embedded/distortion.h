/* Derivatives of dipole and quadrupole terms by the parameters of their functions.
 *
 * An atom's field is its dipole mu, or its quadrupole lambda without the trace; h is the dipole, or the quadrupole
 * applied to the direction u of a neighbour at distance r. The energy's derivative by the vector to that neighbour,
 *
 *   t = p f r^(p-1) h + f' r^p (u.h) u,   p = 1 for dipoles, 2 for quadrupoles,
 *
 * is linear in the function f and in the field. Its derivative by a parameter is t of df, which is zero where df is,
 * plus t of the field's derivative, which acts on all neighbours and needs a panel. */
#ifndef HF_DISTORTION_H
#define HF_DISTORTION_H

#include "core/panel.h"
#include "functions/spline_rows.h"

/* Most components of a field, xx yy zz yz xz xy or x y z. */
enum { HF_FIELD = 6 };

typedef struct {
    const hf_call *call;
    int role, quadratic;
    int64_t stride; /* pairs of the longest chunk of either geometry */
    hf_panel panel; /* atoms: the fields' derivatives, [n_atoms][HF_FIELD][width] */
    double *fields; /* [n_atoms][HF_FIELD] */
    double *changes, *forces;
    int64_t *column;
    double *tables, *basis, *function, *rows; /* [most rows][stride] */
    double *force_rows, *field_rows, *total_rows;
} hf_distortion;

/* The term's function for a pair of species, NULL where there is none. */
static inline const hpcfit_function *hf_distortion_function(const hf_distortion *d, int64_t a, int64_t b)
{
    return hf_role(d->call, d->role, hf_pair_tuple(a, b, d->call->geometry->n_species));
}

/* Lays the arrays out from `scratch` on, NULL to learn their length alone, which is returned. */
int64_t hf_distortion_lay_out(const hf_call *call, double *scratch, hf_distortion *d);

/* Begins a term: lists the free parameters of the functions in a role. */
void hf_distortion_start(hf_distortion *d, int role, int quadratic);

/* Adds the derivatives by the nodes of splines at constant fields, which are complete, and the derivatives of the
 * fields by the nodes to the panel. */
void hf_distortion_add_nodes(const hf_distortion *d);

/* Adds the forces and virials by the derivatives of the fields, which are complete. */
void hf_distortion_add_panel(const hf_distortion *d);

#endif
