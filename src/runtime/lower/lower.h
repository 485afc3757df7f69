/* SPDX-License-Identifier: Apache-2.0 */
/* Lowering: a graph becomes a program.
 *
 *   1. groups (fuse.c, fuse_qdq.c): every node learns whether it stands alone, is absorbed by
 * another node, or is the tail at whose place a fused group is emitted;
 *   2. nodes are visited in order; the first rule of rules.c that takes a node emits its steps;
 *   3. rules ask for their inputs in the form that their kernel wants (dense, pixels, canonical
 *      bytes); what is missing is made by a move or a table step, once for each value.
 *
 * Codes: how a value is held. Quantized activations are u8 inside; an s8 tensor is kept as q + 128
 * (HONE_CODE_U8), so that one set of kernels serves both. A float value that came from
 * DequantizeLinear is held as its bytes (HONE_CODE_QUANT) with scale and zero point; operators that
 * only move or compare elements pass these bytes on, integer operators read them, and a
 * dequantize step is made only where somebody asks for floats (HONE_CODE_PLAIN, the type itself).
 */
#ifndef HONE_RUNTIME_LOWER_H
#define HONE_RUNTIME_LOWER_H

#include "graph/graph.h"
#include "runtime/program.h"
#include "runtime/steps/steps.h"

typedef enum hone_code { HONE_CODE_PLAIN = 0, HONE_CODE_U8, HONE_CODE_QUANT, HONE_CODES } hone_code;

/* real = (q - zero) * scale, q in canonical u8. */
typedef struct hone_params {
    float scale;
    uint8_t zero;
} hone_params;

typedef enum hone_form { HONE_FORM_DENSE = 0, HONE_FORM_PIXELS } hone_form;

/* What is known of a graph value: the view its producer wrote, and the forms made from it. */
typedef struct hone_lowered {
    bool ready;
    hone_code code; /* of `view` */
    hone_view view;
    hone_params params;       /* where code is QUANT */
    bool made[HONE_CODES][2]; /* [code][form] */
    hone_view forms[HONE_CODES][2];
    /* A concatenation that this value is best written into: its value, and the channel there. */
    const hone_value *into;
    int64_t into_at;
    bool reserved; /* memory was made before the value: parts are written into it */
} hone_lowered;

typedef enum hone_role {
    HONE_ROLE_ALONE = 0,
    HONE_ROLE_ABSORBED, /* emitted with a group, or when somebody asks for its value */
    HONE_ROLE_TAIL,     /* the group's last node */
    HONE_ROLE_DEAD      /* nobody reads its results */
} hone_role;

/* What an integer convolution adds after it has quantized its own result. */
typedef struct hone_group_sum {
    const hone_value *with; /* held as bytes; NULL: nothing is added */
    float lo, hi;
    const hone_node *quantize; /* of the sum: the tail */
} hone_group_sum;

/* Fused nodes. `head` computes; the rest only changes what it writes. */
typedef struct hone_group {
    hone_node *head, *tail;
    const hone_value *bias;     /* constant added along the channels, or NULL */
    const hone_value *residual; /* added before the clamp, or NULL */
    float lo, hi;               /* clamp of the result; infinities: none */
    bool integer;               /* inputs are held as bytes, weights are int8 */
    const hone_node *quantize;  /* the QuantizeLinear that ends it (the tail), or NULL */
    hone_group_sum sum;         /* then the tail is the sum's QuantizeLinear */
    const char *op;             /* for the profile */
} hone_group;

typedef struct hone_lowering {
    hone_graph *graph;
    hone_program *program;
    bool keep_all;
    bool late;            /* result: a node waits for what only a run can tell */
    hone_lowered *values; /* by value id */
    uint32_t *uses;       /* by value id */
    hone_node **users;    /* by value id: the last node that reads it */
    uint8_t *roles;       /* by node id: hone_role */
    hone_group **groups;  /* by node id: of tails */
} hone_lowering;

/* Emits everything that the graph's outputs need; afterwards values[] tells where each value lies.
 */
hone_status hone__lower(hone_lowering *lowering, hone_error *error);

/* A rule looks at a node (and its group, NULL when alone) and either emits it and sets *taken, or
 * leaves everything untouched. */
typedef hone_status (*hone_rule)(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);
/* The first rule that takes the node; HONE_UNSUPPORTED with the node's name when none does. */
hone_status hone__lower_node(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             hone_error *error);

/* Where a value lies, in whatever strides, with its code. */
hone_status hone__lower_view(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_view *view, hone_error *error);
/* The same, in the code it is held in. */
hone_status hone__lower_held(hone_lowering *lowering, const hone_value *value, hone_code *code,
                             hone_view *view, hone_error *error);
/* In a form; rank >= 2 for pixels. */
hone_status hone__lower_form(hone_lowering *lowering, const hone_value *value, hone_code code,
                             hone_form form, hone_view *view, hone_error *error);
/* Whether the value is at hand in pixels form without a step. */
bool hone__lower_is_pixels(hone_lowering *lowering, const hone_value *value);

/* Memory for a value that the caller's step will write. Pixels may have a wide stride. */
hone_status hone__lower_output(hone_lowering *lowering, const hone_value *value, hone_code code,
                               hone_form form, hone_view *view, hone_error *error);
/* The value lies in `view`, which another value's buffer holds. Code QUANT needs params as well. */
void hone__lower_alias(hone_lowering *lowering, const hone_value *value, hone_code code,
                       const hone_view *view);
void hone__lower_set_params(hone_lowering *lowering, const hone_value *value, hone_params params);
/* Whether the value is held as quantized bytes, and their parameters. */
bool hone__lower_is_quant(hone_lowering *lowering, const hone_value *value, hone_params *params);
/* A buffer without a value of its own. */
hone_status hone__lower_buffer(hone_lowering *lowering, const char *name, hone_dtype dtype,
                               int64_t elements, uint32_t *buffer, hone_error *error);

/* The value's bytes on their way through a step are of this type. */
static inline hone_dtype hone__lower_dtype(const hone_value *value, hone_code code) {
    return code == HONE_CODE_PLAIN ? value->dtype : HONE_U8;
}

static inline bool hone__value_is_constant(const hone_value *value) {
    return value && value->kind == HONE_VALUE_CONSTANT;
}

static inline bool hone__value_is_float(const hone_value *value) {
    return value && value->dtype == HONE_F32;
}

/* The only node that reads the value, or NULL when several do, or it is an output of the graph. */
hone_node *hone__lower_only_user(const hone_lowering *lowering, const hone_value *value);

/* prepare.c: rewrites of the (cloned) graph that need no new kernels: a Pad of zeros becomes the
 * padding of the convolution behind it. */
hone_status hone__lower_prepare(hone_graph *graph, hone_error *error);
/* qdq.c: parameters of a QuantizeLinear or DequantizeLinear that the integer kernels know:
 * constant, one for the whole tensor, 8 bits. */
bool hone__qdq_params(const hone_node *node, hone_params *params);
/* The activation behind a DequantizeLinear: whether `value` will be held as bytes. */
bool hone__qdq_is_bytes(const hone_value *value, hone_params *params);
/* int8 weights of a Conv, Gemm or MatMul, symmetric, per tensor or output channel; a bias that is
 * constant. */
bool hone__qdq_weighted(const hone_node *node);
/* Evaluates what is constant and float but stored small (weights behind DequantizeLinear, float16),
 * except weights that integer groups read as they are. */
hone_status hone__lower_widen(hone_lowering *lowering, bool half_only, hone_error *error);
/* fuse_qdq.c: before hone__lower_fuse. */
hone_status hone__lower_fuse_qdq(hone_lowering *lowering, hone_error *error);
/* fuse.c */
hone_status hone__lower_fuse(hone_lowering *lowering, hone_error *error);
/* concat.c: which values are written straight into a concatenation. */
void hone__lower_plan_concats(hone_lowering *lowering);

/* Dims of a convolution or matrix product that the kernels can run; false: they cannot. The
 * weights must be constant, of any type. conv.c, matmul.c */
bool hone__conv_dims_of(const hone_node *node, hone_conv_dims *dims);
typedef struct hone_product {
    hone_conv_dims dims;       /* rows are pixels */
    hone_conv_weights weights; /* without bias */
    const hone_value *bias;    /* Gemm's, when it has one and it fits */
} hone_product;
/* rows x depth times depth x cols as a convolution. */
hone_conv_dims hone__matrix_dims(int64_t rows, int64_t depth, int64_t cols);
/* A dense view as a matrix of `cols` columns. */
hone_view hone__lower_rows(const hone_view *dense, int64_t cols);
bool hone__product_of(const hone_node *node, hone_product *product);
/* A constant with one element an output channel (dimension `axis` of `shape`), 1 elsewhere. */
bool hone__is_channel_vector(const hone_value *value, const hone_shape *shape, int32_t axis);
/* Dims of a pooling node; *average tells which. Global pools and means over an image too. */
bool hone__pool_dims_of(const hone_node *node, hone_pool2d_dims *dims, bool *average);
/* The kernel of a one-input activation with constant parameters. */
bool hone__unary_of(const hone_node *node, hone_unary_op *op, float *alpha, float *beta);
/* Relu and Clip with constant bounds. */
bool hone__clamp_of(const hone_node *node, float *lo, float *hi);

/* lower_eltwise.c: the form in which a binary operator runs, and an operand broadcast to its shape.
 */
hone_form hone__lower_binary_form(hone_lowering *lowering, const hone_node *node,
                                  const hone_shape *shape);
hone_status hone__lower_binary_operand(hone_lowering *lowering, const hone_value *value,
                                       hone_code code, hone_form form, const hone_shape *shape,
                                       hone_view *view, hone_error *error);

/* lower_resize.c: a Resize between two values, quantized ones too (nearest). */
hone_status hone__lower_resize(hone_lowering *lowering, const hone_node *node,
                               const hone_value *from, const hone_value *to, hone_code code,
                               const char *op, bool *taken, hone_error *error);

/* Rules, one file a concern; the table is in rules.c. */
hone_status hone__emit_quantize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                bool *taken, hone_error *error);
hone_status hone__emit_dequantize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error);
hone_status hone__emit_qconv(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error);
hone_status hone__emit_qproduct(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                bool *taken, hone_error *error);
hone_status hone__emit_qbinary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error);
hone_status hone__emit_qpool(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error);
hone_status hone__emit_qtable(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_qconcat(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error);
hone_status hone__emit_conv(hone_lowering *lowering, hone_node *node, const hone_group *group,
                            bool *taken, hone_error *error);
hone_status hone__emit_product(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error);
hone_status hone__emit_pool(hone_lowering *lowering, hone_node *node, const hone_group *group,
                            bool *taken, hone_error *error);
hone_status hone__emit_unary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error);
hone_status hone__emit_binary(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_softmax(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error);
hone_status hone__emit_reshape(hone_lowering *lowering, hone_node *node, const hone_group *group,
                               bool *taken, hone_error *error);
hone_status hone__emit_transpose(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);
hone_status hone__emit_slice(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error);
hone_status hone__emit_split(hone_lowering *lowering, hone_node *node, const hone_group *group,
                             bool *taken, hone_error *error);
hone_status hone__emit_gather(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_concat(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_pad(hone_lowering *lowering, hone_node *node, const hone_group *group,
                           bool *taken, hone_error *error);
hone_status hone__emit_batch_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error);
hone_status hone__emit_resize(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_matmul(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_reduce(hone_lowering *lowering, hone_node *node, const hone_group *group,
                              bool *taken, hone_error *error);
hone_status hone__emit_layer_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error);
hone_status hone__emit_group_norm(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                  bool *taken, hone_error *error);
hone_status hone__emit_attention(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);
hone_status hone__emit_recurrent(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);
hone_status hone__emit_reference(hone_lowering *lowering, hone_node *node, const hone_group *group,
                                 bool *taken, hone_error *error);

#endif
