/* SPDX-License-Identifier: Apache-2.0 */
/* A batch for models whose file says 1: each sample gets the answer that it gets alone. */
#include "runtime/oracle.h"

#define SAMPLES 3

/* The first sample of the batch, then the second, ...: each alone through a session of its own. */
static void check_samples(hone_model *model) {
    hone_session *one = session_of(model, NULL);
    hone_session *all = session_of(model, &(hone_session_options){.batch = SAMPLES, .threads = 2});
    hone_tensor in[MOST_PORTS] = {{0}}, out[MOST_PORTS] = {{0}}, single[MOST_PORTS];
    uint32_t inputs = hone_session_inputs(all), outputs = hone_session_outputs(all);
    make_inputs(all, in);
    assert_ok(hone_session_run(all, in, out, NULL));
    for (size_t s = 0; s < SAMPLES; s++) {
        hone_tensor alone[MOST_PORTS] = {{0}};
        for (uint32_t i = 0; i < inputs; i++) {
            single[i] = in[i];
            assert_int_equal(in[i].shape.dim[0], SAMPLES);
            single[i].shape.dim[0] = 1;
            single[i].bytes /= SAMPLES;
            single[i].data = (uint8_t *)in[i].data + s * single[i].bytes;
        }
        assert_ok(hone_session_run(one, single, alone, NULL));
        for (uint32_t i = 0; i < outputs; i++) {
            hone_tensor part = alone[i];
            assert_int_equal(out[i].bytes, alone[i].bytes * SAMPLES);
            part.data = (uint8_t *)out[i].data + s * alone[i].bytes;
            assert_true(distance(&part, &alone[i]) < 1e-5);
        }
    }
    free_all(in, inputs);
    hone_session_free(one);
    hone_session_free(all);
    hone_model_free(model);
}

static void written_shapes_of_reshapes_follow(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 4, 6, 6));
    hone_value *a = apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(1, 2, 2, 6, 6))));
    hone_value *b = apply(g, HONE_OP_Transpose, INPUTS(a));
    with_ints(g, "perm", LIST(0, 2, 1, 3, 4));
    hone_value *c = apply(g, HONE_OP_Reshape, INPUTS(b, ints(g, LIST(1, 4, 6, 6))));
    hone_value *d = apply(g, HONE_OP_Conv, INPUTS(c, weights(g, 0.5f, 1, LIST(4, 4, 3, 3))));
    hone_value *e = apply(g, HONE_OP_Reshape, INPUTS(d, ints(g, LIST(1, -1))));
    output(g, apply(g, HONE_OP_Gemm, INPUTS(e, weights(g, 0.5f, 2, LIST(64, 3)))));
    check_samples(model_of(g));
}

static void written_sizes_of_resizes_follow(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 3, 4));
    hone_value *a = apply(g, HONE_OP_Relu, INPUTS(x));
    output(g, apply(g, HONE_OP_Resize, INPUTS(a, NULL, NULL, ints(g, LIST(1, 2, 6, 8)))));
    check_samples(model_of(g));
}

static void constants_that_stand_for_a_sample_are_repeated(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 5, 4));
    hone_value *a = apply(g, HONE_OP_Concat, INPUTS(weights(g, 1, 3, LIST(1, 1, 4)), x));
    with_int(g, "axis", 1);
    output(g, apply(g, HONE_OP_Sigmoid, INPUTS(a)));
    check_samples(model_of(g));
}

static void initial_states_are_repeated(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 5, 4));
    hone_value *steps = apply(g, HONE_OP_Transpose, INPUTS(x));
    with_ints(g, "perm", LIST(1, 0, 2));
    hone_value *y =
        apply(g, HONE_OP_GRU,
              INPUTS(steps, weights(g, 0.5f, 1, LIST(1, 9, 4)), weights(g, 0.5f, 2, LIST(1, 9, 3)),
                     NULL, NULL, weights(g, 1, 3, LIST(1, 1, 3))));
    with_int(g, "hidden_size", 3);
    hone_value *flat = apply(g, HONE_OP_Squeeze, INPUTS(y, ints(g, LIST(1))));
    hone_value *back = apply(g, HONE_OP_Transpose, INPUTS(flat));
    with_ints(g, "perm", LIST(1, 0, 2));
    output(g, back);
    check_samples(model_of(g));
}

/* Convolutions whose values, for all samples at once, leave the cache. */
static hone_model *wide_model(void) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 8, 96, 96));
    hone_value *a = apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 0.3f, 1, LIST(8, 8, 3, 3))));
    hone_value *b = apply(g, HONE_OP_Relu, INPUTS(a));
    hone_value *c = apply(g, HONE_OP_Conv, INPUTS(b, weights(g, 0.3f, 2, LIST(8, 8, 3, 3))));
    output(g, apply(g, HONE_OP_GlobalAveragePool, INPUTS(c)));
    return model_of(g);
}

static void samples_that_stay_apart_take_the_memory_of_one(void **state) {
    (void)state;
    check_samples(wide_model());
    hone_model *model = wide_model();
    hone_session *one = session_of(model, &(hone_session_options){.threads = 1});
    hone_session *all = session_of(model, &(hone_session_options){.threads = 1, .batch = 16});
    hone_session_memory a, b;
    hone_port port;
    hone_session_get_memory(one, &a);
    hone_session_get_memory(all, &b);
    assert_int_equal(a.arena_bytes, b.arena_bytes);
    assert_ok(hone_session_output(all, 0, &port));
    assert_int_equal(port.shape.dim[0], 16);
    hone_session_free(one);
    hone_session_free(all);
    hone_model_free(model);
}

static void refuses(hone_model *model, hone_status why, const char *text) {
    hone_error error = {0};
    hone_session *session = NULL;
    hone_session_options options = {.batch = SAMPLES};
    assert_int_equal(hone_session_create(model, &options, &session, &error), why);
    if (!strstr(error.message, text)) fail_msg("'%s' does not say '%s'", error.message, text);
    assert_null(session);
    hone_model_free(model);
}

static void a_model_that_mixes_its_samples_is_refused(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 4));
    hone_value *y = apply(g, HONE_OP_ReduceMean, INPUTS(x, ints(g, LIST(0))));
    with_int(g, "keepdims", 1);
    output(g, y);
    refuses(model_of(g), HONE_UNSUPPORTED, "does not grow with the batch");
}

static void what_does_not_fit_is_named(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 4, 6));
    output(g, apply(g, HONE_OP_Reshape, INPUTS(x, ints(g, LIST(4, 6)))));
    const char *name = g->last_node->name;
    char copy[64];
    snprintf(copy, sizeof copy, "%s", name);
    refuses(model_of(g), HONE_SHAPE, copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_shapes_of_reshapes_follow),
        cmocka_unit_test(written_sizes_of_resizes_follow),
        cmocka_unit_test(constants_that_stand_for_a_sample_are_repeated),
        cmocka_unit_test(initial_states_are_repeated),
        cmocka_unit_test(samples_that_stay_apart_take_the_memory_of_one),
        cmocka_unit_test(a_model_that_mixes_its_samples_is_refused),
        cmocka_unit_test(what_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
