/* One evaluation of a bond-order potential: for each group, pairs are gathered and columns are added. */
#include "bond_order/bond_order.h"

#include "bond_order/bond_loops.h"
#include "core/moments.h"

#include <string.h>

enum { MOST_ROWS = HF_ROW_CUTOFF + 2 * HF_MAX_SPECIES };

/* A call, its parameters and arrays, and the current group. */
typedef struct {
    const hf_call *call;
    const hpcfit_geometry *g;
    const hf_bond_order *form;
    int64_t n_species, most_slots;
    hf_bond *bonds;                  /* [centre][neighbour] */
    hf_angle *angles;                /* [centre][bonded][third] */
    hf_bond_derivative *derivatives; /* [n_free] */
    double *rows, *blocks;
    int32_t *neighbour; /* [most_slots][8] */
    int64_t group, centre;
    int64_t first[HF_MAX_SPECIES + 1];      /* slots of the group by the neighbour's species */
    double *row[HF_MAX_SPECIES][MOST_ROWS]; /* the arrays of rows from the first pair with that species on */
} context;

static int64_t most_slots_of(const hpcfit_geometry *g)
{
    int64_t most = 0;
    for (int64_t group = 0; group < g->n_groups; group++) {
        int64_t slots = 0;
        for (int64_t b = 0; b < g->n_species; b++)
            slots += g->slot_count[group * g->n_species + b];
        if (slots > most) most = slots;
    }
    return most;
}

static int64_t doubles(size_t bytes)
{
    return (int64_t)((bytes + 63) / 64 * 8);
}

/* Lays the arrays out from `scratch` on and returns their length in all. */
static int64_t lay_out(const hf_call *call, double *scratch, context *x)
{
    const int64_t n_species = call->geometry->n_species, most = most_slots_of(call->geometry);
    const int64_t n_bonds = n_species * n_species, n_angles = n_bonds * n_species;
    const int64_t lengths[] = {doubles((size_t)n_bonds * sizeof *x->bonds),
                               doubles((size_t)n_angles * sizeof *x->angles),
                               doubles((size_t)call->n_free * sizeof *x->derivatives),
                               (HF_ROW_CUTOFF + 2 * n_species) * most * HF_LANES,
                               HF_N_BLOCKS * most * most * HF_LANES,
                               doubles((size_t)most * HF_LANES * sizeof *x->neighbour)};
    void *places[sizeof lengths / sizeof *lengths];
    int64_t used = 0;
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        places[k] = scratch == NULL ? NULL : scratch + used;
        used += lengths[k];
    }
    *x = (context){.call = call,
                   .g = call->geometry,
                   .n_species = n_species,
                   .most_slots = most,
                   .bonds = places[0],
                   .angles = places[1],
                   .derivatives = places[2],
                   .rows = places[3],
                   .blocks = places[4],
                   .neighbour = places[5]};
    return used;
}

static void read_parameters(const context *x)
{
    const int64_t n = x->n_species;
    for (int64_t a = 0; a < n; a++)
        for (int64_t b = 0; b < n; b++) {
            x->form->read_bond(x->call, (const int64_t[]){a, b}, &x->bonds[a * n + b]);
            for (int64_t c = 0; c < n; c++)
                x->form->read_angle(x->call, (const int64_t[]){a, b, c}, &x->angles[(a * n + b) * n + c]);
        }
    for (int64_t k = 0; k < x->call->n_free; k++) {
        hf_bond_derivative *by = &x->derivatives[k];
        *by = (hf_bond_derivative){.change = HF_BY_NOTHING};
        const int parameter = hf_parameter_at(x->call, x->call->free_parameters[k], by->species);
        by->unordered = x->call->potential->parameters[parameter].kind == HPCFIT_PAIR;
        x->form->read_derivative(x->call, parameter, by->species, by);
    }
}

static const hf_bond *bond_of(const context *x, int64_t b)
{
    return &x->bonds[x->centre * x->n_species + b];
}

static const hf_angle *angle_of(const context *x, int64_t b, int64_t c)
{
    return &x->angles[(x->centre * x->n_species + b) * x->n_species + c];
}

/* The pairs with species b begin at this slot. */
static void begin_rows(context *x, int64_t b, int64_t slot)
{
    x->first[b] = slot;
    for (int64_t k = 0; k < HF_ROW_CUTOFF + 2 * x->n_species; k++)
        x->row[b][k] = x->rows + (k * x->most_slots + slot) * HF_LANES;
}

static int64_t slots_of(const context *x, int64_t b)
{
    return x->first[b + 1] - x->first[b];
}

/* Blocks lie one after the other, so that each is without gaps. */
static double *block_at(const context *x, int array, int64_t b, int64_t c)
{
    const int64_t n = x->first[x->n_species];
    const int64_t before = x->first[b] * n + slots_of(x, b) * x->first[c];
    return x->blocks + (array * x->most_slots * x->most_slots + before) * HF_LANES;
}

/* Returns whether there are bonds and third atoms. */
static int open_block(const context *x, int64_t b, int64_t c, hf_block *block)
{
    *block = (hf_block){
        .n_bonds = slots_of(x, b), .n_thirds = slots_of(x, c), .same = b == c, .bond = x->row[b], .third = x->row[c]};
    return block->n_bonds > 0 && block->n_thirds > 0;
}

static void gather(context *x)
{
    int64_t n = 0;
    for (int64_t c = 0; c < x->n_species; c++) {
        double reach = 0.0;
        for (int64_t b = 0; b < x->n_species; b++) {
            const hf_angle *angle = angle_of(x, b, c);
            if (angle->middle + angle->half_width > reach) reach = angle->middle + angle->half_width;
        }
        begin_rows(x, c, n);
        n += hf_gather_pairs(x->g, x->g->slot_start[x->group * x->n_species + c],
                             x->g->slot_count[x->group * x->n_species + c], reach, x->row[c],
                             x->neighbour + n * HF_LANES);
    }
    x->first[x->n_species] = n;
}

/* Fills the arrays of third atoms of species c at bonds with species b. */
static void fill_block(const context *x, int64_t b, int64_t c)
{
    const hf_angle *angle = angle_of(x, b, c);
    double *array[HF_N_BLOCKS], *f = x->row[c][HF_ROW_CUTOFF + 2 * b], *df = x->row[c][HF_ROW_CUTOFF + 2 * b + 1];
    hf_block block;
    if (!open_block(x, b, c, &block)) return;
    const int64_t n = block.n_bonds * block.n_thirds * HF_LANES;
    for (int k = 0; k < HF_N_BLOCKS; k++)
        array[k] = block_at(x, k, b, c);
    hf_fill_cutoff(block.n_thirds * HF_LANES, x->row[c][HF_ROW_R], angle->middle, angle->half_width, x->form->smooth,
                   f, df);
    hf_fill_cosines(&block, array[HF_BLOCK_COSINE]);
    hf_fill_exponentials(&block, angle, array[HF_BLOCK_POWER], array[HF_BLOCK_E], array[HF_BLOCK_E_SLOPE]);
    x->form->angular(n, array[HF_BLOCK_COSINE], angle->g, array[HF_BLOCK_G], array[HF_BLOCK_G_SLOPE]);
    const hf_thirds thirds = {f,
                              df,
                              array[HF_BLOCK_E],
                              array[HF_BLOCK_E_SLOPE],
                              array[HF_BLOCK_G],
                              array[HF_BLOCK_G_SLOPE],
                              array[HF_BLOCK_BEND],
                              array[HF_BLOCK_RADIAL]};
    hf_sum_thirds(&block, &thirds, HF_ROW_ZETA);
}

/* Clears `count` rows from `first_row` on for bonds with species b. */
static void clear_rows(const context *x, int first_row, int count, int64_t b)
{
    for (int k = first_row; k < first_row + count; k++)
        memset(x->row[b][k], 0, (size_t)slots_of(x, b) * HF_LANES * sizeof(double));
}

static void fill_bonds(const context *x, int64_t b)
{
    double *const *row = x->row[b];
    const int64_t n = slots_of(x, b) * HF_LANES;
    clear_rows(x, HF_ROW_ZETA, HF_ROW_BEND_Z - HF_ROW_ZETA + 1, b);
    for (int64_t c = 0; c < x->n_species; c++)
        fill_block(x, b, c);
    hf_fill_bonds(n, bond_of(x, b), row[HF_ROW_CUTOFF + 2 * b], row[HF_ROW_CUTOFF + 2 * b + 1], row);
    hf_fill_order(n, bond_of(x, b), row);
}

/* Adds the forces of third atoms to bonds with species b. */
static void add_thirds(const context *x, int64_t b, int weight)
{
    hf_block block;
    for (int64_t c = 0; c < x->n_species; c++)
        if (open_block(x, b, c, &block))
            hf_add_thirds(&block, x->row[b][weight], block_at(x, HF_BLOCK_BEND, b, c),
                          block_at(x, HF_BLOCK_RADIAL, b, c));
}

static void finish_column(const context *x, int64_t column)
{
    const hpcfit_output output = hf_column(x->call->output, column);
    const int64_t n = x->first[x->n_species];
    double energy[HF_LANES], *const *row = x->row[0];
    hf_finish_column(n, row, energy);
    hf_add_group_energy(x->g, x->group, energy, &output);
    const hf_bonds bonds = {
        .r = row[HF_ROW_R], .ux = row[HF_ROW_X], .uy = row[HF_ROW_Y], .uz = row[HF_ROW_Z], .neighbour = x->neighbour};
    const hf_axes t = {row[HF_ROW_T_X], row[HF_ROW_T_Y], row[HF_ROW_T_Z]};
    hf_add_vectors(x->g, x->group, n, &bonds, &t, &output);
}

static void add_values(const context *x)
{
    for (int64_t b = 0; b < x->n_species; b++) {
        const hf_bond *bond = bond_of(x, b);
        hf_start_radial(slots_of(x, b) * HF_LANES, (const double[]){bond->repulsion, 0.0},
                        (const double[]){bond->attraction, 0.0}, HF_ROW_WEIGHT, x->row[b]);
    }
    for (int64_t b = 0; b < x->n_species; b++)
        add_thirds(x, b, HF_ROW_WEIGHT);
    finish_column(x, 0);
}

/* A change of zeta, by a parameter of the exponential or of the angular function. */
static void start_zeta(const context *x, const hf_bond_derivative *by, int64_t b, const hf_block *block)
{
    const int64_t c = by->species[2], n = block->n_bonds * block->n_thirds * HF_LANES;
    const hf_angle *angle = angle_of(x, b, c);
    double *array[HF_N_BLOCKS];
    for (int k = 0; k < HF_N_BLOCKS; k++)
        array[k] = block_at(x, k, b, c);
    double *value = array[HF_BLOCK_VALUE_BY], *slope = array[HF_BLOCK_SLOPE_BY];
    const int by_mu = by->change == HF_BY_MU;
    if (by_mu)
        hf_fill_mu(block, angle, by->rate, array[HF_BLOCK_POWER], array[HF_BLOCK_E], value, slope);
    else
        x->form->angular_by(n, array[HF_BLOCK_COSINE], angle->g, by->parameter, value, slope);
    clear_rows(x, HF_ROW_ZETA_BY, HF_ROW_BEND_BY_Z - HF_ROW_ZETA_BY + 1, b);
    const hf_thirds thirds = {block->third[HF_ROW_CUTOFF + 2 * b],
                              block->third[HF_ROW_CUTOFF + 2 * b + 1],
                              by_mu ? value : array[HF_BLOCK_E],
                              by_mu ? slope : array[HF_BLOCK_E_SLOPE],
                              by_mu ? array[HF_BLOCK_G] : value,
                              by_mu ? array[HF_BLOCK_G_SLOPE] : slope,
                              array[HF_BLOCK_BEND_BY],
                              array[HF_BLOCK_RADIAL_BY]};
    hf_sum_thirds(block, &thirds, HF_ROW_ZETA_BY);
    hf_start_zeta(block->n_bonds * HF_LANES, bond_of(x, b), block->bond);
    hf_add_thirds(block, block->bond[HF_ROW_WEIGHT], array[HF_BLOCK_BEND_BY], array[HF_BLOCK_RADIAL_BY]);
}

/* The species of the bonds that a parameter acts on, -1 when it acts on no bond of this centre. */
static int64_t bonds_changed(const context *x, const hf_bond_derivative *by)
{
    if (by->species[0] == x->centre) return by->species[1];
    return by->unordered && by->species[1] == x->centre ? by->species[0] : -1;
}

static void add_derivative(const context *x, const hf_bond_derivative *by, int64_t column)
{
    const int64_t b = bonds_changed(x, by);
    const int of_angle = by->change == HF_BY_MU || by->change == HF_BY_ANGLE;
    hf_block block;
    if (by->change == HF_BY_NOTHING || b < 0 || !open_block(x, b, of_angle ? by->species[2] : b, &block)) return;
    for (int64_t c = 0; c < x->n_species; c++)
        if (c != b) clear_rows(x, HF_ROW_ENERGY, HF_ROW_T_Z - HF_ROW_ENERGY + 1, c);
    const int64_t n = block.n_bonds * HF_LANES;
    if (by->change == HF_BY_RADIAL)
        hf_start_radial(n, by->repulsion, by->attraction, HF_ROW_WEIGHT_BY, block.bond);
    else if (by->change == HF_BY_ORDER)
        hf_start_order(n, bond_of(x, b), by, block.bond);
    else
        start_zeta(x, by, b, &block);
    /* A change of the repulsion alone does not act through the bond order. */
    if (by->change != HF_BY_RADIAL || by->attraction[0] != 0.0 || by->attraction[1] != 0.0)
        add_thirds(x, b, HF_ROW_WEIGHT_BY);
    finish_column(x, column);
}

int64_t hf_bond_order_scratch(const hf_call *call)
{
    context x;
    return lay_out(call, NULL, &x);
}

void hf_bond_order_evaluate(const hf_call *call, const hf_bond_order *form)
{
    context x;
    lay_out(call, call->scratch, &x);
    x.form = form;
    read_parameters(&x);
    for (int64_t chunk = 0; chunk < x.g->n_chunks; chunk++)
        for (x.group = x.g->chunk_group[chunk]; x.group < x.g->chunk_group[chunk + 1]; x.group++) {
            x.centre = x.g->chunk_species[chunk];
            gather(&x);
            if (x.first[x.n_species] == 0) continue;
            for (int64_t b = 0; b < x.n_species; b++)
                fill_bonds(&x, b);
            add_values(&x);
            for (int64_t k = 0; k < call->n_free; k++)
                add_derivative(&x, &x.derivatives[k], k + 1);
        }
}
