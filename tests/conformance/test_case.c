/* SPDX-License-Identifier: Apache-2.0 */
/* The judge itself, on a test case written here: a Relu over two floats. */
#include "testing.h"

#include "formats/model.h"
#include <hone/conformance.h>

#include <unistd.h>

typedef struct written_case {
    char folder[64], data[96];
} written_case;

static void write_file(const char *folder, const char *name, const void *bytes, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* TensorProto: dims [2], data_type float, raw_data. */
static void write_pair(const char *folder, const char *name, float a, float b) {
    uint8_t bytes[14] = {0x08, 2, 0x10, HONE_F32, 0x4a, 8};
    memcpy(bytes + 6, &a, 4);
    memcpy(bytes + 10, &b, 4);
    write_file(folder, name, bytes, sizeof bytes);
}

static void write_model(const char *folder) {
    char path[128];
    hone_graph *graph = NULL;
    hone_value *in = NULL, *out = NULL;
    hone_shape shape = hone__shape(1, (int64_t[]){2});
    assert_ok(hone_graph_new(NULL, &graph, NULL));
    assert_ok(hone_graph_add_value(graph, "x", &in, NULL));
    assert_ok(hone_graph_add_value(graph, "y", &out, NULL));
    in->dtype = HONE_F32, in->shape = shape;
    assert_ok(hone_graph_add_input(graph, in, NULL));
    assert_ok(hone_graph_add_node(graph, HONE_OP_Relu, "relu", &in, 1, &out, 1, NULL, NULL, NULL));
    assert_ok(hone_graph_add_output(graph, out, NULL));
    assert_ok(hone_graph_infer(graph, NULL));
    snprintf(path, sizeof path, "%s/model.onnx", folder);
    hone_error error = {0};
    assert_ok_or(hone__onnx_write(graph, path, &error), error);
    hone_graph_free(graph);
}

static written_case write_case(float second_output) {
    written_case c = {.folder = "/tmp/hone-case-XXXXXX"};
    assert_non_null(mkdtemp(c.folder));
    snprintf(c.data, sizeof c.data, "%s/test_data_set_0", c.folder);
    assert_int_equal(mkdir(c.data, 0700), 0);
    write_model(c.folder);
    write_pair(c.data, "input_0.pb", -1.0f, 2.0f);
    write_pair(c.data, "output_0.pb", 0.0f, second_output);
    return c;
}

static void remove_case(const written_case *c) {
    static const char *const files[] = {"test_data_set_0/input_0.pb", "test_data_set_0/output_0.pb",
                                        "model.onnx"};
    char path[256];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", c->folder, files[i]);
        unlink(path);
    }
    rmdir(c->data);
    rmdir(c->folder);
}

static void a_right_answer_passes(void **state) {
    hone_conformance_result result;
    hone_error error = {0};
    written_case c = write_case(2.0019f); /* within a thousandth */
    assert_ok_or(hone_conformance_run_case(c.folder, &result, &error), error);
    if (result.verdict != HONE_CONFORMANCE_PASSED) fail_msg("%s", result.reason);
    assert_int_equal(result.data_sets, 1);
    remove_case(&c);
}

static void a_wrong_answer_fails_and_names_the_element(void **state) {
    hone_conformance_result result;
    written_case c = write_case(2.0021f);
    assert_ok(hone_conformance_run_case(c.folder, &result, NULL));
    assert_int_equal(result.verdict, HONE_CONFORMANCE_FAILED);
    assert_non_null(strstr(result.reason, "element 1 is 2"));
    remove_case(&c);
}

static void a_truncated_tensor_fails_without_a_crash(void **state) {
    hone_conformance_result result;
    written_case c = write_case(2.0f);
    write_file(c.data, "input_0.pb", "\x08\x02\x10", 3);
    assert_ok(hone_conformance_run_case(c.folder, &result, NULL));
    assert_int_equal(result.verdict, HONE_CONFORMANCE_FAILED);
    remove_case(&c);
}

static void a_folder_without_a_model_has_no_verdict(void **state) {
    hone_conformance_result result;
    hone_error error = {0};
    hone_status status = hone_conformance_run_case("/nonexistent-folder", &result, &error);
    assert_true(status == HONE_NOT_FOUND || status == HONE_IO);
    assert_non_null(strstr(error.message, "/nonexistent-folder"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_answer_passes),
        cmocka_unit_test(a_wrong_answer_fails_and_names_the_element),
        cmocka_unit_test(a_truncated_tensor_fails_without_a_crash),
        cmocka_unit_test(a_folder_without_a_model_has_no_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
