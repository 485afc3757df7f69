/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of quantized depthwise 3 x 3 convolutions of stride 1, scheduled for the
 * Cortex-A53 (docs/a53.md).
 *
 * 4 pixels x 8 channels a round, exact 32-bit sums in v16 to v23, 16-bit weights of the nine taps
 * in v0 to v8. Each of the 18 inputs is loaded and widened once, in v24 to v28, and multiplied for
 * all the pixels that it goes into. v29 and v30 are the multipliers; v13, v14 and v15 the zero
 * point and the clamp.
 *
 * The clamp comes after the rounding, in bytes: rounding keeps the order of numbers, so the result
 * is that of shared/requant.h, and conversions saturate. The order is that of
 * bench/a53/schedule.py, which moves each instruction to where its operands are ready. */
#include "kernels/qdwconv/qdwconv_loop_neon.h"

/* clang-format off */
#define I(text) text "\n"
/* acc += inputs * weights, channels 0 to 3 (S) or 4 to 7 (H) */
#define S(acc, inputs, weights) I("smlal v" #acc ".4s, v" #inputs ".4h, v" #weights ".4h")
#define H(acc, inputs, weights) I("smlal2 v" #acc ".4s, v" #inputs ".8h, v" #weights ".8h")

/* x0 to x2: kernel rows; x3 on: one column, two columns, ...; x15: panel; x16: its weights. */
#define LOOP \
    I("ldr q16, [x15]") I("ldr q17, [x15, #16]") I("ld2 {v0.8h, v1.8h}, [x16], #32")             \
    I("ldr d24, [x0]") I("subs x17, x17, #1") I("ldr d25, [x0, x3]") I("mov v18.16b, v16.16b")   \
    I("mov v19.16b, v17.16b") I("ushll v24.8h, v24.8b, #0") I("ushll v25.8h, v25.8b, #0")        \
    I("ldr d26, [x0, x4]") I("mov v20.16b, v16.16b") I("mov v21.16b, v17.16b")                   \
    I("mov v22.16b, v16.16b") I("mov v23.16b, v17.16b") S(16, 24, 0) H(17, 24, 0) S(18, 25, 0)   \
    H(19, 25, 0) I("ushll v26.8h, v26.8b, #0") I("ld2 {v2.8h, v3.8h}, [x16], #32")               \
    I("ldr d27, [x0, x5]") S(16, 25, 1) H(17, 25, 1) I("ushll v27.8h, v27.8b, #0")               \
    S(18, 26, 1) H(19, 26, 1) S(20, 26, 0) H(21, 26, 0) I("ldr d28, [x0, x6]") S(22, 27, 0)      \
    H(23, 27, 0) I("ushll v28.8h, v28.8b, #0") S(16, 26, 2) H(17, 26, 2) S(18, 27, 2)            \
    H(19, 27, 2) S(20, 27, 1) H(21, 27, 1) I("ldr d24, [x0, x7]") I("add x0, x0, #8")            \
    I("ldr d25, [x1]") I("ldr d26, [x1, x3]") I("ldr d27, [x1, x4]") S(22, 28, 1) H(23, 28, 1)   \
    I("ushll v24.8h, v24.8b, #0") S(20, 28, 2) H(21, 28, 2) I("ushll v25.8h, v25.8b, #0")        \
    I("ushll v26.8h, v26.8b, #0") I("ushll v27.8h, v27.8b, #0")                                  \
    I("ld2 {v4.8h, v5.8h}, [x16], #32") I("ldr d28, [x1, x5]") S(22, 24, 2) H(23, 24, 2)         \
    S(16, 25, 3) H(17, 25, 3) S(18, 26, 3) H(19, 26, 3) S(20, 27, 3) H(21, 27, 3)                \
    I("ushll v28.8h, v28.8b, #0") I("ldr d24, [x1, x6]") S(16, 26, 4) H(17, 26, 4)               \
    S(18, 27, 4) H(19, 27, 4) S(20, 28, 4) H(21, 28, 4) S(22, 28, 3) H(23, 28, 3)                \
    I("ushll v24.8h, v24.8b, #0") I("ldr d25, [x1, x7]") I("add x1, x1, #8") S(16, 27, 5)        \
    H(17, 27, 5) S(18, 28, 5) H(19, 28, 5) S(20, 24, 5) H(21, 24, 5) S(22, 24, 4) H(23, 24, 4)   \
    I("ushll v25.8h, v25.8b, #0") I("ld2 {v6.8h, v7.8h}, [x16], #32") I("ldr d26, [x2]")         \
    I("ldr d27, [x2, x3]") I("ldr d28, [x2, x4]") I("ldr d24, [x2, x5]") S(22, 25, 5)            \
    H(23, 25, 5) I("ushll v26.8h, v26.8b, #0") I("ushll v27.8h, v27.8b, #0")                     \
    I("ushll v28.8h, v28.8b, #0") I("ushll v24.8h, v24.8b, #0") I("ldr d25, [x2, x6]")           \
    S(16, 26, 6) H(17, 26, 6) S(18, 27, 6) S(20, 28, 6) S(22, 24, 6)                             \
    I("ushll v25.8h, v25.8b, #0") I("ld2 {v8.8h, v9.8h}, [x16], #32") I("ldr d26, [x2, x7]")     \
    I("add x2, x2, #8") S(16, 27, 7) H(19, 27, 6) S(18, 28, 7) H(21, 28, 6) S(20, 24, 7)         \
    H(23, 24, 6) S(22, 25, 7) I("ushll v26.8h, v26.8b, #0") H(17, 27, 7) S(16, 28, 8)            \
    H(19, 28, 7) S(18, 24, 8) H(21, 24, 7) S(20, 25, 8) H(23, 25, 7) S(22, 26, 8)                \
    I("ldr q29, [x15, #32]") H(17, 28, 8) H(19, 24, 8) H(21, 25, 8) H(23, 26, 8)                 \
    I("scvtf v16.4s, v16.4s") I("scvtf v18.4s, v18.4s") I("scvtf v20.4s, v20.4s")                \
    I("scvtf v22.4s, v22.4s") I("ldr q30, [x15, #48]") I("fmul v16.4s, v16.4s, v29.4s")          \
    I("add x15, x15, #224") I("scvtf v17.4s, v17.4s") I("add x16, x15, #64")                     \
    I("fmul v18.4s, v18.4s, v29.4s") I("scvtf v19.4s, v19.4s")                                   \
    I("fmul v20.4s, v20.4s, v29.4s") I("scvtf v21.4s, v21.4s")                                   \
    I("fmul v22.4s, v22.4s, v29.4s") I("scvtf v23.4s, v23.4s") I("fcvtns v16.4s, v16.4s")        \
    I("fmul v17.4s, v17.4s, v30.4s") I("fcvtns v18.4s, v18.4s")                                  \
    I("fmul v19.4s, v19.4s, v30.4s") I("fcvtns v20.4s, v20.4s")                                  \
    I("fmul v21.4s, v21.4s, v30.4s") I("fcvtns v22.4s, v22.4s")                                  \
    I("fmul v23.4s, v23.4s, v30.4s") I("fcvtns v17.4s, v17.4s") I("sqxtn v16.4h, v16.4s")        \
    I("fcvtns v19.4s, v19.4s") I("sqxtn v18.4h, v18.4s") I("fcvtns v21.4s, v21.4s")              \
    I("sqxtn v20.4h, v20.4s") I("fcvtns v23.4s, v23.4s") I("sqxtn v22.4h, v22.4s")               \
    I("sqxtn2 v16.8h, v17.4s") I("sqxtn2 v18.8h, v19.4s") I("sqxtn2 v20.8h, v21.4s")             \
    I("sqxtn2 v22.8h, v23.4s") I("sqadd v16.8h, v16.8h, v13.8h")                                 \
    I("sqadd v18.8h, v18.8h, v13.8h") I("sqadd v20.8h, v20.8h, v13.8h")                          \
    I("sqadd v22.8h, v22.8h, v13.8h") I("sqxtun v16.8b, v16.8h") I("sqxtun v18.8b, v18.8h")      \
    I("sqxtun v20.8b, v20.8h") I("sqxtun v22.8b, v22.8h") I("umax v16.8b, v16.8b, v14.8b")       \
    I("umax v18.8b, v18.8b, v14.8b") I("umax v20.8b, v20.8b, v14.8b")                            \
    I("umax v22.8b, v22.8b, v14.8b") I("umin v16.8b, v16.8b, v15.8b")                            \
    I("umin v18.8b, v18.8b, v15.8b") I("umin v20.8b, v20.8b, v15.8b")                            \
    I("umin v22.8b, v22.8b, v15.8b") I("str d16, [x19], #8") I("str d18, [x20], #8")             \
    I("str d20, [x21], #8") I("str d22, [x22], #8") I("b.ne 1b")
/* clang-format on */

void hone__qdwconv_loop_3x3s1_neon(const hone_qdwconv_loop *loop) {
    __asm__ volatile(
        /* clang-format off */
        HONE_QDWCONV_LOOP_START
        I("1:") LOOP
        /* clang-format on */
        :
        : [loop] "r"(loop)
        : HONE_QDWCONV_LOOP_CLOBBERS);
}
