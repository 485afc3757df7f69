/* SPDX-License-Identifier: Apache-2.0 */
/* Post-training quantization: float32 in, int8 (as QuantizeLinear/DequantizeLinear) or float16
 * weights out. */
#ifndef HONE_QUANTIZE_H
#define HONE_QUANTIZE_H

#include <hone/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The next calibration sample: fills inputs[0 .. model inputs - 1] with views of dense tensors of
 * the planned types and shapes (batch 1), valid until the next call. Called again from the first
 * sample on after `restart`. HONE_NOT_FOUND: there are no more. */
typedef struct hone_sample_source {
    hone_status (*next)(void *user, hone_tensor *inputs, hone_error *error);
    hone_status (*restart)(void *user, hone_error *error);
    void *user;
} hone_sample_source;

typedef enum hone_calibration {
    HONE_CALIBRATE_MINMAX = 0,
    HONE_CALIBRATE_PERCENTILE /* the range that holds `percentile` of the values */
} hone_calibration;

typedef struct hone_quantize_options {
    hone_calibration calibration;
    double percentile;              /* 50 to 100; 0: 99.99 */
    const char *const *float_nodes; /* names of nodes that stay float; may be NULL */
    uint32_t float_node_count;
    uint32_t threads;
    hone_cpu_tier cpu;
    hone_progress progress; /* may be NULL */
    void *progress_user;
} hone_quantize_options;

typedef struct hone_quantized_layer {
    char *name; /* of the node */
    const char *op;
    uint32_t bits;      /* of its weights: 8, or 32 where it stayed float */
    const char *scheme; /* "per-channel symmetric int8", "float32" */
    double sqnr_db; /* signal to noise of its output, whole model quantized, against float; NaN: not
                       measured */
} hone_quantized_layer;

typedef struct hone_quantize_report {
    hone_quantized_layer *layers; /* owned */
    uint32_t layer_count;
    uint64_t samples; /* calibrated on */
} hone_quantize_report;

/* `model` is left as it is; *quantized is new. Activation statistics are streaming histograms, so
 * that memory does not grow with the number of samples. `options` and `report` may be NULL; free
 * the report with hone_quantize_report_free. HONE_UNSUPPORTED where the model has nothing to
 * quantize; HONE_USAGE without samples. */
HONE_API hone_status hone_quantize(const hone_model *model, const hone_sample_source *source,
                                   const hone_quantize_options *options, hone_model **quantized,
                                   hone_quantize_report *report, hone_error *error);
HONE_API void hone_quantize_report_free(hone_quantize_report *report);

/* Float32 weights of 16 elements and more stored as float16; computing stays float32. */
HONE_API hone_status hone_model_to_float16(const hone_model *model, hone_model **out,
                                           hone_error *error);

#ifdef __cplusplus
}
#endif
#endif
