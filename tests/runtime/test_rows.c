/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of few rows read their weights where they lie, whatever the address. */
#include "runtime/oracle.h"

/* y = clamp(x W^T + b); W and b lie `shift` bytes off. */
static hone_model *layer(int64_t rows, int64_t depth, int64_t cols, size_t shift) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(rows, depth));
    hone_value *w = weights(g, 0.2f, (uint64_t)depth, LIST(cols, depth));
    hone_value *b = weights(g, 1, (uint64_t)cols, LIST(cols));
    hone_value *both[] = {w, b};
    for (size_t i = 0; shift && i < 2; i++) {
        void *memory = NULL;
        assert_ok(hone_graph_memory(g, both[i]->bytes + shift, &memory, NULL));
        memcpy((char *)memory + shift, both[i]->data, both[i]->bytes);
        both[i]->data = (char *)memory + shift;
    }
    hone_value *y = apply(g, HONE_OP_Gemm, INPUTS(x, w, b));
    with_int(g, "transB", 1);
    output(g, apply(g, HONE_OP_Relu, INPUTS(y)));
    return model_of(g);
}

static void few_rows_and_many_are_the_references(void **state) {
    (void)state;
    for (int64_t rows = 1; rows <= 5; rows++) {
        check_model(layer(rows, 48, 37, 0), 2e-6);
        check_model(layer(rows, 61, 64, 0), 2e-6);
    }
}

static void run(const hone_model *model, hone_tensor *out, hone_session **session) {
    hone_tensor in[1] = {{0}};
    *session = session_of(model, NULL);
    make_inputs(*session, in);
    assert_ok(hone_session_run(*session, in, out, NULL));
    free_all(in, 1);
}

static void weights_at_odd_addresses_give_the_same(void **state) {
    (void)state;
    const int64_t depths[] = {64, 50};
    for (size_t i = 0; i < 2; i++)
        for (size_t shift = 1; shift < 4; shift++) {
            hone_model *even = layer(1, depths[i], 33, 0), *odd = layer(1, depths[i], 33, shift);
            hone_session *a, *b;
            hone_tensor x = {0}, y = {0};
            run(even, &x, &a);
            run(odd, &y, &b);
            assert_true(distance(&y, &x) < 2e-6);
            hone_session_free(a);
            hone_session_free(b);
            hone_model_free(even);
            hone_model_free(odd);
        }
}

static void such_layers_pack_nothing(void **state) {
    (void)state;
    if (hone_cpu_detect(HONE_CPU_BEST) == HONE_CPU_SCALAR) skip();
    hone_model *model = layer(1, 256, 100, 1);
    hone_session *session = session_of(model, NULL);
    assert_int_equal(hone__packed_counts(model->packed).made, 0);
    hone_session_free(session);
    hone_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows_and_many_are_the_references),
        cmocka_unit_test(weights_at_odd_addresses_give_the_same),
        cmocka_unit_test(such_layers_pack_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
