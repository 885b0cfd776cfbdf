/* One evaluation: chunk by chunk through the potential, then a look for numbers that are not finite. */
#include "function.h"

#include <stdio.h>

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

hpcfit_output hf_column(const hpcfit_output *output, int64_t column)
{
    const int64_t shift = column * output->stride;
    return (hpcfit_output){.stride = output->stride,
                           .energies = output->energies + shift,
                           .forces = (double (*)[3])(output->forces[0] + shift),
                           .virials = output->virials ? (double (*)[6])(output->virials[0] + shift) : NULL};
}

/* Sums over the slots of a group, at least one, lane by lane. The inner loop counts down: gcc vectorises the outer
 * one only where it sees that the count is the same for all lanes. */
HF_CLONES
static void sum_radial(int64_t n_slots, const double *restrict phi, const double *restrict dphi,
                       const double *restrict ux, const double *restrict uy, const double *restrict uz,
                       double (*restrict sum)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double e = 0.0, x = 0.0, y = 0.0, z = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            e += phi[k];
            x += dphi[k] * ux[k];
            y += dphi[k] * uy[k];
            z += dphi[k] * uz[k];
            k += HF_LANES;
        } while (--left > 0);
        sum[0][lane] = 0.5 * e;
        sum[1][lane] = x;
        sum[2][lane] = y;
        sum[3][lane] = z;
    }
}

HF_CLONES
void hf_sum_radial_virial(int64_t n_slots, double share, const double *restrict dphi, const double *restrict r,
                          const double *restrict ux, const double *restrict uy, const double *restrict uz,
                          double (*restrict sum)[HF_LANES])
{
#pragma omp simd
    for (int lane = 0; lane < HF_LANES; lane++) {
        double xx = 0.0, yy = 0.0, zz = 0.0, yz = 0.0, xz = 0.0, xy = 0.0;
        int64_t k = lane, left = n_slots;
        do {
            const double w = -share * r[k] * dphi[k];
            xx += w * ux[k] * ux[k];
            yy += w * uy[k] * uy[k];
            zz += w * uz[k] * uz[k];
            yz += w * uy[k] * uz[k];
            xz += w * ux[k] * uz[k];
            xy += w * ux[k] * uy[k];
            k += HF_LANES;
        } while (--left > 0);
        sum[0][lane] = xx;
        sum[1][lane] = yy;
        sum[2][lane] = zz;
        sum[3][lane] = yz;
        sum[4][lane] = xz;
        sum[5][lane] = xy;
    }
}

/* Adds the values of a group's atoms to those of their structures, which lie `stride` apart. Neighbouring lanes of
 * one structure are added up first: a chain through memory is slow. */
static void add_lanes(const int32_t *structure, const double *values, double *target, int64_t stride)
{
    double sum = values[0];
    for (int lane = 1; lane < HF_LANES; lane++) {
        if (structure[lane] != structure[lane - 1]) {
            target[structure[lane - 1] * stride] += sum;
            sum = 0.0;
        }
        sum += values[lane];
    }
    target[structure[HF_LANES - 1] * stride] += sum;
}

void hf_add_group_energy(const hpcfit_geometry *g, int64_t group, const double *energy, const hpcfit_output *column)
{
    add_lanes(g->lane_structure + group * HF_LANES, energy, column->energies, 1);
}

void hf_add_group_forces(const hpcfit_geometry *g, int64_t group, const double (*force)[HF_LANES],
                         const hpcfit_output *column)
{
    const int32_t *atom = g->lane_atom + group * HF_LANES;
    for (int lane = 0; lane < HF_LANES; lane++)
        for (int axis = 0; axis < 3; axis++)
            column->forces[atom[lane]][axis] += force[axis][lane];
}

void hf_add_group_virial(const hpcfit_geometry *g, int64_t group, const double (*virial)[HF_LANES],
                         const hpcfit_output *column)
{
    const int32_t *structure = g->lane_structure + group * HF_LANES;
    for (int v = 0; v < 6; v++)
        add_lanes(structure, virial[v], column->virials[0] + v, 6);
}

void hf_add_radial(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *phi, const double *dphi,
                   const hpcfit_output *column)
{
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t start = g->slot_start[group * g->n_species + species], k = start * HF_LANES;
        const int64_t n_slots = g->slot_count[group * g->n_species + species], local = (start - first) * HF_LANES;
        double sum[6][HF_LANES];
        if (n_slots == 0) continue;
        sum_radial(n_slots, phi + local, dphi + local, g->ux + k, g->uy + k, g->uz + k, sum);
        hf_add_group_energy(g, group, sum[0], column);
        hf_add_group_forces(g, group, sum + 1, column);
        if (column->virials == NULL) continue;
        hf_sum_radial_virial(n_slots, 0.5, dphi + local, g->r + k, g->ux + k, g->uy + k, g->uz + k, sum);
        hf_add_group_virial(g, group, sum, column);
    }
}

/* The first structure and atom whose energy or force is not finite. */
static hpcfit_status check_finite(const hpcfit_potential *potential, const hpcfit_geometry *g,
                                  const hpcfit_output *output, hpcfit_error *err)
{
    double energies = 0.0, forces = 0.0;
    for (int64_t s = 0; s < g->n_structures; s++)
        energies += 0.0 * output->energies[s];
    for (int64_t i = 0; i < g->n_atoms; i++)
        forces += 0.0 * (output->forces[i][0] + output->forces[i][1] + output->forces[i][2]);
    if (isfinite(energies) && isfinite(forces)) return HPCFIT_OK;
    err->structure = -1;
    err->atom = -1;
    for (int64_t i = g->n_atoms - 1; i >= 0; i--)
        if (!isfinite(output->forces[i][0] + output->forces[i][1] + output->forces[i][2])) err->atom = i;
    for (int64_t s = g->n_structures - 1; s >= 0; s--)
        if (!isfinite(output->energies[s])) err->structure = s;
    for (int64_t lane = 0; lane < g->n_groups * HF_LANES; lane++)
        if (err->structure < 0 && g->lane_atom[lane] == err->atom) err->structure = g->lane_structure[lane];
    snprintf(err->message, sizeof err->message, "%s gives an energy or force that is not finite", potential->name);
    return HPCFIT_NOT_FINITE;
}

hpcfit_status hf_bad_argument(hpcfit_error *err, const char *message)
{
    err->structure = -1;
    err->atom = -1;
    snprintf(err->message, sizeof err->message, "%s", message);
    return HPCFIT_BAD_ARGUMENT;
}

int64_t hpcfit_scratch_size(const hpcfit_potential *potential, const int64_t *sizes,
                            const hpcfit_functions *functions, const hpcfit_geometry *geometry, int64_t n_free)
{
    const hf_call call = {
        .potential = potential, .sizes = sizes, .functions = functions, .geometry = geometry, .n_free = n_free};
    if (potential->n_roles > 0 && functions == NULL) return 0;
    return potential->scratch_size(&call) + (functions == NULL ? 0 : hf_functions_knots(functions));
}

const char *hf_call_fault(const hf_call *call)
{
    const hpcfit_potential *potential = call->potential;
    if (potential->pairwise && call->geometry->half == NULL)
        return "a geometry without pairs for a pairwise potential";
    if (potential->needs_positions && call->geometry->position == NULL)
        return "a geometry without positions for a potential that needs them";
    if (potential->n_sizes > 0 && call->sizes == NULL) return "a potential without its sizes";
    for (int k = 0; k < potential->n_sizes; k++)
        if (call->sizes[k] < potential->sizes[k].lower || call->sizes[k] > potential->sizes[k].upper)
            return "a size of the potential is out of range";
    int64_t n_parameters = hf_parameter_offset(call, potential->n_parameters);
    if ((call->functions == NULL) != (potential->n_roles == 0))
        return "functions for a potential without roles, or none for one with roles";
    if (call->functions != NULL) {
        const char *fault = hf_functions_fault(call, &n_parameters);
        if (fault != NULL) return fault;
    }
    for (int64_t k = 0; k < call->n_free; k++) {
        if (call->free_parameters[k] < 0 || call->free_parameters[k] >= n_parameters)
            return "a free parameter lies outside the parameter vector";
        if (k > 0 && call->functions != NULL && call->free_parameters[k] <= call->free_parameters[k - 1])
            return "free parameters of functions do not ascend";
    }
    return call->functions != NULL ? hf_roles_fault(call) : NULL;
}

hpcfit_status hpcfit_evaluate(const hpcfit_potential *potential, const int64_t *sizes,
                              const hpcfit_functions *functions, const hpcfit_geometry *geometry,
                              const double *parameters, int64_t n_free, const int32_t *free_parameters,
                              double *scratch, const hpcfit_output *output, hpcfit_error *err)
{
    const int64_t n_knots = functions == NULL ? 0 : hf_functions_knots(functions);
    const hf_call call = {.potential = potential,
                          .sizes = sizes,
                          .functions = functions,
                          .geometry = geometry,
                          .parameters = parameters,
                          .n_free = n_free,
                          .free_parameters = free_parameters,
                          .output = output,
                          .knots = scratch,
                          .scratch = scratch + n_knots};
    const char *fault = hf_call_fault(&call);
    if (fault != NULL) return hf_bad_argument(err, fault);
    if (functions != NULL) hf_functions_at_knots(functions, parameters, scratch);
    potential->evaluate(&call);
    return check_finite(potential, geometry, output, err);
}
