/* SPDX-License-Identifier: Apache-2.0 */
/* TFLite operators one by one against stored answers of LiteRT (tests/formats/make_tflite.py). */
#include "testing.h"

#include "base/bytes.h"
#include "base/file.h"
#include "formats/model.h"
#include <hone/session.h>
#include <math.h>

typedef struct part {
    const uint8_t *data;
    uint32_t size;
} part;

typedef struct one_case {
    char name[80];
    part model, inputs[4], outputs[4];
    uint32_t input_count, output_count;
} one_case;

static uint32_t take_number(const uint8_t **at) {
    uint32_t number = hone__load32(*at);
    *at += 4;
    return number;
}

static part take(const uint8_t **at) {
    uint32_t size = take_number(at);
    part p = {*at, size};
    *at += size;
    return p;
}

static void take_case(const uint8_t **at, one_case *c) {
    part name = take(at);
    snprintf(c->name, sizeof c->name, "%.*s", (int)name.size, (const char *)name.data);
    c->model = take(at);
    c->input_count = take_number(at);
    for (uint32_t i = 0; i < c->input_count; i++) c->inputs[i] = take(at);
    c->output_count = take_number(at);
    for (uint32_t i = 0; i < c->output_count; i++) c->outputs[i] = take(at);
}

/* Floats within 1e-4 (of themselves where they are large), integers within one step; what is not
 * quantized is equal. */
static double tolerance_of(hone_dtype dtype, double wanted) {
    if (dtype == HONE_F32) return 1e-4 * fmax(1, fabs(wanted));
    return dtype == HONE_S8 || dtype == HONE_U8 || dtype == HONE_S16 ? 1 : 0;
}

static double element(hone_dtype dtype, const uint8_t *data, size_t i) {
    float f;
    switch (dtype) {
    case HONE_F32:
        memcpy(&f, data + 4 * i, 4);
        return f;
    case HONE_S32:
        return (int32_t)hone__load32(data + 4 * i);
    case HONE_S64:
        return (double)(int64_t)hone__load64(data + 8 * i);
    case HONE_S16:
        return (int16_t)hone__load16(data + 2 * i);
    case HONE_S8:
        return (int8_t)data[i];
    default:
        return data[i];
    }
}

static int compare(const one_case *c, uint32_t output, const hone_tensor *got) {
    size_t width = hone_dtype_bits(got->dtype) / 8, count = c->outputs[output].size / width;
    if (got->bytes != c->outputs[output].size) {
        print_message("%s: %zu bytes instead of %u\n", c->name, got->bytes,
                      c->outputs[output].size);
        return 1;
    }
    for (size_t i = 0; i < count; i++) {
        double is = element(got->dtype, got->data, i);
        double wanted = element(got->dtype, c->outputs[output].data, i);
        if (fabs(is - wanted) <= tolerance_of(got->dtype, wanted)) continue;
        print_message("%s: output %u, element %zu is %g, LiteRT says %g\n", c->name, output, i, is,
                      wanted);
        return 1;
    }
    return 0;
}

static int run_case(const one_case *c, hone_session *session, hone_error *error) {
    hone_tensor inputs[4] = {{0}}, outputs[4] = {{0}};
    int wrong = 0;
    for (uint32_t i = 0; i < c->input_count; i++) {
        hone_port port;
        assert_ok(hone_session_input(session, i, &port));
        assert_ok(hone_tensor_new(port.dtype, &port.shape, &inputs[i], error));
        assert_int_equal(inputs[i].bytes, c->inputs[i].size);
        memcpy(inputs[i].data, c->inputs[i].data, inputs[i].bytes);
    }
    if (hone_session_run(session, inputs, outputs, error) != HONE_OK) {
        print_message("%s: %s\n", c->name, error->message);
        wrong = 1;
    }
    for (uint32_t i = 0; i < c->output_count && !wrong; i++) wrong = compare(c, i, &outputs[i]);
    for (uint32_t i = 0; i < c->input_count; i++) hone_tensor_free(&inputs[i]);
    return wrong;
}

static int check_case(const one_case *c) {
    hone_error error = {0};
    hone_model *model;
    hone_session *session = NULL;
    hone_session_options options = {.threads = 1};
    if (hone_model_load_memory(c->model.data, c->model.size, HONE_FORMAT_UNKNOWN, NULL, &model,
                               &error) != HONE_OK) {
        print_message("%s: %s\n", c->name, error.message);
        return 1;
    }
    int wrong = 1;
    if (hone_session_create(model, &options, &session, &error) == HONE_OK)
        wrong = run_case(c, session, &error);
    else
        print_message("%s: %s\n", c->name, error.message);
    hone_session_free(session);
    hone_model_free(model);
    return wrong;
}

static void every_operator_answers_as_litert_does(void **state) {
    (void)state;
    hone_mapping file;
    int wrong = 0, cases = 0;
    assert_ok(hone__file_map(HONE_SOURCE_DIR "/tests/formats/tflite/cases.bin", &file, NULL));
    const uint8_t *at = file.data, *end = at + file.size;
    while (at < end) {
        one_case c;
        take_case(&at, &c);
        wrong += check_case(&c), cases++;
    }
    hone__file_unmap(&file);
    assert_true(cases > 150);
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operator_answers_as_litert_does)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
