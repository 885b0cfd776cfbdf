/* The scratch space of embedded atoms. */
#include "embedded/embedding.h"
#include "functions/spline_columns.h"

/* Numbers kept for each pair besides three slopes; all are less than the pair's part of the geometry. */
enum { MOST_KEPT = 2 };

/* Half of a density's outputs after its slope, which does not depend on the free parameters. Scratch is laid out
 * before the functions are checked, so they may be wrong. */
static int64_t n_kept(const hf_call *call)
{
    const hpcfit_functions *f = call->functions;
    const int64_t first = hf_n_tuples(HPCFIT_PAIR, call->geometry->n_species);
    const int64_t end = first + hf_n_tuples(HPCFIT_ORDERED_PAIR, call->geometry->n_species);
    int64_t most = 0;
    for (int64_t place = first; place < end && place < f->n_places; place++) {
        const int32_t density = f->roles[place];
        if (density < 0 || density >= f->n_functions) continue;
        const int64_t n = (f->functions[density].program.n_outputs - HF_BY) / 2;
        if (n > most) most = n;
    }
    return most > MOST_KEPT ? 0 : most;
}

int64_t hf_embedded_lay_out(const hf_call *call, double *scratch, hf_embedded *s)
{
    const hpcfit_geometry *g = call->geometry;
    const int64_t n_free = call->n_free, width = hf_round_up(n_free);
    int64_t lanes = HF_BLOCK;
    for (int64_t chunk = 0; chunk < g->n_chunks; chunk++)
        if (hf_n_chunk_lanes(g, chunk, chunk + 1) > lanes) lanes = hf_n_chunk_lanes(g, chunk, chunk + 1);
    s->n_lanes = g->n_groups * HF_LANES;
    s->n_atoms = hf_round_up(g->n_atoms);
    const hpcfit_geometry *half = g->half == NULL ? g : g->half;
    s->stride = (half->max_chunk_slots > g->max_chunk_slots ? half : g)->max_chunk_slots * HF_LANES;
    s->rows = hf_function_most_rows(call->functions);
    s->n_kept = n_kept(call);
    double *column = NULL, *row_of = NULL;
    const hf_array plan[] = {
        {&s->rho, s->n_lanes},
        {&s->first, s->n_lanes},
        {&s->rho_by, n_free * s->n_lanes},
        {&s->first_by, n_free * s->n_lanes},
        {&s->atom_rho, (1 + n_free) * s->n_atoms},
        {&s->atom_first, s->n_atoms},
        {&s->single_atoms, n_free * s->n_atoms},
        {&s->panel_lanes, width * s->n_lanes},
        {&s->panel_atoms, width * s->n_atoms},
        {&s->panel_forces, 3 * width * s->n_atoms},
        {&column, width},
        {&row_of, 2 * hf_round_up(s->rows)},
        {&s->pair, 2 * s->rows * s->stride},
        {&s->here, s->rows * s->stride},
        {&s->there, s->rows * s->stride},
        {&s->slopes[HF_PAIR_SLOPE], half->n_slots * HF_LANES},
        {&s->slopes[HF_HERE_SLOPE], half->n_slots * HF_LANES},
        {&s->slopes[HF_THERE_SLOPE], half->n_slots * HF_LANES},
        {&s->slopes_by, 2 * s->n_kept * half->n_slots * HF_LANES},
        {&s->weight, s->stride},
        {&s->gathered, s->stride},
        {&s->slope, s->stride},
        {&s->embedding, (n_free == 0 ? s->rows : hf_function_most_outputs(call->functions)) * lanes},
        {&s->function, hf_round_up(hf_function_scratch(call->functions))},
        {&s->spline, n_free == 0 ? 0 : hf_round_up(hf_spline_columns_scratch(call))}};
    const int64_t used = hf_lay_out(HF_COUNT(plan), plan, scratch, 0);
    s->column = (int64_t *)column;
    s->row_of = (double **)row_of;
    return used;
}
