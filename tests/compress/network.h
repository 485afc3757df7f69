/* SPDX-License-Identifier: Apache-2.0 */
/* A small network with all that quantization meets, random weights, and random samples.
 *
 *   x [1,3,8,8] -> conv1+Relu -> MaxPool -> depthwise -> Add (residual) -> Relu
 *     -> conv2 -> GlobalAveragePool -> Flatten -> Gemm -> Softmax -> y [1,5] */
#ifndef HONE_TESTS_COMPRESS_NETWORK_H
#define HONE_TESTS_COMPRESS_NETWORK_H

#include "testing.h"

#include "base/rng.h"
#include "formats/model.h"
#include <hone/quantize.h>
#include <hone/session.h>

typedef struct builder {
    hone_graph *graph;
    hone_rng rng;
} builder;

static inline hone_value *weights(builder *b, const char *name, int32_t rank, const int64_t *dims,
                                  float size) {
    hone_shape shape = hone__shape(rank, dims);
    size_t count = (size_t)hone__shape_span(&shape, 0, rank);
    hone_value *value;
    void *fill;
    assert_ok(hone_graph_copy_constant(b->graph, name, HONE_F32, &shape, NULL, count * 4, &fill,
                                       &value, NULL));
    for (size_t i = 0; i < count; i++)
        ((float *)fill)[i] = (hone__rng_float(&b->rng) * 2 - 1) * size;
    return value;
}

static inline hone_node *node(builder *b, hone_op op, const char *name, hone_value *a,
                              hone_value *w, hone_value *bias, hone_value **output) {
    hone_value *inputs[] = {a, w, bias};
    hone_node *made;
    char text[64];
    snprintf(text, sizeof text, "%s_out", name);
    if (!*output) assert_ok(hone_graph_add_value(b->graph, text, output, NULL));
    assert_ok(hone_graph_add_node(b->graph, op, name, inputs,
                                  bias ? 3
                                  : w  ? 2
                                       : 1,
                                  output, 1, NULL, &made, NULL));
    return made;
}

static inline hone_value *conv(builder *b, const char *name, hone_value *in, int64_t out_c,
                               int64_t in_c, int64_t group) {
    char text[64];
    hone_value *output = NULL;
    snprintf(text, sizeof text, "%s_w", name);
    hone_value *w = weights(b, text, 4, (const int64_t[]){out_c, in_c, 3, 3}, 0.4f);
    snprintf(text, sizeof text, "%s_b", name);
    hone_value *bias = weights(b, text, 1, (const int64_t[]){out_c}, 0.2f);
    hone_node *made = node(b, HONE_OP_Conv, name, in, w, bias, &output);
    assert_ok(hone_node_set_ints(b->graph, made, "pads", (const int64_t[]){1, 1, 1, 1}, 4, NULL));
    assert_ok(hone_node_set_int(b->graph, made, "group", group, NULL));
    return output;
}

static inline hone_value *unary(builder *b, hone_op op, const char *name, hone_value *in) {
    hone_value *output = NULL;
    node(b, op, name, in, NULL, NULL, &output);
    return output;
}

static inline hone_model *model_of(const hone_allocator *allocator, hone_graph *graph) {
    hone_model *model;
    hone_error error = {0};
    assert_ok_or(hone_graph_verify(graph, &error), error);
    assert_ok_or(hone_graph_infer(graph, &error), error);
    assert_ok(hone__model_new(allocator, graph, &model, &error));
    return model;
}

static inline hone_value *build_body(builder *b, hone_value *x) {
    hone_value *relu = unary(b, HONE_OP_Relu, "relu1", conv(b, "conv1", x, 4, 3, 1));
    hone_value *pool = NULL, *sum = NULL;
    hone_node *made = node(b, HONE_OP_MaxPool, "pool", relu, NULL, NULL, &pool);
    assert_ok(hone_node_set_ints(b->graph, made, "kernel_shape", (const int64_t[]){2, 2}, 2, NULL));
    assert_ok(hone_node_set_ints(b->graph, made, "strides", (const int64_t[]){2, 2}, 2, NULL));
    hone_value *deep = conv(b, "depthwise", pool, 4, 1, 4);
    node(b, HONE_OP_Add, "add", deep, pool, NULL, &sum);
    return unary(b, HONE_OP_Relu, "relu2", sum);
}

static inline hone_model *build_network(const hone_allocator *allocator) {
    builder b;
    hone_value *x, *gemm = NULL;
    hone__rng_seed(&b.rng, 7, 7);
    assert_ok(hone_graph_new(allocator, &b.graph, NULL));
    assert_ok(hone_graph_add_value(b.graph, "x", &x, NULL));
    x->dtype = HONE_F32;
    x->shape = hone__shape(4, (const int64_t[]){1, 3, 8, 8});
    assert_ok(hone_graph_add_input(b.graph, x, NULL));
    hone_value *body = conv(&b, "conv2", build_body(&b, x), 6, 4, 1);
    hone_value *mean = unary(&b, HONE_OP_GlobalAveragePool, "mean", body);
    hone_value *flat = unary(&b, HONE_OP_Flatten, "flat", mean);
    hone_value *w = weights(&b, "fc_w", 2, (const int64_t[]){6, 5}, 1.5f);
    hone_value *bias = weights(&b, "fc_b", 1, (const int64_t[]){5}, 0.3f);
    node(&b, HONE_OP_Gemm, "fc", flat, w, bias, &gemm);
    hone_value *y = unary(&b, HONE_OP_Softmax, "softmax", gemm);
    assert_ok(hone_graph_add_output(b.graph, y, NULL));
    return model_of(allocator, b.graph);
}

/* ---- samples ---- */

typedef struct samples {
    float values[192];
    hone_rng rng;
    uint32_t at, count;
} samples;

static inline hone_status samples_restart(void *user, hone_error *error) {
    samples *s = (samples *)user;
    (void)error;
    s->at = 0;
    hone__rng_seed(&s->rng, 11, 0);
    return HONE_OK;
}

static inline hone_status samples_next(void *user, hone_tensor *inputs, hone_error *error) {
    samples *s = (samples *)user;
    (void)error;
    if (s->at++ == s->count) return HONE_NOT_FOUND;
    for (size_t i = 0; i < 192; i++) s->values[i] = hone__rng_float(&s->rng) * 3 - 1;
    inputs[0] = (hone_tensor){HONE_F32, hone__shape(4, (const int64_t[]){1, 3, 8, 8}), s->values,
                              sizeof s->values};
    return HONE_OK;
}

static inline hone_sample_source source_of(samples *s, uint32_t count) {
    *s = (samples){.count = count};
    samples_restart(s, NULL);
    return (hone_sample_source){samples_next, samples_restart, s};
}

static inline void run_model(const hone_model *model, samples *s, float *out, size_t count) {
    const hone_session_options one = {.threads = 1};
    hone_session *session;
    hone_error error = {0};
    hone_tensor input, output = {0};
    assert_ok_or(hone_session_create(model, &one, &session, &error), error);
    assert_ok(samples_next(s, &input, NULL));
    assert_ok_or(hone_session_run(session, &input, &output, &error), error);
    assert_int_equal(output.bytes, count * sizeof *out);
    memcpy(out, output.data, output.bytes);
    hone_session_free(session);
}

static inline hone_node *find_node(const hone_model *model, const char *name) {
    for (hone_node *n = model->graph->first_node; n; n = n->next)
        if (!strcmp(n->name, name)) return n;
    fail_msg("no node '%s'", name);
    return NULL;
}

static inline uint32_t count_nodes(const hone_model *model, hone_op op) {
    uint32_t count = 0;
    for (const hone_node *n = model->graph->first_node; n; n = n->next) count += n->op == op;
    return count;
}

#endif
