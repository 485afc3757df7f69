/* SPDX-License-Identifier: Apache-2.0 */
/* hone_winograd_f32_2x2_avx512 and 4x4: transforms of 16 channels, products by the 12x32 tile. */
#include "kernels/conv/conv_tiers.h"
#include "kernels/shared/avx512.h"
#include "kernels/winograd/winograd_tiers.h"
#include "kernels/winograd/winograd_tiled.h"

typedef __m512 vec;
enum { LANES = 16 };

HONE_INLINE vec times(float a, vec x) {
    return _mm512_mul_ps(_mm512_set1_ps(a), x);
}

HONE_INLINE vec madd(float a, vec x, vec y) {
    return _mm512_fmadd_ps(_mm512_set1_ps(a), x, y);
}

HONE_INLINE vec get(const float *from, size_t count) {
    return count == LANES ? _mm512_loadu_ps(from) : hone__load16_some(from, count);
}

HONE_INLINE void save(float *out, vec y) {
    _mm512_storeu_ps(out, y);
}

HONE_INLINE void put(const hone_winograd_output *to, float *output, const float *residual, vec y,
                     size_t count) {
    if (residual) y = y + get(residual, count);
    y = hone__clamp16(y, _mm512_set1_ps(to->lo), _mm512_set1_ps(to->hi));
    if (count == LANES)
        _mm512_storeu_ps(output, y);
    else
        hone__store16_some(output, y, count);
}

/* The transforms, written with the above. */
#include "kernels/winograd/winograd_transform.h"

static const hone_winograd_tiles tiles2 = {2, LANES, input2, output2, &hone_conv_f32_12x32_avx512};
static const hone_winograd_tiles tiles4 = {4, LANES, input4, output4, &hone_conv_f32_12x32_avx512};

const hone_conv_kernel hone_winograd_f32_2x2_avx512 = {
    .name = "hone_winograd_f32_2x2_avx512",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles2,
};

const hone_conv_kernel hone_winograd_f32_4x4_avx512 = {
    .name = "hone_winograd_f32_4x4_avx512",
    .supports = hone__winograd_tiled_supports,
    .pack_bytes = hone__winograd_tiled_pack_bytes,
    .pack = hone__winograd_tiled_pack,
    .scratch_bytes = hone__winograd_tiled_scratch_bytes,
    .task_count = hone__winograd_tiled_task_count,
    .run_task = hone__winograd_tiled_run_task,
    .tile = &tiles4,
};
