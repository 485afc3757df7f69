/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qwinograd_u8s8_4x4_avx2: transforms of 16 channels at a time, products of 6 tiles x 16
 * channels by vpmaddwd, two depths a step. */
#include "kernels/qconv/qconv_finish_avx2.h"
#include "kernels/qwinograd/qwinograd_tiers.h"

enum { LANES = 16, MR = 6 };

typedef int16_t svec __attribute__((vector_size(32)));
typedef uint32_t uvec __attribute__((vector_size(32)));
typedef int32_t ivec __attribute__((vector_size(32)));

HONE_INLINE svec bytes(const uint8_t *from, size_t count) {
    return (svec)_mm256_cvtepu8_epi16(hone__load_bytes(from, count));
}

HONE_INLINE svec signs(const int8_t *from) {
    return (svec)_mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)from));
}

HONE_INLINE void save(int16_t *out, svec y) {
    _mm256_store_si256((__m256i *)out, (__m256i)y);
}

HONE_INLINE uvec sums(const uint32_t *from) {
    return (uvec)_mm256_load_si256((const __m256i *)from);
}

HONE_INLINE void save_sums(int32_t *out, ivec y) {
    _mm256_store_si256((__m256i *)out, (__m256i)y);
}

/* The transforms, written with the above. */
#include "kernels/qwinograd/qwinograd_transform.h"

/* Two depths interleaved by unpacking, which works within halves of a register: packed weights are
 * in such an order that the result is not. */
static const uint8_t order[LANES] = {0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15};

static void weight_panel(const int8_t *weights, size_t depth, int16_t *points, size_t plane) {
    for (size_t k = 0; k < depth; k += 2, weights += 2 * 9 * LANES, points += 2 * LANES) {
        svec even[36], odd[36];
        weight_points(weights, even);
        weight_points(weights + 9 * LANES, odd);
        for (size_t i = 0; i < 36; i++) {
            __m256i a = (__m256i)even[i], b = (__m256i)odd[i];
            save(points + i * plane, (svec)_mm256_unpacklo_epi16(a, b));
            save(points + i * plane + LANES, (svec)_mm256_unpackhi_epi16(a, b));
        }
    }
}

HONE_INLINE __m256i pair_of(const int16_t *inputs) {
    int32_t pair;
    memcpy(&pair, inputs, sizeof pair);
    return _mm256_set1_epi32(pair);
}

HONE_INLINE void product(const hone_qwinograd_product *p, const size_t rows) {
    __m256i acc[MR][2];
    const __m256i *weight = (const __m256i *)p->weights;
    const int16_t *in = p->rows;
    const size_t row = p->row;
    __m256i *out = (__m256i *)p->sums;
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        acc[r][0] = p->more ? _mm256_load_si256(out + 2 * r) : _mm256_setzero_si256();
        acc[r][1] = p->more ? _mm256_load_si256(out + 2 * r + 1) : _mm256_setzero_si256();
    }
    for (const int16_t *end = in + p->depth; in < end; in += 2, weight += 2) {
        __m256i w0 = _mm256_load_si256(weight), w1 = _mm256_load_si256(weight + 1);
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++) {
            __m256i x = pair_of(in + r * row);
            acc[r][0] = _mm256_add_epi32(acc[r][0], _mm256_madd_epi16(x, w0));
            acc[r][1] = _mm256_add_epi32(acc[r][1], _mm256_madd_epi16(x, w1));
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++) {
        _mm256_store_si256(out + 2 * r, acc[r][0]);
        _mm256_store_si256(out + 2 * r + 1, acc[r][1]);
    }
}

static void product1(const hone_qwinograd_product *p) {
    product(p, 1);
}
static void product2(const hone_qwinograd_product *p) {
    product(p, 2);
}
static void product3(const hone_qwinograd_product *p) {
    product(p, 3);
}
static void product4(const hone_qwinograd_product *p) {
    product(p, 4);
}
static void product5(const hone_qwinograd_product *p) {
    product(p, 5);
}
static void product6(const hone_qwinograd_product *p) {
    product(p, 6);
}

HONE_INLINE void finish_line_f32(const hone_qwinograd_output *to, const finish *f, size_t pixel,
                                 __m256i (*acc)[2]) {
    for (size_t j = 0; j < to->cols; j++) {
        float *out = to->args->output_f32 + (pixel + j) * to->args->output_stride + to->channel;
        hone__store_floats(out, scaled(f, 0, acc[j][0]), to->columns < 8 ? to->columns : 8);
        if (to->columns > 8) hone__store_floats(out + 8, scaled(f, 1, acc[j][1]), to->columns - 8);
    }
}

/* `count` pixels of a line, from `pixel` on. */
HONE_INLINE void finish_pixels(const hone_qwinograd_output *to, const finish *f, size_t pixel,
                               const size_t count, __m256i (*acc)[2]) {
    const hone_qconv_args *args = to->args;
    finish_place place = {.output = args->output + pixel * args->output_stride + to->channel,
                          .output_stride = args->output_stride,
                          .columns = to->columns};
    if (!args->sum.data) {
        finish_rows(f, &place, count, acc);
        return;
    }
    const finish_bounds bounds = {args->sum.lo, args->sum.hi, args->sum.output_zero};
    place.addend = args->sum.data + pixel * args->sum.stride + to->channel;
    place.addend_stride = args->sum.stride;
    finish_rows_summed(f, &bounds, &place, count, acc);
}

static void output_tile(const hone_qwinograd_output *to) {
    const hone_qconv_args *args = to->args;
    const finish_bounds own = {args->lo, args->hi, args->output_zero};
    const finish f = finish_of(to->multiplier, &own, args->sum.data ? &args->sum : NULL);
    __m256i acc[16][2];
    output_channels(to, 0, (int32_t *)acc);
    output_channels(to, LANES / 2, (int32_t *)acc);
    for (size_t i = 0; i < to->rows; i++) {
        size_t pixel = to->pixel + i * args->dims->out_w;
        if (!args->output)
            finish_line_f32(to, &f, pixel, acc + i * 4);
        else if (to->cols == 4)
            finish_pixels(to, &f, pixel, 4, acc + i * 4);
        else
            for (size_t j = 0; j < to->cols; j++)
                finish_pixels(to, &f, pixel + j, 1, acc + i * 4 + j);
    }
}

static const hone_qwinograd_tiles tiles = {
    .mr = MR,
    .nr = LANES,
    .depth_step = 2,
    .order = order,
    .input = input_tile,
    .weights = weight_panel,
    .product = {product1, product2, product3, product4, product5, product6},
    .output = output_tile,
};

const hone_qconv_kernel hone_qwinograd_u8s8_4x4_avx2 = {
    .name = "hone_qwinograd_u8s8_4x4_avx2",
    .supports = hone__qwinograd_tiled_supports,
    .pack_bytes = hone__qwinograd_tiled_pack_bytes,
    .pack = hone__qwinograd_tiled_pack,
    .scratch_bytes = hone__qwinograd_tiled_scratch_bytes,
    .task_count = hone__qwinograd_tiled_task_count,
    .run_task = hone__qwinograd_tiled_run_task,
    .tile = &tiles,
};
