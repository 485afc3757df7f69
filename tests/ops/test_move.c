/* SPDX-License-Identifier: Apache-2.0 */
/* Operators that move elements, pick them, or make them from little. */
#include "ops/one_node.h"

static const float six[] = {1, 2, 3, 4, 5, 6};

static one_node floats(hone_op op, hone_shape shape, const float *data) {
    one_node n = one_node_of(op, 1);
    one_node_input(&n, HONE_F32, shape, data);
    return n;
}

static void list(one_node *n, int64_t count, const int64_t *values) {
    one_node_input(n, HONE_S64, hone__shape(1, &count), values);
}

static void transpose_turns_rows_into_columns(void **state) {
    one_node n = floats(HONE_OP_Transpose, SHAPE(2, 3), six);
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3, 2), FLOATS(1, 4, 2, 5, 3, 6));
    one_node_done(&n);
}

static void slice_walks_backwards_with_a_negative_step(void **state) {
    one_node n = floats(HONE_OP_Slice, SHAPE(2, 3), six);
    list(&n, 1, LONGS(-1));
    list(&n, 1, LONGS(INT64_MIN));
    list(&n, 1, LONGS(1));
    list(&n, 1, LONGS(-2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 2), FLOATS(3, 1, 6, 4));
    one_node_done(&n);
}

static void slice_clamps_its_ends(void **state) {
    one_node n = floats(HONE_OP_Slice, SHAPE(2, 3), six);
    list(&n, 2, LONGS(1, -100));
    list(&n, 2, LONGS(100, 2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 2), FLOATS(4, 5));
    one_node_done(&n);
}

static void concat_joins_along_the_inner_axis(void **state) {
    one_node n = floats(HONE_OP_Concat, SHAPE(2, 1), FLOATS(7, 8));
    one_node_input(&n, HONE_F32, SHAPE(2, 2), FLOATS(1, 2, 3, 4));
    one_node_build(&n);
    set_int(&n, "axis", -1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 3), FLOATS(7, 1, 2, 8, 3, 4));
    one_node_done(&n);
}

static void split_makes_the_last_piece_smaller(void **state) {
    one_node n = one_node_of(HONE_OP_Split, 2);
    one_node_input(&n, HONE_F32, SHAPE(5), FLOATS(1, 2, 3, 4, 5));
    one_node_build(&n);
    set_int(&n, "num_outputs", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(1, 2, 3));
    expect(&n, 1, SHAPE(2), FLOATS(4, 5));
    one_node_done(&n);
}

static one_node padded(const char *mode, int64_t begin, int64_t end) {
    one_node n = floats(HONE_OP_Pad, SHAPE(3), FLOATS(1, 2, 3));
    list(&n, 2, LONGS(begin, end));
    one_node_build(&n);
    set_text(&n, "mode", mode);
    one_node_run(&n);
    return n;
}

static void pad_reflects_wraps_and_repeats_edges(void **state) {
    one_node n = padded("reflect", 2, 1);
    expect(&n, 0, SHAPE(6), FLOATS(3, 2, 1, 2, 3, 2));
    one_node_done(&n);
    n = padded("wrap", 2, 1);
    expect(&n, 0, SHAPE(6), FLOATS(2, 3, 1, 2, 3, 1));
    one_node_done(&n);
    n = padded("edge", 1, 2);
    expect(&n, 0, SHAPE(6), FLOATS(1, 1, 2, 3, 3, 3));
    one_node_done(&n);
}

static void negative_pads_crop(void **state) {
    one_node n = padded("constant", -1, 1);
    expect(&n, 0, SHAPE(3), FLOATS(2, 3, 0));
    one_node_done(&n);
}

static void tile_repeats_in_both_directions(void **state) {
    one_node n = floats(HONE_OP_Tile, SHAPE(1, 2), FLOATS(1, 2));
    list(&n, 2, LONGS(2, 2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 4), FLOATS(1, 2, 1, 2, 1, 2, 1, 2));
    one_node_done(&n);
}

static void depth_becomes_space_block_by_block(void **state) {
    one_node n = floats(HONE_OP_DepthToSpace, SHAPE(1, 4, 1, 1), FLOATS(1, 2, 3, 4));
    one_node_build(&n);
    set_int(&n, "blocksize", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1, 1, 2, 2), FLOATS(1, 2, 3, 4));
    one_node_done(&n);
}

static void gather_takes_negative_indices_along_an_axis(void **state) {
    one_node n = floats(HONE_OP_Gather, SHAPE(2, 3), six);
    list(&n, 2, LONGS(-1, 0));
    one_node_build(&n);
    set_int(&n, "axis", 1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2, 2), FLOATS(3, 1, 6, 4));
    one_node_done(&n);
}

static void gather_refuses_an_index_behind_the_end(void **state) {
    one_node n = floats(HONE_OP_Gather, SHAPE(2, 3), six);
    list(&n, 1, LONGS(2));
    one_node_build(&n);
    expect_refusal(&n, HONE_SHAPE, "index 2");
}

static void gather_nd_picks_tuples(void **state) {
    one_node n = floats(HONE_OP_GatherND, SHAPE(2, 3), six);
    one_node_input(&n, HONE_S64, SHAPE(2, 2), LONGS(0, 2, 1, 0));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(2), FLOATS(3, 4));
    one_node_done(&n);
}

static void gather_nd_refuses_a_wild_tuple(void **state) {
    one_node n = floats(HONE_OP_GatherND, SHAPE(2, 3), six);
    one_node_input(&n, HONE_S64, SHAPE(1, 2), LONGS(0, INT64_MAX));
    one_node_build(&n);
    expect_refusal(&n, HONE_SHAPE, "outside");
}

static void scatter_adds_what_falls_on_one_place(void **state) {
    one_node n = floats(HONE_OP_ScatterElements, SHAPE(3), FLOATS(1, 1, 1));
    list(&n, 3, LONGS(1, 1, -1));
    one_node_input(&n, HONE_F32, SHAPE(3), FLOATS(10, 20, 30));
    one_node_build(&n);
    set_text(&n, "reduction", "add");
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(1, 31, 31));
    one_node_done(&n);
}

static void scatter_nd_refuses_an_index_before_the_start(void **state) {
    one_node n = floats(HONE_OP_ScatterND, SHAPE(3), FLOATS(1, 1, 1));
    one_node_input(&n, HONE_S64, SHAPE(1, 1), LONGS(-4));
    one_node_input(&n, HONE_F32, SHAPE(1), FLOATS(9));
    one_node_build(&n);
    expect_refusal(&n, HONE_SHAPE, "index -4");
}

static void one_hot_leaves_a_row_off_for_an_index_outside(void **state) {
    one_node n = one_node_of(HONE_OP_OneHot, 1);
    one_node_input(&n, HONE_S64, SHAPE(3), LONGS(1, -1, 7));
    one_node_input(&n, HONE_S64, SCALAR, LONGS(3));
    one_node_input(&n, HONE_F32, SHAPE(2), FLOATS(0, 5));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3, 3), FLOATS(0, 5, 0, 0, 0, 5, 0, 0, 0));
    one_node_done(&n);
}

static void reverse_sequence_turns_only_the_first_steps(void **state) {
    one_node n = floats(HONE_OP_ReverseSequence, SHAPE(3, 2), six);
    list(&n, 2, LONGS(3, 2));
    one_node_build(&n);
    set_int(&n, "time_axis", 0);
    set_int(&n, "batch_axis", 1);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3, 2), FLOATS(5, 4, 3, 2, 1, 6));
    one_node_done(&n);
}

static void range_counts_down(void **state) {
    one_node n = one_node_of(HONE_OP_Range, 1);
    one_node_input(&n, HONE_S64, SCALAR, LONGS(5));
    one_node_input(&n, HONE_S64, SCALAR, LONGS(0));
    one_node_input(&n, HONE_S64, SCALAR, LONGS(-2));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(5, 3, 1));
    one_node_done(&n);
}

static void shape_is_cut_by_start_and_end(void **state) {
    one_node n = floats(HONE_OP_Shape, SHAPE(1, 2, 3), six);
    one_node_build(&n);
    set_int(&n, "start", -2);
    set_int(&n, "end", 2);
    one_node_run(&n);
    expect(&n, 0, SHAPE(1), FLOATS(2));
    one_node_done(&n);
}

static void top_k_breaks_ties_by_the_lower_index(void **state) {
    one_node n = one_node_of(HONE_OP_TopK, 2);
    one_node_input(&n, HONE_F32, SHAPE(5), FLOATS(1, 3, 2, 3, 0));
    list(&n, 1, LONGS(3));
    one_node_build(&n);
    one_node_run(&n);
    expect(&n, 0, SHAPE(3), FLOATS(3, 3, 2));
    expect(&n, 1, SHAPE(3), FLOATS(1, 3, 2));
    one_node_done(&n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transpose_turns_rows_into_columns),
        cmocka_unit_test(slice_walks_backwards_with_a_negative_step),
        cmocka_unit_test(slice_clamps_its_ends),
        cmocka_unit_test(concat_joins_along_the_inner_axis),
        cmocka_unit_test(split_makes_the_last_piece_smaller),
        cmocka_unit_test(pad_reflects_wraps_and_repeats_edges),
        cmocka_unit_test(negative_pads_crop),
        cmocka_unit_test(tile_repeats_in_both_directions),
        cmocka_unit_test(depth_becomes_space_block_by_block),
        cmocka_unit_test(gather_takes_negative_indices_along_an_axis),
        cmocka_unit_test(gather_refuses_an_index_behind_the_end),
        cmocka_unit_test(gather_nd_picks_tuples),
        cmocka_unit_test(gather_nd_refuses_a_wild_tuple),
        cmocka_unit_test(scatter_adds_what_falls_on_one_place),
        cmocka_unit_test(scatter_nd_refuses_an_index_before_the_start),
        cmocka_unit_test(one_hot_leaves_a_row_off_for_an_index_outside),
        cmocka_unit_test(reverse_sequence_turns_only_the_first_steps),
        cmocka_unit_test(range_counts_down),
        cmocka_unit_test(shape_is_cut_by_start_and_end),
        cmocka_unit_test(top_k_breaks_ties_by_the_lower_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
