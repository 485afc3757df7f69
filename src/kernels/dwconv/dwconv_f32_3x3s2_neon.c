/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of depthwise 3 x 3 convolutions of stride 2, scheduled for the Cortex-A53
 * (docs/a53.md). 27 input registers for 36 multiply-adds: every second column is shared by two
 * pixels.
 *
 * 4 pixels x 4 channels a round, sums in v25 to v28. The 9 columns under them of kernel rows 0 and
 * 2 go through v0 to v8, of row 1 through v9 to v17; their weights through v18 to v20 and v21 to
 * v23; v24 is the bias, v30 and v31 the clamp. While one row is in use the next is loaded, behind
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
    I("ldr q24, [x27]") I("ldr q18, [x27, #16]") I("ldr q0, [x0]") I("ldr q2, [x0, x7]")         \
    I("ldr q4, [x3]") I("ldr q6, [x3, x7]") I("ldr q19, [x27, #32]") I("ldr q1, [x0, x6]")       \
    I("ldr q3, [x0, x8]") I("ldr q5, [x3, x6]") I("ldr q7, [x3, x8]") I("ldr q20, [x27, #48]")   \
    I("ldr q8, [x3, x12]")

/* x0 to x2: columns 0 to 3 of the kernel rows; x3 to x5: those behind them; x19, x27: weights in use
 * and of the next round; x24: bytes to the next round, 0 in the last. */
#define LOOP \
    I("ldr d21, [x19, #64]")                                                                     \
    I("ldr d9, [x1]") F(25, 0, 18) I("ldr x14, [x19, #72]") F(26, 2, 18)                         \
    I("ldr x15, [x1, #8]")                                                                       \
    I("ldr d11, [x1, x7]")                                                                       \
    I("ldr d13, [x4]") I("ins v21.d[1], x14") F(27, 4, 18) I("ldr x16, [x1, x10]")               \
    F(28, 6, 18) I("ldr x17, [x4, #8]")                                                          \
    I("ldr d15, [x4, x7]") I("ins v9.d[1], x15")                                                 \
    I("ldr d22, [x19, #80]") I("ins v11.d[1], x16") F(25, 1, 19) I("ldr x14, [x4, x10]")         \
    F(26, 3, 19) I("ldr x15, [x19, #88]")                                                        \
    I("ldr d10, [x1, x6]") I("ins v13.d[1], x17")                                                \
    I("ldr d12, [x1, x8]") I("ins v15.d[1], x14") F(27, 5, 19) I("ldr x16, [x1, x9]")            \
    F(28, 7, 19) I("ldr x17, [x1, x11]")                                                         \
    I("ldr d14, [x4, x6]") I("ins v22.d[1], x15")                                                \
    I("ldr d16, [x4, x8]") I("ins v10.d[1], x16") F(25, 2, 20) I("ldr x14, [x4, x9]")            \
    F(26, 4, 20) I("ldr x15, [x4, x11]")                                                         \
    I("ldr d23, [x19, #96]") I("ins v12.d[1], x17")                                              \
    I("ldr d17, [x4, x12]") I("ins v14.d[1], x14") F(27, 6, 20) I("ldr x16, [x19, #104]")        \
    F(28, 8, 20) I("ldr x17, [x4, x13]")                                                         \
    I("ldr d18, [x19, #112]") I("ins v16.d[1], x15")                                             \
    I("ldr d0, [x2]") I("ins v23.d[1], x16") F(25, 9, 21) I("ldr x14, [x19, #120]")              \
    F(26, 11, 21) I("ldr x15, [x2, #8]")                                                         \
    I("ldr d2, [x2, x7]") I("ins v17.d[1], x17")                                                 \
    I("ldr d4, [x5]") I("ins v18.d[1], x14") F(27, 13, 21) I("ldr x16, [x2, x10]")               \
    F(28, 15, 21) I("ldr x17, [x5, #8]")                                                         \
    I("ldr d6, [x5, x7]") I("ins v0.d[1], x15")                                                  \
    I("ldr d19, [x19, #128]") I("ins v2.d[1], x16") F(25, 10, 22) I("ldr x14, [x5, x10]")        \
    F(26, 12, 22) I("ldr x15, [x19, #136]")                                                      \
    I("ldr d1, [x2, x6]") I("ins v4.d[1], x17")                                                  \
    I("ldr d3, [x2, x8]") I("ins v6.d[1], x14") F(27, 14, 22) I("ldr x16, [x2, x9]")             \
    F(28, 16, 22) I("ldr x17, [x2, x11]")                                                        \
    I("ldr d5, [x5, x6]") I("ins v19.d[1], x15")                                                 \
    I("ldr d7, [x5, x8]") I("ins v1.d[1], x16") F(25, 11, 23) I("ldr x14, [x5, x9]")             \
    F(26, 13, 23) I("ldr x15, [x5, x11]")                                                        \
    I("ldr d20, [x19, #144]") I("ins v3.d[1], x17")                                              \
    I("ldr d8, [x5, x12]") I("ins v5.d[1], x14") F(27, 15, 23) I("ldr x16, [x19, #152]")         \
    F(28, 17, 23) I("ldr x17, [x5, x13]") I("ins v7.d[1], x15") F(25, 0, 18)                     \
    I("subs x25, x25, #1") F(26, 2, 18) I("csel x24, x24, xzr, ne") F(27, 4, 18)                 \
    I("add x27, x27, x24, lsl #3") I("ins v20.d[1], x16") F(28, 6, 18)                           \
    I("add x27, x27, x24, lsl #1") F(25, 1, 19) I("add x0, x0, x24") F(26, 3, 19)                \
    I("add x3, x3, x24") I("ins v8.d[1], x17") F(27, 5, 19) F(28, 7, 19) F(25, 2, 20)            \
    F(26, 4, 20) F(27, 6, 20) F(28, 8, 20) I("ldr q24, [x27]") I("ldr q18, [x27, #16]")          \
    I("ldr d0, [x0]") I("fmax v25.4s, v25.4s, v30.4s") I("ldr x14, [x0, #8]")                    \
    I("ldr d2, [x0, x7]") I("fmax v26.4s, v26.4s, v30.4s") I("ldr x15, [x0, x10]")               \
    I("ldr d4, [x3]") I("ins v0.d[1], x14") I("fmax v27.4s, v27.4s, v30.4s")                     \
    I("ldr x16, [x3, #8]")                                                                       \
    I("ldr d6, [x3, x7]") I("ins v2.d[1], x15") I("fmax v28.4s, v28.4s, v30.4s")                 \
    I("ldr x17, [x3, x10]")                                                                      \
    I("ldr d19, [x27, #32]") I("ins v4.d[1], x16") I("fmin v25.4s, v25.4s, v31.4s")              \
    I("ldr x14, [x27, #40]")                                                                     \
    I("ldr d1, [x0, x6]") I("ins v6.d[1], x17") I("fmin v26.4s, v26.4s, v31.4s")                 \
    I("ldr x15, [x0, x9]") I("fmin v27.4s, v27.4s, v31.4s") I("ldr x16, [x0, x11]")              \
    I("fmin v28.4s, v28.4s, v31.4s") I("ldr x17, [x3, x9]")                                      \
    I("ldr d3, [x0, x8]") I("ins v19.d[1], x14")                                                 \
    I("ldr d5, [x3, x6]") I("ins v1.d[1], x15")                                                  \
    I("ldr d7, [x3, x8]") I("ins v3.d[1], x16")                                                  \
    I("ldr d20, [x27, #48]") I("ins v5.d[1], x17")                                               \
    I("ldr d8, [x3, x12]") I("ldr x14, [x3, x11]") I("ldr x15, [x27, #56]")                      \
    I("ldr x16, [x3, x13]") I("ins v7.d[1], x14") I("ins v20.d[1], x15") I("ins v8.d[1], x16")   \
    I("str q25, [x20], #16") I("mov x19, x27") I("str q26, [x21], #16") I("add x1, x1, x24")     \
    I("str q27, [x22], #16") I("add x4, x4, x24") I("str q28, [x23], #16")                       \
    I("add x2, x2, x24") I("mov v25.16b, v24.16b") I("mov v26.16b, v24.16b")                     \
    I("mov v27.16b, v24.16b") I("mov v28.16b, v24.16b") I("add x5, x5, x24") I("b.ne 1b")
/* clang-format on */

void hone__dwconv_loop_3x3s2_neon(const hone_dwconv_loop *loop) {
    __asm__ volatile(
        /* clang-format off */
        HONE_DWCONV_LOOP_START
        FIRST
        I("mov v25.16b, v24.16b") I("mov v26.16b, v24.16b") I("mov v27.16b, v24.16b") I("mov v28.16b, v24.16b")
        I("1:") LOOP
        /* clang-format on */
        :
        : [loop] "r"(loop)
        : HONE_DWCONV_LOOP_CLOBBERS);
}
