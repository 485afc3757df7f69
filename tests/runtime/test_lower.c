/* SPDX-License-Identifier: Apache-2.0 */
/* Lowered float graphs against the references, on every tier, with threads, and keeping all. */
#include "runtime/oracle.h"

#define CLOSE 2e-6

static hone_value *conv(hone_graph *g, hone_value *x, int64_t in, int64_t out, int64_t kernel,
                        int64_t stride, int64_t groups, bool bias) {
    hone_value *w =
        weights(g, 0.5f, (uint64_t)(in + 3 * out), LIST(out, in / groups, kernel, kernel));
    hone_value *y = bias ? apply(g, HONE_OP_Conv, INPUTS(x, w, weights(g, 1, 5, LIST(out))))
                         : apply(g, HONE_OP_Conv, INPUTS(x, w));
    with_int(g, "group", groups);
    with_ints(g, "strides", LIST(stride, stride));
    with_ints(g, "pads", LIST(kernel / 2, kernel / 2, kernel / 2, kernel / 2));
    return y;
}

static hone_value *relu(hone_graph *g, hone_value *x) {
    return apply(g, HONE_OP_Relu, INPUTS(x));
}

static hone_value *scalar(hone_graph *g, float number) {
    return constant(g, HONE_F32, &number, SCALAR);
}

static hone_value *image(hone_graph *g, int64_t n, int64_t c, int64_t h, int64_t w) {
    return input(g, "x", HONE_F32, LIST(n, c, h, w));
}

static void convolutions_with_clamps_and_residuals(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = image(g, 2, 3, 13, 11);
    hone_value *a = relu(g, conv(g, x, 3, 20, 3, 2, 1, true));
    hone_value *b = conv(g, relu(g, conv(g, a, 20, 20, 3, 1, 20, true)), 20, 20, 1, 1, 1, false);
    hone_value *sum = relu(g, apply(g, HONE_OP_Add, INPUTS(a, b)));
    hone_value *c = conv(g, sum, 20, 24, 3, 1, 4, true);
    output(g, apply(g, HONE_OP_Clip, INPUTS(c, scalar(g, -0.5f), scalar(g, 6))));
    check_model(model_of(g), CLOSE);
}

static void two_convolutions_may_be_each_others_residual(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = image(g, 1, 8, 9, 7);
    hone_value *a = conv(g, x, 8, 16, 1, 2, 1, true), *b = conv(g, x, 8, 16, 3, 2, 1, true);
    output(g, relu(g, apply(g, HONE_OP_Add, INPUTS(a, b))));
    check_model(model_of(g), CLOSE);
}

static void a_convolution_whose_own_input_is_the_residual(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, conv(g, image(g, 1, 4, 6, 6), 4, 16, 3, 1, 1, true));
    hone_value *y = conv(g, x, 16, 16, 1, 1, 1, true);
    output(g, apply(g, HONE_OP_Add, INPUTS(y, x)));
    check_model(model_of(g), CLOSE);
}

/* 460 kB in between: more than the cache would keep, so that the steps are joined. */
static void blocks_of_wide_and_narrow_values_with_residuals(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 2, 3, 40, 40), 3, 16, 3, 1, 1, true);
    hone_value *wide = relu(g, conv(g, x, 16, 72, 1, 1, 1, true));
    hone_value *deep = relu(g, conv(g, wide, 72, 72, 3, 1, 72, true));
    hone_value *y = apply(g, HONE_OP_Add, INPUTS(conv(g, deep, 72, 16, 1, 1, 1, true), x));
    hone_value *large = relu(g, conv(g, y, 16, 75, 1, 1, 1, false));
    output(g, relu(g, conv(g, large, 75, 75, 5, 2, 75, true)));
    check_model(model_of(g), CLOSE);
}

static void depthwise_convolutions_before_a_product(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, conv(g, image(g, 1, 3, 37, 45), 3, 64, 3, 1, 1, true));
    hone_value *y = conv(g, relu(g, conv(g, x, 64, 64, 5, 1, 64, true)), 64, 12, 1, 1, 1, true);
    output(g, relu(g, y));
    check_model(model_of(g), CLOSE);
}

static void a_wide_value_that_others_read_too(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *wide = relu(g, conv(g, image(g, 1, 8, 40, 40), 8, 72, 1, 1, 1, true));
    hone_value *deep = relu(g, conv(g, wide, 72, 72, 3, 1, 72, true));
    output(g, conv(g, deep, 72, 16, 1, 1, 1, true));
    output(g, apply(g, HONE_OP_GlobalAveragePool, INPUTS(wide)));
    output(g, apply(g, HONE_OP_GlobalAveragePool, INPUTS(deep)));
    check_model(model_of(g), CLOSE);
}

static void biases_that_stand_behind_as_adds(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *y = conv(g, image(g, 1, 1, 12, 12), 1, 8, 5, 1, 1, false);
    y = apply(g, HONE_OP_Add, INPUTS(y, weights(g, 1, 9, LIST(8, 1, 1))));
    y = apply(g, HONE_OP_Reshape, INPUTS(relu(g, y), ints(g, LIST(1, 1152))));
    y = apply(g, HONE_OP_MatMul, INPUTS(y, weights(g, 0.1f, 3, LIST(1152, 10))));
    output(g, apply(g, HONE_OP_Add, INPUTS(y, weights(g, 1, 4, LIST(1, 10)))));
    check_model(model_of(g), CLOSE);
}

static void concatenations_are_written_in_place_by_all_kinds_of_producers(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = image(g, 2, 6, 8, 8), *parts[6];
    hone_value *base = relu(g, conv(g, x, 6, 12, 3, 1, 1, true));
    parts[0] = apply(g, HONE_OP_Sigmoid, INPUTS(conv(g, base, 12, 1, 1, 1, 1, true)));
    parts[1] = conv(g, base, 12, 12, 3, 1, 12, true);
    parts[2] = apply(g, HONE_OP_MaxPool, INPUTS(base));
    with_ints(g, "kernel_shape", LIST(3, 3));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    parts[3] = base;
    parts[4] = apply(g, HONE_OP_Concat, INPUTS(x, conv(g, x, 6, 3, 1, 1, 1, true)));
    with_int(g, "axis", 1);
    parts[5] = apply(g, HONE_OP_Mul, INPUTS(base, scalar(g, 0.25f)));
    hone_value *joined = apply(g, HONE_OP_Concat, 6, parts);
    with_int(g, "axis", 1);
    output(g, conv(g, joined, 1 + 12 + 12 + 12 + 9 + 12, 5, 1, 1, 1, true));
    output(g, joined);
    check_model(model_of(g), CLOSE);
}

static hone_value *shuffle(hone_graph *g, hone_value *x, int64_t c, int64_t h, int64_t w) {
    x = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(1, 2, c / 2, h, w))));
    x = apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", LIST(0, 2, 1, 3, 4));
    return apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(1, c, h, w))));
}

static void channel_shuffles_and_splits(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, conv(g, image(g, 1, 3, 10, 6), 3, 16, 3, 1, 1, true));
    x = shuffle(g, x, 16, 10, 6);
    hone_value *low =
        apply(g, HONE_OP_Slice, INPUTS(x, ints(g, LIST(0)), ints(g, LIST(8)), ints(g, LIST(1))));
    hone_value *high =
        apply(g, HONE_OP_Slice, INPUTS(x, ints(g, LIST(8)), ints(g, LIST(99)), ints(g, LIST(1))));
    high = relu(g, conv(g, high, 8, 8, 3, 1, 8, true));
    hone_value *both = apply(g, HONE_OP_Concat, INPUTS(low, high));
    with_int(g, "axis", 1);
    output(g, conv(g, shuffle(g, both, 16, 10, 6), 16, 4, 1, 1, 1, true));
    output(g, apply(g, HONE_OP_Slice,
                    INPUTS(x, ints(g, LIST(-1, 4)), ints(g, LIST(-100, 0)), ints(g, LIST(2, 3)),
                           ints(g, LIST(-2, -1)))));
    check_model(model_of(g), CLOSE);
}

static void gathers_of_one_index_and_of_even_steps(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 1, 3, 5, 5), 3, 8, 3, 1, 1, true);
    hone_value *pairs = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(4, 2, 25))));
    pairs = apply(g, HONE_OP_Transpose, INPUTS(pairs));
    with_ints(g, "perm", LIST(1, 0, 2));
    output(g, apply(g, HONE_OP_Gather, INPUTS(pairs, one_int(g, 1))));
    output(g, apply(g, HONE_OP_Gather, INPUTS(x, ints(g, LIST(7, 4, 1)))));
    with_int(g, "axis", 1);
    output(g, apply(g, HONE_OP_Gather, INPUTS(x, ints(g, LIST(0, 3, 1)))));
    with_int(g, "axis", 1);
    check_model(model_of(g), CLOSE);
}

static void squeeze_and_excite_gates_broadcast_over_the_image(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 2, 3, 7, 9), 3, 16, 3, 1, 1, true);
    hone_value *mean = apply(g, HONE_OP_GlobalAveragePool, INPUTS(x));
    hone_value *gate = relu(g, conv(g, mean, 16, 4, 1, 1, 1, true));
    gate = apply(g, HONE_OP_HardSigmoid, INPUTS(conv(g, gate, 4, 16, 1, 1, 1, true)));
    output(g, apply(g, HONE_OP_Mul, INPUTS(gate, x)));
    check_model(model_of(g), CLOSE);
}

static void broadcasts_of_every_shape(void **state) {
    (void)state;
    static const struct {
        uint32_t rank;
        int64_t dims[4];
    } shapes[] = {{0, {0}},          {1, {5}},          {1, {1}},          {2, {4, 5}},
                  {2, {4, 1}},       {3, {6, 1, 1}},    {3, {1, 4, 5}},    {4, {1, 6, 4, 5}},
                  {4, {2, 1, 1, 1}}, {4, {2, 1, 4, 5}}, {4, {2, 6, 1, 5}}, {4, {2, 6, 4, 5}}};
    static const hone_op ops[] = {HONE_OP_Add, HONE_OP_Sub, HONE_OP_Mul, HONE_OP_Max};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        hone_graph *g = new_graph();
        hone_value *x = conv(g, image(g, 2, 3, 4, 5), 3, 6, 3, 1, 1, true);
        hone_value *y = input(g, "y", HONE_F32, shapes[s].rank, shapes[s].dims);
        hone_value *c = weights(g, 1, s, shapes[s].rank, shapes[s].dims);
        for (size_t i = 0; i < 4; i++) {
            output(g, apply(g, ops[i], INPUTS(x, y)));
            output(g, apply(g, ops[i], INPUTS(c, x)));
        }
        check_model(model_of(g), CLOSE);
    }
}

static void activations_alone_and_as_gates(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 1, 3, 6, 7), 3, 9, 3, 1, 1, true), *y = x;
    y = apply(g, HONE_OP_Mul, INPUTS(y, apply(g, HONE_OP_Sigmoid, INPUTS(y))));
    hone_value *hard = apply(g, HONE_OP_HardSigmoid, INPUTS(y));
    assert_ok(hone_node_set_float(g, g->last_node, "alpha", 1.0f / 6, NULL));
    y = apply(g, HONE_OP_Mul, INPUTS(hard, y));
    y = apply(g, HONE_OP_HardSwish, INPUTS(y));
    y = apply(g, HONE_OP_LeakyRelu, INPUTS(y));
    y = apply(g, HONE_OP_Elu, INPUTS(apply(g, HONE_OP_Tanh, INPUTS(y))));
    y = apply(g, HONE_OP_Exp, INPUTS(apply(g, HONE_OP_Neg, INPUTS(y))));
    y = apply(g, HONE_OP_Sqrt, INPUTS(apply(g, HONE_OP_Abs, INPUTS(y))));
    y = apply(g, HONE_OP_Gelu, INPUTS(apply(g, HONE_OP_Reciprocal, INPUTS(y))));
    output(g, apply(g, HONE_OP_Erf, INPUTS(apply(g, HONE_OP_Softplus, INPUTS(y)))));
    check_model(model_of(g), 1e-5);
}

static void batch_norms_that_nobody_folded(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 2, 3, 6, 7), 3, 9, 3, 1, 1, true);
    float spread[9];
    for (int i = 0; i < 9; i++) spread[i] = 0.1f + (float)i;
    hone_value *variance = constant(g, HONE_F32, spread, LIST(9));
    hone_value *y = apply(g, HONE_OP_BatchNormalization,
                          INPUTS(x, weights(g, 1, 1, LIST(9)), weights(g, 1, 2, LIST(9)),
                                 weights(g, 1, 3, LIST(9)), variance));
    output(g, relu(g, y));
    check_model(model_of(g), CLOSE);
}

static void pools_of_every_kind(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 2, 3, 11, 9), 3, 10, 3, 1, 1, true);
    output(g, apply(g, HONE_OP_MaxPool, INPUTS(x)));
    with_ints(g, "kernel_shape", LIST(3, 3));
    with_ints(g, "strides", LIST(2, 2));
    with_int(g, "ceil_mode", 1);
    hone_value *average = apply(g, HONE_OP_AveragePool, INPUTS(x));
    with_ints(g, "kernel_shape", LIST(3, 2));
    with_ints(g, "pads", LIST(1, 0, 1, 1));
    with_int(g, "count_include_pad", 1);
    output(g, average);
    output(g, apply(g, HONE_OP_GlobalMaxPool, INPUTS(average)));
    output(g, apply(g, HONE_OP_ReduceMean, INPUTS(x, ints(g, LIST(-1, 2)))));
    with_int(g, "keepdims", 0);
    output(g, apply(g, HONE_OP_ReduceMean, INPUTS(x, ints(g, LIST(1)))));
    check_model(model_of(g), CLOSE);
}

static void resizes_of_both_kinds(void **state) {
    (void)state;
    static const char *const modes[] = {"half_pixel", "pytorch_half_pixel", "align_corners",
                                        "asymmetric"};
    for (int i = 0; i < 4; i++) {
        hone_graph *g = new_graph();
        hone_value *x = conv(g, image(g, 1, 3, 5, 7), 3, 6, 3, 1, 1, true), *none = NULL;
        hone_value *sizes = ints(g, LIST(1, 6, 9, 20));
        const float factors[4] = {1, 1, 2, 1.5f};
        hone_value *scales = constant(g, HONE_F32, factors, LIST(4));
        output(g, apply(g, HONE_OP_Resize, INPUTS(x, none, none, sizes)));
        with_text(g, "coordinate_transformation_mode", modes[i]);
        output(g, apply(g, HONE_OP_Resize, INPUTS(x, none, scales)));
        with_text(g, "coordinate_transformation_mode", modes[i]);
        with_text(g, "nearest_mode", "floor");
        output(g, apply(g, HONE_OP_Resize, INPUTS(x, none, none, sizes)));
        with_text(g, "coordinate_transformation_mode", modes[i]);
        with_text(g, "mode", "linear");
        output(g, apply(g, HONE_OP_Resize, INPUTS(x, none, scales)));
        with_text(g, "coordinate_transformation_mode", modes[i]);
        with_text(g, "mode", "linear");
        check_model(model_of(g), 1e-5);
    }
}

static void heads_that_turn_images_into_rows(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 1, 3, 6, 8), 3, 12, 3, 1, 1, true);
    hone_value *rows = apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", LIST(0, 2, 3, 1));
    rows = apply(g, HONE_OP_Reshape, INPUTS(rows, ints(g, LIST(1, -1, 4))));
    output(g, apply(g, HONE_OP_Softmax, INPUTS(rows)));
    with_int(g, "axis", 2);
    output(g, apply(g, HONE_OP_Softmax, INPUTS(x)));
    with_int(g, "axis", 1);
    hone_value *both = apply(g, HONE_OP_Concat, INPUTS(rows, rows));
    with_int(g, "axis", 1);
    output(g, both);
    hone_value *flat = apply(g, HONE_OP_Flatten, INPUTS(x));
    hone_value *w = weights(g, 0.1f, 8, LIST(7, 576));
    flat = apply(g, HONE_OP_Gemm, INPUTS(flat, w, weights(g, 1, 2, LIST(7))));
    with_int(g, "transB", 1);
    output(g, relu(g, flat));
    check_model(model_of(g), CLOSE);
}

static void zero_padding_becomes_the_convolutions_own(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, image(g, 1, 3, 8, 8));
    hone_value *padded = apply(g, HONE_OP_Pad, INPUTS(x, ints(g, LIST(0, 0, 0, 1, 0, 0, 2, 1))));
    output(g, conv(g, padded, 3, 5, 3, 2, 1, true));
    output(g, apply(g, HONE_OP_Neg, INPUTS(padded)));
    check_model(model_of(g), CLOSE);
}

static void zero_padding_before_an_average_counts(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, image(g, 1, 3, 8, 9));
    hone_value *padded = apply(g, HONE_OP_Pad, INPUTS(x, ints(g, LIST(0, 0, 1, 1, 0, 0, 2, 1))));
    for (int64_t own = 0; own < 2; own++) {
        output(g, apply(g, HONE_OP_AveragePool, INPUTS(padded)));
        with_ints(g, "kernel_shape", LIST(3, 3));
        with_ints(g, "strides", LIST(2, 1));
        with_ints(g, "pads", LIST(own, own, 0, own));
    }
    check_model(model_of(g), CLOSE);
}

static void borders_of_any_constant_in_any_dimension(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = relu(g, conv(g, image(g, 1, 3, 5, 6), 3, 4, 3, 1, 1, true));
    hone_value *low = scalar(g, -2.5f);
    output(g, apply(g, HONE_OP_Pad, INPUTS(x, ints(g, LIST(1, 2, 0, 1, 0, 1, 3, 0)), low)));
    hone_value *rows = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(8, 15))));
    output(g, apply(g, HONE_OP_Pad, INPUTS(rows, ints(g, LIST(0, 2, 1, 0)))));
    check_model(model_of(g), CLOSE);
}

static void sequences_are_images_of_height_one(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 4, 30));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 0.5f, 1, LIST(6, 4, 5))));
    with_ints(g, "dilations", LIST(2));
    y = apply(g, HONE_OP_MaxPool, INPUTS(relu(g, y)));
    with_ints(g, "kernel_shape", LIST(2));
    with_ints(g, "strides", LIST(2));
    output(g, y);
    check_model(model_of(g), CLOSE);
}

static void outputs_that_are_inputs_constants_or_views(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = image(g, 1, 2, 3, 4);
    output(g, x);
    output(g, weights(g, 1, 1, LIST(3)));
    output(g, apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(6, 4)))));
    output(g, apply(g, HONE_OP_Transpose, INPUTS(x)));
    output(g, apply(g, HONE_OP_Identity, INPUTS(relu(g, x))));
    check_model(model_of(g), 0);
}

static void tensors_without_elements(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(0, 3, 4, 4));
    output(g, relu(g, conv(g, x, 3, 5, 3, 1, 1, true)));
    output(g, apply(g, HONE_OP_Add, INPUTS(x, scalar(g, 1))));
    output(g, apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(0, 48)))));
    check_model(model_of(g), 0);
}

static void what_has_no_kernel_runs_on_its_reference(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = conv(g, image(g, 1, 3, 6, 6), 3, 8, 3, 1, 1, true);
    hone_value *y = apply(g, HONE_OP_DepthToSpace, INPUTS(x));
    with_int(g, "blocksize", 2);
    output(g, conv(g, y, 2, 4, 3, 1, 1, true));
    hone_model *model = model_of(g);
    hone_session *session = session_of(model, NULL);
    bool shown = false;
    for (uint32_t i = 0; i < hone_session_layers(session); i++) {
        hone_layer_profile layer;
        assert_ok(hone_session_layer(session, i, &layer));
        if (!strcmp(layer.op, "DepthToSpace")) shown = !strcmp(layer.kernel, "reference");
    }
    assert_true(shown);
    hone_session_free(session);
    check_model(model, CLOSE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_with_clamps_and_residuals),
        cmocka_unit_test(two_convolutions_may_be_each_others_residual),
        cmocka_unit_test(a_convolution_whose_own_input_is_the_residual),
        cmocka_unit_test(blocks_of_wide_and_narrow_values_with_residuals),
        cmocka_unit_test(depthwise_convolutions_before_a_product),
        cmocka_unit_test(a_wide_value_that_others_read_too),
        cmocka_unit_test(biases_that_stand_behind_as_adds),
        cmocka_unit_test(concatenations_are_written_in_place_by_all_kinds_of_producers),
        cmocka_unit_test(channel_shuffles_and_splits),
        cmocka_unit_test(gathers_of_one_index_and_of_even_steps),
        cmocka_unit_test(squeeze_and_excite_gates_broadcast_over_the_image),
        cmocka_unit_test(broadcasts_of_every_shape),
        cmocka_unit_test(activations_alone_and_as_gates),
        cmocka_unit_test(batch_norms_that_nobody_folded),
        cmocka_unit_test(pools_of_every_kind),
        cmocka_unit_test(resizes_of_both_kinds),
        cmocka_unit_test(heads_that_turn_images_into_rows),
        cmocka_unit_test(zero_padding_becomes_the_convolutions_own),
        cmocka_unit_test(zero_padding_before_an_average_counts),
        cmocka_unit_test(borders_of_any_constant_in_any_dimension),
        cmocka_unit_test(sequences_are_images_of_height_one),
        cmocka_unit_test(outputs_that_are_inputs_constants_or_views),
        cmocka_unit_test(tensors_without_elements),
        cmocka_unit_test(what_has_no_kernel_runs_on_its_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
