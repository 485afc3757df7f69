/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of matmul_loops.h with NEON, and the tiles of hone_conv_f32_8x8_neon. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/layout/layout_tiers.h"
#include "kernels/matmul/matmul_loops.h"

static const hone_matmul_tier tier = {&hone_conv_f32_8x8_neon, hone_transpose_x32_neon, few};

const hone_matmul_table hone_matmul_f32_neon = {
    .name = "hone_matmul_f32_neon",
    .scratch_bytes = hone__matmul_tiled_scratch_bytes,
    .task_count = hone__matmul_tiled_task_count,
    .run_task = hone__matmul_tiled_run_task,
    .packed_bytes = hone__matmul_tiled_packed_bytes,
    .pack = hone__matmul_tiled_pack,
    .tier = &tier,
};
