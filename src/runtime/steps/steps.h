/* SPDX-License-Identifier: Apache-2.0 */
/* Makers of steps: each appends one to the program, its kernel chosen and weights packed. Views
 * must be in the form the maker asks for; deciding that is lowering's task. A label's texts are
 * kept. */
#ifndef HONE_RUNTIME_STEPS_H
#define HONE_RUNTIME_STEPS_H

#include "graph/graph.h"
#include "runtime/program.h"

/* The node's reference operator; views dense and in the order of the node's inputs and outputs;
 * NULL entries are missing. */
hone_status hone__step_reference(hone_program *program, const hone_node *node,
                                 const hone_view *const *outputs, const hone_view *const *inputs,
                                 hone_error *error);

/* out[i] = in[i] for views of equal dims and elements of whole bytes. */
hone_status hone__step_move(hone_program *program, const hone_label *label, const hone_view *out,
                            const hone_view *in, hone_error *error);
/* The same at once, on memory: `out` and `in` are the views' buffers. */
void hone__move_now(const hone_kernels *kernels, size_t element, const hone_view *out_view,
                    void *out, const hone_view *in_view, const void *in);

/* Every element of `out` becomes the one at `value`, of the buffer's type. */
hone_status hone__step_fill(hone_program *program, const hone_label *label, const hone_view *out,
                            const void *value, hone_error *error);

/* Bytes: views of equal dims, both dense or both pixels. Zero points and tables are those of
 * canonical u8. */
hone_status hone__step_lookup(hone_program *program, const hone_label *label, const hone_view *out,
                              const hone_view *in, const uint8_t *table, hone_error *error);
hone_status hone__step_quantize(hone_program *program, const hone_label *label,
                                const hone_view *out, const hone_view *in, float scale,
                                uint8_t zero, hone_error *error);
hone_status hone__step_dequantize(hone_program *program, const hone_label *label,
                                  const hone_view *out, const hone_view *in, float scale,
                                  uint8_t zero, hone_error *error);

/* Convolution of pixels (or rows of a matrix: dims with out_w rows, views of rank 2). A residual is
 * added before the clamp. Depthwise dims take the depthwise kernels when there is no residual. */
typedef struct hone_conv_call {
    hone_conv_dims dims;
    hone_conv_weights weights;
    const hone_view *in, *out, *residual; /* pixels; residual may be NULL */
    float lo, hi;
    bool planes; /* `in` is dense, channels first: only where the kernels take it so */
} hone_conv_call;
hone_status hone__step_conv(hone_program *program, const hone_label *label,
                            const hone_conv_call *call, hone_error *error);
/* Joins steps that follow each other and whose values in between are too large for the cache;
 * after the last step was added. */
hone_status hone__steps_join_blocks(hone_program *program, hone_error *error);
/* What hone__step_conv does with few rows: weights, which must live as long as the program, are
 * read where they are. */
bool hone__step_rows_fits(const hone_program *program, const hone_conv_call *call);
hone_status hone__step_rows(hone_program *program, const hone_label *label,
                            const hone_conv_call *call, hone_error *error);

/* Pooling of float or u8 pixels. `average`: else maximum. u8 averages requantize. */
typedef struct hone_pool_call {
    hone_pool2d_dims dims;
    const hone_view *in, *out;
    bool average;
    float lo, hi;
    float multiplier; /* u8 average: scale_in / scale_out */
    uint8_t input_zero, output_zero;
} hone_pool_call;
hone_status hone__step_pool(hone_program *program, const hone_label *label,
                            const hone_pool_call *call, hone_error *error);

/* Elementwise on float. The views have the output's dims (broadcast by stride 0); false from
 * hone__step_binary_fits where rows are no runs. */
typedef struct hone_unary_call {
    hone_unary_op op;
    float alpha, beta;
    const hone_view *in, *out;
} hone_unary_call;
hone_status hone__step_unary(hone_program *program, const hone_label *label,
                             const hone_unary_call *call, hone_error *error);

typedef struct hone_binary_call {
    hone_binary_op op;
    const hone_view *a, *b, *out;
    float lo, hi;
} hone_binary_call;
bool hone__step_binary_fits(const hone_view *out, const hone_view *a, const hone_view *b);
hone_status hone__step_binary(hone_program *program, const hone_label *label,
                              const hone_binary_call *call, hone_error *error);

/* Softmax (or its logarithm) along a dimension of two dense views, or along dimension 1 of two
 * pixels views. */
hone_status hone__step_softmax(hone_program *program, const hone_label *label, const hone_view *out,
                               const hone_view *in, int32_t axis, bool log, hone_error *error);

/* Resizing [N, C, H, W] in pixels form: output row i blends input rows first and second, the second
 * by `weight` (nearest: only the first counts); columns alike. Taps are kept by the caller. */
typedef struct hone_resize_tap {
    uint32_t first, second;
    float weight;
} hone_resize_tap;
hone_status hone__step_resize(hone_program *program, const hone_label *label, const hone_view *out,
                              const hone_view *in, bool linear, const hone_resize_tap *y,
                              const hone_resize_tap *x, hone_error *error);

/* Quantized convolution; views of pixels of u8, the output u8 or float. `multiplier` has out_c
 * entries. Depthwise dims with a u8 output take the depthwise kernels. An addend (pixels of u8 like
 * the output, which is u8 then) is added as `sum` says, whose data and stride are left alone;
 * depthwise dims have none. */
typedef struct hone_qconv_call {
    hone_conv_dims dims;
    hone_qconv_pack source;
    const hone_view *in, *out;
    uint8_t output_zero;
    float lo, hi;
    const hone_view *addend; /* or NULL */
    hone_qconv_sum sum;
} hone_qconv_call;
hone_status hone__step_qconv(hone_program *program, const hone_label *label,
                             const hone_qconv_call *call, hone_error *error);

/* Quantized sum or product; views as for hone__step_binary. */
typedef struct hone_qbinary_call {
    bool multiply;
    const hone_view *a, *b, *out;
    uint8_t a_zero, b_zero, output_zero;
    float a_multiplier, b_multiplier;
    float lo, hi;
    int32_t a_fixed, b_fixed; /* of a sum in integers, when shift > 0 */
    uint32_t shift;
} hone_qbinary_call;
hone_status hone__step_qbinary(hone_program *program, const hone_label *label,
                               const hone_qbinary_call *call, hone_error *error);

/* RNN, GRU, LSTM. All views dense; outputs, states and lengths may be NULL. `projected`: [steps,
 * batch, directions * gates * hidden], or [batch, steps, ...] when batch_first: the products with
 * the input, biases added. Weights, peepholes, recur_bias are constants of the graph or the
 * program. */
typedef struct hone_recurrent_call {
    hone_recurrent_dims dims[2]; /* of each direction */
    int64_t directions, steps, batch;
    bool batch_first;
    bool backwards;              /* the first direction; the second always is */
    const void *weights;         /* R, [directions][gates * hidden][hidden], of any alignment */
    const float *peephole;       /* [directions][3][hidden], or NULL */
    const float *recur_bias;     /* [directions][hidden], or NULL */
    const hone_view *outputs[3]; /* Y, Y_h, Y_c */
    const hone_view *projected, *h, *c;
    const hone_view *lengths; /* int32 [batch] */
} hone_recurrent_call;
hone_status hone__step_recurrent(hone_program *program, const hone_label *label,
                                 const hone_recurrent_call *call, hone_error *error);

/* Products of computed matrices: the last two dimensions of the views, which have the output's
 * batch dimensions before them (broadcast by stride 0). bias is [cols] for all rows, residual like
 * the output; either may be NULL. */
typedef struct hone_matmul_call {
    const hone_view *a, *b, *out; /* out dense */
    const hone_view *bias, *residual;
    float alpha, lo, hi;
} hone_matmul_call;
/* Whether rows or columns are runs. */
bool hone__step_matmul_fits(const hone_view *view);
hone_status hone__step_matmul(hone_program *program, const hone_label *label,
                              const hone_matmul_call *call, hone_error *error);

/* A reduction over the dimensions whose bits are set in `axes`; out dense, without them. Results
 * are multiplied by `scale`; `root`: their square roots are. */
typedef struct hone_reduce_call {
    hone_reduce_op op;
    uint32_t axes;
    float scale;
    bool root;
    const hone_view *in, *out;
} hone_reduce_call;
/* Whether the input's strides can be walked. */
bool hone__step_reduce_fits(const hone_view *in, uint32_t axes);
hone_status hone__step_reduce(hone_program *program, const hone_label *label,
                              const hone_reduce_call *call, hone_error *error);

/* Normalization of runs. Layer: dense views, runs of `run` elements, scale and bias (may be NULL)
 * of as many; without `center` RMS. Group: views both dense or both pixels, runs of `run` channels,
 * scale and bias one a channel. */
typedef struct hone_norm_call {
    const hone_view *in, *out, *scale, *bias;
    int64_t run;
    float epsilon;
    bool center;
} hone_norm_call;
hone_status hone__step_layer_norm(hone_program *program, const hone_label *label,
                                  const hone_norm_call *call, hone_error *error);
hone_status hone__step_group_norm(hone_program *program, const hone_label *label,
                                  const hone_norm_call *call, hone_error *error);

/* Attention: softmax(scale q k^T + mask) v. Views of (batch, heads, length, size) with adjacent
 * elements in the last dimension; keys and values may have fewer heads, a divisor. `mask` has
 * (batch, heads, queries, keys), broadcast by stride 0, floats to be added or (mask_bool) bytes, 0
 * for keys that are not seen; may be NULL. causal: query i sees keys up to i + past. */
typedef struct hone_attention_call {
    const hone_view *q, *k, *v, *out, *mask;
    float scale;
    bool causal, mask_bool;
    int64_t past;
} hone_attention_call;
hone_status hone__step_attention(hone_program *program, const hone_label *label,
                                 const hone_attention_call *call, hone_error *error);

#endif
