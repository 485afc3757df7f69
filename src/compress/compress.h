/* SPDX-License-Identifier: Apache-2.0 */
/* Post-training quantization from the inside.
 *
 *   prepare.c    rewrites that make the graph fit: biases into convolutions, zero padding into pads
 *   plan.c       which nodes run in integers, which values get parameters, which of them share
 *   calibrate.c  runs the float model on samples and gathers a histogram of each planned value
 *   insert.c     writes the plan into the graph: QuantizeLinear and DequantizeLinear
 *   weights.c    int8 weights and int32 biases
 *   measure.c    signal to noise of each layer, quantized model against float
 *   half.c       float16 weights, a way of its own
 *
 * Tables are indexed by value and node ids of the prepared graph. */
#ifndef HONE_COMPRESS_COMPRESS_H
#define HONE_COMPRESS_COMPRESS_H

#include "compress/histogram.h"
#include "formats/model.h"
#include <hone/quantize.h>
#include <hone/session.h>

typedef enum hone_qrole {
    HONE_QROLE_FLOAT = 0,   /* stays as it is */
    HONE_QROLE_WEIGHTED,    /* int8 weights, quantized input 0 */
    HONE_QROLE_WEIGHT_ONLY, /* int8 weights, computed in float */
    HONE_QROLE_OWN,         /* quantized inputs, an output with parameters of its own */
    HONE_QROLE_SHARED,      /* moves elements: inputs and outputs have the same parameters */
    HONE_QROLE_RIDER        /* a clamp that the node before it does on its way out */
} hone_qrole;

/* Of a value. Those that share parameters form a tree whose root holds them. */
typedef struct hone_qvalue {
    bool wanted; /* is quantized */
    uint32_t parent;
    hone_histogram *histogram;
    float low, high, scale;
    uint8_t zero;
    hone_value *dequantized; /* what readers read, once inserted */
} hone_qvalue;

typedef struct hone_qplan {
    const hone_allocator *allocator;
    hone_graph *graph;
    uint32_t value_count, node_count; /* of the tables: nodes made later have no entry */
    hone_qvalue *values;
    uint8_t *roles;    /* hone_qrole */
    uint32_t *uses;    /* by value */
    hone_node **users; /* by value: the last node that reads it */
    uint32_t weighted; /* nodes with that role */
} hone_qplan;

/* A Conv, Gemm or MatMul whose weights can be int8. */
typedef struct hone_qweights {
    hone_value *weights, *bias; /* bias: NULL or one number a channel */
    int32_t axis;               /* of the output channels */
    uint32_t channels;
} hone_qweights;

hone_status hone__compress_prepare(hone_graph *graph, hone_error *error);

hone_status hone__qplan_make(hone_graph *graph, const hone_quantize_options *options,
                             hone_qplan *plan, hone_error *error);
void hone__qplan_release(hone_qplan *plan);
uint32_t hone__qplan_root(const hone_qplan *plan, uint32_t value);
/* Both values have the same parameters from now on. */
void hone__qplan_join(hone_qplan *plan, uint32_t a, uint32_t b);
/* What `node` gives in the end: the output of the clamp that rides on it, or its own. */
hone_value *hone__qplan_result(const hone_qplan *plan, const hone_node *node);
/* A float32 constant of one element. */
bool hone__is_float_scalar(const hone_value *value);

/* False where the node's weights are not constant, or its attributes are not understood. */
bool hone__qweights_of(const hone_node *node, hone_qweights *weights);
/* Puts int8 weights behind DequantizeLinear, and the bias as int32 when `input_scale` > 0 (else it
 * stays float). */
hone_status hone__qweights_insert(hone_graph *graph, hone_node *node, float input_scale,
                                  hone_error *error);
/* A name that is not taken: "STEM_WHAT", with a number where needed. */
hone_status hone__compress_name(const hone_graph *graph, const char *stem, const char *what,
                                char *name, size_t size);

/* Opens *session on the float graph (it keeps all values) and fills the histograms. */
hone_status hone__calibrate(hone_qplan *plan, hone_session *session,
                            const hone_sample_source *source, const hone_quantize_options *options,
                            uint64_t *samples, hone_error *error);
/* Ranges, scales and zero points from the histograms. */
void hone__qplan_fit(hone_qplan *plan, double percentile);

hone_status hone__qplan_insert(hone_qplan *plan, hone_error *error);

/* One row a weighted layer. */
typedef struct hone_layer_watch {
    char *name; /* moved into the report */
    const char *op, *scheme;
    uint32_t bits;
    char *before, *after; /* the values to compare: in the float graph, in the quantized one */
    double signal, noise;
} hone_layer_watch;

typedef struct hone_watches {
    const hone_allocator *allocator;
    hone_layer_watch *list;
    uint32_t count, capacity;
} hone_watches;

/* After the plan was inserted. */
hone_status hone__watches_make(const hone_qplan *plan, hone_watches *watches, hone_error *error);
void hone__watches_release(hone_watches *watches);
/* Runs both models on the first samples. */
hone_status hone__watches_measure(hone_watches *watches, hone_session *before,
                                  const hone_model *quantized, const hone_sample_source *source,
                                  const hone_quantize_options *options, hone_error *error);

#endif
