/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the convolution families share: cases with guarded memory, the loop over
 * the CPU's kernels, comparing each with the reference, the benchmark.
 *
 * The families' kernels differ in type only, so each test describes its own by a conv_family. */
#ifndef HONE_TESTS_KERNELS_CONV_CASES_H
#define HONE_TESTS_KERNELS_CONV_CASES_H

#include "kernels/check.h"

typedef struct conv_family conv_family;

/* One convolution with all its memory. Pixels are `gap` elements wider than their channels. */
typedef struct conv_case {
    const conv_family *family;
    hone_conv_dims dims;
    size_t in_gap, out_gap;
    bool residual;                   /* add the addend (a u8 output's only) */
    uint8_t input_zero, output_zero; /* u8 */
    bool to_f32;                     /* u8: float output */
    float lo, hi;
    hone_qconv_sum sum; /* u8: how the addend is added; data is the addend's */
    /* multiplier is u8's; absolute, what errors are measured against, is float's */
    check_memory input, weights, bias, multiplier, addend, output, absolute;
    size_t in_count, out_count, weight_count;
} conv_case;

/* What a kernel says of a case's geometry; the last three only if it is supported. */
typedef struct conv_plan {
    const void *kernel;
    const char *name;
    bool supported;
    size_t pack_bytes, scratch_bytes;
    uint32_t tasks;
} conv_plan;

/* A kernel ready to run a case. */
typedef struct conv_run {
    conv_plan plan;
    const conv_case *of;
    void *output;
    check_memory packed, scratch;
    union {
        hone_conv_args conv;
        hone_dwconv_args dwconv;
        hone_qconv_args qconv;
        hone_qdwconv_args qdwconv;
    } args;
} conv_run;

/* Geometries that are hard to get right, and those of well-known models. */
typedef struct conv_shapes {
    bool depthwise;
    const check_shape *odd, *bench;
    size_t odd_count, bench_count;
} conv_shapes;

extern const conv_shapes conv_dense_shapes, conv_depthwise_shapes;

struct conv_family {
    const conv_shapes *shapes;
    bool u8;         /* u8 activations and s8 weights, whose bits must be equal; or else float */
    bool residual;   /* can add a residual */
    bool f32_output; /* u8: can write floats */
    uint32_t (*count)(const hone_kernels *kernels);
    conv_plan (*plan)(const hone_kernels *kernels, uint32_t k, const hone_conv_dims *dims);
    void (*prepare)(conv_run *run); /* packs the weights and fills the arguments */
    void (*run_task)(conv_run *run, uint32_t index);
};

/* What to make a case of; the float families fill weights as inputs. */
typedef struct conv_spec {
    hone_conv_dims dims;
    size_t in_gap, out_gap;
    check_fill inputs, weights;
} conv_spec;

conv_case conv_case_make(const conv_family *family, hone_rng *rng, const conv_spec *spec);
/* Batch 1 of an odd shape, without gaps, random. */
conv_case conv_case_odd(const conv_family *family, hone_rng *rng, size_t shape);
void conv_case_free(conv_case *c);
hone_conv_weights conv_case_weights(const conv_case *c);
/* What a kernel of qconv.h is called with. */
hone_qconv_args conv_case_qconv(const conv_run *run);

/* Kernel k of a case's family on it; conv_close() afterwards. */
conv_run conv_open(const conv_case *c, const hone_kernels *kernels, uint32_t k,
                   const check_memory *output);
void conv_run_all(void *run); /* a check_run */
void conv_close(conv_run *run);

/* The reference's output in new memory, and c->absolute filled. */
check_memory conv_reference(conv_case *c, const hone_kernels *kernels);
/* Fails the test where c->output is not what the reference gives. */
void conv_compare(const conv_case *c, const char *kernel, const check_memory *want);

/* Every kernel of the CPU that supports the case, against the reference. */
void conv_check_case(conv_case *c);

/* Each is a whole test. */
void conv_check_by_hand_f32(const conv_family *family);
void conv_check_by_hand_u8(const conv_family *family);
void conv_check_random(const conv_family *family, int count);
void conv_check_odd_shapes(const conv_family *family); /* with all fillings */
void conv_check_minus_128(const conv_family *family);  /* u8 */
/* A NaN in pixel 3 of the first odd shape shows in this channel of that pixel. */
void conv_check_nan(const conv_family *family, size_t channel);

void conv_bench(const conv_family *family);

#endif
