/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of depthwise 3 x 3 convolutions of stride 1, scheduled for the Cortex-A53
 * (docs/a53.md). 18 input registers for 36 multiply-adds: columns are shared by neighbouring
 * pixels.
 *
 * 4 pixels x 4 channels a round, sums in v19 to v22. The 6 columns under them of kernel rows 0 and
 * 2 go through v0 to v5, of row 1 through v6 to v11; their weights through v12 to v14 and v15 to
 * v17; v18 is the bias, v30 and v31 the clamp. While one row is in use the next is loaded, behind
 * the last row comes the first of the next round, and the sums are clamped and stored.
 *
 * Registers are loaded by halves, LDR of d and INS, as in conv/conv_f32_8x8_neon.c; the cycle four
 * behind a multiply-add stays free of them, so the code goes by fours: two multiply-adds and two
 * cycles of loads while much is to be loaded, then three and one. Which goes
 * where was computed under the rules of bench/a53/pipeline.py. */
#include "kernels/dwconv/dwconv_loop_neon.h"

/* clang-format off */
#define I(text) text "\n"
#define F(acc, inputs, weights) I("fmla v" #acc ".4s, v" #inputs ".4s, v" #weights ".4s")

/* Bias, weights and inputs of the first kernel row. */
#define FIRST \
    I("ldr q18, [x27]") I("ldr q12, [x27, #16]") I("ldr q0, [x0]") I("ldr q1, [x0, x6]")         \
    I("ldr q2, [x0, x7]") I("ldr q3, [x0, x8]") I("ldr q13, [x27, #32]") I("ldr q4, [x3]")       \
    I("ldr q14, [x27, #48]") I("ldr q5, [x3, x6]")

/* x0 to x2: columns 0 to 3 of the kernel rows; x3 to x5: those behind them; x19, x27: weights in use
 * and of the next round; x24: bytes to the next round, 0 in the last. */
#define LOOP \
    I("ldr d15, [x19, #64]")                                                                     \
    I("ldr d6, [x1]") F(19, 0, 12) I("ldr x14, [x19, #72]") F(20, 1, 12)                         \
    I("ldr x15, [x1, #8]")                                                                       \
    I("ldr d7, [x1, x6]")                                                                        \
    I("ldr d8, [x1, x7]") I("ins v15.d[1], x14") F(21, 2, 12) I("ldr x16, [x1, x9]")             \
    F(22, 3, 12) I("ldr x17, [x1, x10]")                                                         \
    I("ldr d9, [x1, x8]") I("ins v6.d[1], x15")                                                  \
    I("ldr d16, [x19, #80]") I("ins v7.d[1], x16") F(19, 1, 13) I("ldr x14, [x1, x11]")          \
    F(20, 2, 13) I("ldr x15, [x19, #88]")                                                        \
    I("ldr d10, [x4]") I("ins v8.d[1], x17")                                                     \
    I("ldr d17, [x19, #96]") I("ins v9.d[1], x14") F(21, 3, 13) I("ldr x16, [x4, #8]")           \
    F(22, 4, 13) I("ldr x17, [x19, #104]")                                                       \
    I("ldr d11, [x4, x6]") I("ins v16.d[1], x15")                                                \
    I("ldr d12, [x19, #112]") I("ins v10.d[1], x16") F(19, 2, 14) I("ldr x14, [x4, x9]")         \
    F(20, 3, 14) I("ldr x15, [x19, #120]")                                                       \
    I("ldr d0, [x2]") I("ins v17.d[1], x17")                                                     \
    I("ldr d1, [x2, x6]") I("ins v11.d[1], x14") F(21, 4, 14) I("ldr x16, [x2, #8]")             \
    F(22, 5, 14) I("ldr x17, [x2, x9]")                                                          \
    I("ldr d2, [x2, x7]") I("ins v12.d[1], x15")                                                 \
    I("ldr d3, [x2, x8]") I("ins v0.d[1], x16") F(19, 6, 15) I("ldr x14, [x2, x10]")             \
    F(20, 7, 15) I("ldr x15, [x2, x11]")                                                         \
    I("ldr d13, [x19, #128]") I("ins v1.d[1], x17")                                              \
    I("ldr d4, [x5]") I("ins v2.d[1], x14") F(21, 8, 15) I("ldr x16, [x19, #136]")               \
    F(22, 9, 15) I("ldr x17, [x5, #8]")                                                          \
    I("ldr d14, [x19, #144]") I("ins v3.d[1], x15") F(19, 7, 16) I("ldr x14, [x19, #152]")       \
    F(20, 8, 16) I("ldr x15, [x5, x9]") F(21, 9, 16) I("subs x25, x25, #1")                      \
    I("ldr d5, [x5, x6]") I("ins v13.d[1], x16") F(22, 10, 16) I("csel x24, x24, xzr, ne")       \
    F(19, 8, 17) I("add x27, x27, x24, lsl #3") F(20, 9, 17) I("add x27, x27, x24, lsl #1")      \
    I("ins v4.d[1], x17") F(21, 10, 17) I("add x0, x0, x24") F(22, 11, 17)                       \
    I("add x3, x3, x24") F(19, 0, 12) I("ins v14.d[1], x14") F(20, 1, 12) F(21, 2, 12)           \
    F(22, 3, 12) I("ins v5.d[1], x15") F(19, 1, 13) F(20, 2, 13) F(21, 3, 13) F(22, 4, 13)       \
    F(19, 2, 14) F(20, 3, 14) F(21, 4, 14) F(22, 5, 14) I("ldr q18, [x27]")                      \
    I("ldr q12, [x27, #16]")                                                                     \
    I("ldr d0, [x0]") I("fmax v19.4s, v19.4s, v30.4s") I("ldr x14, [x0, #8]")                    \
    I("ldr d1, [x0, x6]") I("fmax v20.4s, v20.4s, v30.4s") I("ldr x15, [x0, x9]")                \
    I("ldr d2, [x0, x7]") I("ins v0.d[1], x14") I("fmax v21.4s, v21.4s, v30.4s")                 \
    I("ldr x16, [x0, x10]")                                                                      \
    I("ldr d3, [x0, x8]") I("ins v1.d[1], x15") I("fmax v22.4s, v22.4s, v30.4s")                 \
    I("ldr x17, [x0, x11]")                                                                      \
    I("ldr d13, [x27, #32]") I("ins v2.d[1], x16") I("fmin v19.4s, v19.4s, v31.4s")              \
    I("ldr x14, [x27, #40]")                                                                     \
    I("ldr d4, [x3]") I("ins v3.d[1], x17") I("fmin v20.4s, v20.4s, v31.4s")                     \
    I("ldr x15, [x3, #8]") I("fmin v21.4s, v21.4s, v31.4s") I("ldr x16, [x27, #56]")             \
    I("fmin v22.4s, v22.4s, v31.4s") I("ldr x17, [x3, x9]")                                      \
    I("ldr d14, [x27, #48]") I("ins v13.d[1], x14")                                              \
    I("ldr d5, [x3, x6]") I("ins v4.d[1], x15") I("ins v14.d[1], x16") I("ins v5.d[1], x17")     \
    I("str q19, [x20], #16") I("mov x19, x27") I("str q20, [x21], #16") I("add x1, x1, x24")     \
    I("str q21, [x22], #16") I("add x4, x4, x24") I("str q22, [x23], #16")                       \
    I("add x2, x2, x24") I("mov v19.16b, v18.16b") I("mov v20.16b, v18.16b")                     \
    I("mov v21.16b, v18.16b") I("mov v22.16b, v18.16b") I("add x5, x5, x24") I("b.ne 1b")
/* clang-format on */

void hone__dwconv_loop_3x3s1_neon(const hone_dwconv_loop *loop) {
    __asm__ volatile(
        /* clang-format off */
        HONE_DWCONV_LOOP_START
        FIRST
        I("mov v19.16b, v18.16b") I("mov v20.16b, v18.16b") I("mov v21.16b, v18.16b") I("mov v22.16b, v18.16b")
        I("1:") LOOP
        /* clang-format on */
        :
        : [loop] "r"(loop)
        : HONE_DWCONV_LOOP_CLOBBERS);
}
