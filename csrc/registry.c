/* Looking potentials up, in the order of the list. */
#include "registry.h"

#define ADDRESS(potential) &(potential),
static const hpcfit_potential *const potentials[] = {HF_POTENTIALS(ADDRESS)};

int hpcfit_n_potentials(void)
{
    return (int)(sizeof potentials / sizeof *potentials);
}

const hpcfit_potential *hpcfit_potential_at(int index)
{
    return index >= 0 && index < hpcfit_n_potentials() ? potentials[index] : NULL;
}

const char *hpcfit_potential_name(const hpcfit_potential *potential)
{
    return potential->name;
}

const char *hpcfit_potential_formula(const hpcfit_potential *potential)
{
    return potential->formula;
}

const char *hpcfit_potential_reference(const hpcfit_potential *potential)
{
    return potential->reference;
}

int hpcfit_potential_n_parameters(const hpcfit_potential *potential)
{
    return potential->n_parameters;
}

const hpcfit_parameter *hpcfit_potential_parameter(const hpcfit_potential *potential, int index)
{
    return index >= 0 && index < potential->n_parameters ? &potential->parameters[index] : NULL;
}

int hpcfit_potential_n_sizes(const hpcfit_potential *potential)
{
    return potential->n_sizes;
}

const hpcfit_size *hpcfit_potential_size(const hpcfit_potential *potential, int index)
{
    return index >= 0 && index < potential->n_sizes ? &potential->sizes[index] : NULL;
}

int hpcfit_potential_is_linear(const hpcfit_potential *potential)
{
    return potential->is_linear;
}

int hpcfit_potential_pairwise(const hpcfit_potential *potential)
{
    return potential->pairwise;
}

int hpcfit_potential_needs_positions(const hpcfit_potential *potential)
{
    return potential->needs_positions;
}

int hpcfit_potential_n_roles(const hpcfit_potential *potential)
{
    return potential->n_roles;
}

const hpcfit_role *hpcfit_potential_role(const hpcfit_potential *potential, int index)
{
    return index >= 0 && index < potential->n_roles ? &potential->roles[index] : NULL;
}
