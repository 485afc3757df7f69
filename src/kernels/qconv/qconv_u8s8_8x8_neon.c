/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of hone_qconv_u8s8_8x8_neon, scheduled for the Cortex-A53 (docs/a53.md).
 *
 * 8 pixels x 8 channels of exact 32-bit sums in v16 to v31: row r in v(16 + 2r) and v(17 + 2r).
 *
 *     inputs   v0 to v3, v4 to v7   rows 2i and 2i + 1, four depths each, in v(i); one set is in
 * use while the other is loaded weights  v8 to v11            the 8 channels of one depth each,
 * widened to 16 bits v12, v13             the next four depths as they come from memory
 *
 * The core begins one 128-bit multiply-add a cycle, and none beside a vector load. So a register is
 * loaded by halves: LDR of its lower half and INS of another's upper half share a cycle, and that
 * upper half came through a general register, whose load goes beside a multiply-add. Four depths
 * are 64 multiply-adds, 4 extensions and 6 such cycles. */
#include "kernels/qconv/qconv_loop_neon.h"

/* clang-format off */
#define I(text) text "\n"
/* acc += channels 0 to 3 (S) or 4 to 7 (H) of the weights * one lane of inputs */
#define S(acc, weights, inputs, lane) \
    I("smlal v" #acc ".4s, v" #weights ".4h, v" #inputs ".h[" #lane "]")
#define H(acc, weights, inputs, lane) \
    I("smlal2 v" #acc ".4s, v" #weights ".8h, v" #inputs ".h[" #lane "]")
#define COPY(to, from) I("mov v" #to ".16b, v" #from ".16b")

/* Depths k to k + 3; loads k + 4 to k + 7. x10: offset of k + 4 in a row. In the last round x11 and
 * x13, the places of the next inputs and weights, go back to places that may be read. */
#define STAGE_A \
        S(16, 8, 0, 0)                                                                           \
    I("sxtl2 v11.8h, v13.16b") H(17, 8, 0, 0) S(18, 8, 0, 4) H(19, 8, 0, 4)                      \
    I("ldr d12, [%[w], #32]") I("ins v3.d[1], x9") S(20, 8, 1, 0) I("ldr x8, [%[w], #40]")       \
        H(21, 8, 1, 0) S(22, 8, 1, 4) H(23, 8, 1, 4) S(24, 8, 2, 0) H(25, 8, 2, 0)               \
    I("ldr d13, [%[w], #48]") I("ins v12.d[1], x8") S(26, 8, 2, 4) I("ldr x9, [%[w], #56]")      \
        H(27, 8, 2, 4) S(28, 8, 3, 0) H(29, 8, 3, 0) S(30, 8, 3, 4) H(31, 8, 3, 4)               \
    I("ldr d4, [x0, x10]") I("ins v13.d[1], x9") S(16, 9, 0, 1) I("ldr x8, [x1, x10]")           \
        H(17, 9, 0, 1) S(18, 9, 0, 5)                                                            \
    I("sxtl v8.8h, v12.8b") H(19, 9, 0, 5) S(20, 9, 1, 1) H(21, 9, 1, 1) S(22, 9, 1, 5)          \
        H(23, 9, 1, 5)                                                                           \
    I("ldr d5, [x2, x10]") I("ins v4.d[1], x8") S(24, 9, 2, 1) I("ldr x9, [x3, x10]")            \
        H(25, 9, 2, 1) S(26, 9, 2, 5) H(27, 9, 2, 5) S(28, 9, 3, 1) H(29, 9, 3, 1)               \
    I("ldr d6, [x4, x10]") I("ins v5.d[1], x9") S(30, 9, 3, 5) I("ldr x8, [x5, x10]")            \
        H(31, 9, 3, 5) S(16, 10, 0, 2) H(17, 10, 0, 2)                                           \
    I("sxtl2 v9.8h, v12.16b") S(18, 10, 0, 6) H(19, 10, 0, 6) S(20, 10, 1, 2) H(21, 10, 1, 2)    \
    I("ldr d7, [x6, x10]") I("ins v6.d[1], x8") S(22, 10, 1, 6) I("ldr x9, [x7, x10]")           \
        H(23, 10, 1, 6) S(24, 10, 2, 2) H(25, 10, 2, 2) S(26, 10, 2, 6) I("add x11, x10, #8")    \
        H(27, 10, 2, 6) S(28, 10, 3, 2) H(29, 10, 3, 2) S(30, 10, 3, 6) I("subs x12, x12, #1")   \
        H(31, 10, 3, 6) S(16, 11, 0, 3) H(17, 11, 0, 3)                                          \
    I("sxtl v10.8h, v13.8b") S(18, 11, 0, 7) H(19, 11, 0, 7) S(20, 11, 1, 3)                     \
        I("csel x11, xzr, x11, eq") H(21, 11, 1, 3) S(22, 11, 1, 7) H(23, 11, 1, 7)              \
        S(24, 11, 2, 3) I("add %[w], %[w], #64") H(25, 11, 2, 3) S(26, 11, 2, 7)                 \
        H(27, 11, 2, 7) S(28, 11, 3, 3) I("csel x13, %[first], %[w], eq") H(29, 11, 3, 3)        \
        S(30, 11, 3, 7) H(31, 11, 3, 7)

/* Depths k + 4 to k + 7; loads the next four. */
#define STAGE_B \
        S(16, 8, 4, 0)                                                                           \
    I("sxtl2 v11.8h, v13.16b") H(17, 8, 4, 0) S(18, 8, 4, 4) H(19, 8, 4, 4)                      \
    I("ldr d12, [x13, #0]") I("ins v7.d[1], x9") S(20, 8, 5, 0) I("ldr x8, [x13, #8]")           \
        H(21, 8, 5, 0) S(22, 8, 5, 4) H(23, 8, 5, 4) S(24, 8, 6, 0) H(25, 8, 6, 0)               \
    I("ldr d13, [x13, #16]") I("ins v12.d[1], x8") S(26, 8, 6, 4) I("ldr x9, [x13, #24]")        \
        H(27, 8, 6, 4) S(28, 8, 7, 0) H(29, 8, 7, 0) S(30, 8, 7, 4) H(31, 8, 7, 4)               \
    I("ldr d0, [x0, x11]") I("ins v13.d[1], x9") S(16, 9, 4, 1) I("ldr x8, [x1, x11]")           \
        H(17, 9, 4, 1) S(18, 9, 4, 5)                                                            \
    I("sxtl v8.8h, v12.8b") H(19, 9, 4, 5) S(20, 9, 5, 1) H(21, 9, 5, 1) S(22, 9, 5, 5)          \
        H(23, 9, 5, 5)                                                                           \
    I("ldr d1, [x2, x11]") I("ins v0.d[1], x8") S(24, 9, 6, 1) I("ldr x9, [x3, x11]")            \
        H(25, 9, 6, 1) S(26, 9, 6, 5) H(27, 9, 6, 5) S(28, 9, 7, 1) H(29, 9, 7, 1)               \
    I("ldr d2, [x4, x11]") I("ins v1.d[1], x9") S(30, 9, 7, 5) I("ldr x8, [x5, x11]")            \
        H(31, 9, 7, 5) S(16, 10, 4, 2) H(17, 10, 4, 2)                                           \
    I("sxtl2 v9.8h, v12.16b") S(18, 10, 4, 6) H(19, 10, 4, 6) S(20, 10, 5, 2) H(21, 10, 5, 2)    \
    I("ldr d3, [x6, x11]") I("ins v2.d[1], x8") S(22, 10, 5, 6) I("ldr x9, [x7, x11]")           \
        H(23, 10, 5, 6) S(24, 10, 6, 2) H(25, 10, 6, 2) S(26, 10, 6, 6) I("add x10, x10, #16")   \
        H(27, 10, 6, 6) S(28, 10, 7, 2) H(29, 10, 7, 2) S(30, 10, 7, 6) H(31, 10, 7, 6)          \
        S(16, 11, 4, 3) H(17, 11, 4, 3)                                                          \
    I("sxtl v10.8h, v13.8b") S(18, 11, 4, 7) H(19, 11, 4, 7) S(20, 11, 5, 3) H(21, 11, 5, 3)     \
        S(22, 11, 5, 7) H(23, 11, 5, 7) S(24, 11, 6, 3) H(25, 11, 6, 3) S(26, 11, 6, 7)          \
        H(27, 11, 6, 7) S(28, 11, 7, 3) H(29, 11, 7, 3) S(30, 11, 7, 7) H(31, 11, 7, 7)          \
        I("b.ne 1b")

/* The first four depths: v3's upper half is on its way in x9, v11 is still in v13. */
#define PAIR(even, odd, reg) I("ldr d" #reg ", [" even "]") I("ld1 {v" #reg ".d}[1], [" odd "]")
#define FIRST \
    PAIR("x0", "x1", 0) PAIR("x2", "x3", 1) PAIR("x4", "x5", 2) I("ldr d3, [x6]") I("ldr x9, [x7]") \
    I("ldp q12, q13, [%[w]]") \
    I("sxtl v8.8h, v12.8b") I("sxtl2 v9.8h, v12.16b") I("sxtl v10.8h, v13.8b")
/* clang-format on */

void hone__qconv_loop_8x8_neon(hone_qconv_loop *loop) {
    const int8_t *weights = loop->weights;
    __asm__ volatile(
        /* clang-format off */
        I("ldp q16, q17, [%[bias]]")
        COPY(18, 16) COPY(19, 17) COPY(20, 16) COPY(21, 17) COPY(22, 16) COPY(23, 17) COPY(24, 16)
        COPY(25, 17) COPY(26, 16) COPY(27, 17) COPY(28, 16) COPY(29, 17) COPY(30, 16) COPY(31, 17)
        I("ldp x0, x1, [%[rows]]") I("ldp x2, x3, [%[rows], #16]")
        I("ldp x4, x5, [%[rows], #32]") I("ldp x6, x7, [%[rows], #48]")
        I("lsr x12, %[depth], #3") I("mov x10, #8") FIRST
        I("1:") STAGE_A STAGE_B
        I("stp q16, q17, [%[sums]]") I("stp q18, q19, [%[sums], #32]")
        I("stp q20, q21, [%[sums], #64]") I("stp q22, q23, [%[sums], #96]")
        I("stp q24, q25, [%[sums], #128]") I("stp q26, q27, [%[sums], #160]")
        I("stp q28, q29, [%[sums], #192]") I("stp q30, q31, [%[sums], #224]")
        /* clang-format on */
        : [w] "+&r"(weights)
        : [rows] "r"(loop->rows), [depth] "r"(loop->depth), [bias] "r"(loop->bias),
          [first] "r"(loop->weights), [sums] "r"(loop->sums)
        : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
          "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",
          "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
          "v29", "v30", "v31", "cc", "memory");
}
