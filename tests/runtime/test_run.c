/* SPDX-License-Identifier: Apache-2.0 */
/* Runs that end early, threads that the caller brings, sessions that run together. */
#include "runtime/oracle.h"

#include <pthread.h>

/* Three layers, each worth several tasks. */
static hone_model *wide_model(void) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 8, 48, 48));
    for (uint64_t i = 0; i < 3; i++)
        x = apply(g, HONE_OP_Relu,
                  INPUTS(apply(g, HONE_OP_Conv, INPUTS(x, weights(g, 0.3f, i, LIST(8, 8, 3, 3))))));
    output(g, x);
    return model_of(g);
}

/* Threads of the caller: one that does all the work, under every worker's number in turn, and
 * counts. */
typedef struct crew {
    hone_executor executor;
    uint32_t calls, tasks, most_threads;
    hone_cancel *cancel_at_call;
} crew;

static void crew_run(void *user, uint32_t threads, uint32_t count, hone_task task, void *context) {
    crew *c = (crew *)user;
    c->calls++, c->tasks += count;
    if (threads > c->most_threads) c->most_threads = threads;
    for (uint32_t i = count; i-- > 0;) task(context, i, i % threads);
    if (c->cancel_at_call) hone_cancel_request(c->cancel_at_call);
}

static void crew_init(crew *c) {
    *c = (crew){.executor = {.run = crew_run, .user = c}};
}

static void the_callers_threads_do_all_that_has_tasks(void **state) {
    (void)state;
    crew own;
    crew_init(&own);
    hone_model *model = wide_model();
    hone_session *mine =
        session_of(model, &(hone_session_options){.threads = 3, .executor = &own.executor});
    hone_session *pool = session_of(model, &(hone_session_options){.threads = 3});
    hone_tensor in[1] = {{0}}, a[1] = {{0}}, b[1] = {{0}};
    make_inputs(mine, in);
    assert_ok(hone_session_run(mine, in, a, NULL));
    assert_ok(hone_session_run(pool, in, b, NULL));
    assert_memory_equal(a[0].data, b[0].data, b[0].bytes);
    assert_true(own.calls >= 3 && own.tasks > own.calls);
    assert_in_range(own.most_threads, 2, 3);
    free_all(in, 1);
    hone_session_free(mine);
    hone_session_free(pool);
    hone_model_free(model);
}

static void a_request_to_cancel_ends_the_run_before_the_next_layer(void **state) {
    (void)state;
    crew own;
    crew_init(&own);
    hone_error error = {0};
    hone_cancel *cancel = NULL;
    hone_model *model = wide_model();
    hone_session *session =
        session_of(model, &(hone_session_options){.threads = 2, .executor = &own.executor});
    hone_tensor in[1] = {{0}}, out[1] = {{0}}, again[1] = {{0}};
    assert_ok(hone_cancel_new(NULL, &cancel, NULL));
    make_inputs(session, in);
    own.cancel_at_call = cancel;
    own.calls = 0; /* packing the weights took some */
    const hone_run_options options = {.cancel = cancel};
    assert_int_equal(hone_session_run_with(session, in, out, &options, &error), HONE_CANCELLED);
    assert_string_equal(error.message, "the run was cancelled");
    assert_null(out[0].data);
    assert_int_equal(own.calls, 1);
    assert_int_equal(hone_session_run_with(session, in, out, &options, NULL), HONE_CANCELLED);
    assert_int_equal(own.calls, 1);
    own.cancel_at_call = NULL;
    hone_cancel_clear(cancel);
    assert_false(hone_cancel_requested(cancel));
    assert_ok(hone_session_run_with(session, in, out, &options, NULL));
    assert_ok(hone_session_run(session, in, again, NULL));
    assert_ptr_equal(out[0].data, again[0].data);
    free_all(in, 1);
    hone_cancel_free(cancel);
    hone_session_free(session);
    hone_model_free(model);
}

static void a_run_ends_when_its_time_is_over(void **state) {
    (void)state;
    hone_error error = {0};
    hone_model *model = wide_model();
    hone_session *session = session_of(model, NULL);
    hone_tensor in[1] = {{0}}, out[1] = {{0}};
    make_inputs(session, in);
    const hone_run_options no_time = {.timeout_ms = 1e-9}, much = {.timeout_ms = 1e9};
    assert_int_equal(hone_session_run_with(session, in, out, &no_time, &error), HONE_CANCELLED);
    assert_string_equal(error.message, "the run's time is over");
    assert_ok(hone_session_run_with(session, in, out, &much, NULL));
    free_all(in, 1);
    hone_session_free(session);
    hone_model_free(model);
}

typedef struct together {
    hone_session *session;
    const hone_tensor *in, *want;
    bool same;
} together;

static void *run_often(void *argument) {
    together *t = (together *)argument;
    t->same = true;
    for (int i = 0; i < 20 && t->same; i++) {
        hone_tensor out = {0};
        t->same = hone_session_run(t->session, t->in, &out, NULL) == HONE_OK &&
                  !memcmp(out.data, t->want->data, out.bytes);
    }
    return NULL;
}

static void sessions_that_run_together_answer_as_alone(void **state) {
    (void)state;
    hone_model *model = wide_model();
    hone_session *first = session_of(model, &(hone_session_options){.threads = 2});
    hone_tensor in[1] = {{0}}, want[1] = {{0}};
    make_inputs(first, in);
    assert_ok(hone_session_run(first, in, want, NULL));
    together t[3];
    pthread_t threads[3];
    for (uint32_t i = 0; i < 3; i++) {
        t[i] = (together){.session = session_of(model, &(hone_session_options){.threads = i + 1}),
                          .in = in,
                          .want = want};
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, &t[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_true(t[i].same);
        hone_session_free(t[i].session);
    }
    free_all(in, 1);
    hone_session_free(first);
    hone_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_callers_threads_do_all_that_has_tasks),
        cmocka_unit_test(a_request_to_cancel_ends_the_run_before_the_next_layer),
        cmocka_unit_test(a_run_ends_when_its_time_is_over),
        cmocka_unit_test(sessions_that_run_together_answer_as_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
