/* SPDX-License-Identifier: Apache-2.0 */
/* The models of tests/golden/flow: their shapes or ways depend on data. Answers are ONNX Runtime's.
 * Each is judged as a backend test, and then all its data sets, of different shapes, go through one
 * session, twice. */
#include "testing.h"

#include <hone/conformance.h>
#include <hone/session.h>

#include <math.h>

#define FOLDER HONE_SOURCE_DIR "/tests/golden/flow/"
#define PORTS  4

static const char *const models[] = {"branches", "detector",  "functions", "growing",  "loop",
                                     "scan",     "selection", "sentence",  "sequences"};
#define MODELS (sizeof models / sizeof *models)

static void every_model_gives_the_stored_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        char path[512];
        hone_conformance_result result;
        hone_error error = {0};
        snprintf(path, sizeof path, FOLDER "%s", models[i]);
        assert_ok_or(hone_conformance_run_case(path, &result, &error), error);
        if (result.verdict != HONE_CONFORMANCE_PASSED) fail_msg("%s: %s", models[i], result.reason);
        assert_true(result.data_sets >= 2);
    }
}

/* Tensors KIND_0.pb, ... of a data set; how many. */
static uint32_t read_set(const char *model, unsigned set, const char *kind, hone_tensor *tensors) {
    uint32_t count = 0;
    for (; count < PORTS; count++) {
        char path[512];
        struct stat facts;
        snprintf(path, sizeof path, FOLDER "%s/test_data_set_%u/%s_%u.pb", model, set, kind, count);
        if (stat(path, &facts)) break;
        assert_ok(hone_tensor_read_pb(path, &tensors[count], NULL));
    }
    return count;
}

static void assert_same(const char *model, const hone_tensor *got, const hone_tensor *wanted) {
    int64_t count = 0;
    assert_true(hone_shape_equal(&got->shape, &wanted->shape));
    assert_int_equal(got->dtype, wanted->dtype);
    assert_ok(hone_shape_elements(&got->shape, &count, NULL));
    if (got->dtype != HONE_F32) {
        if (wanted->bytes) assert_memory_equal(got->data, wanted->data, wanted->bytes);
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        float a = ((const float *)got->data)[i], b = ((const float *)wanted->data)[i];
        if (!(fabsf(a - b) <= 1e-5f + 1e-4f * fabsf(b)))
            fail_msg("%s: element %d is %g, not %g", model, (int)i, (double)a, (double)b);
    }
}

static void free_tensors(hone_tensor *tensors, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) hone_tensor_free(&tensors[i]);
}

static bool run_set(hone_session *session, const char *model, unsigned set) {
    hone_tensor in[PORTS] = {{0}}, out[PORTS] = {{0}}, wanted[PORTS] = {{0}};
    hone_error error = {0};
    uint32_t inputs = read_set(model, set, "input", in);
    uint32_t outputs = read_set(model, set, "output", wanted);
    if (outputs == 0) return false;
    assert_int_equal(inputs, hone_session_inputs(session));
    assert_int_equal(outputs, hone_session_outputs(session));
    assert_ok_or(hone_session_run(session, in, out, &error), error);
    for (uint32_t i = 0; i < outputs; i++) {
        hone_port port;
        assert_same(model, &out[i], &wanted[i]);
        assert_ok(hone_session_output(session, i, &port));
        assert_true(hone_shape_equal(&port.shape, &wanted[i].shape));
    }
    free_tensors(in, inputs);
    free_tensors(wanted, outputs);
    return true;
}

static hone_session *open_session(const hone_model *model, const char *name,
                                  hone_session_options *options) {
    hone_tensor in[PORTS] = {{0}};
    hone_shape shapes[PORTS];
    hone_session *session = NULL;
    hone_error error = {0};
    uint32_t inputs = read_set(name, 0, "input", in);
    for (uint32_t i = 0; i < inputs; i++) shapes[i] = in[i].shape;
    options->input_shapes = shapes;
    hone_status status = hone_session_create(model, options, &session, &error);
    free_tensors(in, inputs);
    if (status != HONE_OK && status != HONE_MEMORY) fail_msg("%s: %s", name, error.message);
    return session;
}

static void one_session_takes_every_shape_and_remembers(void **state) {
    (void)state;
    for (size_t i = 0; i < MODELS; i++) {
        char path[512];
        hone_model *model = NULL;
        failing_allocator counter;
        failing_allocator_init(&counter, 0);
        snprintf(path, sizeof path, FOLDER "%s/model.onnx", models[i]);
        assert_ok(hone_model_load(path, NULL, &model, NULL));
        hone_session_options options = {.allocator = &counter.allocator, .threads = 2};
        hone_session *session = open_session(model, models[i], &options);
        for (unsigned round = 0; round < 2; round++) {
            unsigned set = 0;
            while (run_set(session, models[i], set)) set++;
            assert_true(set >= 2);
        }
        hone_session_free(session);
        assert_int_equal(counter.live_bytes, 0);
        hone_model_free(model);
    }
}

/* Neither creation nor a run leaks or gives a wrong answer, whichever request for memory fails. */
static void every_failing_allocation_is_an_error(void **state) {
    (void)state;
    static const char *const some[] = {"branches", "loop", "selection", "sequences"};
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        char path[512];
        hone_model *model = NULL;
        hone_tensor in[PORTS] = {{0}}, out[PORTS];
        bool done = false;
        snprintf(path, sizeof path, FOLDER "%s/model.onnx", some[i]);
        assert_ok(hone_model_load(path, NULL, &model, NULL));
        uint32_t inputs = read_set(some[i], 0, "input", in);
        for (size_t n = 1; !done && n < 20000; n += 1 + n / 64) {
            failing_allocator f;
            failing_allocator_init(&f, n);
            hone_session_options options = {.allocator = &f.allocator, .threads = 1};
            hone_session *session = open_session(model, some[i], &options);
            hone_status status = HONE_MEMORY;
            memset(out, 0, sizeof out);
            if (session) status = hone_session_run(session, in, out, NULL);
            assert_true(status == HONE_OK || status == HONE_MEMORY);
            done = status == HONE_OK && f.requests < n;
            hone_session_free(session);
            assert_int_equal(f.live_bytes, 0);
        }
        assert_true(done);
        free_tensors(in, inputs);
        hone_model_free(model);
    }
}

static void a_loop_without_end_is_stopped(void **state) {
    (void)state;
    hone_model *model = NULL;
    hone_error error = {0};
    hone_tensor in[PORTS] = {{0}}, out[PORTS] = {{0}};
    hone_session_options options = {.threads = 1};
    hone_run_options limits = {.timeout_ms = 50};
    assert_ok(hone_model_load(FOLDER "growing/model.onnx", NULL, &model, NULL));
    hone_session *session = open_session(model, "growing", &options);
    uint32_t inputs = read_set("growing", 0, "input", in);
    *(int64_t *)in[2].data = INT64_MAX;
    assert_int_equal(hone_session_run_with(session, in, out, &limits, &error), HONE_CANCELLED);
    *(int64_t *)in[2].data = 3;
    assert_ok_or(hone_session_run(session, in, out, &error), error);
    free_tensors(in, inputs);
    hone_session_free(session);
    hone_model_free(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_gives_the_stored_answers),
        cmocka_unit_test(one_session_takes_every_shape_and_remembers),
        cmocka_unit_test(every_failing_allocation_is_an_error),
        cmocka_unit_test(a_loop_without_end_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
