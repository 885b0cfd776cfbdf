/* Sums over the neighbours of one atom, for eight columns of a panel at a time. */
#include "core/panel.h"

#include <string.h>

/* The pairs of one lane of a group; they are HF_LANES places apart. */
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
        /* Pairs beyond the cut-off, padding included, have zero slopes; their distance may be infinite. */
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
    const hf_eight all[HF_VIRIAL] = {xx, yy, zz, yz, xz, xy};
    for (int s = 0; s < HF_VIRIAL; s++)
        sums[s] = all[s];
}

void hf_add_panel_virial(const hf_panel *panel, int64_t first, const hf_eight *virial, int64_t structure,
                         const hpcfit_output *output)
{
    for (int64_t c = 0; c < HF_LANES && first + c < panel->n_columns && output->virials != NULL; c++) {
        const hpcfit_output column = hf_column(output, 1 + panel->column[first + c]);
        for (int v = 0; v < HF_VIRIAL; v++)
            column.virials[structure][v] += virial[v][c];
    }
}

static void add_lane(const hpcfit_geometry *half, int64_t lane, const bonds *b, const hf_panel *panel,
                     const hpcfit_output *output)
{
    hf_eight sums[HF_VIRIAL];
    for (int64_t first = 0; first < panel->n_columns; first += HF_LANES) {
        sum_bonds(b, panel, half->lane_atom[lane], first, output->virials != NULL, sums);
        hf_add_panel_virial(panel, first, sums, half->lane_structure[lane], output);
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

/* Adds the forces of one lane of a group to its atom and its neighbours; sums are those of the vectors. */
HF_CLONES
static void share_vectors(int64_t n_slots, const double *const *v, const int32_t *neighbour, const hf_panel *panel,
                          int64_t lane, int64_t atom, const double *sums)
{
    const int64_t width = panel->width;
    for (int64_t first = 0; first < panel->n_columns; first += HF_LANES) {
        const hf_eight by = *(const hf_eight *)(panel->lanes + lane * width + first);
        for (int axis = 0; axis < 3; axis++)
            *force_of(panel, atom, axis, first) += sums[axis] * by;
        for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES) {
            *force_of(panel, neighbour[k], 0, first) -= v[0][k] * by;
            *force_of(panel, neighbour[k], 1, first) -= v[1][k] * by;
            *force_of(panel, neighbour[k], 2, first) -= v[2][k] * by;
        }
    }
}

/* The sums of a lane's vectors, and of their virials: xx yy zz yz xz xy. */
static void sum_vectors(int64_t n_slots, const double *const *v, const double *r, const double *ux, const double *uy,
                        const double *uz, double *sums)
{
    memset(sums, 0, (3 + HF_VIRIAL) * sizeof *sums);
    for (int64_t k = 0; k < n_slots * HF_LANES; k += HF_LANES) {
        const double vx = v[0][k], vy = v[1][k], vz = v[2][k];
        if (vx == 0.0 && vy == 0.0 && vz == 0.0) continue; /* the distance may be infinite */
        const double x = -r[k] * ux[k], y = -r[k] * uy[k], z = -r[k] * uz[k];
        const double all[3 + HF_VIRIAL] = {vx,
                                           vy,
                                           vz,
                                           x * vx,
                                           y * vy,
                                           z * vz,
                                           0.5 * (y * vz + z * vy),
                                           0.5 * (x * vz + z * vx),
                                           0.5 * (x * vy + y * vx)};
        for (int s = 0; s < 3 + HF_VIRIAL; s++)
            sums[s] += all[s];
    }
}

void hf_add_vector_panel(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *const *v,
                         const hf_panel *panel, const hpcfit_output *output)
{
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1] && panel->n_columns > 0; group++) {
        const hf_part p = hf_part_of(g, chunk, group, species);
        for (int lane = 0; lane < g->lane_count[group] && p.n_slots > 0; lane++) {
            const int64_t at = group * HF_LANES + lane, k = p.pair + lane;
            const double *const own[3] = {v[0] + p.local + lane, v[1] + p.local + lane, v[2] + p.local + lane};
            double sums[3 + HF_VIRIAL];
            sum_vectors(p.n_slots, own, g->r + k, g->ux + k, g->uy + k, g->uz + k, sums);
            share_vectors(p.n_slots, own, g->neighbour + k, panel, at, g->lane_atom[at], sums);
            for (int64_t c = 0; c < panel->n_columns && output->virials != NULL; c++) {
                const hpcfit_output column = hf_column(output, 1 + panel->column[c]);
                for (int s = 0; s < HF_VIRIAL; s++)
                    column.virials[g->lane_structure[at]][s] += sums[3 + s] * panel->lanes[at * panel->width + c];
            }
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
