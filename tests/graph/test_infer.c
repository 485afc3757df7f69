/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes and types of well-formed graphs. */
#include "graph/build.h"

static void conv_with_stride_2_halves_odd_sizes_upwards(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3, 225, 113));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(16, 3, 3, 3))));
    with_ints(g, "strides", LIST(2, 2));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    infer(g);
    assert_shape(y, LIST(2, 16, 113, 57));
    assert_int_equal(y->dtype, HONE_F32);
    hone_graph_free(g);
}

static void conv_with_same_padding_gives_the_ceiling_of_size_by_stride(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 3, 7, 8));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(4, 3, 5, 5))));
    with_ints(g, "strides", LIST(3, 3));
    with_text(g, "auto_pad", "SAME_UPPER");
    infer(g);
    assert_shape(y, LIST(1, 4, 3, 3));
    hone_graph_free(g);
}

static void dilated_conv_sees_its_whole_extent(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 10));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(4, 1, 3))));
    with_ints(g, "dilations", LIST(4));
    with_int(g, "group", 2);
    infer(g);
    assert_shape(y, LIST(1, 4, 2));
    hone_graph_free(g);
}

static void branches_of_a_symbolic_size_meet_in_an_add(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    int64_t n = symbol(g, "N"), h = symbol(g, "H");
    hone_value *x = input(g, "x", HONE_F32, LIST(n, 8, h, 32));
    hone_value *a = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(8, 8, 3, 3))));
    with_ints(g, "strides", LIST(2, 2));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    hone_value *b = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(8, 8, 1, 1))));
    with_ints(g, "strides", LIST(2, 2));
    hone_value *c = apply(g, HONE_OP_Conv, INPUTS(a, zeros(g, LIST(8, 8, 3, 3))));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    hone_value *sum = apply(g, HONE_OP_Add, INPUTS(a, c));
    infer(g);
    assert_string_equal(hone_graph_symbol_name(g, a->shape.dim[2]), "(H+1)/2");
    assert_string_equal(hone_graph_symbol_name(g, b->shape.dim[2]), "(H+1)/2");
    assert_shape(sum, LIST(n, 8, a->shape.dim[2], 16));
    hone_graph_free(g);
}

static void a_symbol_that_gets_a_size_is_a_size_everywhere_after_the_next_inference(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    int64_t n = symbol(g, "N");
    hone_value *x = input(g, "x", HONE_F32, LIST(n, 4));
    hone_value *y = apply(g, HONE_OP_Concat, INPUTS(x, x));
    with_int(g, "axis", 0);
    infer(g);
    assert_true(y->shape.dim[0] < 0);
    hone_graph_bind_symbol(g, n, 5);
    infer(g);
    assert_shape(y, LIST(10, 4));
    hone_graph_free(g);
}

static void a_pool_in_ceil_mode_drops_a_window_that_begins_in_the_padding(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 1, 4, 5));
    hone_value *y = apply(g, HONE_OP_MaxPool, INPUTS(x));
    with_ints(g, "kernel_shape", LIST(1, 2));
    with_ints(g, "strides", LIST(2, 2));
    with_ints(g, "pads", LIST(0, 0, 0, 1));
    with_int(g, "ceil_mode", 1);
    infer(g);
    assert_shape(y, LIST(1, 1, 2, 3));
    hone_graph_free(g);
}

static void a_transposed_conv_inverts_the_size_of_a_conv(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    int64_t w = symbol(g, "W");
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 6, 8, w));
    hone_value *y = apply(g, HONE_OP_ConvTranspose, INPUTS(x, zeros(g, LIST(6, 5, 4, 4))));
    with_ints(g, "strides", LIST(2, 2));
    with_ints(g, "pads", LIST(1, 1, 1, 1));
    with_int(g, "group", 2);
    infer(g);
    assert_shape(y, LIST(1, 10, 16, y->shape.dim[3]));
    assert_string_equal(hone_graph_symbol_name(g, y->shape.dim[3]), "2*(W)");
    hone_graph_free(g);
}

static void matrices_broadcast_in_front_and_vectors_vanish(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *a = input(g, "a", HONE_F32, LIST(5, 1, 2, 3));
    hone_value *b = input(g, "b", HONE_F32, LIST(7, 3, 4));
    hone_value *v = input(g, "v", HONE_F32, LIST(4));
    hone_value *ab = apply(g, HONE_OP_MatMul, INPUTS(a, b));
    hone_value *abv = apply(g, HONE_OP_MatMul, INPUTS(ab, v));
    infer(g);
    assert_shape(ab, LIST(5, 7, 2, 4));
    assert_shape(abv, LIST(5, 7, 2));
    hone_graph_free(g);
}

static void gemm_reads_its_transpositions(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *a = input(g, "a", HONE_F32, LIST(3, 2));
    hone_value *y = apply(g, HONE_OP_Gemm, INPUTS(a, zeros(g, LIST(5, 3)), zeros(g, LIST(5))));
    with_int(g, "transA", 1);
    with_int(g, "transB", 1);
    infer(g);
    assert_shape(y, LIST(2, 5));
    hone_graph_free(g);
}

static void reshape_copies_at_0_and_fills_at_minus_1(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    int64_t n = symbol(g, "N");
    hone_value *x = input(g, "x", HONE_F32, LIST(n, 3, 4, 5));
    hone_value *a = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(0, -1, 10))));
    hone_value *b = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(-1, 60))));
    infer(g);
    assert_shape(a, LIST(n, 6, 10));
    assert_shape(b, LIST(n, 60)); /* equal products cancel, the symbol is what remains */
    hone_graph_free(g);
}

/* x.view(x.size(0), -1), as exporters spell it. */
static void a_shape_computed_from_a_symbolic_batch_is_known(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    int64_t n = symbol(g, "N");
    hone_value *x = input(g, "x", HONE_F32, LIST(n, 8, 2, 2));
    hone_value *shape = apply(g, HONE_OP_Shape, INPUTS(x));
    hone_value *batch = apply(g, HONE_OP_Gather, INPUTS(shape, one_int(g, 0)));
    hone_value *first = apply(g, HONE_OP_Unsqueeze, INPUTS(batch, ints(g, LIST(0))));
    hone_value *target = apply(g, HONE_OP_Concat, INPUTS(first, ints(g, LIST(-1))));
    with_int(g, "axis", 0);
    hone_value *y = apply(g, HONE_OP_Reshape, INPUTS(x, target));
    infer(g);
    assert_shape(target, LIST(2));
    assert_shape(y, LIST(n, 32));
    hone_graph_free(g);
}

/* torch.expand(-1, 5): Where(Equal(shape, -1), ones, shape). */
static void a_where_over_shape_entries_is_followed(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(4, 1));
    hone_value *wanted = ints(g, LIST(-1, 5));
    hone_value *ones = apply(g, HONE_OP_ConstantOfShape, INPUTS(ints(g, LIST(2))));
    const int64_t one = 1;
    hone_tensor fill = {.dtype = HONE_S64, .shape = {1, {1}}, .bytes = sizeof one};
    memcpy(&fill.data, &(const void *){&one}, sizeof fill.data);
    hone_attr attr = {.name = "value", .kind = HONE_ATTR_TENSOR, .count = 1, .as.tensor = &fill};
    assert_ok(hone_node_put_attr(g, g->last_node, &attr, NULL));
    hone_value *is_free = apply(g, HONE_OP_Equal, INPUTS(wanted, ints(g, LIST(-1))));
    hone_value *target = apply(g, HONE_OP_Where, INPUTS(is_free, ones, wanted));
    hone_value *y = apply(g, HONE_OP_Expand, INPUTS(x, target));
    infer(g);
    assert_shape(y, LIST(4, 5));
    hone_graph_free(g);
}

static void slices_clamp_and_run_backwards(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(10, 20, 30));
    hone_value *y =
        apply(g, HONE_OP_Slice,
              INPUTS(x, ints(g, LIST(INT64_MAX, -5, 7)), ints(g, LIST(INT64_MIN, INT64_MAX, 3)),
                     ints(g, LIST(0, -1, 1)), ints(g, LIST(-3, 2, 1))));
    infer(g);
    assert_shape(y, LIST(4, 0, 3));
    hone_graph_free(g);
}

static void a_split_without_sizes_is_even_but_for_the_last(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(7, 2)), *parts[3];
    for (int i = 0; i < 3; ++i) assert_ok(hone_graph_add_value(g, NULL, &parts[i], NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Split, NULL, &x, 1, parts, 3, NULL, NULL, NULL));
    with_int(g, "num_outputs", 3);
    infer(g);
    assert_shape(parts[0], LIST(3, 2));
    assert_shape(parts[2], LIST(1, 2));
    hone_graph_free(g);
}

static void resize_multiplies_by_scales_or_takes_sizes(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    const float scales[] = {1, 1, 2, 1.5f};
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 3, 11, 11));
    hone_value *factor = constant(g, HONE_F32, scales, LIST(4));
    hone_value *a = apply(g, HONE_OP_Resize, INPUTS(x, NULL, factor));
    hone_value *b = apply(g, HONE_OP_Resize, INPUTS(x, NULL, NULL, ints(g, LIST(1, 3, 22, 44))));
    infer(g);
    assert_shape(a, LIST(1, 3, 22, 16));
    assert_shape(b, LIST(1, 3, 22, 44));
    hone_graph_free(g);
}

static void an_lstm_of_two_directions_has_four_output_axes(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(9, 2, 5)), *out[3];
    hone_value *in[] = {x, zeros(g, LIST(2, 12, 5)), zeros(g, LIST(2, 12, 3))};
    for (int i = 0; i < 3; ++i) assert_ok(hone_graph_add_value(g, NULL, &out[i], NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_LSTM, NULL, in, 3, out, 3, NULL, NULL, NULL));
    with_text(g, "direction", "bidirectional");
    with_int(g, "hidden_size", 3);
    infer(g);
    assert_shape(out[0], LIST(9, 2, 2, 3));
    assert_shape(out[2], LIST(2, 2, 3));
    hone_graph_free(g);
}

static void quantized_values_have_the_type_of_their_zero_point(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    const int8_t zero = 0;
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    hone_value *scale = zeros(g, SCALAR);
    hone_value *a = apply(g, HONE_OP_QuantizeLinear, INPUTS(x, scale));
    hone_value *b =
        apply(g, HONE_OP_QuantizeLinear, INPUTS(x, scale, constant(g, HONE_S8, &zero, SCALAR)));
    hone_value *c = apply(g, HONE_OP_DequantizeLinear, INPUTS(b, scale));
    infer(g);
    assert_int_equal(a->dtype, HONE_U8);
    assert_int_equal(b->dtype, HONE_S8);
    assert_int_equal(c->dtype, HONE_F32);
    assert_shape(c, LIST(2, 3));
    hone_graph_free(g);
}

static void what_depends_on_data_has_a_symbol_named_after_its_value(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3)), *y;
    assert_ok(hone_graph_add_value(g, "found", &y, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_NonZero, NULL, &x, 1, &y, 1, NULL, NULL, NULL));
    infer(g);
    assert_shape(y, LIST(2, y->shape.dim[1]));
    assert_string_equal(hone_graph_symbol_name(g, y->shape.dim[1]), "found.1");
    hone_graph_free(g);
}

static void a_foreign_operator_keeps_what_the_file_said(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(2, 3));
    hone_value *y = apply(g, HONE_OP_FOREIGN, INPUTS(x));
    y->dtype = HONE_F32;
    y->shape = hone__shape(LIST(6));
    hone_value *z = apply(g, HONE_OP_Relu, INPUTS(y));
    infer(g);
    assert_shape(z, LIST(6));
    hone_graph_free(g);
}

static void an_unknown_rank_stays_unknown_and_is_no_error(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, SCALAR);
    x->shape = hone__shape_unknown();
    hone_value *y = apply(g, HONE_OP_Transpose, INPUTS(x));
    hone_value *z = apply(g, HONE_OP_GlobalAveragePool, INPUTS(y));
    hone_value *flat = apply(g, HONE_OP_Flatten, INPUTS(z));
    infer(g);
    assert_int_equal(z->shape.rank, HONE_RANK_UNKNOWN);
    assert_int_equal(z->dtype, HONE_F32);
    assert_int_equal(flat->shape.rank, 2);
    hone_graph_free(g);
}

static void einsum_reads_letters_and_ellipses(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *a = input(g, "a", HONE_F32, LIST(6, 2, 3)),
               *b = input(g, "b", HONE_F32, LIST(3, 4));
    hone_value *y = apply(g, HONE_OP_Einsum, INPUTS(a, b));
    with_text(g, "equation", "...ij, jk -> ...ki");
    infer(g);
    assert_shape(y, LIST(6, 4, 2));
    hone_graph_free(g);
}

static void multiply_adds_count_the_sums_of_a_conv_and_a_gemm(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(symbol(g, "N"), 8, 10, 10));
    hone_value *y = apply(g, HONE_OP_Conv, INPUTS(x, zeros(g, LIST(16, 2, 3, 3))));
    with_int(g, "group", 4);
    hone_node *conv = g->last_node;
    apply(g, HONE_OP_Relu, INPUTS(y));
    hone_node *relu = g->last_node;
    hone_value *a = input(g, "a", HONE_F32, LIST(5, 7));
    apply(g, HONE_OP_Gemm, INPUTS(a, zeros(g, LIST(7, 3))));
    infer(g);
    assert_int_equal(hone_node_multiply_adds(conv), 16 * 8 * 8 * 2 * 9);
    assert_int_equal(hone_node_multiply_adds(relu), 0);
    assert_int_equal(hone_node_multiply_adds(g->last_node), 5 * 7 * 3);
    hone_graph_free(g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_with_stride_2_halves_odd_sizes_upwards),
        cmocka_unit_test(conv_with_same_padding_gives_the_ceiling_of_size_by_stride),
        cmocka_unit_test(dilated_conv_sees_its_whole_extent),
        cmocka_unit_test(branches_of_a_symbolic_size_meet_in_an_add),
        cmocka_unit_test(a_symbol_that_gets_a_size_is_a_size_everywhere_after_the_next_inference),
        cmocka_unit_test(a_pool_in_ceil_mode_drops_a_window_that_begins_in_the_padding),
        cmocka_unit_test(a_transposed_conv_inverts_the_size_of_a_conv),
        cmocka_unit_test(matrices_broadcast_in_front_and_vectors_vanish),
        cmocka_unit_test(gemm_reads_its_transpositions),
        cmocka_unit_test(reshape_copies_at_0_and_fills_at_minus_1),
        cmocka_unit_test(a_shape_computed_from_a_symbolic_batch_is_known),
        cmocka_unit_test(a_where_over_shape_entries_is_followed),
        cmocka_unit_test(slices_clamp_and_run_backwards),
        cmocka_unit_test(a_split_without_sizes_is_even_but_for_the_last),
        cmocka_unit_test(resize_multiplies_by_scales_or_takes_sizes),
        cmocka_unit_test(an_lstm_of_two_directions_has_four_output_axes),
        cmocka_unit_test(quantized_values_have_the_type_of_their_zero_point),
        cmocka_unit_test(what_depends_on_data_has_a_symbol_named_after_its_value),
        cmocka_unit_test(a_foreign_operator_keeps_what_the_file_said),
        cmocka_unit_test(an_unknown_rank_stays_unknown_and_is_no_error),
        cmocka_unit_test(einsum_reads_letters_and_ellipses),
        cmocka_unit_test(multiply_adds_count_the_sums_of_a_conv_and_a_gemm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
