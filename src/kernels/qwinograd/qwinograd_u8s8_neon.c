/* SPDX-License-Identifier: Apache-2.0 */
/* hone_qwinograd_u8s8_4x4_neon: transforms of 8 channels at a time, products of 8 tiles x 8
 * channels by SMLAL with a lane, eight depths a step. */
#include "kernels/qconv/qconv_sum_neon.h"
#include "kernels/qwinograd/qwinograd_tiers.h"

enum { LANES = 8, MR = 8 };

typedef int16x8_t svec;
typedef uint32x4_t uvec;
typedef int32x4_t ivec;

HONE_INLINE svec bytes(const uint8_t *from, size_t count) {
    uint8_t all[8] = {0};
    if (count == LANES) return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(from)));
    for (size_t i = 0; i < count; i++) all[i] = from[i];
    return vreinterpretq_s16_u16(vmovl_u8(vld1_u8(all)));
}

HONE_INLINE svec signs(const int8_t *from) {
    return vmovl_s8(vld1_s8(from));
}

HONE_INLINE void save(int16_t *out, svec y) {
    vst1q_s16(out, y);
}

HONE_INLINE uvec sums(const uint32_t *from) {
    return vld1q_u32(from);
}

HONE_INLINE void save_sums(int32_t *out, ivec y) {
    vst1q_s32(out, y);
}

/* The transforms, written with the above. */
#include "kernels/qwinograd/qwinograd_transform.h"

static const uint8_t order[LANES] = {0, 1, 2, 3, 4, 5, 6, 7};

static void weight_panel(const int8_t *weights, size_t depth, int16_t *points, size_t plane) {
    for (size_t k = 0; k < depth; k++, weights += 9 * LANES, points += LANES) {
        svec all[36];
        weight_points(weights, all);
        for (size_t i = 0; i < 36; i++) vst1q_s16(points + i * plane, all[i]);
    }
}

/* Depth `lane` of eight: acc += x[lane] * weights, all rows. */
#define STEP(lane)                                                                                 \
    do {                                                                                           \
        int16x8_t w = vld1q_s16(weight + (lane)*LANES);                                            \
        _Pragma("GCC unroll 8") for (size_t r = 0; r < rows; r++) {                                \
            acc[r][0] = vmlal_laneq_s16(acc[r][0], vget_low_s16(w), x[r], lane);                   \
            acc[r][1] = vmlal_high_laneq_s16(acc[r][1], w, x[r], lane);                            \
        }                                                                                          \
    } while (0)

HONE_INLINE void product(const hone_qwinograd_product *p, const size_t rows) {
    int32x4_t acc[MR][2];
    const int16_t *weight = p->weights, *in = p->rows;
    const size_t row = p->row;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        const int32_t *from = (const int32_t *)p->sums + r * LANES;
        acc[r][0] = p->more ? vld1q_s32(from) : vdupq_n_s32(0);
        acc[r][1] = p->more ? vld1q_s32(from + 4) : vdupq_n_s32(0);
    }
    for (const int16_t *end = in + p->depth; in < end; in += 8, weight += 8 * LANES) {
        int16x8_t x[MR];
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) x[r] = vld1q_s16(in + r * row);
        STEP(0);
        STEP(1);
        STEP(2);
        STEP(3);
        STEP(4);
        STEP(5);
        STEP(6);
        STEP(7);
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++) {
        vst1q_u32(p->sums + r * LANES, vreinterpretq_u32_s32(acc[r][0]));
        vst1q_u32(p->sums + r * LANES + 4, vreinterpretq_u32_s32(acc[r][1]));
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
static void product7(const hone_qwinograd_product *p) {
    product(p, 7);
}
static void product8(const hone_qwinograd_product *p) {
    product(p, 8);
}

static void finish_pixel(const hone_qwinograd_output *to, size_t pixel, const int32_t *acc) {
    const hone_qconv_args *args = to->args;
    float32x4_t y0 = hone__scaled4(vld1q_s32(acc), to->multiplier, args->lo, args->hi);
    float32x4_t y1 = hone__scaled4(vld1q_s32(acc + 4), to->multiplier + 4, args->lo, args->hi);
    size_t at = pixel * args->output_stride + to->channel, columns = to->columns;
    if (!args->output) {
        hone__store_some(args->output_f32 + at, y0, columns < 4 ? columns : 4);
        if (columns > 4) hone__store_some(args->output_f32 + at + 4, y1, columns - 4);
        return;
    }
    const uint8_t *addend = args->sum.data;
    uint8x8_t q =
        addend ? hone__qconv_summed8(&args->sum, y0, y1,
                                     addend + pixel * args->sum.stride + to->channel, columns)
               : hone__round8(y0, y1, args->output_zero);
    if (columns == LANES)
        vst1_u8(args->output + at, q);
    else
        hone__store_bytes(args->output + at, q, columns);
}

static void output_tile(const hone_qwinograd_output *to) {
    int32_t outputs[16 * LANES];
    output_channels(to, 0, outputs);
    output_channels(to, LANES / 2, outputs);
    for (size_t i = 0; i < to->rows; i++)
        for (size_t j = 0; j < to->cols; j++)
            finish_pixel(to, to->pixel + i * to->args->dims->out_w + j,
                         outputs + (i * 4 + j) * LANES);
}

static const hone_qwinograd_tiles tiles = {
    .mr = MR,
    .nr = LANES,
    .depth_step = 8,
    .order = order,
    .input = input_tile,
    .weights = weight_panel,
    .product = {product1, product2, product3, product4, product5, product6, product7, product8},
    .output = output_tile,
};

const hone_qconv_kernel hone_qwinograd_u8s8_4x4_neon = {
    .name = "hone_qwinograd_u8s8_4x4_neon",
    .supports = hone__qwinograd_tiled_supports,
    .pack_bytes = hone__qwinograd_tiled_pack_bytes,
    .pack = hone__qwinograd_tiled_pack,
    .scratch_bytes = hone__qwinograd_tiled_scratch_bytes,
    .task_count = hone__qwinograd_tiled_task_count,
    .run_task = hone__qwinograd_tiled_run_task,
    .tile = &tiles,
};
