/* Values of a parameter vector by parameter and combination of species. */
#include "core/internal.h"

int64_t hf_n_tuples(hpcfit_kind kind, int64_t n_species)
{
    switch (kind) {
    case HPCFIT_PAIR:
        return hf_n_pair_tuples(n_species);
    case HPCFIT_TRIPLET:
        return n_species * hf_n_pair_tuples(n_species);
    case HPCFIT_SPECIES:
        return n_species;
    case HPCFIT_ORDERED_PAIR:
        return n_species * n_species;
    default:
        return n_species * n_species * n_species;
    }
}

int64_t hpcfit_potential_n_rows(const hpcfit_potential *potential, const int64_t *sizes, int index)
{
    return potential->parameters[index].numbered ? potential->count(sizes, index) : 1;
}

int64_t hf_parameter_offset(const hf_call *call, int parameter)
{
    int64_t offset = 0;
    for (int k = 0; k < parameter; k++)
        offset += hpcfit_potential_n_rows(call->potential, call->sizes, k) *
                  hf_n_tuples(call->potential->parameters[k].kind, call->geometry->n_species);
    return offset;
}

const hpcfit_function *hf_role(const hf_call *call, int role, int64_t tuple)
{
    int64_t place = tuple;
    for (int k = 0; k < role; k++)
        place += hf_n_tuples(call->potential->roles[k].kind, call->geometry->n_species);
    const int32_t function = call->functions->roles[place];
    return function < 0 ? NULL : &call->functions->functions[function];
}

int64_t hf_tuple(hpcfit_kind kind, const int64_t *species, int64_t n_species)
{
    switch (kind) {
    case HPCFIT_PAIR:
        return hf_pair_tuple(species[0], species[1], n_species);
    case HPCFIT_TRIPLET:
        return hf_triplet_tuple(species[0], species[1], species[2], n_species);
    case HPCFIT_SPECIES:
        return species[0];
    case HPCFIT_ORDERED_PAIR:
        return species[0] * n_species + species[1];
    default:
        return (species[0] * n_species + species[1]) * n_species + species[2];
    }
}

double hf_value(const hf_call *call, int parameter, const int64_t *species)
{
    const int64_t n_species = call->geometry->n_species;
    return call->parameters[hf_parameter_offset(call, parameter) +
                            hf_tuple(call->potential->parameters[parameter].kind, species, n_species)];
}

/* Searches: there are few combinations, and this is done once per evaluation. */
static void find_species(hpcfit_kind kind, int64_t tuple, int64_t n_species, int64_t *species)
{
    for (species[0] = 0; species[0] < n_species; species[0]++)
        for (species[1] = 0; species[1] < n_species; species[1]++)
            for (species[2] = 0; species[2] < n_species; species[2]++)
                if (hf_tuple(kind, species, n_species) == tuple) return;
}

int hf_parameter_at(const hf_call *call, int64_t place, int64_t *species)
{
    const int64_t n_species = call->geometry->n_species;
    int parameter = 0;
    while (place >= hf_parameter_offset(call, parameter + 1))
        parameter++;
    find_species(call->potential->parameters[parameter].kind, place - hf_parameter_offset(call, parameter), n_species,
                 species);
    return parameter;
}
