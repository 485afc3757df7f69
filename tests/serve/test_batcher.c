/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/oracle.h"

#include <hone/serve.h>
#include <pthread.h>
#include <stdatomic.h>

#define PIXELS  32
#define CLASSES 5

/* x [batch, 2, 4, 4] to y [batch, 5]. A picture that begins with a large number makes a wrong
 * index: its run fails. */
static hone_model *small_model(bool symbolic, bool may_fail) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 4, 4));
    if (symbolic) x->shape.dim[0] = symbol(g, "batch");
    hone_value *a = apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 0.5f, 1, LIST(4, 2, 3, 3))));
    hone_value *flat = apply(g, HONE_OP_Flatten, INPUTS(a));
    hone_value *y = apply(g, HONE_OP_Gemm, INPUTS(flat, weights(g, 0.1f, 3, LIST(16, CLASSES))));
    if (may_fail) {
        const int64_t ten = 10;
        hone_value *large = apply(g, HONE_OP_Cast, INPUTS(y));
        with_int(g, "to", HONE_S64);
        hone_value *index =
            apply(g, HONE_OP_Div, INPUTS(large, constant(g, HONE_S64, &ten, 1, (int64_t[]){1})));
        y = apply(g, HONE_OP_GatherElements, INPUTS(y, index));
        with_int(g, "axis", 1);
    }
    output(g, y);
    return model_of(g);
}

typedef struct picture {
    float in[PIXELS], out[CLASSES], want[CLASSES];
    hone_tensor input, output;
    hone_status status;
    hone_error error;
} picture;

static void make_picture(picture *p, uint64_t seed) {
    *p = (picture){.status = HONE_USAGE};
    p->input = (hone_tensor){HONE_F32, {.rank = 4, .dim = {1, 2, 4, 4}}, p->in, sizeof p->in};
    p->output = (hone_tensor){HONE_F32, {.rank = 2, .dim = {1, CLASSES}}, p->out, sizeof p->out};
    fill_random(&p->input, seed);
}

/* What a session of one sample says. */
static void make_pictures(const hone_model *model, picture *pictures, uint32_t count) {
    hone_session *session = session_of(model, NULL);
    for (uint32_t i = 0; i < count; i++) {
        hone_tensor out = {0};
        make_picture(&pictures[i], i + 1);
        assert_ok(hone_session_run(session, &pictures[i].input, &out, NULL));
        memcpy(pictures[i].want, out.data, sizeof pictures[i].want);
    }
    hone_session_free(session);
}

static void check_answer(const picture *p) {
    if (p->status != HONE_OK) fail_msg("%s", p->error.message);
    for (int k = 0; k < CLASSES; k++) assert_float_equal(p->out[k], p->want[k], 1e-5);
}

static hone_batcher *batcher_of(const hone_model *model, const hone_batcher_options *options) {
    hone_batcher *batcher = NULL;
    hone_error error = {0};
    assert_ok_or(hone_batcher_create(model, options, &batcher, &error), error);
    return batcher;
}

typedef struct client {
    hone_batcher *batcher;
    picture *pictures;
    uint32_t count;
} client;

static void *client_main(void *argument) {
    client *c = (client *)argument;
    for (uint32_t i = 0; i < c->count; i++) {
        picture *p = &c->pictures[i];
        p->status = hone_batcher_run(c->batcher, &p->input, &p->output, NULL, &p->error);
    }
    return NULL;
}

static void requests_of_many_threads_get_their_own_answers(void **state) {
    (void)state;
    static picture pictures[6 * 40];
    for (int symbolic = 0; symbolic < 2; symbolic++) {
        hone_model *model = small_model(symbolic, false);
        hone_batcher *batcher = batcher_of(
            model, &(hone_batcher_options){.max_batch = 6, .max_wait_ms = 1, .session.threads = 2});
        hone_batcher_stats stats;
        client clients[6];
        pthread_t threads[6];
        make_pictures(model, pictures, 240);
        for (uint32_t i = 0; i < 6; i++) {
            clients[i] = (client){batcher, pictures + i * 40, 40};
            assert_int_equal(pthread_create(&threads[i], NULL, client_main, &clients[i]), 0);
        }
        for (int i = 0; i < 6; i++) pthread_join(threads[i], NULL);
        for (int i = 0; i < 240; i++) check_answer(&pictures[i]);
        hone_batcher_get_stats(batcher, &stats);
        assert_int_equal(stats.requests, 240);
        assert_int_equal(stats.samples, 240);
        assert_in_range(stats.largest, 1, 6);
        hone_batcher_free(batcher);
        hone_model_free(model);
    }
}

static atomic_uint told;

static void count_done(void *user, hone_status status, const hone_error *error) {
    picture *p = (picture *)user;
    p->status = status;
    p->error = *error;
    atomic_fetch_add(&told, 1);
}

static void submit(hone_batcher *batcher, picture *p, const hone_run_options *options) {
    assert_ok(hone_batcher_submit(batcher, &p->input, &p->output, options, count_done, p, NULL));
}

/* A wait that no test can outlast: what is gathered is gathered by number or by closing. */
#define FOREVER 1e9

static void a_full_batch_runs_without_waiting_for_the_time(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_batcher *batcher =
        batcher_of(model, &(hone_batcher_options){.max_batch = 4, .max_wait_ms = FOREVER});
    hone_batcher_stats stats;
    picture pictures[7];
    make_pictures(model, pictures, 7);
    atomic_store(&told, 0);
    for (int i = 0; i < 7; i++) submit(batcher, &pictures[i], NULL);
    hone_batcher_close(batcher, true); /* the last three: as 2 and 1 */
    assert_int_equal(told, 7);
    for (int i = 0; i < 7; i++) check_answer(&pictures[i]);
    hone_batcher_get_stats(batcher, &stats);
    assert_int_equal(stats.batches, 2);
    assert_int_equal(stats.runs, 3);
    assert_int_equal(stats.largest, 4);
    assert_int_equal(hone_batcher_run(batcher, &pictures[0].input, &pictures[0].output, NULL, NULL),
                     HONE_CANCELLED);
    hone_batcher_free(batcher);
    hone_model_free(model);
}

static void freeing_refuses_what_waits(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_batcher *batcher =
        batcher_of(model, &(hone_batcher_options){.max_batch = 8, .max_wait_ms = FOREVER});
    picture pictures[3];
    make_pictures(model, pictures, 3);
    atomic_store(&told, 0);
    for (int i = 0; i < 3; i++) submit(batcher, &pictures[i], NULL);
    hone_batcher_free(batcher);
    assert_int_equal(told, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pictures[i].status, HONE_CANCELLED);
        assert_string_equal(pictures[i].error.message, "the batcher is closed");
    }
    hone_model_free(model);
}

static void a_queue_that_is_full_says_busy(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_batcher *batcher = batcher_of(
        model, &(hone_batcher_options){.max_batch = 8, .max_queue = 2, .max_wait_ms = FOREVER});
    hone_error error = {0};
    picture p[3];
    make_pictures(model, p, 3);
    submit(batcher, &p[0], NULL);
    submit(batcher, &p[1], NULL);
    assert_int_equal(hone_batcher_run(batcher, &p[2].input, &p[2].output, NULL, &error), HONE_BUSY);
    assert_non_null(strstr(error.message, "2 requests"));
    hone_batcher_close(batcher, true);
    check_answer(&p[0]);
    check_answer(&p[1]);
    hone_batcher_free(batcher);
    hone_model_free(model);
}

static void a_request_ends_when_its_time_is_over_or_it_is_cancelled(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_batcher *batcher =
        batcher_of(model, &(hone_batcher_options){.max_batch = 8, .max_wait_ms = FOREVER});
    hone_cancel *cancel = NULL;
    hone_batcher_stats stats;
    hone_error error = {0};
    picture p[3];
    make_pictures(model, p, 3);
    const hone_run_options soon = {.timeout_ms = 2};
    assert_int_equal(hone_batcher_run(batcher, &p[0].input, &p[0].output, &soon, &error),
                     HONE_CANCELLED);
    assert_string_equal(error.message, "the run's time is over");
    assert_ok(hone_cancel_new(NULL, &cancel, NULL));
    submit(batcher, &p[1], &(hone_run_options){.cancel = cancel});
    submit(batcher, &p[2], NULL);
    hone_cancel_request(cancel);
    hone_batcher_close(batcher, true);
    assert_int_equal(p[1].status, HONE_CANCELLED);
    check_answer(&p[2]);
    hone_batcher_get_stats(batcher, &stats);
    assert_int_equal(stats.cancelled, 2);
    assert_int_equal(stats.requests, 3);
    hone_cancel_free(cancel);
    hone_batcher_free(batcher);
    hone_model_free(model);
}

static void the_wrong_shape_is_its_own_callers_error(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_batcher *batcher = batcher_of(model, NULL);
    hone_error error = {0};
    picture p;
    make_picture(&p, 1);
    p.input.shape.dim[0] = 2;
    assert_int_equal(hone_batcher_run(batcher, &p.input, &p.output, NULL, &error), HONE_SHAPE);
    assert_non_null(strstr(error.message, "input 'x'"));
    make_picture(&p, 1);
    p.output.data = NULL;
    assert_int_equal(hone_batcher_run(batcher, &p.input, &p.output, NULL, &error), HONE_SHAPE);
    hone_batcher_free(batcher);
    hone_model_free(model);
}

static void a_sample_that_fails_fails_alone(void **state) {
    (void)state;
    hone_model *model = small_model(true, true);
    hone_batcher *batcher =
        batcher_of(model, &(hone_batcher_options){.max_batch = 4, .max_wait_ms = FOREVER});
    picture p[4];
    make_pictures(model, p, 4);
    for (int i = 0; i < PIXELS; i++) p[2].in[i] *= 1e4f;
    for (int i = 0; i < 4; i++) submit(batcher, &p[i], NULL);
    hone_batcher_close(batcher, true);
    for (int i = 0; i < 4; i++)
        if (i != 2) check_answer(&p[i]);
    assert_int_not_equal(p[2].status, HONE_OK);
    assert_int_not_equal(p[2].status, HONE_CANCELLED);
    assert_true(p[2].error.message[0] != 0);
    hone_batcher_free(batcher);
    hone_model_free(model);
}

static void known_answers_come_from_the_cache(void **state) {
    (void)state;
    hone_model *model = small_model(true, false);
    hone_result_cache *cache = NULL;
    assert_ok(hone_result_cache_create(NULL, 1 << 16, &cache, NULL));
    hone_batcher *batcher = batcher_of(model, &(hone_batcher_options){.cache = cache});
    hone_batcher_stats stats;
    picture p[2];
    make_pictures(model, p, 2);
    for (int round = 0; round < 3; round++) {
        memset(p[0].out, 0, sizeof p[0].out);
        p[0].status = hone_batcher_run(batcher, &p[0].input, &p[0].output, NULL, &p[0].error);
        check_answer(&p[0]);
    }
    atomic_store(&told, 0);
    submit(batcher, &p[0], NULL);
    assert_int_equal(told, 1); /* at once */
    hone_batcher_get_stats(batcher, &stats);
    assert_int_equal(stats.requests, 4);
    assert_int_equal(stats.samples, 1);
    hone_batcher_free(batcher);
    hone_result_cache_free(cache);
    hone_model_free(model);
}

static void models_that_cannot_be_gathered_are_refused(void **state) {
    (void)state;
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(4, 4));
    output(g, apply(g, HONE_OP_Relu, INPUTS(x)));
    hone_model *model = model_of(g);
    hone_batcher *batcher = NULL;
    hone_error error = {0};
    assert_int_equal(hone_batcher_create(model, NULL, &batcher, &error), HONE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "'x' does not grow"));
    assert_null(batcher);
    hone_batcher_options large = {.max_batch = 129};
    assert_int_equal(hone_batcher_create(model, &large, &batcher, &error), HONE_USAGE);
    hone_model_free(model);
}

static void creation_and_requests_fail_cleanly_at_every_allocation(void **state) {
    (void)state;
    hone_model *model = small_model(false, false);
    picture p;
    make_pictures(model, &p, 1);
    bool done = false;
    for (size_t n = 1; !done && n < 5000; n++) {
        failing_allocator f;
        failing_allocator_init(&f, n);
        hone_batcher_options options = {.allocator = &f.allocator, .max_batch = 2};
        hone_batcher *batcher = NULL;
        hone_error error = {0};
        hone_status status = hone_batcher_create(model, &options, &batcher, &error);
        if (status == HONE_OK) {
            p.status = HONE_MEMORY;
            status =
                hone_batcher_submit(batcher, &p.input, &p.output, NULL, count_done, &p, &error);
            hone_batcher_close(batcher, true);
            if (status == HONE_OK) check_answer(&p);
        }
        assert_true(status == HONE_OK || status == HONE_MEMORY);
        hone_batcher_free(batcher);
        assert_int_equal(f.live_bytes, 0);
        done = f.requests < n;
    }
    assert_true(done);
    hone_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_of_many_threads_get_their_own_answers),
        cmocka_unit_test(a_full_batch_runs_without_waiting_for_the_time),
        cmocka_unit_test(freeing_refuses_what_waits),
        cmocka_unit_test(a_queue_that_is_full_says_busy),
        cmocka_unit_test(a_request_ends_when_its_time_is_over_or_it_is_cancelled),
        cmocka_unit_test(the_wrong_shape_is_its_own_callers_error),
        cmocka_unit_test(a_sample_that_fails_fails_alone),
        cmocka_unit_test(known_answers_come_from_the_cache),
        cmocka_unit_test(models_that_cannot_be_gathered_are_refused),
        cmocka_unit_test(creation_and_requests_fail_cleanly_at_every_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
