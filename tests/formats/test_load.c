/* SPDX-License-Identifier: Apache-2.0 */
/* The model front: what a file is, its card and labels, saving, copying, counting. */
#include "base/error.h"
#include "base/file.h"
#include "formats/model.h"
#include "sample.h"
#include "testing.h"

#include <unistd.h>

static char folder[] = "/tmp/hone-load-XXXXXX";

static const char *in_folder(const char *name) {
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text) {
    hone_writer writer;
    assert_int_equal(hone__writer_open(&writer, in_folder(name), NULL), HONE_OK);
    assert_int_equal(hone__writer_put(&writer, text, strlen(text), NULL), HONE_OK);
    assert_int_equal(hone__writer_commit(&writer, NULL), HONE_OK);
}

static hone_model *load(const char *path) {
    hone_model *model;
    hone_error error = {0};
    if (hone_model_load(path, NULL, &model, &error) != HONE_OK) fail_msg("%s", error.message);
    return model;
}

static void expect_failure(const char *path, hone_status status, const char *says) {
    hone_model *model = NULL;
    hone_error error = {0};
    assert_int_equal(hone_model_load(path, NULL, &model, &error), status);
    assert_null(model);
    if (!strstr(error.message, says)) fail_msg("'%s' does not say '%s'", error.message, says);
}

/* A model with a Relu, without constants: what the ONNX writer makes of it can be read again. */
static hone_model *relu_model(void) {
    hone_graph *graph;
    hone_model *model;
    hone_value *x, *y;
    assert_int_equal(hone_graph_new(NULL, &graph, NULL), HONE_OK);
    assert_int_equal(hone_graph_add_value(graph, "x", &x, NULL), HONE_OK);
    x->dtype = HONE_F32;
    x->shape = hone__shape(2, (int64_t[]){2, 3});
    assert_int_equal(hone_graph_add_input(graph, x, NULL), HONE_OK);
    assert_int_equal(hone_graph_add_value(graph, "y", &y, NULL), HONE_OK);
    assert_int_equal(
        hone_graph_add_node(graph, HONE_OP_Relu, "relu", &x, 1, &y, 1, NULL, NULL, NULL), HONE_OK);
    assert_int_equal(hone_graph_add_output(graph, y, NULL), HONE_OK);
    assert_int_equal(hone_graph_infer(graph, NULL), HONE_OK);
    assert_int_equal(hone__model_new(NULL, graph, &model, NULL), HONE_OK);
    return model;
}

static void save(const hone_model *model, const char *name) {
    hone_error error = {0};
    if (hone_model_save(model, in_folder(name), &error) != HONE_OK) fail_msg("%s", error.message);
}

static void save_relu(const char *name) {
    hone_model *model = relu_model();
    save(model, name);
    hone_model_free(model);
}

static void assert_card(const hone_model *model, const char *holds) {
    size_t size;
    const char *card = hone_model_card(model, &size);
    assert_non_null(card);
    assert_int_equal(strlen(card), size);
    if (!strstr(card, holds)) fail_msg("the card %s has no %s", card, holds);
}

static void a_card_travels_inside_a_hone_file_and_beside_an_onnx_file(void **state) {
    hone_model *model = relu_model();
    assert_int_equal(hone_model_set_card(model, "{\"task\": \"regression\"}", 22, NULL), HONE_OK);
    save(model, "carded.hone");
    save(model, "carded.onnx");
    hone_model_free(model);
    const char *names[] = {"carded.hone", "carded.onnx"};
    for (size_t i = 0; i < 2; i++) {
        model = load(in_folder(names[i]));
        assert_card(model, "{\"task\": \"regression\"}");
        hone_model_free(model);
    }
    assert_int_equal(access(in_folder("carded.card.json"), F_OK), 0);
}

static void labels_of_a_file_are_written_into_the_card(void **state) {
    save_relu("labelled.onnx");
    put("names.txt", "zero\r\none\ntwo\nthr\xc3\xa9\xc3\xa9");
    put("labelled.card.json", "{\"labels\": {\"file\": \"names.txt\", \"first\": 1}}");
    hone_model *model = load(in_folder("labelled.onnx"));
    size_t size;
    assert_null(strstr(hone_model_card(model, &size), "names.txt"));
    assert_null(strstr(hone_model_card(model, &size), "zero"));
    assert_card(model, "\"one\"");
    assert_card(model, "\"two\"");
    assert_card(model, "\"thr\xc3\xa9\xc3\xa9\"");
    hone_model_free(model);
}

static void labels_outside_the_cards_folder_are_refused(void **state) {
    save_relu("outside.onnx");
    static const char *const cards[] = {
        "{\"labels\": {\"file\": \"/etc/passwd\"}}", "{\"labels\": {\"file\": \"../names.txt\"}}",
        "{\"labels\": {\"file\": \"..\"}}", "{\"labels\": {\"file\": \"\"}}"};
    for (size_t i = 0; i < sizeof cards / sizeof *cards; i++) {
        put("outside.card.json", cards[i]);
        expect_failure(in_folder("outside.onnx"), HONE_FORMAT, "not in the card's own folder");
    }
    unlink(in_folder("link.txt"));
    assert_int_equal(symlink("/etc/passwd", in_folder("link.txt")), 0);
    put("outside.card.json", "{\"labels\": {\"file\": \"link.txt\"}}");
    expect_failure(in_folder("outside.onnx"), HONE_FORMAT, "a link");
    put("outside.card.json", "{\"labels\": {\"file\": \"absent.txt\"}}");
    expect_failure(in_folder("outside.onnx"), HONE_IO, "absent.txt");
}

static void a_card_that_is_no_json_object_is_refused(void **state) {
    save_relu("broken.onnx");
    put("broken.card.json", "{\"task\": ");
    expect_failure(in_folder("broken.onnx"), HONE_FORMAT, "not JSON");
    put("broken.card.json", "[1, 2]");
    expect_failure(in_folder("broken.onnx"), HONE_FORMAT, "not a JSON object");
    put("broken.card.json", "{\"labels\": {\"first\": 1}}");
    expect_failure(in_folder("broken.onnx"), HONE_FORMAT, "labels");
}

static void a_card_from_memory_cannot_name_a_file(void **state) {
    static const char card[] = "{\"labels\": {\"file\": \"names.txt\"}}";
    hone_model *model = relu_model();
    assert_int_equal(hone_model_set_card(model, card, strlen(card), NULL), HONE_USAGE);
    assert_int_equal(hone_model_set_card(model, "{}", 2, NULL), HONE_OK);
    assert_int_equal(hone_model_set_card(model, NULL, 0, NULL), HONE_OK);
    assert_null(hone_model_card(model, NULL));
    hone_model_free(model);
}

static void what_is_no_model_is_refused_with_its_name(void **state) {
    put("text.txt", "hello");
    put("text.onnx", "hello");
    put("text.hone", "hello");
    put("empty.hone", "");
    expect_failure(in_folder("text.txt"), HONE_FORMAT, "text.txt: neither");
    expect_failure(in_folder("text.onnx"), HONE_FORMAT, "text.onnx: ");
    expect_failure(in_folder("text.hone"), HONE_FORMAT, "text.hone: ");
    expect_failure(in_folder("empty.hone"), HONE_FORMAT, "empty.hone: ");
    expect_failure(in_folder("absent.onnx"), HONE_NOT_FOUND, "absent.onnx: ");
    expect_failure(folder, HONE_IO, "not a regular file");
}

static void an_unknown_ending_is_a_usage_error_and_writes_nothing(void **state) {
    hone_model *model = relu_model();
    hone_error error = {0};
    assert_int_equal(hone_model_save(model, in_folder("model.xyz"), &error), HONE_USAGE);
    assert_non_null(strstr(error.message, ".xyz"));
    assert_int_equal(access(in_folder("model.xyz"), F_OK), -1);
    hone_model_free(model);
}

static void a_copy_outlives_its_original(void **state) {
    hone_model *model = load(HONE_SOURCE_DIR "/tests/golden/v1/sample.hone"), *copy;
    hone_model_info a, b;
    assert_int_equal(hone_model_get_info(model, &a, NULL), HONE_OK);
    assert_int_equal(hone_model_clone(model, &copy, NULL), HONE_OK);
    hone_model_free(model);
    assert_int_equal(hone_model_get_info(copy, &b, NULL), HONE_OK);
    assert_int_equal(a.parameters, b.parameters);
    assert_int_equal(a.nodes, b.nodes);
    assert_card(copy, "classification");
    save(copy, "copy.hone");
    hone_model_free(copy);
}

static void the_sample_is_counted_by_hand(void **state) {
    hone_model *model = load(HONE_SOURCE_DIR "/tests/golden/v1/sample.hone");
    hone_model_info info;
    hone_node_info node;
    hone_port port;
    char *text;
    assert_int_equal(hone_model_get_info(model, &info, NULL), HONE_OK);
    assert_int_equal(info.format, HONE_FORMAT_HONE);
    assert_int_equal(info.nodes, 4);
    assert_int_equal(info.parameters, 18 + 2);
    assert_int_equal(info.weight_bytes, 20 * 4 + 4 + 16 + 5);
    assert_int_equal(info.multiply_adds, 2 * 5 * 5 * 9);
    assert_string_equal(info.precision, "float32");
    assert_int_equal(hone_model_node(model, 0, &node), HONE_OK);
    assert_string_equal(node.op, "Conv");
    assert_int_equal(node.parameters, 20);
    assert_int_equal(node.output_shape.dim[1], 2);
    assert_int_equal(hone_model_node(model, 3, &node), HONE_OK);
    assert_string_equal(node.op, "com.example:Odd");
    assert_int_equal(hone_model_node(model, 4, &node), HONE_NOT_FOUND);
    assert_int_equal(hone_model_input(model, 0, &port), HONE_OK);
    assert_string_equal(hone_model_symbol(model, port.shape.dim[0]), "batch");
    assert_int_equal(hone_model_input(model, 1, &port), HONE_NOT_FOUND);
    assert_int_equal(hone_model_print(model, &text, NULL), HONE_OK);
    assert_non_null(strstr(text, "conv.y"));
    hone_text_free(text);
    hone_model_free(model);
}

/* onnx -> hone -> hone: the second step changes no byte. */
static void round_trip(const char *name, uint64_t parameters) {
    hone_model *model = load(asset(name));
    hone_model_info first, second;
    hone_mapping a, b;
    assert_int_equal(hone_model_get_info(model, &first, NULL), HONE_OK);
    assert_int_equal(first.format, HONE_FORMAT_ONNX);
    if (parameters) assert_int_equal(first.parameters, parameters);
    save(model, "once.hone");
    hone_model_free(model);
    model = load(in_folder("once.hone"));
    assert_int_equal(hone_model_get_info(model, &second, NULL), HONE_OK);
    assert_int_equal(first.nodes, second.nodes);
    assert_int_equal(first.parameters, second.parameters);
    assert_int_equal(first.multiply_adds, second.multiply_adds);
    assert_true(second.multiply_adds > 0);
    save(model, "twice.hone");
    hone_model_free(model);
    assert_int_equal(hone__file_map(in_folder("once.hone"), &a, NULL), HONE_OK);
    assert_int_equal(hone__file_map(in_folder("twice.hone"), &b, NULL), HONE_OK);
    assert_int_equal(a.size, b.size);
    assert_memory_equal(a.data, b.data, a.size);
    hone__file_unmap(&a);
    hone__file_unmap(&b);
}

static void mnist_becomes_a_hone_file_and_stays_the_same(void **state) {
    round_trip("models/mnist-cnn-opset8.onnx", 5994);
}

static void efficientnet_becomes_a_hone_file_and_stays_the_same(void **state) {
    round_trip("models/efficientnet-lite0-224.onnx", 0);
}

static void fastestdet_becomes_a_hone_file_and_stays_the_same(void **state) {
    round_trip("models/fastestdet-coco-352.onnx", 0);
}

static int make_folder(void **state) {
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
    static const char *const names[] = {
        "carded.hone",  "carded.onnx",        "carded.card.json",  "labelled.onnx", "names.txt",
        "outside.onnx", "labelled.card.json", "outside.card.json", "link.txt",      "broken.onnx",
        "text.txt",     "broken.card.json",   "text.onnx",         "text.hone",     "empty.hone",
        "copy.hone",    "once.hone",          "twice.hone"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) unlink(in_folder(names[i]));
    return rmdir(folder); /* fails where a temporary file was left behind */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_travels_inside_a_hone_file_and_beside_an_onnx_file),
        cmocka_unit_test(labels_of_a_file_are_written_into_the_card),
        cmocka_unit_test(labels_outside_the_cards_folder_are_refused),
        cmocka_unit_test(a_card_that_is_no_json_object_is_refused),
        cmocka_unit_test(a_card_from_memory_cannot_name_a_file),
        cmocka_unit_test(what_is_no_model_is_refused_with_its_name),
        cmocka_unit_test(an_unknown_ending_is_a_usage_error_and_writes_nothing),
        cmocka_unit_test(a_copy_outlives_its_original),
        cmocka_unit_test(the_sample_is_counted_by_hand),
        cmocka_unit_test(mnist_becomes_a_hone_file_and_stays_the_same),
        cmocka_unit_test(efficientnet_becomes_a_hone_file_and_stays_the_same),
        cmocka_unit_test(fastestdet_becomes_a_hone_file_and_stays_the_same),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
