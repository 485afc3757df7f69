/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/family.h"
const hone_op_family hone__family_conv_transpose, hone__family_deform_conv, hone__family_col2im,
    hone__family_max_roi_pool, hone__family_roi_align, hone__family_grid_sample,
    hone__family_affine_grid, hone__family_attention, hone__family_rotary, hone__family_det,
    hone__family_dft, hone__family_stft, hone__family_nll_loss, hone__family_softmax_loss;
