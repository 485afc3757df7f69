/* SPDX-License-Identifier: Apache-2.0 */
/* hone_winograd_f32_2x2_neon and 4x4: transforms of 4 channels, products by the 8x8 tile. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/neon.h"
#include "kernels/winograd/winograd_tiers.h"
#include "kernels/winograd/winograd_tiled.h"

typedef float32x4_t vec;
enum { LANES = 4 };

HONE_INLINE vec times(float a, vec x) {
    return vmulq_n_f32(x, a);
}

HONE_INLINE vec madd(float a, vec x, vec y) {
    return vfmaq_n_f32(y, x, a);
}

HONE_INLINE vec get(const float *from, size_t count) {
    return count == LANES ? vld1q_f32(from) : hone__load_some(from, count);
}

HONE_INLINE void save(float *out, vec y) {
    vst1q_f32(out, y);
}

HONE_INLINE void put(const hone_winograd_output *to, float *output, const float *residual, vec y,
                     size_t count) {
    if (residual) y = y + get(residual, count);
    y = hone__clamp4(y, vdupq_n_f32(to->lo), vdupq_n_f32(to->hi));
    if (count == LANES)
        vst1q_f32(output, y);
    else
        hone__store_some(output, y, count);
}

/* The transforms, written with the above. */
#include "kernels/winograd/winograd_transform.h"

static const hone_winograd_tiles tiles2 = {2, LANES, input2, output2, &hone_conv_f32_8x8_neon};
static const hone_winograd_tiles tiles4 = {4, LANES, input4, output4, &hone_conv_f32_8x8_neon};

const hone_conv_kernel hone_winograd_f32_2x2_neon = {
    .name = "hone_winograd_f32_2x2_neon",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles2,
};

const hone_conv_kernel hone_winograd_f32_4x4_neon = {
    .name = "hone_winograd_f32_4x4_neon",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles4,
};
