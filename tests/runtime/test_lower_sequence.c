/* SPDX-License-Identifier: Apache-2.0 */
/* Lowered sequence models (recurrent operators, products, attention, norms) against the references,
 * on every tier, with threads, and keeping all. */
#include "runtime/oracle.h"

#define CLOSE 2e-5

/* A recurrent node with all its outputs. Inputs may be NULL. */
static hone_node *recurrent(hone_graph *g, hone_op op, uint32_t count, hone_value *const *inputs) {
    hone_value *outputs[3] = {NULL};
    uint32_t wanted = op == HONE_OP_LSTM ? 3 : 2;
    for (uint32_t i = 0; i < wanted; i++)
        assert_ok(hone_graph_add_value(g, NULL, &outputs[i], NULL));
    assert_ok(hone_graph_add_node(g, op, NULL, inputs, count, outputs, wanted, NULL, NULL, NULL));
    for (uint32_t i = 0; i < wanted; i++) output(g, outputs[i]);
    return g->last_node;
}

static int64_t gates_of(hone_op op) {
    return op == HONE_OP_LSTM ? 4 : op == HONE_OP_GRU ? 3 : 1;
}

typedef struct recurrent_case {
    hone_op op;
    int64_t steps, batch, width, hidden;
    const char *direction;
    bool batch_first, state, peephole, lengths, option; /* linear_before_reset or input_forget */
    float clip;
} recurrent_case;

static hone_value *state_input(hone_graph *g, const recurrent_case *c, const char *name,
                               int64_t directions) {
    if (!c->state) return NULL;
    if (c->batch_first) return input(g, name, HONE_F32, LIST(c->batch, directions, c->hidden));
    return input(g, name, HONE_F32, LIST(directions, c->batch, c->hidden));
}

static void check_recurrent(const recurrent_case *c) {
    hone_graph *g = new_graph();
    int64_t d = strcmp(c->direction, "bidirectional") ? 1 : 2, rows = gates_of(c->op) * c->hidden;
    int32_t lengths[8] = {(int32_t)c->steps, 0, 1, (int32_t)c->steps - 1, 2, 1, 1, 3};
    hone_value *x = c->batch_first ? input(g, "x", HONE_F32, LIST(c->batch, c->steps, c->width))
                                   : input(g, "x", HONE_F32, LIST(c->steps, c->batch, c->width));
    hone_value *in[8] = {x, weights(g, 0.3f, 1, LIST(d, rows, c->width)),
                         weights(g, 0.3f, 2, LIST(d, rows, c->hidden)),
                         weights(g, 0.5f, 3, LIST(d, 2 * rows))};
    if (c->lengths) in[4] = constant(g, HONE_S32, lengths, LIST(c->batch));
    in[5] = state_input(g, c, "h", d);
    bool lstm = c->op == HONE_OP_LSTM;
    if (lstm) in[6] = state_input(g, c, "c", d);
    if (lstm && c->peephole) in[7] = weights(g, 0.4f, 4, LIST(d, 3 * c->hidden));
    hone_node *node = recurrent(g, c->op, lstm ? 8 : 6, in);
    with_int(g, "hidden_size", c->hidden);
    with_text(g, "direction", c->direction);
    if (c->batch_first) with_int(g, "layout", 1);
    if (c->option) with_int(g, lstm ? "input_forget" : "linear_before_reset", 1);
    if (c->clip > 0) assert_ok(hone_node_set_float(g, node, "clip", c->clip, NULL));
    check_model(model_of(g), CLOSE);
}

static void recurrent_operators_in_every_direction_and_layout(void **state) {
    (void)state;
    static const char *const directions[] = {"forward", "reverse", "bidirectional"};
    static const hone_op ops[] = {HONE_OP_RNN, HONE_OP_GRU, HONE_OP_LSTM};
    for (size_t op = 0; op < 3; op++)
        for (int i = 0; i < 12; i++)
            check_recurrent(&(recurrent_case){.op = ops[op],
                                              .steps = 5,
                                              .batch = 1 + i % 5,
                                              .width = 6,
                                              .hidden = 9 + 8 * i,
                                              .direction = directions[i % 3],
                                              .batch_first = i & 1,
                                              .state = i & 2});
}

static void recurrent_operators_with_every_option(void **state) {
    (void)state;
    static const char *const directions[] = {"forward", "bidirectional"};
    for (int i = 0; i < 32; i++)
        for (size_t op = 0; op < 2; op++)
            check_recurrent(&(recurrent_case){.op = op ? HONE_OP_GRU : HONE_OP_LSTM,
                                              .steps = 4,
                                              .batch = 4,
                                              .width = 3,
                                              .hidden = 10,
                                              .direction = directions[i & 1],
                                              .state = i & 2,
                                              .peephole = i & 4,
                                              .lengths = i & 8,
                                              .option = i & 16,
                                              .clip = i & 1 ? 0.6f : 0});
}

/* Two names; the attribute borrows them. */
static void set_activations(hone_graph *g, hone_node *node, const hone_text_ref *names) {
    hone_attr attr = {.name = "activations", .kind = HONE_ATTR_STRINGS, .count = 2};
    attr.as.strings = names;
    assert_ok(hone_node_put_attr(g, node, &attr, NULL));
}

/* Activations with parameters, and one that the fast path leaves to the reference. */
static void recurrent_operators_with_other_activations(void **state) {
    (void)state;
    static const hone_text_ref names[][2] = {
        {{"HardSigmoid", 11}, {"Softsign", 8}},   {{"Sigmoid", 7}, {"ScaledTanh", 10}},
        {{"Affine", 6}, {"LeakyRelu", 9}},        {{"Sigmoid", 7}, {"Elu", 3}},
        {{"Softplus", 8}, {"Tanh", 4}},           {{"sigmoid", 7}, {"RELU", 4}},
        {{"Sigmoid", 7}, {"ThresholdedRelu", 15}}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        hone_graph *g = new_graph();
        hone_value *in[3] = {input(g, "x", HONE_F32, LIST(4, 2, 5)),
                             weights(g, 0.2f, 1, LIST(1, 30, 5)),
                             weights(g, 0.2f, 2, LIST(1, 30, 10))};
        hone_node *node = recurrent(g, HONE_OP_GRU, 3, in);
        with_int(g, "hidden_size", 10);
        set_activations(g, node, names[i]);
        check_model(model_of(g), CLOSE);
    }
}

static void a_sequence_longer_than_the_steps_is_an_error(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *in[5] = {input(g, "x", HONE_F32, LIST(3, 1, 2)), weights(g, 1, 1, LIST(1, 4, 2)),
                         weights(g, 1, 2, LIST(1, 4, 4)), NULL,
                         input(g, "lengths", HONE_S32, LIST(1))};
    recurrent(g, HONE_OP_RNN, 5, in);
    with_int(g, "hidden_size", 4);
    hone_model *model = model_of(g);
    hone_session *session = session_of(model, NULL);
    hone_tensor inputs[2] = {{0}}, outputs[2] = {{0}};
    make_inputs(session, inputs);
    hone_error error = {0};
    *(int32_t *)inputs[1].data = 4;
    assert_int_equal(hone_session_run(session, inputs, outputs, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "a sequence of length 4"));
    *(int32_t *)inputs[1].data = 3;
    assert_ok_or(hone_session_run(session, inputs, outputs, &error), error);
    free_all(inputs, 2);
    hone_session_free(session);
    hone_model_free(model);
}

static hone_value *scalar(hone_graph *g, float number) {
    return constant(g, HONE_F32, &number, SCALAR);
}

static hone_value *transpose(hone_graph *g, hone_value *x, uint32_t rank, const int64_t *perm) {
    hone_value *y = apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", rank, perm);
    return y;
}

static void products_of_computed_operands_of_every_rank(void **state) {
    (void)state;
    static const struct {
        uint32_t a_rank;
        int64_t a[4];
        uint32_t b_rank;
        int64_t b[4];
    } cases[] = {
        {2, {5, 7}, 2, {7, 9}},
        {1, {7}, 2, {7, 9}},
        {2, {5, 7}, 1, {7}},
        {1, {7}, 1, {7}},
        {3, {2, 5, 7}, 2, {7, 33}},
        {3, {2, 5, 7}, 3, {1, 7, 9}},
        {4, {2, 3, 5, 7}, 4, {2, 3, 7, 4}},
        {4, {2, 1, 5, 7}, 4, {1, 3, 7, 20}},
        {2, {5, 7}, 4, {2, 3, 7, 4}},
        {3, {3, 1, 7}, 1, {7}},
        {4, {2, 3, 1, 7}, 3, {3, 7, 1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int fixed = 0; fixed < 2; fixed++) {
            hone_graph *g = new_graph();
            hone_value *a = input(g, "a", HONE_F32, cases[i].a_rank, cases[i].a);
            hone_value *b = fixed ? weights(g, 1, 3, cases[i].b_rank, cases[i].b)
                                  : input(g, "b", HONE_F32, cases[i].b_rank, cases[i].b);
            output(g, apply(g, HONE_OP_MatMul, INPUTS(a, b)));
            check_model(model_of(g), CLOSE);
        }
}

/* Attention as frameworks export it: heads are split by Reshape and Transpose. */
static void products_read_transposed_heads_where_they_lie(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *split = ints(g, LIST(2, 11, 3, 8)), *heads[3];
    for (int i = 0; i < 3; i++) {
        hone_value *x = input(g, (const char *[]){"q", "k", "v"}[i], HONE_F32, LIST(2, 11, 24));
        x = apply(g, HONE_OP_Reshape, INPUTS(x, split));
        heads[i] = i == 1 ? transpose(g, x, LIST(0, 2, 3, 1)) : transpose(g, x, LIST(0, 2, 1, 3));
    }
    hone_value *scores = apply(g, HONE_OP_MatMul, INPUTS(heads[0], heads[1]));
    scores = apply(g, HONE_OP_Mul, INPUTS(scores, weights(g, 0.3f, 1, LIST(1))));
    hone_value *y =
        apply(g, HONE_OP_MatMul, INPUTS(apply(g, HONE_OP_Softmax, INPUTS(scores)), heads[2]));
    y = apply(g, HONE_OP_Reshape,
              INPUTS(transpose(g, y, LIST(0, 2, 1, 3)), ints(g, LIST(2, 11, 24))));
    output(g, y);
    check_model(model_of(g), CLOSE);
}

static void general_products_of_computed_operands(void **state) {
    (void)state;
    static const int64_t addends[][2] = {{1, 9}, {5, 9}, {5, 1}, {1, 1}};
    for (int i = 0; i < 32; i++) {
        hone_graph *g = new_graph();
        hone_value *a =
            i & 1 ? input(g, "a", HONE_F32, LIST(7, 5)) : input(g, "a", HONE_F32, LIST(5, 7));
        hone_value *b =
            i & 2 ? input(g, "b", HONE_F32, LIST(9, 7)) : input(g, "b", HONE_F32, LIST(7, 9));
        hone_value *c = input(g, "c", HONE_F32, 2, addends[i / 8]);
        output(g, apply(g, HONE_OP_Gemm, INPUTS(a, b, c)));
        with_int(g, "transA", i & 1);
        with_int(g, "transB", i >> 1 & 1);
        if (i & 4) assert_ok(hone_node_set_float(g, g->last_node, "alpha", 0.7f, NULL));
        if (i % 5 == 0) assert_ok(hone_node_set_float(g, g->last_node, "beta", 0.3f, NULL));
        check_model(model_of(g), CLOSE);
    }
}

/* A value that is held channels last. */
static hone_value *pixels(hone_graph *g, hone_value *x, int64_t channels) {
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 0.4f, 8, LIST(channels, 3, 3, 3))));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    return y;
}

static void reductions_over_any_axes_of_any_layout(void **state) {
    (void)state;
    static const hone_op ops[] = {HONE_OP_ReduceSum,      HONE_OP_ReduceMean, HONE_OP_ReduceMax,
                                  HONE_OP_ReduceMin,      HONE_OP_ReduceL1,   HONE_OP_ReduceL2,
                                  HONE_OP_ReduceSumSquare};
    for (int64_t mask = 1; mask < 16; mask++)
        for (int layout = 0; layout < 3; layout++) {
            hone_graph *g = new_graph();
            hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 7, 10));
            if (layout == 1) x = pixels(g, x, 21);
            if (layout == 2) x = transpose(g, x, LIST(2, 0, 3, 1));
            int64_t axes[4];
            uint32_t count = 0;
            for (int64_t i = 0; i < 4; i++)
                if (mask >> i & 1) axes[count] = count % 2 ? i - 4 : i, count++;
            hone_op op = ops[(mask + 2 * layout) % 7];
            hone_value *y = apply(g, op, INPUTS(x, ints(g, count, axes)));
            with_int(g, "keepdims", mask & 1);
            output(g, y);
            check_model(model_of(g), CLOSE);
        }
}

static void softmax_along_any_axis_of_any_layout(void **state) {
    (void)state;
    for (int64_t axis = -4; axis < 4; axis++)
        for (int layout = 0; layout < 4; layout++) {
            hone_graph *g = new_graph();
            hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 7, 35));
            if (layout & 1) x = pixels(g, x, 19);
            output(g, apply(g, layout & 2 ? HONE_OP_LogSoftmax : HONE_OP_Softmax, INPUTS(x)));
            with_int(g, "axis", axis);
            check_model(model_of(g), CLOSE);
        }
}

static void layer_and_rms_norms(void **state) {
    (void)state;
    for (int64_t axis = 0; axis < 3; axis++)
        for (int kind = 0; kind < 6; kind++) {
            static const int64_t dims[] = {4, 9, 37};
            uint32_t rank = (uint32_t)(3 - axis);
            hone_graph *g = new_graph();
            hone_value *x = input(g, "x", HONE_F32, LIST(4, 9, 37));
            hone_value *scale = kind & 1 ? weights(g, 1, 2, rank, dims + axis)
                                         : input(g, "scale", HONE_F32, rank, dims + axis);
            if (kind == 5) scale = weights(g, 1, 2, LIST(37)); /* broadcast over the run */
            if (kind < 2)
                output(g, apply(g, HONE_OP_RMSNormalization, INPUTS(x, scale)));
            else
                output(g, apply(g, HONE_OP_LayerNormalization,
                                INPUTS(x, scale, weights(g, 1, 3, rank, dims + axis))));
            with_int(g, "axis", axis);
            assert_ok(hone_node_set_float(g, g->last_node, "epsilon", 0.01f, NULL));
            check_model(model_of(g), CLOSE);
        }
}

static void instance_and_group_norms_of_pixels_and_planes(void **state) {
    (void)state;
    for (int64_t groups = 0; groups < 13; groups++)
        for (int layout = 0; layout < 2; layout++) {
            if (groups && 36 % groups) continue;
            hone_graph *g = new_graph();
            hone_value *x = layout ? pixels(g, input(g, "x", HONE_F32, LIST(2, 3, 9, 8)), 36)
                                   : input(g, "x", HONE_F32, LIST(2, 36, 5, 7));
            hone_op op = groups ? HONE_OP_GroupNormalization : HONE_OP_InstanceNormalization;
            output(g,
                   apply(g, op, INPUTS(x, weights(g, 1, 2, LIST(36)), weights(g, 1, 3, LIST(36)))));
            if (groups) with_int(g, "num_groups", groups);
            check_model(model_of(g), CLOSE);
        }
}

typedef struct attention_case {
    int64_t heads, kv_heads, queries, keys, past, size;
    bool flat, causal, present;
    int mask; /* 0 none, 1 float, 2 bool, 3 bool of fewer dimensions */
} attention_case;

static hone_value *heads_input(hone_graph *g, const char *name, bool flat, int64_t heads,
                               int64_t length, int64_t size) {
    if (flat) return input(g, name, HONE_F32, LIST(2, length, heads * size));
    return input(g, name, HONE_F32, LIST(2, heads, length, size));
}

static hone_value *attention_mask(hone_graph *g, const attention_case *c) {
    int64_t total = c->keys + c->past;
    uint8_t keep[4096];
    for (int64_t i = 0; c->mask > 1 && i < c->queries * total; i++)
        keep[i] = i % total == 0 || i * 7 % 5 > 1;
    switch (c->mask) {
    case 1:
        return weights(g, 2, 6, LIST(2, 1, c->queries, total));
    case 2:
        return constant(g, HONE_BOOL, keep, LIST(c->queries, total));
    case 3:
        return constant(g, HONE_BOOL, keep, LIST(total));
    default:
        return NULL;
    }
}

static void check_attention(const attention_case *c) {
    hone_graph *g = new_graph();
    hone_value *in[6] = {heads_input(g, "q", c->flat, c->heads, c->queries, c->size),
                         heads_input(g, "k", c->flat, c->kv_heads, c->keys, c->size),
                         heads_input(g, "v", c->flat, c->kv_heads, c->keys, c->size + 3),
                         attention_mask(g, c)};
    if (c->past) {
        in[4] = input(g, "pk", HONE_F32, LIST(2, c->kv_heads, c->past, c->size));
        in[5] = input(g, "pv", HONE_F32, LIST(2, c->kv_heads, c->past, c->size + 3));
    }
    hone_value *outputs[3] = {NULL};
    uint32_t wanted = c->present ? 3 : 1;
    for (uint32_t i = 0; i < wanted; i++)
        assert_ok(hone_graph_add_value(g, NULL, &outputs[i], NULL));
    assert_ok(
        hone_graph_add_node(g, HONE_OP_Attention, NULL, in, 6, outputs, wanted, NULL, NULL, NULL));
    for (uint32_t i = 0; i < wanted; i++) output(g, outputs[i]);
    if (c->flat) with_int(g, "q_num_heads", c->heads);
    if (c->flat) with_int(g, "kv_num_heads", c->kv_heads);
    with_int(g, "is_causal", c->causal);
    check_model(model_of(g), CLOSE);
}

static void attention_with_every_option(void **state) {
    (void)state;
    for (int i = 0; i < 64; i++)
        check_attention(&(attention_case){.heads = i & 1 ? 6 : 2,
                                          .kv_heads = 2,
                                          .queries = (int64_t[]){1, 3, 7, 50}[i % 4],
                                          .keys = (int64_t[]){9, 3, 7, 50}[i % 4],
                                          .past = i & 32 ? 5 : 0,
                                          .size = 8 + i % 3,
                                          .flat = i & 4,
                                          .causal = i & 8,
                                          .present = i & 16,
                                          .mask = i / 3 % 4});
}

/* More scores than a task holds at once. */
static void attention_over_many_keys(void **state) {
    (void)state;
    check_attention(
        &(attention_case){.heads = 2, .kv_heads = 1, .queries = 61, .keys = 2400, .size = 16});
    check_attention(&(attention_case){
        .heads = 1, .kv_heads = 1, .queries = 150, .keys = 150, .size = 5, .causal = true});
}

static void activations_of_sequence_models(void **state) {
    (void)state;
    for (int kind = 0; kind < 12; kind++) {
        hone_graph *g = new_graph();
        hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 7, 9));
        float two = kind == 10 ? 2 : 3;
        if (kind & 1) x = pixels(g, x, 5);
        int64_t channels = kind & 1 ? 5 : 3;
        hone_value *y = NULL;
        if (kind < 4)
            y = apply(g, HONE_OP_PRelu, INPUTS(x, weights(g, 1, 2, LIST(channels, 1, 1))));
        else if (kind < 6)
            y = apply(g, HONE_OP_ThresholdedRelu, INPUTS(x));
        else if (kind < 8)
            y = apply(g, HONE_OP_Swish, INPUTS(x));
        else if (kind < 10)
            y = apply(g, HONE_OP_Gelu, INPUTS(x));
        else
            y = apply(g, HONE_OP_Pow, INPUTS(x, scalar(g, two)));
        if (kind == 8) with_text(g, "approximate", "tanh");
        if (kind == 4) assert_ok(hone_node_set_float(g, g->last_node, "alpha", 0.3f, NULL));
        output(g, y);
        check_model(model_of(g), CLOSE);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recurrent_operators_in_every_direction_and_layout),
        cmocka_unit_test(recurrent_operators_with_every_option),
        cmocka_unit_test(recurrent_operators_with_other_activations),
        cmocka_unit_test(a_sequence_longer_than_the_steps_is_an_error),
        cmocka_unit_test(products_of_computed_operands_of_every_rank),
        cmocka_unit_test(products_read_transposed_heads_where_they_lie),
        cmocka_unit_test(general_products_of_computed_operands),
        cmocka_unit_test(reductions_over_any_axes_of_any_layout),
        cmocka_unit_test(softmax_along_any_axis_of_any_layout),
        cmocka_unit_test(layer_and_rms_norms),
        cmocka_unit_test(instance_and_group_norms_of_pixels_and_planes),
        cmocka_unit_test(activations_of_sequence_models),
        cmocka_unit_test(attention_with_every_option),
        cmocka_unit_test(attention_over_many_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
