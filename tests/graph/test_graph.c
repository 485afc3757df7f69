/* SPDX-License-Identifier: Apache-2.0 */
/* The IR's own rules: ownership, names, order, verification, copies. */
#include "testing.h"

#include "base/error.h"
#include "graph/graph.h"

typedef struct {
    hone_graph *graph;
    hone_value *x, *w, *y, *z;
    hone_node *conv, *relu;
} small;

/* x, w -> Conv -> y -> Relu -> z */
static hone_status build(const hone_allocator *allocator, small *s, hone_error *error) {
    static const float weights[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    const hone_shape wide = {4, {1, 1, 3, 3}};
    const int64_t pads[] = {1, 1, 1, 1};
    int64_t batch;
    HONE_TRY(hone_graph_new(allocator, &s->graph, error));
    HONE_TRY(hone_graph_symbol(s->graph, "N", &batch, error));
    HONE_TRY(hone_graph_add_value(s->graph, "x", &s->x, error));
    HONE_TRY(hone_graph_add_input(s->graph, s->x, error));
    s->x->dtype = HONE_F32;
    s->x->shape = (hone_shape){4, {batch, 1, 8, 8}};
    HONE_TRY(hone_graph_copy_constant(s->graph, "w", HONE_F32, &wide, weights, sizeof weights, NULL,
                                      &s->w, error));
    HONE_TRY(hone_graph_add_value(s->graph, "y", &s->y, error));
    HONE_TRY(hone_graph_add_value(s->graph, "z", &s->z, error));
    HONE_TRY(hone_graph_add_node(s->graph, HONE_OP_Conv, "conv", (hone_value *[]){s->x, s->w}, 2,
                                 &s->y, 1, NULL, &s->conv, error));
    HONE_TRY(hone_node_set_ints(s->graph, s->conv, "pads", pads, 4, error));
    HONE_TRY(hone_graph_add_node(s->graph, HONE_OP_Relu, NULL, &s->y, 1, &s->z, 1, NULL, &s->relu,
                                 error));
    return hone_graph_add_output(s->graph, s->z, error);
}

static small make(void) {
    small s = {0};
    assert_ok(build(NULL, &s, NULL));
    assert_ok(hone_graph_verify(s.graph, NULL));
    return s;
}

static void a_graph_prints_as_text_one_can_read(void **state) {
    (void)state;
    small s = make();
    hone_text text;
    hone__text_init(&text, NULL);
    hone_graph_print(s.graph, &text);
    assert_string_equal(text.data, "graph \"\" (x: float32[N,1,8,8]) -> (z: ?[...]) {\n"
                                   "  y = Conv(x, w: float32[1,1,3,3]) {pads=[1,1,1,1]} : ?[...]\n"
                                   "  z = Relu(y) : ?[...]\n"
                                   "}\n");
    hone__text_release(&text);
    hone_graph_free(s.graph);
}

static void a_clone_is_equal_and_lives_on_alone(void **state) {
    (void)state;
    small s = make();
    hone_graph *copy;
    hone_text before, after;
    hone__text_init(&before, NULL);
    hone__text_init(&after, NULL);
    hone_graph_print(s.graph, &before);
    assert_ok(hone_graph_clone(s.graph, &copy, NULL));
    hone_graph_free(s.graph);
    hone_graph_print(copy, &after);
    assert_string_equal(before.data, after.data);
    assert_true(((const float *)hone_graph_find_value(copy, "w")->data)[8] == 9);
    assert_ok(hone_graph_verify(copy, NULL));
    hone__text_release(&before);
    hone__text_release(&after);
    hone_graph_free(copy);
}

static void two_values_of_one_name_are_refused(void **state) {
    (void)state;
    small s = make();
    hone_value *again;
    hone_error error;
    assert_int_equal(hone_graph_add_value(s.graph, "y", &again, &error), HONE_EXISTS);
    assert_non_null(strstr(error.message, "'y'"));
    hone_graph_free(s.graph);
}

static void a_value_made_twice_is_refused(void **state) {
    (void)state;
    small s = make();
    hone_error error;
    assert_int_equal(
        hone_graph_add_node(s.graph, HONE_OP_Relu, "again", &s.x, 1, &s.z, 1, NULL, NULL, &error),
        HONE_FORMAT);
    assert_non_null(strstr(error.message, "'again'"));
    hone_graph_free(s.graph);
}

static void the_verifier_names_the_node_with_an_unknown_attribute(void **state) {
    (void)state;
    small s = make();
    hone_error error;
    assert_ok(hone_node_set_int(s.graph, s.conv, "grupo", 1, NULL));
    assert_int_equal(hone_graph_verify(s.graph, &error), HONE_FORMAT);
    assert_string_equal(error.message, "node 'conv' (Conv): it has no attribute grupo");
    hone_node_remove_attr(s.conv, "grupo");
    assert_ok(hone_node_set_int(s.graph, s.conv, "pads", 1, NULL));
    assert_int_equal(hone_graph_verify(s.graph, &error), HONE_FORMAT);
    hone_graph_free(s.graph);
}

static void the_verifier_finds_a_use_before_the_making(void **state) {
    (void)state;
    small s = make();
    hone_error error;
    hone_value *late, *q;
    assert_ok(hone_graph_add_value(s.graph, "late", &late, NULL));
    assert_ok(hone_graph_add_value(s.graph, "q", &q, NULL));
    assert_ok(
        hone_graph_add_node(s.graph, HONE_OP_Relu, "early", &late, 1, &q, 1, s.conv, NULL, NULL));
    assert_ok(
        hone_graph_add_node(s.graph, HONE_OP_Relu, "later", &s.z, 1, &late, 1, NULL, NULL, NULL));
    assert_int_equal(hone_graph_verify(s.graph, &error), HONE_FORMAT);
    assert_non_null(strstr(error.message, "'early'"));
    assert_ok(hone_graph_sort(s.graph, NULL));
    assert_ok(hone_graph_verify(s.graph, &error));
    hone_graph_free(s.graph);
}

static void a_cycle_is_an_error_and_leaves_the_order_as_it_was(void **state) {
    (void)state;
    small s = make();
    hone_error error;
    assert_ok(hone_node_set_input(s.graph, s.conv, 0, s.z, NULL));
    assert_int_equal(hone_graph_sort(s.graph, &error), HONE_FORMAT);
    assert_non_null(strstr(error.message, "cycle"));
    assert_ptr_equal(s.graph->first_node, s.conv);
    assert_ptr_equal(s.conv->next, s.relu);
    assert_ptr_equal(s.relu->prev, s.conv);
    hone_graph_free(s.graph);
}

static void a_deep_chain_in_reverse_is_sorted_without_recursion(void **state) {
    (void)state;
    hone_graph *graph;
    enum { DEEP = 20000 };
    hone_value **values = calloc(DEEP + 1, sizeof *values);
    assert_ok(hone_graph_new(NULL, &graph, NULL));
    for (int i = 0; i <= DEEP; i++) assert_ok(hone_graph_add_value(graph, NULL, &values[i], NULL));
    assert_ok(hone_graph_add_input(graph, values[0], NULL));
    for (int i = DEEP; i > 0; i--)
        assert_ok(hone_graph_add_node(graph, HONE_OP_Relu, NULL, &values[i - 1], 1, &values[i], 1,
                                      NULL, NULL, NULL));
    assert_ok(hone_graph_add_output(graph, values[DEEP], NULL));
    assert_int_equal(hone_graph_verify(graph, NULL), HONE_FORMAT);
    assert_ok(hone_graph_sort(graph, NULL));
    assert_ok(hone_graph_verify(graph, NULL));
    free(values);
    hone_graph_free(graph);
}

static void replacing_uses_reaches_nodes_and_outputs(void **state) {
    (void)state;
    small s = make();
    uint32_t uses[16];
    hone_graph_replace_uses(s.graph, s.z, s.y);
    hone_graph_remove_node(s.graph, s.relu);
    assert_ptr_equal(s.graph->outputs[0], s.y);
    assert_ok(hone_graph_verify(s.graph, NULL));
    hone_graph_count_uses(s.graph, uses);
    assert_int_equal(uses[s.y->id], 1);
    assert_int_equal(uses[s.z->id], 0);
    hone_graph_free(s.graph);
}

static void symbols_are_shared_by_name_and_can_be_bound(void **state) {
    (void)state;
    small s = make();
    int64_t n, fresh;
    assert_ok(hone_graph_symbol(s.graph, "N", &n, NULL));
    assert_int_equal(n, s.x->shape.dim[0]);
    assert_ok(hone_graph_symbol(s.graph, NULL, &fresh, NULL));
    assert_int_not_equal(n, fresh);
    hone_graph_bind_symbol(s.graph, n, 4);
    assert_int_equal(s.x->shape.dim[0], 4);
    hone_graph_free(s.graph);
}

static void a_constant_of_the_wrong_size_is_refused(void **state) {
    (void)state;
    small s = make();
    hone_value *c;
    const hone_shape shape = {1, {3}};
    assert_int_equal(
        hone_graph_add_constant(s.graph, "c", HONE_F32, &shape, "12345678", 8, &c, NULL),
        HONE_FORMAT);
    hone_graph_free(s.graph);
}

static void running_out_of_memory_anywhere_is_an_error_and_leaks_nothing(void **state) {
    (void)state;
    size_t struck = 0;
    for (size_t n = 1;; n++) {
        failing_allocator f;
        small s = {0};
        hone_graph *copy = NULL;
        failing_allocator_init(&f, n);
        hone_status status = build(&f.allocator, &s, NULL);
        if (status == HONE_OK) status = hone_graph_verify(s.graph, NULL);
        if (status == HONE_OK) status = hone_graph_sort(s.graph, NULL);
        if (status == HONE_OK) status = hone_graph_clone(s.graph, &copy, NULL);
        hone_graph_free(copy);
        hone_graph_free(s.graph);
        assert_int_equal(f.live_bytes, 0);
        if (status == HONE_OK) break;
        assert_int_equal(status, HONE_MEMORY);
        struck++;
    }
    assert_true(struck >= 5);
}

static void attributes_are_read_with_their_defaults(void **state) {
    (void)state;
    small s = make();
    const int64_t *pads;
    assert_int_equal(hone_node_ints(s.conv, "pads", &pads), 4);
    assert_int_equal(pads[3], 1);
    assert_int_equal(hone_node_int(s.conv, "group", 1), 1);
    assert_ok(hone_node_set_string(s.graph, s.conv, "auto_pad", "VALID", NULL));
    assert_string_equal(hone_node_string(s.conv, "auto_pad", "NOTSET"), "VALID");
    assert_int_equal(hone_op_find("Conv", 4), HONE_OP_Conv);
    assert_int_equal(hone_op_find("Convo", 5), HONE_OP_FOREIGN);
    assert_int_equal(hone_op_attribute(HONE_OP_Conv, "pads"), 'I');
    assert_int_equal(hone_op_attribute(HONE_OP_Conv, "pad"), 0);
    hone_graph_free(s.graph);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_prints_as_text_one_can_read),
        cmocka_unit_test(a_clone_is_equal_and_lives_on_alone),
        cmocka_unit_test(two_values_of_one_name_are_refused),
        cmocka_unit_test(a_value_made_twice_is_refused),
        cmocka_unit_test(the_verifier_names_the_node_with_an_unknown_attribute),
        cmocka_unit_test(the_verifier_finds_a_use_before_the_making),
        cmocka_unit_test(a_cycle_is_an_error_and_leaves_the_order_as_it_was),
        cmocka_unit_test(a_deep_chain_in_reverse_is_sorted_without_recursion),
        cmocka_unit_test(replacing_uses_reaches_nodes_and_outputs),
        cmocka_unit_test(symbols_are_shared_by_name_and_can_be_bound),
        cmocka_unit_test(a_constant_of_the_wrong_size_is_refused),
        cmocka_unit_test(running_out_of_memory_anywhere_is_an_error_and_leaks_nothing),
        cmocka_unit_test(attributes_are_read_with_their_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
