/* A constant energy per atom of each species: what isolated atoms have, and the difference between the zeros of two
 * codes' energies. No forces.
 *
 *   E = sum_i energy */
#include "core/internal.h"

enum { ENERGY, N_PARAMETERS };

static const hpcfit_parameter table[N_PARAMETERS] = {
    [ENERGY] = {"energy", "eV", "energy of an atom by itself", HPCFIT_SPECIES, -INFINITY, INFINITY, 1},
};

static int64_t scratch_size(const hf_call *call)
{
    (void)call;
    return 0;
}

static void add_energy(const hpcfit_geometry *g, int64_t species, double energy, const hpcfit_output *column)
{
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++) {
        if (g->chunk_species[chunk] != species) continue;
        for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++)
            for (int lane = 0; lane < g->lane_count[group]; lane++)
                column->energies[g->lane_structure[group * HF_LANES + lane]] += energy;
    }
}

static void evaluate(const hf_call *call)
{
    const hpcfit_output values = hf_column(call->output, 0);
    for (int64_t species = 0; species < call->geometry->n_species; species++)
        add_energy(call->geometry, species, call->parameters[species], &values);
    for (int64_t k = 0; k < call->n_free; k++) {
        const hpcfit_output column = hf_column(call->output, k + 1);
        add_energy(call->geometry, call->free_parameters[k], 1.0, &column);
    }
}

const hpcfit_potential hf_one_body = {
    .name = "one-body",
    .formula = "energy, for each atom",
    .reference = "the zero of energy",
    .n_parameters = N_PARAMETERS,
    .parameters = table,
    .is_linear = 1,
    .scratch_size = scratch_size,
    .evaluate = evaluate,
};
