/* SPDX-License-Identifier: Apache-2.0 */
/* Transposes in blocks of 8 x 8 bytes and 4 x 4 words that stay in registers; edges, and inputs of
 * few rows (the planes of a picture), element by element. */
#include "kernels/layout/layout_tiers.h"
#include "kernels/shared/neon.h"

enum { BLOCK8 = 8, BLOCK32 = 4 };

HONE_INLINE void turn_x32(const uint32_t *in, size_t in_stride, uint32_t *out, size_t out_stride) {
    uint32x4x2_t a = vtrnq_u32(vld1q_u32(in), vld1q_u32(in + in_stride));
    uint32x4x2_t b = vtrnq_u32(vld1q_u32(in + 2 * in_stride), vld1q_u32(in + 3 * in_stride));
    vst1q_u32(out, vcombine_u32(vget_low_u32(a.val[0]), vget_low_u32(b.val[0])));
    vst1q_u32(out + out_stride, vcombine_u32(vget_low_u32(a.val[1]), vget_low_u32(b.val[1])));
    vst1q_u32(out + 2 * out_stride, vcombine_u32(vget_high_u32(a.val[0]), vget_high_u32(b.val[0])));
    vst1q_u32(out + 3 * out_stride, vcombine_u32(vget_high_u32(a.val[1]), vget_high_u32(b.val[1])));
}

/* Swapping elements of 1, 2 and 4 bytes between rows 1, 2 and 4 apart. */
HONE_INLINE void turn_x8(const uint8_t *in, size_t in_stride, uint8_t *out, size_t out_stride) {
    uint8x8_t row[8];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++) row[i] = vld1_u8(in + i * in_stride);
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += 2) {
        uint8x8x2_t t = vtrn_u8(row[i], row[i + 1]);
        row[i] = t.val[0], row[i + 1] = t.val[1];
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 8; i += i % 4 == 1 ? 3 : 1) {
        uint16x4x2_t t = vtrn_u16(vreinterpret_u16_u8(row[i]), vreinterpret_u16_u8(row[i + 2]));
        row[i] = vreinterpret_u8_u16(t.val[0]), row[i + 2] = vreinterpret_u8_u16(t.val[1]);
    }
#pragma GCC unroll 4
    for (size_t i = 0; i < 4; i++) {
        uint32x2x2_t t = vtrn_u32(vreinterpret_u32_u8(row[i]), vreinterpret_u32_u8(row[i + 4]));
        vst1_u8(out + i * out_stride, vreinterpret_u8_u32(t.val[0]));
        vst1_u8(out + (i + 4) * out_stride, vreinterpret_u8_u32(t.val[1]));
    }
}

void hone_transpose_x32_neon(const hone_transpose_args *args) {
    size_t rows = args->rows / BLOCK32 * BLOCK32, cols = args->cols / BLOCK32 * BLOCK32;
    for (size_t c = 0; c < cols; c += BLOCK32)
        for (size_t r = 0; r < rows; r += BLOCK32)
            turn_x32((const uint32_t *)args->input + r * args->input_stride + c, args->input_stride,
                     (uint32_t *)args->output + c * args->output_stride + r, args->output_stride);
    hone__transpose_rest_x32(args, rows, args->rows, 0, cols);
    hone__transpose_rest_x32(args, 0, args->rows, cols, args->cols);
}

void hone_transpose_x8_neon(const hone_transpose_args *args) {
    size_t rows = args->rows / BLOCK8 * BLOCK8, cols = args->cols / BLOCK8 * BLOCK8;
    for (size_t c = 0; c < cols; c += BLOCK8)
        for (size_t r = 0; r < rows; r += BLOCK8)
            turn_x8((const uint8_t *)args->input + r * args->input_stride + c, args->input_stride,
                    (uint8_t *)args->output + c * args->output_stride + r, args->output_stride);
    hone__transpose_rest_x8(args, rows, args->rows, 0, cols);
    hone__transpose_rest_x8(args, 0, args->rows, cols, args->cols);
}

/* Every second element, as one half of a channel shuffle has them; others one by one. */
void hone_pick_x32_neon(const hone_pick_args *args) {
    hone_pick_args rest = *args;
    if (args->input_step == 2 && args->output_step == 1) {
        size_t cols = (args->cols - (args->cols > 0)) / 4 * 4; /* the last has nothing behind it */
        for (size_t r = 0; r < args->rows; r++) {
            const uint32_t *in = (const uint32_t *)args->input + (ptrdiff_t)r * args->input_stride;
            uint32_t *out = (uint32_t *)args->output + (ptrdiff_t)r * args->output_stride;
            for (size_t c = 0; c < cols; c += 4) vst1q_u32(out + c, vld2q_u32(in + 2 * c).val[0]);
        }
        rest.cols -= cols;
        rest.input = (const uint32_t *)args->input + 2 * cols;
        rest.output = (uint32_t *)args->output + cols;
    }
    hone_pick_x32_ref(&rest);
}

const hone_layout_table hone_layout_neon = {
    .transpose8 = hone_transpose_x8_neon,
    .transpose32 = hone_transpose_x32_neon,
    .copy = hone_copy_x8_ref,
    .pick32 = hone_pick_x32_neon,
    .transpose8_name = "hone_transpose_x8_neon",
    .transpose32_name = "hone_transpose_x32_neon",
    .copy_name = "hone_copy_x8_ref",
    .pick32_name = "hone_pick_x32_neon",
};
