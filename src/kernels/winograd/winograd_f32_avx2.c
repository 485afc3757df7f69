/* SPDX-License-Identifier: Apache-2.0 */
/* hone_winograd_f32_2x2_avx2 and 4x4: transforms of 8 channels, products by the 6x16 tile. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/avx2.h"
#include "kernels/winograd/winograd_tiers.h"
#include "kernels/winograd/winograd_tiled.h"

typedef __m256 vec;
enum { LANES = 8 };

HONE_INLINE vec times(float a, vec x) {
    return _mm256_mul_ps(_mm256_set1_ps(a), x);
}

HONE_INLINE vec madd(float a, vec x, vec y) {
    return _mm256_fmadd_ps(_mm256_set1_ps(a), x, y);
}

HONE_INLINE vec get(const float *from, size_t count) {
    return count == LANES ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, hone__mask8(count));
}

HONE_INLINE void save(float *out, vec y) {
    _mm256_storeu_ps(out, y);
}
HONE_INLINE void put(const hone_winograd_output *to, float *output, const float *residual, vec y,
                     size_t count) {
    if (residual) y = y + get(residual, count);
    y = hone__clamp8(y, _mm256_set1_ps(to->lo), _mm256_set1_ps(to->hi));
    hone__store_floats(output, y, count);
}

/* The transforms, written with the above. */
#include "kernels/winograd/winograd_transform.h"

static const hone_winograd_tiles tiles2 = {2, LANES, input2, output2, &hone_conv_f32_6x16_avx2};
static const hone_winograd_tiles tiles4 = {4, LANES, input4, output4, &hone_conv_f32_6x16_avx2};

const hone_conv_kernel hone_winograd_f32_2x2_avx2 = {
    .name = "hone_winograd_f32_2x2_avx2",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles2,
};

const hone_conv_kernel hone_winograd_f32_4x4_avx2 = {
    .name = "hone_winograd_f32_4x4_avx2",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles4,
};
