/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, planning, running and freeing whole models while each request for memory fails in turn:
 * an error, never a crash, and nothing is left behind. */
#include "testing.h"

#include <hone/session.h>

#define MOST_REQUESTS 100000

/* One life of a model. */
static hone_status live(const char *path, failing_allocator *f) {
    hone_load_options load = {.allocator = &f->allocator};
    hone_session_options options = {.allocator = &f->allocator, .threads = 1};
    hone_model *model = NULL;
    hone_session *session = NULL;
    hone_error error = {0};
    hone_tensor in = {0}, out[8] = {{0}};
    hone_port port;
    hone_status status = hone_model_load(path, &load, &model, &error);
    if (status == HONE_OK) status = hone_model_simplify(model, &error);
    if (status == HONE_OK) status = hone_session_create(model, &options, &session, &error);
    if (status == HONE_OK) status = hone_session_input(session, 0, &port);
    if (status == HONE_OK) status = hone_tensor_new(port.dtype, &port.shape, &in, &error);
    if (status == HONE_OK) status = hone_session_run(session, &in, out, &error);
    if (status != HONE_OK && !error.message[0]) fail_msg("%s: no word of what failed", path);
    hone_tensor_free(&in);
    hone_session_free(session);
    hone_model_free(model);
    return status;
}

static void check_model(const char *path) {
    bool whole = false;
    for (size_t n = 1; !whole && n < MOST_REQUESTS; n++) {
        failing_allocator f;
        failing_allocator_init(&f, n);
        hone_status status = live(path, &f);
        whole = f.requests < n;
        if (whole ? status != HONE_OK : status != HONE_OK && status != HONE_MEMORY)
            fail_msg("%s, request %zu: %s", path, n, hone_status_name(status));
        assert_int_equal(f.live_bytes, 0);
    }
    assert_true(whole);
}

static void an_onnx_classifier_survives_every_failure(void **state) {
    (void)state;
    check_model(asset("models/mnist-cnn-opset8.onnx"));
}

static void a_quantized_tflite_model_survives_every_failure(void **state) {
    (void)state;
    check_model(asset("models/mlperf-tiny-ad-autoencoder-int8.tflite"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_onnx_classifier_survives_every_failure),
        cmocka_unit_test(a_quantized_tflite_model_survives_every_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
