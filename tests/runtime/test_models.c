/* SPDX-License-Identifier: Apache-2.0 */
/* Real models against stored answers of ONNX Runtime: within 1e-4 of the largest output. */
#include "testing.h"

#include <hone/session.h>
#include <math.h>

#include "runtime/answers.h"

#define TOLERANCE 1e-4

/* See make_answers.py. */
static void fill_pattern(hone_tensor *tensor) {
    float *data = (float *)tensor->data;
    for (size_t i = 0; i < tensor->bytes / sizeof *data; i++) {
        uint32_t bits = (uint32_t)(i * 2654435761u) >> 8;
        data[i] = (float)bits / 16777216.0f * 2 - 1;
    }
}

static void check_answer(const struct answer *answer, const hone_tensor *out) {
    size_t count = out->bytes / sizeof(float);
    const float *data = (const float *)out->data;
    for (size_t s = 0; s < SAMPLES; s++) {
        double got = data[(count - 1) * s / (SAMPLES - 1)];
        if (!(fabs(got - answer->sample[s]) <= TOLERANCE * answer->largest))
            fail_msg("%s, output %u, sample %zu: %g instead of %g", answer->model, answer->output,
                     s, got, answer->sample[s]);
    }
}

static void check_way(const char *name, const hone_model *model,
                      const hone_session_options *options) {
    hone_error error = {0};
    hone_session *session = NULL;
    hone_port port;
    hone_tensor in = {0}, out[4] = {{0}};
    assert_ok_or(hone_session_create(model, options, &session, &error), error);
    assert_ok(hone_session_input(session, 0, &port));
    assert_ok(hone_tensor_new(port.dtype, &port.shape, &in, NULL));
    fill_pattern(&in);
    assert_ok_or(hone_session_run(session, &in, out, &error), error);
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (!strcmp(answers[i].model, name)) check_answer(&answers[i], &out[answers[i].output]);
    hone_tensor_free(&in);
    hone_session_free(session);
}

static void check(const char *name) {
    char file[128];
    hone_error error = {0};
    hone_model *model = NULL;
    snprintf(file, sizeof file, "models/%s.onnx", name);
    const char *path = asset(file);
    assert_ok_or(hone_model_load(path, NULL, &model, &error), error);
    check_way(name, model, &(hone_session_options){.threads = 1});
    check_way(name, model, &(hone_session_options){.threads = 2, .cpu = HONE_CPU_SCALAR});
    check_way(name, model, &(hone_session_options){.threads = 2, .keep_all = true});
    assert_ok_or(hone_model_simplify(model, &error), error);
    check_way(name, model, &(hone_session_options){.threads = 3});
    hone_model_free(model);
}

static void mnist_cnn(void **state) {
    (void)state;
    check("mnist-cnn-opset8");
}
static void efficientnet_lite0(void **state) {
    (void)state;
    check("efficientnet-lite0-224");
}
static void fastestdet(void **state) {
    (void)state;
    check("fastestdet-coco-352");
}
static void ultraface(void **state) {
    (void)state;
    check("ultraface-rfb-320");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mnist_cnn),
        cmocka_unit_test(efficientnet_lite0),
        cmocka_unit_test(fastestdet),
        cmocka_unit_test(ultraface),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
