/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of the float convolution steps, for those who take such steps apart. */
#ifndef HONE_RUNTIME_STEPS_CONV_PARAMS_H
#define HONE_RUNTIME_STEPS_CONV_PARAMS_H

#include "runtime/steps/steps.h"

typedef struct conv_params {
    hone_conv_dims dims;
    const hone_conv_kernel *kernel;
    hone_conv_weights weights; /* as given; read when they are packed */
    hone_conv_args args;       /* all but the pointers to activations */
} conv_params;

typedef struct dwconv_params {
    hone_conv_dims dims;
    const hone_dwconv_kernel *kernel;
    hone_conv_weights weights;
    hone_dwconv_args args;
} dwconv_params;

/* NULL where the step is another. */
const conv_params *hone__step_conv_params(const hone_step *step);
const dwconv_params *hone__step_dwconv_params(const hone_step *step);

#endif
