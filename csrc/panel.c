/* Sums over the neighbours of one atom, for eight columns of a panel at a time. */
#include "panel.h"

/* Virial of one atom's pairs: xx yy zz yz xz xy, each for eight columns. */
enum { N_SUMS = 6 };

/* What one lane of a group sees: pairs are a slot, that is HF_LANES places, apart. */
typedef struct {
    int64_t n_slots;
    const double *here, *there, *r, *ux, *uy, *uz;
    const int32_t *neighbour;
} bonds;

/* Eight columns of the panel, from `first` on. */
static hf_eight *force_of(const hf_panel *panel, int64_t atom, int axis, int64_t first)
{
    return (hf_eight *)(panel->forces + (3 * atom + axis) * panel->width + first);
}

HF_CLONES
static void sum_bonds(const bonds *b, const hf_panel *panel, int64_t atom, int64_t first, int with_virial,
                      hf_eight *restrict sums)
{
    const double *atoms = panel->atoms + first;
    const hf_eight own = *(const hf_eight *)(atoms + atom * panel->width), none = own - own;
    hf_eight x = none, y = none, z = none, xx = none, yy = none, zz = none, yz = none, xz = none, xy = none;
    for (int64_t k = 0; k < b->n_slots * HF_LANES; k += HF_LANES) {
        const double ux = b->ux[k], uy = b->uy[k], uz = b->uz[k], r = -b->r[k];
        const int64_t other = b->neighbour[k];
        /* Slots out of reach, spare ones among them, have no slope; their distance may be infinite. */
        if (b->here[k] == 0.0 && b->there[k] == 0.0) continue;
        const hf_eight slope = b->here[k] * own + b->there[k] * *(const hf_eight *)(atoms + other * panel->width);
        const hf_eight sx = slope * ux, sy = slope * uy, sz = slope * uz;
        x += sx;
        y += sy;
        z += sz;
        *force_of(panel, other, 0, first) -= sx;
        *force_of(panel, other, 1, first) -= sy;
        *force_of(panel, other, 2, first) -= sz;
        if (!with_virial) continue;
        xx += sx * (r * ux);
        yy += sy * (r * uy);
        zz += sz * (r * uz);
        yz += sy * (r * uz);
        xz += sx * (r * uz);
        xy += sx * (r * uy);
    }
    *force_of(panel, atom, 0, first) += x;
    *force_of(panel, atom, 1, first) += y;
    *force_of(panel, atom, 2, first) += z;
    const hf_eight all[N_SUMS] = {xx, yy, zz, yz, xz, xy};
    for (int s = 0; s < N_SUMS; s++)
        sums[s] = all[s];
}

static void add_lane(const hpcfit_geometry *half, int64_t lane, const bonds *b, const hf_panel *panel,
                     const hpcfit_output *output)
{
    hf_eight sums[N_SUMS];
    for (int64_t first = 0; first < panel->n_columns; first += HF_LANES) {
        sum_bonds(b, panel, half->lane_atom[lane], first, output->virials != NULL, sums);
        for (int64_t c = 0; c < HF_LANES && first + c < panel->n_columns && output->virials != NULL; c++) {
            const hpcfit_output column = hf_column(output, 1 + panel->column[first + c]);
            for (int v = 0; v < N_SUMS; v++)
                column.virials[half->lane_structure[lane]][v] += sums[v][c];
        }
    }
}

void hf_add_panel(const hpcfit_geometry *half, int64_t chunk, int64_t species, const double *here,
                  const double *there, const hf_panel *panel, const hpcfit_output *output)
{
    const int64_t first = half->run_start[chunk * (half->n_species + 1) + species] * HF_LANES;
    for (int64_t group = half->chunk_group[chunk]; group < half->chunk_group[chunk + 1]; group++) {
        const hf_part p = hf_part_of(half, chunk, group, species);
        for (int lane = 0; lane < half->lane_count[group] && p.n_slots > 0; lane++) {
            const int64_t k = p.pair + lane;
            const bonds b = {.n_slots = p.n_slots,
                             .here = here + k - first,
                             .there = there + k - first,
                             .r = half->r + k,
                             .ux = half->ux + k,
                             .uy = half->uy + k,
                             .uz = half->uz + k,
                             .neighbour = half->neighbour + k};
            add_lane(half, group * HF_LANES + lane, &b, panel, output);
        }
    }
}

void hf_add_panel_forces(const hf_panel *panel, int64_t n_atoms, const hpcfit_output *output)
{
    for (int64_t c = 0; c < panel->n_columns; c++) {
        const hpcfit_output column = hf_column(output, 1 + panel->column[c]);
        for (int64_t atom = 0; atom < n_atoms; atom++)
            for (int axis = 0; axis < 3; axis++)
                column.forces[atom][axis] += panel->forces[(3 * atom + axis) * panel->width + c];
    }
}
