/* The list of potentials, each defined at the bottom of its own file: adding one is that file and a line here. */
#ifndef HF_REGISTRY_H
#define HF_REGISTRY_H

#include "core/internal.h"

/* clang-format off */
#define HF_POTENTIALS(X) \
    X(hf_abop) \
    X(hf_adp) \
    X(hf_born_mayer_huggins) \
    X(hf_buckingham) \
    X(hf_chebyshev) \
    X(hf_cosine_squared) \
    X(hf_eam) \
    X(hf_edip) \
    X(hf_lennard_jones) \
    X(hf_meam) \
    X(hf_morse) \
    X(hf_one_body) \
    X(hf_stillinger_weber) \
    X(hf_tersoff) \
    X(hf_tersoff_mod)
/* clang-format on */

#define HF_DECLARE(potential) extern const hpcfit_potential potential;
HF_POTENTIALS(HF_DECLARE)
#undef HF_DECLARE

#endif
