/* SPDX-License-Identifier: Apache-2.0 */
/* The inner loop of hone_conv_f32_8x8_neon, scheduled for the Cortex-A53 (docs/a53.md).
 *
 * 8 pixels x 8 channels in v16 to v31: row r in v(16 + 2r) and v(17 + 2r). Depths go in pairs
 * through two sets of registers, one in use while the other is loaded:
 *
 *     inputs   v0 to v3, v4 to v7      rows 2i and 2i + 1, two depths each, in v(i)
 *     weights  v8 to v11, v12 to v15   channels 0 to 3 and 4 to 7 of the first depth, of the second
 *
 * The core begins one 128-bit multiply-add a cycle. Four cycles later it occupies the adders,
 * through which vector loads and inserts go too, so the code keeps a rhythm of four: three
 * multiply-adds, and one cycle with the lower half of a register (LDR of d) and the upper half of
 * the one before (INS). That half came through a general register, whose load goes beside a
 * multiply-add. */
#include "kernels/conv/conv_loop_neon.h"

/* clang-format off */
#define I(text) text "\n"
/* acc += weights * one lane of inputs */
#define F(acc, weights, inputs, lane) \
    I("fmla v" #acc ".4s, v" #weights ".4s, v" #inputs ".s[" #lane "]")
#define COPY(to, from) I("mov v" #to ".16b, v" #from ".16b")
#define ROW(row, address) I("ldr s" #row ", [" address ", x10]")
#define TAIL(row, even, odd) F(even, 8, row, 0) F(odd, 9, row, 0)
#define CLAMP(reg) I("fmax v" #reg ".4s, v" #reg ".4s, v0.4s") I("fmin v" #reg ".4s, v" #reg ".4s, v1.4s")
#define STORE(even, odd) \
    CLAMP(even) CLAMP(odd) I("stp q" #even ", q" #odd ", [%[out]]") I("add %[out], %[out], %[stride]")

/* Depths k and k + 1; loads k + 2 and k + 3. x10: offset of k + 2 in a row. In the last round x11 and
 * x13, the places of the next inputs and weights, go back to places that may be read. */
#define STAGE_A \
    I("ldr d12, [%[w], #64]") F(16, 8, 0, 0) I("ldr x8, [%[w], #72]") F(17, 9, 0, 0)               \
        F(18, 8, 0, 2)                                                                             \
    I("ldr d4, [x0, x10]") I("ins v12.d[1], x8") F(19, 9, 0, 2) I("ldr x9, [x1, x10]")             \
        F(20, 8, 1, 0) F(21, 9, 1, 0)                                                              \
    I("ldr d13, [%[w], #80]") I("ins v4.d[1], x9") F(22, 8, 1, 2) I("ldr x8, [%[w], #88]")         \
        F(23, 9, 1, 2) F(24, 8, 2, 0)                                                              \
    I("ldr d5, [x2, x10]") I("ins v13.d[1], x8") F(25, 9, 2, 0) I("ldr x9, [x3, x10]")             \
        F(26, 8, 2, 2) F(27, 9, 2, 2)                                                              \
    I("ldr d6, [x4, x10]") I("ins v5.d[1], x9") F(28, 8, 3, 0) I("ldr x8, [x5, x10]")              \
        F(29, 9, 3, 0) F(30, 8, 3, 2)                                                              \
    I("ldr d7, [x6, x10]") I("ins v6.d[1], x8") F(31, 9, 3, 2) I("ldr x9, [x7, x10]")              \
        F(16, 10, 0, 1) F(17, 11, 0, 1)                                                            \
    I("ldr d14, [%[w], #96]") I("ins v7.d[1], x9") F(18, 10, 0, 3) I("ldr x8, [%[w], #104]")       \
        F(19, 11, 0, 3) F(20, 10, 1, 1)                                                            \
    I("ldr d15, [%[w], #112]") I("ins v14.d[1], x8") F(21, 11, 1, 1) I("ldr x9, [%[w], #120]")     \
        F(22, 10, 1, 3) F(23, 11, 1, 3)                                                            \
    I("ins v15.d[1], x9") F(24, 10, 2, 1) F(25, 11, 2, 1) F(26, 10, 2, 3)                          \
    I("nop") F(27, 11, 2, 3) I("add x11, x10, #8") F(28, 10, 3, 1) I("subs x12, x12, #1")          \
        F(29, 11, 3, 1) I("add %[w], %[w], #128")                                                  \
    I("nop") F(30, 10, 3, 3) I("csel x11, xzr, x11, eq") F(31, 11, 3, 3)                           \
        I("csel x13, %[panel], %[w], eq")

/* Depths k + 2 and k + 3; loads the next two. */
#define STAGE_B \
    I("ldr d8, [x13, #0]") F(16, 12, 4, 0) I("ldr x8, [x13, #8]") F(17, 13, 4, 0)                  \
        F(18, 12, 4, 2)                                                                            \
    I("ldr d0, [x0, x11]") I("ins v8.d[1], x8") F(19, 13, 4, 2) I("ldr x9, [x1, x11]")             \
        F(20, 12, 5, 0) F(21, 13, 5, 0)                                                            \
    I("ldr d9, [x13, #16]") I("ins v0.d[1], x9") F(22, 12, 5, 2) I("ldr x8, [x13, #24]")           \
        F(23, 13, 5, 2) F(24, 12, 6, 0)                                                            \
    I("ldr d1, [x2, x11]") I("ins v9.d[1], x8") F(25, 13, 6, 0) I("ldr x9, [x3, x11]")             \
        F(26, 12, 6, 2) F(27, 13, 6, 2)                                                            \
    I("ldr d2, [x4, x11]") I("ins v1.d[1], x9") F(28, 12, 7, 0) I("ldr x8, [x5, x11]")             \
        F(29, 13, 7, 0) F(30, 12, 7, 2)                                                            \
    I("ldr d3, [x6, x11]") I("ins v2.d[1], x8") F(31, 13, 7, 2) I("ldr x9, [x7, x11]")             \
        F(16, 14, 4, 1) F(17, 15, 4, 1)                                                            \
    I("ldr d10, [x13, #32]") I("ins v3.d[1], x9") F(18, 14, 4, 3) I("ldr x8, [x13, #40]")          \
        F(19, 15, 4, 3) F(20, 14, 5, 1)                                                            \
    I("ldr d11, [x13, #48]") I("ins v10.d[1], x8") F(21, 15, 5, 1) I("ldr x9, [x13, #56]")         \
        F(22, 14, 5, 3) F(23, 15, 5, 3)                                                            \
    I("ins v11.d[1], x9") F(24, 14, 6, 1) F(25, 15, 6, 1) F(26, 14, 6, 3)                          \
    I("nop") F(27, 15, 6, 3) I("add x10, x10, #16") F(28, 14, 7, 1) F(29, 15, 7, 1)                \
    I("nop") F(30, 14, 7, 3) F(31, 15, 7, 3) I("b.ne 2b")

/* The first two depths of a tap into v0 to v3 and v8 to v11. */
#define PAIR(even, odd, reg) I("ldr d" #reg ", [" even "]") I("ld1 {v" #reg ".d}[1], [" odd "]")
#define FIRST \
    PAIR("x0", "x1", 0) PAIR("x2", "x3", 1) PAIR("x4", "x5", 2) PAIR("x6", "x7", 3) \
    I("ldp q8, q9, [%[w]]") I("ldp q10, q11, [%[w], #32]")

/* One depth, of the one to three that are left of a tap. */
#define REST \
    I("ldp q8, q9, [%[w]], #32") \
    ROW(0, "x0") ROW(1, "x1") ROW(2, "x2") ROW(3, "x3") \
    ROW(4, "x4") ROW(5, "x5") ROW(6, "x6") ROW(7, "x7") I("add x10, x10, #4") \
    TAIL(0, 16, 17) TAIL(1, 18, 19) TAIL(2, 20, 21) TAIL(3, 22, 23) \
    TAIL(4, 24, 25) TAIL(5, 26, 27) TAIL(6, 28, 29) TAIL(7, 30, 31)
/* clang-format on */

void hone__conv_loop_8x8_neon(const hone_conv_loop *loop) {
    const float *const *rows = loop->rows;
    const float *weights = loop->panel + 8;
    float *out = loop->output;
    size_t taps = loop->taps;
    __asm__ volatile(
        /* clang-format off */
        I("ldp q16, q17, [%[panel]]")
        COPY(18, 16) COPY(19, 17) COPY(20, 16) COPY(21, 17) COPY(22, 16) COPY(23, 17) COPY(24, 16)
        COPY(25, 17) COPY(26, 16) COPY(27, 17) COPY(28, 16) COPY(29, 17) COPY(30, 16) COPY(31, 17)
        I("1:") /* a tap: its eight row pointers, its depth in fours, offset of the third depth */
        I("ldp x0, x1, [%[rows]]") I("ldp x2, x3, [%[rows], #16]")
        I("ldp x4, x5, [%[rows], #32]") I("ldp x6, x7, [%[rows], #48]")
        I("add %[rows], %[rows], #64") I("lsr x12, %[depth], #2") I("mov x10, #8")
        I("cbz x12, 3f") FIRST
        I("2:") STAGE_A STAGE_B
        I("3:") I("ands x12, %[depth], #3") I("b.eq 5f") I("sub x10, x10, #8")
        I("4:") REST I("subs x12, x12, #1") I("b.ne 4b")
        I("5:") I("subs %[taps], %[taps], #1") I("b.ne 1b")
        I("ld1r {v0.4s}, [%[lo]]") I("ld1r {v1.4s}, [%[hi]]")
        STORE(16, 17) STORE(18, 19) STORE(20, 21) STORE(22, 23)
        STORE(24, 25) STORE(26, 27) STORE(28, 29) STORE(30, 31)
        /* clang-format on */
        : [rows] "+&r"(rows), [w] "+&r"(weights), [out] "+&r"(out), [taps] "+&r"(taps)
        : [panel] "r"(loop->panel), [depth] "r"(loop->depth), [stride] "r"(loop->stride),
          [lo] "r"(&loop->lo), [hi] "r"(&loop->hi)
        : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
          "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",
          "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26",
          "v27", "v28", "v29", "v30", "v31", "cc", "memory");
}
