/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of norm_loops.h with AVX-512. */
#include "kernels/norm/norm_loops.h"

const hone_norm_table hone_norm_f32_avx512 = {
    .name = "hone_norm_f32_avx512",
    .rows = norm_rows,
    .row_moments = norm_row_moments,
    .moments = norm_moments,
    .rescale = norm_rescale,
    .soft_rows = norm_soft_rows,
    .soft_columns = norm_soft_columns,
};
