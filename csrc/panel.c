/* Sums over the neighbours of one atom, for eight columns of a panel at a time. */
#include "panel.h"

/* Forces and virial of one atom: x y z, xx yy zz yz xz xy, each for eight columns. */
enum { N_SUMS = 9 };

/* What one lane of a group sees: pairs are a slot, that is HF_LANES places, apart. */
typedef struct {
    int64_t n_slots;
    const double *here, *there, *r, *ux, *uy, *uz;
    const int32_t *neighbour;
} bonds;

HF_CLONES
static void sum_bonds(const bonds *b, const double *lane, const double *atoms, int64_t width, hf_eight *restrict sums)
{
    const hf_eight own = *(const hf_eight *)lane;
    hf_eight x = own - own, y = x, z = x, xx = x, yy = x, zz = x, yz = x, xz = x, xy = x;
    for (int64_t k = 0; k < b->n_slots * HF_LANES; k += HF_LANES) {
        const double ux = b->ux[k], uy = b->uy[k], uz = b->uz[k], r = -0.5 * b->r[k];
        /* Slots out of reach, spare ones among them, have no slope; their distance may be infinite. */
        if (b->here[k] == 0.0 && b->there[k] == 0.0) continue;
        const hf_eight slope = b->here[k] * own + b->there[k] * *(const hf_eight *)(atoms + b->neighbour[k] * width);
        const hf_eight sx = slope * ux, sy = slope * uy, sz = slope * uz;
        x += sx;
        y += sy;
        z += sz;
        xx += sx * (r * ux);
        yy += sy * (r * uy);
        zz += sz * (r * uz);
        yz += sy * (r * uz);
        xz += sx * (r * uz);
        xy += sx * (r * uy);
    }
    const hf_eight all[N_SUMS] = {x, y, z, xx, yy, zz, yz, xz, xy};
    for (int s = 0; s < N_SUMS; s++)
        sums[s] = all[s];
}

static void add_lane(const hpcfit_geometry *g, int64_t lane, const bonds *b, const hf_panel *panel,
                     const hpcfit_output *output)
{
    hf_eight sums[N_SUMS];
    for (int64_t first = 0; first < panel->n_columns; first += HF_LANES) {
        sum_bonds(b, panel->lanes + lane * panel->width + first, panel->atoms + first, panel->width, sums);
        for (int64_t c = 0; c < HF_LANES && first + c < panel->n_columns; c++) {
            const hpcfit_output column = hf_column(output, 1 + panel->column[first + c]);
            for (int axis = 0; axis < 3; axis++)
                column.forces[g->lane_atom[lane]][axis] += sums[axis][c];
            for (int v = 0; v < 6 && column.virials != NULL; v++)
                column.virials[g->lane_structure[lane]][v] += sums[3 + v][c];
        }
    }
}

void hf_add_panel(const hpcfit_geometry *g, int64_t chunk, int64_t species, const double *here, const double *there,
                  const hf_panel *panel, const hpcfit_output *output)
{
    const int64_t first = g->run_start[chunk * (g->n_species + 1) + species];
    for (int64_t group = g->chunk_group[chunk]; group < g->chunk_group[chunk + 1]; group++) {
        const int64_t start = g->slot_start[group * g->n_species + species];
        const int64_t n_slots = g->slot_count[group * g->n_species + species];
        for (int lane = 0; lane < g->lane_count[group] && n_slots > 0; lane++) {
            const int64_t local = (start - first) * HF_LANES + lane, k = start * HF_LANES + lane;
            const bonds b = {.n_slots = n_slots,
                             .here = here + local,
                             .there = there + local,
                             .r = g->r + k,
                             .ux = g->ux + k,
                             .uy = g->uy + k,
                             .uz = g->uz + k,
                             .neighbour = g->neighbour + k};
            add_lane(g, group * HF_LANES + lane, &b, panel, output);
        }
    }
}
