/* SPDX-License-Identifier: Apache-2.0 */
/* hone_dwconv_f32_7x8_avx2: the loops of dwconv_f32_loops.h with vectors of 8. */
#include "kernels/dwconv/dwconv_f32_loops.h"
#include "kernels/dwconv/dwconv_tiers.h"

const hone_dwconv_kernel hone_dwconv_f32_7x8_avx2 = {
    .name = "hone_dwconv_f32_7x8_avx2",
    .supports = hone__dwconv_tiled_supports,
    .pack_bytes = hone__dwconv_tiled_pack_bytes,
    .pack = hone__dwconv_tiled_pack,
    .scratch_bytes = hone__dwconv_tiled_scratch_bytes,
    .task_count = hone__dwconv_tiled_task_count,
    .run_task = hone__dwconv_tiled_run_task,
    .tile = &tiles,
};
