/* The record of every potential, each defined at the bottom of its own file. */
#ifndef HF_REGISTRY_H
#define HF_REGISTRY_H

#include "internal.h"

extern const hpcfit_potential hf_abop;
extern const hpcfit_potential hf_adp;
extern const hpcfit_potential hf_eam;
extern const hpcfit_potential hf_edip;
extern const hpcfit_potential hf_lennard_jones;
extern const hpcfit_potential hf_meam;
extern const hpcfit_potential hf_one_body;
extern const hpcfit_potential hf_stillinger_weber;
extern const hpcfit_potential hf_tersoff;
extern const hpcfit_potential hf_tersoff_mod;

#endif
