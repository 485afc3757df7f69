/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized graphs: the integer program against the same graph run node by node on the references,
 * and the same bits on every tier and number of threads. */
#include "runtime/oracle.h"

/* Parameters of activations: u8 or s8. */
typedef struct scheme {
    hone_dtype dtype;
    float scale;
    int zero;
} scheme;

static hone_value *number(hone_graph *g, float value) {
    return constant(g, HONE_F32, &value, SCALAR);
}

static hone_value *zero_point(hone_graph *g, hone_dtype dtype, int zero) {
    uint8_t bits = (uint8_t)zero;
    return constant(g, dtype, &bits, SCALAR);
}

static hone_value *quantize(hone_graph *g, hone_value *x, scheme s) {
    return apply(g, HONE_OP_QuantizeLinear,
                 INPUTS(x, number(g, s.scale), zero_point(g, s.dtype, s.zero)));
}

static hone_value *dequantize(hone_graph *g, hone_value *q, scheme s) {
    return apply(g, HONE_OP_DequantizeLinear,
                 INPUTS(q, number(g, s.scale), zero_point(g, s.dtype, s.zero)));
}

/* Rounded: through bytes and back. */
static hone_value *rounded(hone_graph *g, hone_value *x, scheme s) {
    return dequantize(g, quantize(g, x, s), s);
}

static hone_value *random_bytes(hone_graph *g, hone_dtype dtype, uint64_t seed, uint32_t rank,
                                const int64_t *dims) {
    hone_value *value = constant(g, dtype, NULL, rank, dims);
    hone_rng rng;
    hone__rng_seed(&rng, seed, 3);
    uint8_t *data = (uint8_t *)(uintptr_t)value->data; /* still being built */
    for (size_t i = 0; i < value->bytes; i++) data[i] = (uint8_t)hone__rng_below(&rng, 256);
    return value;
}

/* int8 weights a channel: [out, in, k, k] along axis 0. */
static hone_value *int8_weights(hone_graph *g, int64_t out, int64_t in, int64_t kernel) {
    hone_value *q =
        random_bytes(g, HONE_S8, (uint64_t)(out * 31 + in), LIST(out, in, kernel, kernel));
    hone_value *scale = constant(g, HONE_F32, NULL, LIST(out));
    float *scales = (float *)(uintptr_t)scale->data;
    for (int64_t i = 0; i < out; i++) scales[i] = 0.002f + 0.0001f * (float)(i % 7);
    hone_value *w =
        apply(g, HONE_OP_DequantizeLinear, INPUTS(q, scale, constant(g, HONE_S8, NULL, LIST(out))));
    with_int(g, "axis", 0);
    return w;
}

static hone_value *int32_bias(hone_graph *g, int64_t out, float input_scale) {
    hone_value *q = constant(g, HONE_S32, NULL, LIST(out));
    hone_value *scale = constant(g, HONE_F32, NULL, LIST(out));
    for (int64_t i = 0; i < out; i++) {
        ((int32_t *)(uintptr_t)q->data)[i] = (int32_t)(i * 37 % 400) - 200;
        ((float *)(uintptr_t)scale->data)[i] = input_scale * (0.002f + 0.0001f * (float)(i % 7));
    }
    hone_value *bias = apply(g, HONE_OP_DequantizeLinear, INPUTS(q, scale));
    with_int(g, "axis", 0);
    return bias;
}

static hone_value *conv(hone_graph *g, hone_value *x, float input_scale, int64_t in, int64_t out,
                        int64_t kernel, int64_t stride, int64_t groups) {
    hone_value *w = int8_weights(g, out, in / groups, kernel);
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, w, int32_bias(g, out, input_scale)));
    with_int(g, "group", groups);
    with_ints(g, "strides", LIST(stride, stride));
    with_ints(g, "pads", LIST(kernel / 2, kernel / 2, kernel / 2, kernel / 2));
    return y;
}

static hone_value *relu(hone_graph *g, hone_value *x) {
    return apply(g, HONE_OP_Relu, INPUTS(x));
}

static void run_once(const hone_model *model, const hone_session_options *options,
                     hone_tensor *copy) {
    hone_error error = {0};
    hone_session *session = session_of(model, options);
    hone_tensor in[MOST_PORTS] = {{0}}, out[MOST_PORTS] = {{0}};
    make_inputs(session, in);
    assert_ok_or(hone_session_run(session, in, out, &error), error);
    for (uint32_t i = 0; i < hone_session_outputs(session); i++) {
        assert_ok(hone_tensor_new(out[i].dtype, &out[i].shape, &copy[i], NULL));
        memcpy(copy[i].data, out[i].data, copy[i].bytes);
    }
    free_all(in, hone_session_inputs(session));
    hone_session_free(session);
}

/* Steps of the output's scale (float outputs), or of the bytes themselves. */
static double steps_apart(const hone_tensor *a, const hone_tensor *b, float scale) {
    double apart = 0;
    for (size_t i = 0; i < a->bytes / (a->dtype == HONE_F32 ? 4 : 1); i++) {
        double d = a->dtype == HONE_F32
                       ? (((float *)a->data)[i] - ((float *)b->data)[i]) / (double)scale
                   : a->dtype == HONE_S8 ? ((int8_t *)a->data)[i] - ((int8_t *)b->data)[i]
                                         : ((uint8_t *)a->data)[i] - ((uint8_t *)b->data)[i];
        if (fabs(d) > apart) apart = fabs(d);
    }
    return apart;
}

/* Within one step of the references; the same bits however it is run. `kernels`: how many steps
 * must run on integer kernels. Frees the model. */
static void check_quantized(hone_graph *graph, float scale, uint32_t kernels) {
    static const hone_session_options ways[] = {{.threads = 1, .cpu = HONE_CPU_SCALAR},
                                                {.threads = 1},
                                                {.threads = 3},
                                                {.threads = 1, .cpu = HONE_CPU_AVX2}};
    hone_model *model = model_of(graph);
    hone_session *session = session_of(model, NULL);
    hone_tensor in[MOST_PORTS] = {{0}}, want[MOST_PORTS] = {{0}}, first[MOST_PORTS] = {{0}};
    uint32_t outputs = hone_session_outputs(session), integer = 0;
    make_inputs(session, in);
    oracle(model, in, want);
    for (uint32_t i = 0; i < hone_session_layers(session); i++) {
        hone_layer_profile layer;
        assert_ok(hone_session_layer(session, i, &layer));
        integer += strstr(layer.kernel, "u8") != NULL;
        assert_string_not_equal(layer.kernel, "reference");
    }
    if (integer < kernels) fail_msg("%u steps run in integers, not %u", integer, kernels);
    run_once(model, &ways[0], first);
    for (uint32_t i = 0; i < outputs; i++) {
        double apart = steps_apart(&first[i], &want[i], scale);
        if (apart > 1.001) fail_msg("output %u is %g steps apart", i, apart);
    }
    for (size_t way = 1; way < sizeof ways / sizeof *ways; way++) {
        hone_tensor other[MOST_PORTS] = {{0}};
        run_once(model, &ways[way], other);
        for (uint32_t i = 0; i < outputs; i++)
            assert_memory_equal(other[i].data, first[i].data, first[i].bytes);
        free_all(other, outputs);
    }
    hone_tensor kept[MOST_PORTS] = {{0}}; /* unfused, in float: a step more or less */
    run_once(model, &(hone_session_options){.keep_all = true}, kept);
    for (uint32_t i = 0; i < outputs; i++)
        assert_true(steps_apart(&kept[i], &want[i], scale) <= 1.001);
    free_all(kept, outputs);
    free_all(in, hone_session_inputs(session));
    free_all(want, outputs);
    free_all(first, outputs);
    hone_session_free(session);
    hone_model_free(model);
}

static const scheme u8 = {HONE_U8, 0.02f, 121}, positive = {HONE_U8, 0.015f, 0},
                    s8 = {HONE_S8, 0.02f, -7};

static void convolutions_of_unsigned_activations(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(2, 3, 13, 11)), u8);
    hone_value *y = rounded(g, relu(g, conv(g, x, u8.scale, 3, 20, 3, 2, 1)), positive);
    y = rounded(g, conv(g, y, positive.scale, 20, 20, 3, 1, 20), u8);
    output(g, quantize(g, conv(g, y, u8.scale, 20, 18, 1, 1, 2), u8));
    check_quantized(g, 1, 4);
}

static void convolutions_of_signed_activations(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = dequantize(g, input(g, "x", HONE_S8, LIST(1, 5, 9, 8)), s8);
    hone_value *y = rounded(g, relu(g, conv(g, x, s8.scale, 5, 16, 3, 1, 1)), s8);
    output(g, quantize(g, conv(g, y, s8.scale, 16, 16, 3, 2, 16), s8));
    check_quantized(g, 1, 2);
}

static void a_last_layer_may_end_in_float(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(1, 8, 6, 6)), u8);
    hone_value *y = rounded(g, apply(g, HONE_OP_GlobalAveragePool, INPUTS(x)), u8);
    y = rounded(g, apply(g, HONE_OP_Flatten, INPUTS(y)), u8);
    hone_value *q = random_bytes(g, HONE_S8, 4, LIST(10, 8));
    hone_value *w = dequantize(g, q, (scheme){HONE_S8, 0.01f, 0});
    hone_value *bias = weights(g, 1, 6, LIST(10));
    output(g, apply(g, HONE_OP_Gemm, INPUTS(y, w, bias)));
    with_int(g, "transB", 1);
    check_quantized(g, u8.scale * 0.01f, 3);
}

static void products_with_weights_in_both_orders(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(2, 7, 24)), u8);
    hone_value *w =
        dequantize(g, random_bytes(g, HONE_S8, 9, LIST(24, 12)), (scheme){HONE_S8, 0.005f, 0});
    hone_value *y = apply(g, HONE_OP_MatMul, INPUTS(x, w));
    y = apply(g, HONE_OP_Add, INPUTS(y, weights(g, 1, 3, LIST(12))));
    output(g, quantize(g, relu(g, y), positive));
    hone_value *centred =
        dequantize(g, random_bytes(g, HONE_U8, 9, LIST(24, 12)), (scheme){HONE_U8, 0.005f, 128});
    output(g, quantize(g, apply(g, HONE_OP_MatMul, INPUTS(x, centred)), s8));
    check_quantized(g, 1, 2);
}

static void sums_and_products_of_images_and_gates(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(2, 6, 5, 7)), u8);
    hone_value *y = rounded(g, conv(g, x, u8.scale, 6, 6, 3, 1, 1), s8);
    hone_value *gate = rounded(g, apply(g, HONE_OP_GlobalAveragePool, INPUTS(y)), s8);
    output(g, quantize(g, relu(g, apply(g, HONE_OP_Add, INPUTS(x, y))), positive));
    output(g, quantize(g, apply(g, HONE_OP_Mul, INPUTS(y, gate)), u8));
    hone_value *half = dequantize(g, zero_point(g, HONE_U8, 255), (scheme){HONE_U8, 0.5f / 255, 0});
    output(g, quantize(g, apply(g, HONE_OP_Add, INPUTS(half, y)), s8));
    check_quantized(g, 1, 5);
}

static void concatenations_with_equal_and_other_parameters(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(1, 4, 6, 6)), u8);
    hone_value *parts[3] = {rounded(g, conv(g, x, u8.scale, 4, 8, 3, 1, 1), u8), x,
                            rounded(g, conv(g, x, u8.scale, 4, 5, 1, 1, 1), s8)};
    hone_value *joined = apply(g, HONE_OP_Concat, 3, parts);
    with_int(g, "axis", 1);
    joined = rounded(g, joined, u8);
    output(g, quantize(g, conv(g, joined, u8.scale, 17, 6, 1, 1, 1), u8));
    hone_value *same[2] = {rounded(g, conv(g, x, u8.scale, 4, 6, 1, 1, 1), u8),
                           rounded(g, conv(g, x, u8.scale, 4, 4, 3, 1, 4), u8)};
    joined = apply(g, HONE_OP_Concat, 2, same);
    with_int(g, "axis", 1);
    output(g, quantize(g, joined, u8));
    check_quantized(g, 1, 6);
}

static void moves_and_maxima_pass_bytes_on(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(1, 8, 8, 8)), u8), *none = NULL;
    hone_value *y = apply(g, HONE_OP_MaxPool, INPUTS(x));
    with_ints(g, "kernel_shape", LIST(2, 2));
    with_ints(g, "strides", LIST(2, 2));
    y = rounded(g, y, u8);
    y = apply(g, HONE_OP_Pad, INPUTS(y, ints(g, LIST(0, 0, 0, 0, 0, 0, 0, 0))));
    y = rounded(g, y, u8);
    const float twice[4] = {1, 1, 2, 2};
    y = apply(g, HONE_OP_Resize, INPUTS(y, none, constant(g, HONE_F32, twice, LIST(4))));
    y = rounded(g, y, u8);
    y = apply(g, HONE_OP_Reshape, INPUTS(y, ints(g, LIST(1, 2, 4, 64))));
    y = apply(g, HONE_OP_Transpose, INPUTS(y));
    with_ints(g, "perm", LIST(0, 2, 1, 3));
    y = apply(g, HONE_OP_Reshape, INPUTS(y, ints(g, LIST(1, 8, 8, 8))));
    y = rounded(g, y, u8);
    output(g, quantize(g, conv(g, y, u8.scale, 8, 8, 3, 1, 1), u8));
    check_quantized(g, 1, 3);
}

static void functions_of_one_element_are_tables(void **state) {
    (void)state;
    static const hone_op ops[] = {HONE_OP_Sigmoid, HONE_OP_HardSigmoid, HONE_OP_HardSwish,
                                  HONE_OP_Tanh, HONE_OP_Relu};
    hone_graph *g = new_graph();
    hone_value *x = dequantize(g, input(g, "x", HONE_U8, LIST(1, 3, 16, 16)), u8);
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        output(g, quantize(g, apply(g, ops[i], INPUTS(x)), i % 2 ? s8 : positive));
    check_quantized(g, 1, 5);
}

static void what_has_no_integer_form_runs_in_float_between_steps(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(1, 4, 5, 5)), u8);
    hone_value *y = rounded(g, conv(g, x, u8.scale, 4, 6, 3, 1, 1), u8);
    y = apply(g, HONE_OP_Softmax, INPUTS(y));
    with_int(g, "axis", 1);
    output(g, quantize(g, y, (scheme){HONE_U8, 1.0f / 255, 0}));
    check_quantized(g, 1, 3);
}

static void weights_round_an_odd_zero_point_are_widened(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(1, 4, 5, 5)), u8);
    hone_value *q = random_bytes(g, HONE_U8, 12, LIST(6, 4, 3, 3));
    hone_value *w = dequantize(g, q, (scheme){HONE_U8, 0.004f, 100});
    output(g, quantize(g, apply(g, HONE_OP_Conv, INPUTS(x, w)), u8));
    check_quantized(g, 1, 2);
}

/* Two blocks as in ResNet: one keeps its input, one has a convolution on both sides. `apart`: what
 * the convolutions give is read by somebody else too, so that nothing can be fused. */
static hone_graph *residual_blocks(bool apart) {
    hone_graph *g = new_graph();
    hone_value *x = rounded(g, input(g, "x", HONE_F32, LIST(2, 16, 9, 11)), positive);
    hone_value *y = rounded(g, conv(g, x, positive.scale, 16, 16, 3, 1, 1), u8);
    hone_value *sum = rounded(g, relu(g, apply(g, HONE_OP_Add, INPUTS(y, x))), positive);
    hone_value *left = rounded(g, conv(g, sum, positive.scale, 16, 19, 3, 2, 1), s8);
    hone_value *right = rounded(g, conv(g, sum, positive.scale, 16, 19, 1, 2, 1), u8);
    output(g, quantize(g, apply(g, HONE_OP_Add, INPUTS(right, left)), s8));
    if (apart) output(g, y);
    if (apart) output(g, left);
    if (apart) output(g, right);
    return g;
}

static uint32_t steps_named(const hone_model *model, const char *op) {
    hone_session *session = session_of(model, NULL);
    uint32_t count = 0;
    for (uint32_t i = 0; i < hone_session_layers(session); i++) {
        hone_layer_profile layer;
        assert_ok(hone_session_layer(session, i, &layer));
        count += strncmp(layer.op, op, strlen(op)) == 0;
    }
    hone_session_free(session);
    return count;
}

static void residuals_are_added_by_the_convolution_with_the_bits_of_two_steps(void **state) {
    (void)state;
    hone_model *fused = model_of(residual_blocks(false)), *apart = model_of(residual_blocks(true));
    hone_tensor got[MOST_PORTS] = {{0}}, want[MOST_PORTS] = {{0}};
    assert_int_equal(steps_named(fused, "QConv+Add"), 2);
    assert_int_equal(steps_named(fused, "QAdd"), 0);
    assert_int_equal(steps_named(apart, "QAdd"), 2);
    run_once(fused, NULL, got);
    run_once(apart, NULL, want);
    assert_memory_equal(got[0].data, want[0].data, want[0].bytes);
    free_all(got, 1);
    free_all(want, 4);
    hone_model_free(fused);
    hone_model_free(apart);
    check_quantized(residual_blocks(false), 1, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_of_unsigned_activations),
        cmocka_unit_test(convolutions_of_signed_activations),
        cmocka_unit_test(a_last_layer_may_end_in_float),
        cmocka_unit_test(products_with_weights_in_both_orders),
        cmocka_unit_test(sums_and_products_of_images_and_gates),
        cmocka_unit_test(concatenations_with_equal_and_other_parameters),
        cmocka_unit_test(moves_and_maxima_pass_bytes_on),
        cmocka_unit_test(functions_of_one_element_are_tables),
        cmocka_unit_test(what_has_no_integer_form_runs_in_float_between_steps),
        cmocka_unit_test(weights_round_an_odd_zero_point_are_widened),
        cmocka_unit_test(residuals_are_added_by_the_convolution_with_the_bits_of_two_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
