/* The loops over runs, free parameters and pairs that all potentials of one function of the distance share. */
#include "pair/pairs.h"

/* Scratch arrays over the pairs of a chunk: value, slope, and the arrays that the law keeps. */
enum { PHI, DPHI, KEPT };

static double *array_of(const hf_call *call, int array)
{
    return call->scratch + array * call->geometry->half->max_chunk_slots * HF_LANES;
}

int64_t hf_pairs_scratch(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    return half == NULL ? 0 : (KEPT + call->potential->law->n_kept) * half->max_chunk_slots * HF_LANES;
}

static void add_run(const hf_call *call, int64_t chunk, int64_t species)
{
    const hpcfit_geometry *half = call->geometry->half;
    const hf_pair_law *law = call->potential->law;
    const int64_t n_tuples = hf_n_pair_tuples(half->n_species);
    const int64_t tuple = hf_pair_tuple(half->chunk_species[chunk], species, half->n_species);
    const hf_run run = hf_run_of(half, chunk, species);
    double p[HF_LAW_PARAMETERS], *kept[HF_LAW_ARRAYS], *phi = array_of(call, PHI), *dphi = array_of(call, DPHI);
    for (int k = 0; k < call->potential->n_parameters; k++)
        p[k] = call->parameters[k * n_tuples + tuple];
    for (int k = 0; k < law->n_kept; k++)
        kept[k] = array_of(call, KEPT + k);
    const hpcfit_output values = hf_column(call->output, 0);
    law->values(run.n_pairs, run.r, p, kept, phi, dphi);
    hf_add_pairs(half, chunk, species, phi, dphi, &values);
    for (int64_t k = 0; k < call->n_free; k++) {
        const int parameter = (int)(call->free_parameters[k] / n_tuples);
        if (call->free_parameters[k] % n_tuples != tuple || !call->potential->parameters[parameter].fittable)
            continue;
        const hpcfit_output column = hf_column(call->output, k + 1);
        law->derivatives(run.n_pairs, p, parameter, kept, phi, dphi);
        hf_add_pairs(half, chunk, species, phi, dphi, &column);
    }
}

void hf_pairs_evaluate(const hf_call *call)
{
    const hpcfit_geometry *half = call->geometry->half;
    for (int64_t chunk = 0; chunk < half->n_chunks; chunk++)
        for (int64_t species = 0; species < half->n_species; species++)
            if (hf_run_of(half, chunk, species).n_pairs > 0) add_run(call, chunk, species);
}
