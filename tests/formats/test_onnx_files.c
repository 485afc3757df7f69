/* SPDX-License-Identifier: Apache-2.0 */
/* Whole ONNX files: real models, round trips, damaged bytes, failing memory. */
#include "onnx_bytes.h"

#include "base/file.h"
#include "base/rng.h"
#include <sys/mman.h>
#include <unistd.h>

static hone_graph *read_file(const char *path) {
    hone_blob *blob;
    hone_graph *graph;
    hone_error error = {0};
    assert_ok_or(hone_blob_map(NULL, path, &blob, &error), error);
    assert_ok_or(hone__onnx_read(blob, NULL, NULL, &graph, &error), error);
    hone_blob_release(blob);
    assert_ok_or(hone_graph_verify(graph, &error), error);
    return graph;
}

static const char *const models[] = {
    "models/mnist-cnn-opset8.onnx", "models/efficientnet-lite0-224.onnx",
    "models/fastestdet-coco-352.onnx", "models/ultraface-rfb-320.onnx"};

static void real_models_are_read_and_their_shapes_known(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        hone_error error = {0};
        hone_graph *g = read_file(asset(models[i]));
        assert_ok_or(hone_graph_infer(g, &error), error);
        for (uint32_t o = 0; o < g->output_count; o++) assert_true(g->outputs[o]->shape.rank > 0);
        hone_graph_free(g);
    }
}

static void reading_takes_a_small_part_of_the_weights_size_in_memory(void **state) {
    (void)state;
    const char *path = asset("models/efficientnet-lite0-224.onnx");
    failing_allocator counting;
    failing_allocator_init(&counting, 0);
    hone_load_options options = {.allocator = &counting.allocator};
    hone_blob *blob;
    hone_graph *g;
    hone_error error = {0};
    assert_ok_or(hone_blob_map(&counting.allocator, path, &blob, &error), error);
    assert_ok_or(hone__onnx_read(blob, NULL, &options, &g, &error), error);
    assert_true(counting.live_bytes * 10 < hone_blob_size(blob));
    hone_blob_release(blob);
    hone_graph_free(g);
    assert_int_equal(counting.live_bytes, 0);
}

static char *print(const hone_graph *graph) {
    hone_text text;
    hone__text_init(&text, NULL);
    hone_graph_print(graph, &text);
    assert_false(text.failed);
    return text.data;
}

static void temporary_path(char path[64]) {
    snprintf(path, 64, "/tmp/hone-onnx-XXXXXX");
    close(mkstemp(path));
}

static void what_was_written_reads_back_the_same(void **state) {
    (void)state;
    char path[64];
    temporary_path(path);
    for (size_t i = 0; i < 4; i++) {
        hone_error error = {0};
        hone_graph *first = read_file(asset(models[i]));
        assert_ok_or(hone__onnx_write(first, path, &error), error);
        hone_graph *second = read_file(path);
        assert_ok_or(hone_graph_infer(first, &error), error);
        assert_ok_or(hone_graph_infer(second, &error), error);
        char *a = print(first), *b = print(second);
        assert_string_equal(a, b);
        assert_int_equal(second->source_opset, HONE_IR_OPSET);
        free(a), free(b);
        hone_graph_free(first), hone_graph_free(second);
    }
    unlink(path);
}

/* All attribute kinds, missing optional values, a foreign domain, a subgraph and symbols. */
static void build_odd_model(pb *model) {
    pb graph = {.size = 0}, node, branch = {.size = 0}, inner, tensor = {.size = 0};
    const int64_t dims[] = {-2, 3, -1}, one[] = {1, -1};
    pb_text(&graph, 2, "odd"), pb_text(&branch, 2, "branch");
    onnx_floats(&graph, "w", one, (const float[]){2}, 1);
    onnx_node_begin(&node, "Magic", "x - w", "m -");
    pb_text(&node, 7, "org.example");
    onnx_attr_int(&node, "i", -5);
    onnx_attr_float(&node, "f", 0.5f);
    onnx_attr_text(&node, "s", "text");
    onnx_attr_ints(&node, "I", (const int64_t[]){1, -2}, 2);
    onnx_attr_ints(&node, "empty", NULL, 0);
    onnx_attr_floats(&node, "F", (const float[]){1, 2}, 2);
    pb strings = {.size = 0};
    pb_text(&strings, 1, "S");
    pb_text(&strings, 9, "a"), pb_text(&strings, 9, "");
    pb_int(&strings, 20, 8);
    pb_part(&node, 5, &strings);
    onnx_tensor_head(&tensor, "", HONE_S64, one);
    pb_int(&tensor, 7, 77);
    onnx_attr_part(&node, "t", 5, 4, &tensor);
    onnx_node_begin(&inner, "Relu", "x", "r");
    pb_part(&branch, 1, &inner);
    onnx_port(&branch, 12, "r", dims);
    onnx_attr_part(&node, "g", 6, 5, &branch);
    pb_part(&graph, 1, &node);
    onnx_node_begin(&node, "Relu", "m", "y");
    pb_part(&graph, 1, &node);
    onnx_port(&graph, 11, "x", dims);
    onnx_port(&graph, 12, "y", dims);
    onnx_model(model, 21, &graph);
    onnx_opset(model, "org.example", 3);
}

static void everything_the_ir_keeps_survives_a_round_trip(void **state) {
    (void)state;
    static pb model;
    char path[64];
    hone_error error = {0};
    hone_graph *first;
    temporary_path(path);
    build_odd_model(&model);
    assert_ok_or(onnx_read(model.data, model.size, NULL, NULL, &first, &error), error);
    assert_ok_or(hone__onnx_write(first, path, &error), error);
    hone_graph *second = read_file(path);
    char *a = print(first), *b = print(second);
    assert_string_equal(a, b);
    const hone_node *node = second->first_node;
    assert_string_equal(node->foreign, "org.example@3:Magic");
    const hone_attr *strings = hone_node_attr(node, "S"), *empty = hone_node_attr(node, "empty");
    assert_int_equal(strings->count, 2);
    assert_string_equal(strings->as.strings[0].data, "a");
    assert_int_equal(empty->kind, HONE_ATTR_INTS);
    assert_memory_equal(hone_node_attr(node, "t")->as.tensor->data, (const int64_t[]){77}, 8);
    assert_non_null(hone_node_attr(node, "g")->as.graph->first_node);
    free(a), free(b);
    hone_graph_free(first), hone_graph_free(second);
    unlink(path);
}

static void a_model_of_more_than_2_gib_is_refused_before_a_byte_is_written(void **state) {
    (void)state;
    char path[64], byte = 0;
    hone_graph *g;
    hone_value *value;
    hone_error error = {0};
    size_t size = (size_t)3 << 30;
    hone_shape shape = {1, {(int64_t)size}};
    snprintf(path, sizeof path, "/tmp/hone-onnx-never-%d", (int)getpid());
    assert_ok(hone_graph_new(NULL, &g, &error));
    /* only its size is looked at */
    assert_ok(hone_graph_add_constant(g, "w", HONE_U8, &shape, &byte, size, &value, &error));
    assert_ok(hone_graph_add_output(g, value, &error));
    assert_int_equal(hone__onnx_write(g, path, &error), HONE_LIMIT);
    assert_non_null(strstr(error.message, ".hone"));
    assert_int_not_equal(access(path, F_OK), 0);
    hone_graph_free(g);
}

/* ---- damage ---- */

/* Reads `size` bytes that end at a page that must not be touched. */
typedef struct guarded {
    uint8_t *memory, *end;
    size_t bytes;
} guarded;

static void guarded_open(guarded *g, size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    g->bytes = (size + page - 1) / page * page + page;
    g->memory = mmap(NULL, g->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(g->memory != MAP_FAILED);
    g->end = g->memory + g->bytes - page;
    assert_int_equal(mprotect(g->end, page, PROT_NONE), 0);
}

static void survives(const uint8_t *data, size_t size) {
    hone_graph *graph;
    hone_error error = {0};
    hone_status status = onnx_read(data, size, NULL, NULL, &graph, &error);
    if (status == HONE_OK) {
        hone_graph_verify(graph, &error);
        hone_graph_free(graph);
        return;
    }
    assert_null(graph);
    assert_int_equal(error.status, status);
    assert_true(error.message[0] != 0);
}

static void a_file_cut_at_any_byte_gives_an_error_and_no_crash(void **state) {
    (void)state;
    hone_mapping file;
    guarded g;
    assert_ok(hone__file_map(asset("models/mnist-cnn-opset8.onnx"), &file, NULL));
    guarded_open(&g, file.size);
    for (size_t size = 0; size < file.size; size++) {
        memcpy(g.end - size, file.data, size);
        survives(g.end - size, size);
    }
    munmap(g.memory, g.bytes);
    hone__file_unmap(&file);
}

static void flipped_bits_give_an_error_or_a_model_and_no_crash(void **state) {
    (void)state;
    static pb odd;
    hone_rng rng;
    guarded g;
    build_odd_model(&odd);
    guarded_open(&g, odd.size);
    uint8_t *copy = g.end - odd.size;
    for (size_t bit = 0; bit < odd.size * 8; bit++) { /* each alone */
        memcpy(copy, odd.data, odd.size);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        survives(copy, odd.size);
    }
    hone__rng_seed(&rng, 1, 2);
    for (int round = 0; round < 3000; round++) { /* several at once */
        memcpy(copy, odd.data, odd.size);
        for (int flips = 0; flips < 6; flips++)
            copy[hone__rng_below(&rng, odd.size)] = (uint8_t)hone__rng_next(&rng);
        survives(copy, odd.size);
    }
    munmap(g.memory, g.bytes);
}

static void every_failing_allocation_is_an_error_and_leaks_nothing(void **state) {
    (void)state;
    static pb odd;
    build_odd_model(&odd);
    hone_status status = HONE_MEMORY;
    for (size_t fail_at = 1; status != HONE_OK; fail_at++) {
        failing_allocator failing;
        failing_allocator_init(&failing, fail_at);
        hone_load_options options = {.allocator = &failing.allocator};
        hone_graph *graph;
        status = onnx_read(odd.data, odd.size, NULL, &options, &graph, NULL);
        if (status == HONE_OK) hone_graph_free(graph);
        assert_true(status == HONE_OK || status == HONE_MEMORY);
        assert_int_equal(failing.live_bytes, 0);
        assert_true(fail_at < 10000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_models_are_read_and_their_shapes_known),
        cmocka_unit_test(reading_takes_a_small_part_of_the_weights_size_in_memory),
        cmocka_unit_test(what_was_written_reads_back_the_same),
        cmocka_unit_test(everything_the_ir_keeps_survives_a_round_trip),
        cmocka_unit_test(a_model_of_more_than_2_gib_is_refused_before_a_byte_is_written),
        cmocka_unit_test(a_file_cut_at_any_byte_gives_an_error_and_no_crash),
        cmocka_unit_test(flipped_bits_give_an_error_or_a_model_and_no_crash),
        cmocka_unit_test(every_failing_allocation_is_an_error_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
