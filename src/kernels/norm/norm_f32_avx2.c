/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of norm_loops.h with AVX2 and FMA. */
#include "kernels/norm/norm_loops.h"

const hone_norm_table hone_norm_f32_avx2 = {
    .name = "hone_norm_f32_avx2",
    .rows = norm_rows,
    .row_moments = norm_row_moments,
    .moments = norm_moments,
    .rescale = norm_rescale,
    .soft_rows = norm_soft_rows,
    .soft_columns = norm_soft_columns,
};
