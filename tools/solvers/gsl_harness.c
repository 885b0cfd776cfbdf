/*
 * One fit by GSL's multifit_nlinear, for the scoreboard: trust region lm or lmaccel, solver qr, residual and Jacobian
 * by callbacks that return 0, or anything else to end the fit.
 */
#include <gsl/gsl_errno.h>
#include <gsl/gsl_multifit_nlinear.h>

typedef int (*answer)(const double *x, double *out);

typedef struct {
    answer residual; /* out[n] */
    answer jacobian; /* out[n][p] */
} questions;

static int residual(const gsl_vector *x, void *context, gsl_vector *out)
{
    const questions *ask = context;
    return ask->residual(x->data, out->data) ? GSL_EBADFUNC : GSL_SUCCESS;
}

static int jacobian(const gsl_vector *x, void *context, gsl_matrix *out)
{
    const questions *ask = context;
    return ask->jacobian(x->data, out->data) ? GSL_EBADFUNC : GSL_SUCCESS;
}

/* scaling: 0 more, 1 levenberg, 2 marquardt. Returns GSL's status. */
int harness_fit(size_t n, size_t p, const double *start, answer ask_residual, answer ask_jacobian, int accelerated,
                int scaling, double h, double tolerance, size_t most_iterations)
{
    const gsl_multifit_nlinear_scale *scales[] = {
        gsl_multifit_nlinear_scale_more, gsl_multifit_nlinear_scale_levenberg, gsl_multifit_nlinear_scale_marquardt};
    gsl_set_error_handler_off();
    questions ask = {ask_residual, ask_jacobian};
    gsl_multifit_nlinear_fdf problem = {.f = residual, .df = jacobian, .n = n, .p = p, .params = &ask};
    gsl_multifit_nlinear_parameters settings = gsl_multifit_nlinear_default_parameters();
    settings.trs = accelerated ? gsl_multifit_nlinear_trs_lmaccel : gsl_multifit_nlinear_trs_lm;
    settings.scale = scales[scaling];
    settings.solver = gsl_multifit_nlinear_solver_qr;
    settings.h_fvv = h;
    gsl_multifit_nlinear_workspace *work = gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &settings, n, p);
    if (!work) return GSL_ENOMEM;
    gsl_vector_const_view x = gsl_vector_const_view_array(start, p);
    int status = gsl_multifit_nlinear_init(&x.vector, &problem, work);
    int info = 0;
    if (!status)
        status = gsl_multifit_nlinear_driver(most_iterations, tolerance, tolerance, 0.0, NULL, NULL, &info, work);
    gsl_multifit_nlinear_free(work);
    return status;
}
