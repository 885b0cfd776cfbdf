/* The chunk and the batch of triplets that meam works on. */
#include "meam/meam.h"

static void enter_run(const hf_angular *x, int64_t b)
{
    const hf_run run = hf_run_of(x->g, x->chunk, b);
    const hpcfit_function *f = hf_angular_f(x, b);
    if (f == NULL || run.n_pairs == 0) return;
    hf_invert(run.n_pairs, run.r, x->inverse + run.offset);
    for (int64_t k = 0; k < run.n_pairs; k += HF_LANES) {
        int near = 0;
        for (int lane = 0; lane < HF_LANES; lane++)
            near |= run.r[k + lane] < f->cutoff;
        x->near[(run.offset + k) / HF_LANES] = near;
    }
}

void hf_angular_enter(hf_angular *x, int64_t chunk)
{
    x->chunk = chunk;
    x->first = x->g->run_start[chunk * (x->g->n_species + 1)];
    x->bonds = hf_bonds_at(x->g, x->first * HF_LANES, x->inverse);
    for (int64_t b = 0; b < x->g->n_species; b++)
        enter_run(x, b);
}

void hf_angular_fill_batch(const hf_angular *x, int64_t b, int64_t c, const hf_batch *batch, int rows)
{
    const hpcfit_function *g = hf_angular_g(x, b, c);
    const int64_t n = batch->n * HF_LANES;
    hf_fill_batch_cosines(batch, &x->bonds, hf_angular_f(x, b)->cutoff, hf_angular_f(x, c)->cutoff, x->cosine,
                          x->inside);
    if (!rows) return;
    hf_function_run_rows(x->call, g, n, x->cosine, x->g_rows, HF_BATCH_ARGUMENTS, x->embedded.function);
    for (int64_t row = 0; row < g->program.n_outputs; row++)
        hf_clear_outside(n, x->inside, x->g_rows + row * HF_BATCH_ARGUMENTS);
}
