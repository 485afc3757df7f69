/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the TFLite importer share.
 *
 * Way of a file: flat.c reads bytes, read.c the tables of the model, read_tensor.c its tensors;
 * builtins.def says for each operator which function of ops_*.c turns it into nodes. Values are
 * made when somebody asks for them (values.c), weights by weights.c.
 *
 * A tensor of the file is up to four values of the graph: as stored (integers where it is
 * quantized) or real (behind DequantizeLinear), each in the file's layout (channels last) or
 * channels first. Operators with channels work channels first, those that only follow work in the
 * layout at hand, and Transpose joins them where they differ: on stored values, before
 * DequantizeLinear, so that what reads the real value sees its DequantizeLinear. The graph's inputs
 * and outputs keep the layout and the type of the file.
 *
 * What an operator says for shapes is taken from the file (they are static there), and compared
 * with what the graph infers once all is read. */
#ifndef HONE_FORMATS_TFLITE_TFLITE_H
#define HONE_FORMATS_TFLITE_TFLITE_H

#include "formats/model.h"
#include "formats/tflite/flat.h"

typedef enum hone_tfl_layout { HONE_TFL_FILE = 0, HONE_TFL_FIRST } hone_tfl_layout;

typedef struct hone_tfl_tensor hone_tfl_tensor;
struct hone_tfl_tensor {
    const char *name;
    hone_dtype dtype;    /* NONE: a type that no operator here knows */
    hone_shape shape;    /* in the file's layout */
    size_t at;           /* of its table, for errors */
    const uint8_t *data; /* constants only */
    size_t bytes;
    bool sparse;
    bool quantized;                 /* scales and zeros are there */
    hone_flat_vector scales, zeros; /* float, int64 */
    hone_flat_vector file_scales;   /* what the scales were before weights.c put others there */
    int32_t axis; /* of the scales where there are several, in the file's layout */
    hone_value *stored[2], *real[2]; /* by layout, as far as made */
    hone_value *scale_value, *zero_value;
    hone_tfl_tensor *padded; /* it is that one with zeros round height and width; not made yet */
    int64_t pads[4];         /* top, left, bottom, right */
};

typedef struct hone_tfl_reader {
    const hone_allocator *allocator;
    hone_limits limits;
    hone_arena scratch; /* gone when reading ends */
    hone_flat flat;
    hone_graph *graph;
    hone_flat_vector codes, buffers;
    hone_tfl_tensor *tensors;
    uint32_t tensor_count;
    uint64_t copies_left; /* bytes of constants that may still be copied */
    uint32_t serial;      /* for names */
} hone_tfl_reader;

typedef struct hone_tfl_row hone_tfl_row;

/* One operator of the file. */
typedef struct hone_tfl_op {
    hone_tfl_reader *reader;
    const hone_tfl_row *row;
    const char *custom; /* name of a custom operator */
    hone_flat_table options;
    hone_tfl_tensor **inputs, **outputs; /* NULL: missing */
    uint32_t input_count, output_count;
    size_t at;
} hone_tfl_op;

typedef hone_status (*hone_tfl_build)(hone_tfl_op *op, hone_error *error);

struct hone_tfl_row {
    const char *name;
    hone_tfl_build build; /* NULL: kept as a foreign node */
    hone_op op;           /* for functions that serve several operators */
    uint8_t min_inputs, min_outputs;
    uint8_t options; /* BuiltinOptions number; 0: none are read */
};

/* The row of a builtin operator, or NULL. */
const hone_tfl_row *hone__tfl_row(int32_t code);

/* ---- read_tensor.c ---- */

hone_status hone__tfl_tensors(hone_tfl_reader *reader, const hone_flat_table *subgraph,
                              hone_error *error);
/* Scale of a channel; one scale serves all. The count must not be 0. */
float hone__tfl_scale_at(const hone_flat_vector *scales, uint32_t channel);
float hone__tfl_scale(const hone_tfl_tensor *tensor, uint32_t channel);
int64_t hone__tfl_zero(const hone_tfl_tensor *tensor, uint32_t channel);

/* ---- values.c ---- */

static inline bool hone__tfl_constant(const hone_tfl_tensor *tensor) {
    return tensor && tensor->data;
}
/* FIRST where the tensor has four dimensions and is at hand so; FILE otherwise. */
hone_tfl_layout hone__tfl_at_hand(const hone_tfl_tensor *tensor);
/* Where an axis of the file's layout lies in `layout`. */
int64_t hone__tfl_axis(const hone_tfl_tensor *tensor, hone_tfl_layout layout, int64_t axis);
/* Values of an input; a tensor of other than four dimensions has one layout only. */
hone_status hone__tfl_stored(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                             hone_tfl_layout layout, hone_value **value, hone_error *error);
hone_status hone__tfl_real(hone_tfl_reader *reader, hone_tfl_tensor *tensor, hone_tfl_layout layout,
                           hone_value **value, hone_error *error);
/* The operator's output: real numbers, which are quantized where the tensor is; or as stored. */
hone_status hone__tfl_finish(hone_tfl_op *op, uint32_t output, hone_tfl_layout layout,
                             hone_value *real, hone_error *error);
/* Output 0, quantized with its scale times `factor` (read again with its own): for an operator that
 * breaks ties otherwise. */
hone_status hone__tfl_finish_nudged(hone_tfl_op *op, hone_tfl_layout layout, float factor,
                                    hone_value *real, hone_error *error);
hone_status hone__tfl_finish_stored(hone_tfl_op *op, uint32_t output, hone_tfl_layout layout,
                                    hone_value *stored, hone_error *error);
/* Once all operators are read: an integer input of the graph is read by a DequantizeLinear. */
hone_status hone__tfl_settle_input(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                   hone_error *error);
/* The value of a graph output, under the tensor's own name. */
hone_status hone__tfl_output_value(hone_tfl_reader *reader, hone_tfl_tensor *tensor,
                                   hone_value **value, hone_error *error);

/* ---- build.c: nodes and constants ---- */

hone_status hone__tfl_fail(const hone_tfl_op *op, hone_error *error, hone_status status,
                           const char *why);
/* A name nobody has: `stem`, or with `what` behind it, or with a number. */
hone_status hone__tfl_add_value(hone_tfl_reader *reader, const char *stem, const char *what,
                                hone_value **value, hone_error *error);
/* A node with one output, named after `stem`. */
hone_status hone__tfl_node_of(hone_tfl_reader *reader, const char *stem, hone_op kind,
                              hone_value *const *inputs, uint32_t count, hone_node **node,
                              hone_value **value, hone_error *error);
hone_status hone__tfl_node(hone_tfl_op *op, hone_op kind, hone_value *const *inputs, uint32_t count,
                           hone_node **node, hone_value **value, hone_error *error);
hone_status hone__tfl_unary(hone_tfl_op *op, hone_op kind, hone_value *in, hone_value **value,
                            hone_error *error);
hone_status hone__tfl_binary(hone_tfl_op *op, hone_op kind, hone_value *a, hone_value *b,
                             hone_value **value, hone_error *error);
hone_status hone__tfl_transpose(hone_tfl_reader *reader, const char *stem, hone_value *in,
                                const int64_t *perm, uint32_t rank, hone_value **value,
                                hone_error *error);
/* int64 vector, float scalar, constants of the graph. */
hone_status hone__tfl_ints(hone_tfl_reader *reader, const char *stem, const int64_t *values,
                           uint32_t count, hone_value **value, hone_error *error);
hone_status hone__tfl_float(hone_tfl_reader *reader, const char *stem, float number,
                            hone_value **value, hone_error *error);
/* Memory for a constant made here; counted, so that a small file cannot ask for much. */
hone_status hone__tfl_copy(hone_tfl_reader *reader, const char *stem, hone_dtype dtype,
                           const hone_shape *shape, void **fill, hone_value **value,
                           hone_error *error);
/* A fused activation. */
hone_status hone__tfl_activate(hone_tfl_op *op, int8_t activation, hone_value **value,
                               hone_error *error);
hone_status hone__tfl_clip(hone_tfl_op *op, float lo, float hi, hone_value **value,
                           hone_error *error);
/* The integers of a constant input (int32 or int64); HONE_UNSUPPORTED where it is computed. */
hone_status hone__tfl_read_ints(const hone_tfl_op *op, uint32_t input, int64_t *out, uint32_t most,
                                uint32_t *count, hone_error *error);
/* An axis given by the file: negative ones count from the end; HONE_FORMAT out of range. */
hone_status hone__tfl_wrap(const hone_tfl_op *op, int64_t *axis, int64_t rank, hone_error *error);

/* ---- weights.c ---- */

/* Weights of a layer, real, in ONNX's order: `perm` takes the file's dimensions there, and output
 * channels lie in dimension `channels` of the file. `in`: what they are multiplied with. */
hone_status hone__tfl_weights(hone_tfl_op *op, hone_tfl_tensor *tensor, const int64_t *perm,
                              int32_t channels, const hone_tfl_tensor *in, hone_value **value,
                              hone_error *error);
/* A bias, real; int32 in units of input scale * weight scale. */
hone_status hone__tfl_bias(hone_tfl_op *op, hone_tfl_tensor *tensor, const hone_tfl_tensor *in,
                           const hone_tfl_tensor *weights, hone_value **value, hone_error *error);

#endif
