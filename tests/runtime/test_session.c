/* SPDX-License-Identifier: Apache-2.0 */
/* What a session promises: no allocation while running, errors that name what is wrong, values that
 * can be read, and no leak however creation fails. malloc and its kin are counted by the linker's
 * --wrap. */
#include "runtime/oracle.h"

#include <stdatomic.h>

static atomic_uint allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

void *__wrap_malloc(size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(count, size);
}
void *__wrap_realloc(void *old, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_realloc(old, size);
}

/* Convolution, reference operator, concatenation, product: x [batch, 2, 6, 6] to y [batch, 5]. */
static hone_model *small_model(void) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 6, 6));
    x->shape.dim[0] = symbol(g, "batch");
    hone_value *a =
        apply(g, HONE_OP_Conv,
              INPUTS(x, weights(g, 0.5f, 1, LIST(4, 2, 3, 3)), weights(g, 1, 2, LIST(4))));
    hone_value *b = apply(g, HONE_OP_Relu, INPUTS(a));
    hone_value *c = apply(g, HONE_OP_Softplus, INPUTS(b));
    hone_value *d = apply(g, HONE_OP_Concat, INPUTS(b, c));
    with_int(g, "axis", 1);
    hone_value *flat = apply(g, HONE_OP_Flatten, INPUTS(d));
    hone_value *y =
        apply(g, HONE_OP_Gemm,
              INPUTS(flat, weights(g, 0.1f, 3, LIST(128, 5)), weights(g, 1, 4, LIST(5))));
    output(g, y);
    return model_of(g);
}

static void a_run_allocates_nothing(void **state) {
    (void)state;
    hone_model *model = small_model();
    for (uint32_t threads = 1; threads <= 3; threads++) {
        failing_allocator counter;
        failing_allocator_init(&counter, 0);
        hone_session_options options = {
            .allocator = &counter.allocator, .threads = threads, .profile = true, .batch = 8};
        hone_session *session = session_of(model, &options);
        hone_tensor in[1] = {{0}}, out[1] = {{0}};
        make_inputs(session, in);
        size_t requests = counter.requests;
        unsigned before = atomic_load(&allocations);
        for (int run = 0; run < 5; run++)
            if (hone_session_run(session, in, out, NULL) != HONE_OK) fail();
        unsigned after = atomic_load(&allocations);
        assert_int_equal(after, before);
        assert_int_equal(counter.requests, requests);
        assert_true(before > 0);
        free_all(in, 1);
        hone_session_free(session);
        assert_int_equal(counter.live_bytes, 0);
    }
    hone_model_free(model);
}

static void creation_fails_cleanly_at_every_allocation(void **state) {
    (void)state;
    hone_model *model = small_model();
    failing_allocator f;
    bool made = false;
    for (size_t n = 1; !made && n < 2000; n++) {
        hone_session *session = NULL;
        hone_error error = {0};
        failing_allocator_init(&f, n);
        hone_session_options options = {.allocator = &f.allocator, .keep_all = n % 2 == 0};
        hone_status status = hone_session_create(model, &options, &session, &error);
        made = status == HONE_OK && f.requests < n;
        if (status != HONE_OK) {
            assert_null(session);
            assert_int_equal(status, HONE_MEMORY);
            assert_true(error.message[0] != 0);
        }
        hone_session_free(session);
        assert_int_equal(f.live_bytes, 0);
    }
    assert_true(made);
    hone_model_free(model);
}

static void the_batch_is_bound_and_every_image_gets_its_own_answer(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *one = session_of(model, NULL);
    hone_session *three = session_of(model, &(hone_session_options){.batch = 3, .threads = 2});
    hone_tensor in[1] = {{0}}, all[1] = {{0}};
    hone_port port;
    assert_ok(hone_session_output(three, 0, &port));
    assert_int_equal(port.shape.dim[0], 3);
    make_inputs(three, in);
    assert_ok(hone_session_run(three, in, all, NULL));
    for (int64_t i = 0; i < 3; i++) {
        float *pixels = (float *)in[0].data + i * 72;
        hone_tensor single = {.dtype = HONE_F32,
                              .shape = {.rank = 4, .dim = {1, 2, 6, 6}},
                              .data = pixels,
                              .bytes = 288};
        hone_tensor out = {0};
        assert_ok(hone_session_run(one, &single, &out, NULL));
        for (int k = 0; k < 5; k++)
            assert_float_equal(((float *)out.data)[k], ((float *)all[0].data)[i * 5 + k], 1e-5);
    }
    free_all(in, 1);
    hone_session_free(one);
    hone_session_free(three);
    hone_model_free(model);
}

static void refuses(hone_session *session, const hone_tensor *in, hone_tensor *out,
                    const char *why) {
    hone_error error = {0};
    assert_int_equal(hone_session_run(session, in, out, &error), HONE_SHAPE);
    if (!strstr(error.message, why)) fail_msg("'%s' does not say '%s'", error.message, why);
}

static void inputs_and_outputs_must_be_what_was_planned(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *session = session_of(model, NULL);
    hone_tensor in[1] = {{0}}, out[1] = {{0}};
    make_inputs(session, in);
    hone_tensor wrong = in[0];
    wrong.dtype = HONE_S32;
    refuses(session, &wrong, out, "input 'x': type int32 given, float32 planned");
    wrong = in[0];
    wrong.shape.dim[1] = 3;
    refuses(session, &wrong, out, "[1,3,6,6] given, [?,2,6,6] planned");
    wrong = in[0];
    wrong.bytes -= 4;
    refuses(session, &wrong, out, "284 bytes given, 288 needed");
    float small[4];
    out[0] = (hone_tensor){.dtype = HONE_F32,
                           .shape = {.rank = 2, .dim = {1, 5}},
                           .data = small,
                           .bytes = sizeof small};
    refuses(session, in, out, "16 bytes given, 20 needed");
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

static void another_batch_is_planned_anew_and_remembered(void **state) {
    (void)state;
    hone_model *model = small_model();
    failing_allocator counter;
    failing_allocator_init(&counter, 0);
    hone_session *session =
        session_of(model, &(hone_session_options){.allocator = &counter.allocator});
    hone_tensor in[12] = {{0}}, single = {0}, all = {0};
    for (int64_t batch = 1; batch <= 12; batch++) { /* more than are remembered */
        hone_session *other = session_of(model, &(hone_session_options){.batch = batch});
        make_inputs(other, &in[batch - 1]);
        single = all = (hone_tensor){0};
        assert_ok(hone_session_run(other, &in[batch - 1], &single, NULL));
        assert_ok(hone_session_run(session, &in[batch - 1], &all, NULL));
        assert_true(hone_shape_equal(&all.shape, &single.shape));
        assert_memory_equal(all.data, single.data, single.bytes);
        hone_session_free(other);
    }
    hone_port port;
    assert_ok(hone_session_output(session, 0, &port));
    assert_int_equal(port.shape.dim[0], 12);
    size_t requests = counter.requests;
    for (int64_t batch = 12; batch > 4; batch--) {
        all = (hone_tensor){0};
        assert_ok(hone_session_run(session, &in[batch - 1], &all, NULL));
    }
    assert_int_equal(counter.requests, requests);
    all = (hone_tensor){0};
    assert_ok(hone_session_run(session, &in[0], &all, NULL));
    assert_true(counter.requests > requests); /* the least recently used had gone */
    free_all(in, 12);
    hone_session_free(session);
    assert_int_equal(counter.live_bytes, 0);
    hone_model_free(model);
}

static void a_plan_that_cannot_be_made_leaves_the_others_alone(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *two = session_of(model, &(hone_session_options){.batch = 2});
    hone_tensor in[1] = {{0}}, pair[1] = {{0}}, out = {0};
    make_inputs(two, pair);
    bool planned = false;
    for (size_t n = 1; !planned && n < 2000; n++) {
        failing_allocator f;
        failing_allocator_init(&f, 0);
        hone_session *session =
            session_of(model, &(hone_session_options){.allocator = &f.allocator});
        if (!in[0].data) make_inputs(session, in);
        f.fail_at = f.requests + n;
        out = (hone_tensor){0};
        hone_status status = hone_session_run(session, pair, &out, NULL);
        planned = status == HONE_OK && f.requests < f.fail_at;
        assert_true(status == HONE_OK || status == HONE_MEMORY);
        out = (hone_tensor){0};
        assert_ok(hone_session_run(session, in, &out, NULL));
        assert_int_equal(out.shape.dim[0], 1);
        hone_session_free(session);
        assert_int_equal(f.live_bytes, 0);
    }
    assert_true(planned);
    free_all(in, 1);
    free_all(pair, 1);
    hone_session_free(two);
    hone_model_free(model);
}

static void outputs_go_to_the_callers_memory_or_are_views(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *session = session_of(model, NULL);
    float mine[5] = {0};
    hone_tensor in[1] = {{0}}, view = {0};
    hone_tensor given = {
        .dtype = HONE_F32, .shape = {.rank = 2, .dim = {1, 5}}, .data = mine, .bytes = sizeof mine};
    make_inputs(session, in);
    assert_ok(hone_session_run(session, in, &given, NULL));
    assert_ok(hone_session_run(session, in, &view, NULL));
    assert_memory_equal(mine, view.data, sizeof mine);
    assert_ptr_not_equal(view.data, mine);
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

static void a_symbolic_size_that_nobody_gave_is_named(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 1, 6));
    x->shape.dim[2] = symbol(g, "height");
    output(g, apply(g, HONE_OP_Relu, INPUTS(x)));
    hone_model *model = model_of(g);
    hone_error error = {0};
    hone_session *session = NULL;
    assert_int_equal(hone_session_create(model, NULL, &session, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "'height'"));
    hone_shape shape = {.rank = 4, .dim = {1, 2, 9, 6}};
    session = session_of(model, &(hone_session_options){.input_shapes = &shape});
    hone_port port;
    assert_ok(hone_session_output(session, 0, &port));
    assert_int_equal(port.shape.dim[2], 9);
    hone_session_free(session);
    shape.dim[3] = 7;
    hone_session_options other = {.input_shapes = &shape};
    assert_int_equal(hone_session_create(model, &other, &session, &error), HONE_SHAPE);
    hone_model_free(model);
}

static void what_cannot_run_is_named_at_creation(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(4)), *y = NULL;
    assert_ok(hone_graph_add_value(g, "y", &y, NULL));
    assert_ok(hone_graph_add_node(g, HONE_OP_Bernoulli, "dice", (hone_value *[]){x}, 1, &y, 1, NULL,
                                  NULL, NULL));
    output(g, y);
    hone_model *model = model_of(g);
    hone_error error = {0};
    hone_session *session = NULL;
    assert_int_equal(hone_session_create(model, NULL, &session, &error), HONE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "dice"));
    assert_null(session);
    hone_model_free(model);
}

static void a_session_that_keeps_all_shows_every_value(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *session = session_of(model, &(hone_session_options){.keep_all = true});
    hone_tensor in[1] = {{0}}, out[1] = {{0}}, view;
    make_inputs(session, in);
    assert_ok(hone_session_run(session, in, out, NULL));
    uint32_t seen = 0;
    for (const hone_value *v = model->graph->first_value; v; v = v->next) {
        hone_error error = {0};
        assert_ok_or(hone_session_value(session, v->name, &view, &error), error);
        assert_int_equal(view.dtype, v->dtype == HONE_DTYPE_NONE ? HONE_F32 : v->dtype);
        seen++;
    }
    assert_true(seen >= 10);
    assert_ok(hone_session_value(session, "x", &view, NULL));
    assert_memory_equal(view.data, in[0].data, in[0].bytes);
    assert_int_equal(hone_session_value(session, "nobody", &view, NULL), HONE_NOT_FOUND);
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

static void kept_values_are_in_the_models_own_layout(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 3, 4, 5));
    hone_value *twice = apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 1, 1, LIST(3, 3, 1, 1))));
    const char *name = twice->name;
    output(g, apply(g, HONE_OP_Relu, INPUTS(twice)));
    output(g, twice);
    hone_model *model = model_of(g);
    hone_session *session = session_of(model, &(hone_session_options){.keep_all = true});
    hone_tensor in[1] = {{0}}, out[2] = {{0}}, view;
    make_inputs(session, in);
    assert_ok(hone_session_run(session, in, out, NULL));
    assert_ok(hone_session_value(session, name, &view, NULL));
    assert_memory_equal(view.data, out[1].data, out[1].bytes);
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

static void the_profile_counts_and_can_be_reset(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *session = session_of(model, &(hone_session_options){.profile = true});
    hone_tensor in[1] = {{0}}, out[1] = {{0}};
    hone_layer_profile layer;
    make_inputs(session, in);
    for (int i = 0; i < 20; i++) assert_ok(hone_session_run(session, in, out, NULL));
    double total = 0;
    uint64_t work = 0;
    for (uint32_t i = 0; i < hone_session_layers(session); i++) {
        assert_ok(hone_session_layer(session, i, &layer));
        assert_true(layer.name[0] && layer.op[0] && layer.kernel[0]);
        total += layer.ms, work += layer.multiply_adds;
    }
    assert_true(total > 0);
    assert_int_equal(work, 4 * 16 * 18 + 128 * 5);
    hone_session_reset_profile(session);
    assert_ok(hone_session_layer(session, 0, &layer));
    assert_true(layer.ms == 0);
    assert_int_equal(hone_session_layer(session, 99, &layer), HONE_NOT_FOUND);
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

static void memory_is_known_before_the_first_run(void **state) {
    (void)state;
    hone_model *model = small_model();
    hone_session *plain = session_of(model, &(hone_session_options){.threads = 1});
    hone_session *keep = session_of(model, &(hone_session_options){.threads = 1, .keep_all = true});
    hone_session_memory a, b;
    hone_session_get_memory(plain, &a);
    hone_session_get_memory(keep, &b);
    assert_true(a.arena_bytes >= a.lower_bound_bytes && a.lower_bound_bytes > 0);
    assert_true(a.weight_bytes >= 128 * 5 * 4);
    assert_true(b.arena_bytes > a.arena_bytes);
    hone_session_free(plain);
    hone_session_free(keep);
    hone_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_allocates_nothing),
        cmocka_unit_test(creation_fails_cleanly_at_every_allocation),
        cmocka_unit_test(the_batch_is_bound_and_every_image_gets_its_own_answer),
        cmocka_unit_test(inputs_and_outputs_must_be_what_was_planned),
        cmocka_unit_test(another_batch_is_planned_anew_and_remembered),
        cmocka_unit_test(a_plan_that_cannot_be_made_leaves_the_others_alone),
        cmocka_unit_test(outputs_go_to_the_callers_memory_or_are_views),
        cmocka_unit_test(a_symbolic_size_that_nobody_gave_is_named),
        cmocka_unit_test(what_cannot_run_is_named_at_creation),
        cmocka_unit_test(a_session_that_keeps_all_shows_every_value),
        cmocka_unit_test(kept_values_are_in_the_models_own_layout),
        cmocka_unit_test(the_profile_counts_and_can_be_reset),
        cmocka_unit_test(memory_is_known_before_the_first_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
