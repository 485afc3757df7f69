/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel tests share: guarded memory, fillings, random geometry, timing.
 *
 * Every test program of this folder is a benchmark too: with --bench it times the cases instead of
 * checking them, with --bench WORD those whose name holds the word. */
#ifndef HONE_TESTS_KERNELS_CHECK_H
#define HONE_TESTS_KERNELS_CHECK_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h wants the four above first */
#include <cmocka.h>

#include "base/rng.h"
#include "kernels/kernels.h"

/* Memory between two pages that cannot be touched; data ends right at the second (or, for
 * HONE_CHECK_ALIGNED, at the last 64-byte boundary before it). */
typedef struct check_memory {
    void *data;
    size_t bytes;
    void *map;
    size_t map_bytes;
} check_memory;

typedef enum check_place { CHECK_AT_END, CHECK_ALIGNED } check_place;

/* Fails the test when there is no memory. Filled with the byte 0xA5. */
check_memory check_alloc(size_t bytes, check_place place);
void check_free(check_memory *memory);
#define CHECK_BYTE 0xA5

/* How to fill: random values, or the worst for integer sums. */
typedef enum check_fill {
    CHECK_RANDOM,
    CHECK_LARGEST,     /* all the largest value */
    CHECK_SMALLEST,    /* all the smallest */
    CHECK_ALTERNATING, /* largest, smallest, largest ... */
    CHECK_FILLS
} check_fill;

void check_fill_f32(hone_rng *rng, check_fill fill, float *data, size_t count); /* [-1, 1] */
void check_fill_u8(hone_rng *rng, check_fill fill, uint8_t *data, size_t count);
void check_fill_s8(hone_rng *rng, check_fill fill, int8_t *data, size_t count); /* [-127, 127] */
void check_fill_s32(hone_rng *rng, int32_t largest, int32_t *data, size_t count);

/* A number in [lo, hi]. */
uint32_t check_between(hone_rng *rng, uint32_t lo, uint32_t hi);

/* A named convolution with square kernel, stride, padding and dilation. */
typedef struct check_shape {
    const char *name;
    uint32_t in_h, in_w, in_c, out_c, kernel, stride, pad, dilation, groups;
} check_shape;

hone_conv_dims check_dims(const check_shape *shape, uint32_t n);
/* Small and odd, any stride, padding and dilation; depthwise when told. */
hone_conv_dims check_random_dims(hone_rng *rng, bool depthwise);
/* "n=1 in=7x7x16 ...", for a failure's message; valid until the next call. */
const char *check_dims_text(const hone_conv_dims *dims);

/* Best time of many runs within a quarter of a second, in cycles of this core (measured with a
 * chain of dependent additions): other programs on the machine only add time. */
typedef void (*check_run)(void *context);
double check_cycles(check_run run, void *context);
/* Prints "name: x MAC/cycle (y us)". */
void check_report(const char *kernel, const char *name, double work, const char *unit,
                  double cycles);

/* The program's main: tests, or benchmarks with --bench [WORD]. */
int check_main(int argc, char **argv, const struct CMUnitTest *tests, size_t count,
               void (*bench)(void));
/* Whether a benchmark of this name was asked for. */
bool check_wanted(const char *name);

#endif
