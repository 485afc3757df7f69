/* SPDX-License-Identifier: Apache-2.0 */
/* The ONNX reader: messages, tensors, names, domains, external data. */
#include "onnx_bytes.h"

#include <unistd.h>

#define DIMS(...) ((const int64_t[]){__VA_ARGS__, -1})

/* x [2,3] -> op -> y, with whatever the test has put into `graph` before. */
static void finish(pb *model, pb *graph, pb *node, int64_t opset) {
    pb_part(graph, 1, node);
    onnx_port(graph, 11, "x", DIMS(2, 3));
    onnx_port(graph, 12, "y", DIMS(2, 3));
    onnx_model(model, opset, graph);
}

static hone_graph *read_ok(const pb *model) {
    hone_graph *graph;
    hone_error error = {0};
    assert_ok_or(onnx_read(model->data, model->size, NULL, NULL, &graph, &error), error);
    assert_ok_or(hone_graph_verify(graph, &error), error);
    return graph;
}

static hone_error read_error(const pb *model, hone_status wanted) {
    hone_graph *graph;
    hone_error error = {0};
    assert_int_equal(onnx_read(model->data, model->size, NULL, NULL, &graph, &error), wanted);
    assert_null(graph);
    assert_int_equal(error.status, wanted);
    return error;
}

static void a_small_model_is_read_with_names_types_and_order(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "b", DIMS(3), (const float[]){1, 2, 3}, 3);
    onnx_node_begin(&node, "Add", "x b", "y");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    assert_int_equal(g->input_count, 1);
    assert_int_equal(g->output_count, 1);
    assert_string_equal(g->inputs[0]->name, "x");
    assert_int_equal(g->inputs[0]->dtype, HONE_F32);
    assert_int_equal(g->inputs[0]->shape.dim[1], 3);
    assert_string_equal(hone_op_get(g->first_node->op)->name, "Add");
    assert_int_equal(g->source_opset, 13);
    hone_graph_free(g);
}

static void raw_weights_are_not_copied(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "b", DIMS(3), (const float[]){1, 2, 3}, 3);
    onnx_node_begin(&node, "Add", "x b", "y");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    const uint8_t *data = hone_graph_find_value(g, "b")->data;
    assert_true(data >= model.data && data + 12 <= model.data + model.size);
    hone_graph_free(g);
}

/* One typed tensor through the initializer path. */
static void check_typed(int dtype, const pb *data, unsigned field, bool packed, const void *bytes,
                        size_t size, int64_t elements) {
    pb graph = {.size = 0}, node, model, tensor = {.size = 0};
    onnx_tensor_head(&tensor, "t", dtype, DIMS(elements));
    if (packed)
        pb_part(&tensor, field, data);
    else
        pb_raw(&tensor, data->data, data->size);
    pb_part(&graph, 5, &tensor);
    onnx_node_begin(&node, "Relu", "x", "y");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    hone_value *value = hone_graph_find_value(g, "t");
    assert_int_equal(value->dtype, dtype);
    assert_int_equal(value->bytes, size);
    assert_memory_equal(value->data, bytes, size);
    hone_graph_free(g);
}

static void typed_data_of_every_kind_is_converted(void **state) {
    (void)state;
    pb data = {.size = 0};
    const float floats[] = {1.5f, -2.0f};
    pb_raw(&data, floats, sizeof floats);
    check_typed(HONE_F32, &data, 4, true, floats, 8, 2);
    check_typed(HONE_C64, &data, 4, true, floats, 8, 1);
    const double doubles[] = {1.5, -2.0};
    data.size = 0;
    pb_raw(&data, doubles, sizeof doubles);
    check_typed(HONE_F64, &data, 10, true, doubles, 16, 2);
    data.size = 0;
    pb_varint(&data, 5), pb_varint(&data, (uint64_t)-3);
    check_typed(HONE_S8, &data, 5, true, (const int8_t[]){5, -3}, 2, 2);
    check_typed(HONE_S16, &data, 5, true, (const int16_t[]){5, -3}, 4, 2);
    check_typed(HONE_S32, &data, 5, true, (const int32_t[]){5, -3}, 8, 2);
    check_typed(HONE_S64, &data, 7, true, (const int64_t[]){5, -3}, 16, 2);
    check_typed(HONE_U64, &data, 11, true, (const uint64_t[]){5, (uint64_t)-3}, 16, 2);
    check_typed(HONE_BOOL, &data, 5, true, (const uint8_t[]){1, 1}, 2, 2);
    data.size = 0;
    pb_varint(&data, 0x3c00), pb_varint(&data, 0xc000);
    check_typed(HONE_F16, &data, 5, true, (const uint16_t[]){0x3c00, 0xc000}, 4, 2);
    data.size = 0;
    pb_varint(&data, 0x21), pb_varint(&data, 0x03);
    check_typed(HONE_S4, &data, 5, true, (const uint8_t[]){0x21, 0x03}, 2, 3);
}

static void typed_data_may_be_unpacked_too(void **state) {
    (void)state;
    pb data = {.size = 0};
    pb_float(&data, 4, 1.5f), pb_float(&data, 4, -2.0f);
    check_typed(HONE_F32, &data, 4, false, (const float[]){1.5f, -2.0f}, 8, 2);
    data.size = 0;
    pb_int(&data, 7, 1), pb_int(&data, 7, -1);
    check_typed(HONE_S64, &data, 7, false, (const int64_t[]){1, -1}, 16, 2);
}

static void data_that_does_not_fit_its_shape_is_an_error_that_names_the_tensor(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "short", DIMS(4), (const float[]){1, 2, 3}, 3);
    onnx_node_begin(&node, "Add", "x short", "y");
    finish(&model, &graph, &node, 13);
    hone_error error = read_error(&model, HONE_FORMAT);
    assert_non_null(strstr(error.message, "'short'"));
    assert_non_null(strstr(error.message, "byte "));
    assert_true(error.offset > 0 && error.offset < model.size);
}

static void dimensions_whose_product_overflows_are_refused(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "huge", DIMS(INT64_C(1) << 40, INT64_C(1) << 40), NULL, 0);
    onnx_node_begin(&node, "Add", "x huge", "y");
    finish(&model, &graph, &node, 13);
    hone_graph *g;
    hone_error error = {0};
    assert_int_not_equal(onnx_read(model.data, model.size, NULL, NULL, &g, &error), HONE_OK);
    assert_non_null(strstr(error.message, "huge"));
}

static void a_wrong_wire_type_is_an_error_at_its_byte(void **state) {
    (void)state;
    pb model = {.size = 0};
    pb_int(&model, 1, 8);
    size_t at = model.size;
    pb_int(&model, 7, 5); /* the graph as a number */
    hone_error error = read_error(&model, HONE_FORMAT);
    assert_int_equal(error.offset, at);
}

static void fields_that_nobody_knows_are_skipped(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Relu", "x", "y");
    pb_text(&node, 99, "later version");
    pb_int(&graph, 100, 7);
    finish(&model, &graph, &node, 13);
    pb_float(&model, 101, 1.0f);
    hone_graph_free(read_ok(&model));
}

static void an_input_with_an_initializer_is_a_constant(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "b", DIMS(3), (const float[]){1, 2, 3}, 3);
    onnx_port(&graph, 11, "b", DIMS(3));
    onnx_node_begin(&node, "Add", "x b", "y");
    finish(&model, &graph, &node, 7);
    hone_graph *g = read_ok(&model);
    assert_int_equal(g->input_count, 1);
    assert_int_equal(hone_graph_find_value(g, "b")->kind, HONE_VALUE_CONSTANT);
    hone_graph_free(g);
}

static void a_named_dimension_is_one_symbol_everywhere(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Add", "x z", "y");
    pb_part(&graph, 1, &node);
    onnx_port(&graph, 11, "x", DIMS(-2, 3));
    onnx_port(&graph, 11, "z", DIMS(-2, 3));
    onnx_port(&graph, 12, "y", DIMS(-2, 3));
    onnx_model(&model, 13, &graph);
    hone_graph *g = read_ok(&model);
    int64_t dim = g->inputs[0]->shape.dim[0];
    assert_true(dim < 0);
    assert_int_equal(dim, g->inputs[1]->shape.dim[0]);
    assert_string_equal(hone_graph_symbol_name(g, dim), "batch");
    hone_graph_free(g);
}

static void constant_nodes_become_constants(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Constant", "", "c");
    onnx_attr_floats(&node, "value_floats", (const float[]){4, 5, 6}, 3);
    pb_part(&graph, 1, &node);
    onnx_node_begin(&node, "Add", "x c", "y");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    hone_value *c = hone_graph_find_value(g, "c");
    assert_int_equal(c->kind, HONE_VALUE_CONSTANT);
    assert_memory_equal(c->data, ((const float[]){4, 5, 6}), 12);
    assert_ptr_equal(g->first_node, g->last_node);
    hone_graph_free(g);
}

static void an_opset_outside_the_range_is_refused_by_name(void **state) {
    (void)state;
    for (int64_t opset = 6; opset <= 26; opset += 20) {
        pb graph = {.size = 0}, node, model;
        onnx_node_begin(&node, "Relu", "x", "y");
        finish(&model, &graph, &node, opset);
        hone_error error = read_error(&model, HONE_UNSUPPORTED);
        assert_non_null(strstr(error.message, opset == 6 ? "opset 6" : "opset 26"));
    }
}

static void a_domain_without_a_version_is_an_error(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Magic", "x", "y");
    pb_text(&node, 7, "org.example");
    finish(&model, &graph, &node, 13);
    assert_non_null(strstr(read_error(&model, HONE_FORMAT).message, "org.example"));
}

static void foreign_operators_are_kept(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Magic", "x", "y");
    pb_text(&node, 7, "org.example");
    onnx_attr_text(&node, "spell", "abra");
    finish(&model, &graph, &node, 13);
    onnx_opset(&model, "org.example", 3);
    hone_graph *g = read_ok(&model);
    assert_int_equal(g->first_node->op, HONE_OP_FOREIGN);
    assert_string_equal(g->first_node->foreign, "org.example@3:Magic");
    assert_string_equal(hone_node_string(g->first_node, "spell", ""), "abra");
    hone_graph_free(g);
}

static void a_function_that_makes_nothing_is_an_error_only_where_it_is_called(void **state) {
    (void)state;
    for (int used = 0; used < 2; used++) {
        pb graph = {.size = 0}, node, model, function = {.size = 0};
        onnx_node_begin(&node, used ? "Mine" : "Relu", "x", "y");
        if (used) pb_text(&node, 7, "local");
        finish(&model, &graph, &node, 13);
        onnx_opset(&model, "local", 1);
        pb_text(&function, 1, "Mine");
        pb_text(&function, 10, "local");
        pb_part(&model, 25, &function);
        if (used)
            assert_non_null(strstr(read_error(&model, HONE_FORMAT).message, "'y'"));
        else
            hone_graph_free(read_ok(&model));
    }
}

static void a_function_that_calls_itself_is_refused(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, inner, model, function = {.size = 0};
    onnx_node_begin(&node, "Mine", "x", "y");
    pb_text(&node, 7, "local");
    finish(&model, &graph, &node, 13);
    onnx_opset(&model, "local", 1);
    pb_text(&function, 1, "Mine");
    pb_text(&function, 4, "a");
    pb_text(&function, 5, "b");
    onnx_node_begin(&inner, "Mine", "a", "b");
    pb_text(&inner, 7, "local");
    pb_part(&function, 7, &inner);
    pb_text(&function, 10, "local");
    pb_part(&model, 25, &function);
    assert_non_null(strstr(read_error(&model, HONE_LIMIT).message, "nested"));
}

static void an_input_that_nothing_makes_is_an_error_that_names_both(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Add", "x ghost", "y");
    finish(&model, &graph, &node, 13);
    hone_error error = read_error(&model, HONE_FORMAT);
    assert_non_null(strstr(error.message, "'ghost'"));
    assert_non_null(strstr(error.message, "'Add'"));
}

static void nodes_in_the_wrong_order_are_sorted(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_node_begin(&node, "Relu", "m", "y");
    pb_part(&graph, 1, &node);
    onnx_node_begin(&node, "Neg", "x", "m");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    assert_string_equal(g->first_node->name, "Neg");
    hone_graph_free(g);
}

/* If with branches that read `x` of the main graph. */
static void add_branch(pb *node, const char *attribute, const char *op, const char *output) {
    pb branch = {.size = 0}, inner;
    onnx_node_begin(&inner, op, "x", output);
    pb_part(&branch, 1, &inner);
    pb_text(&branch, 2, attribute);
    onnx_port(&branch, 12, output, DIMS(2, 3));
    onnx_attr_part(node, attribute, 6, 5, &branch);
}

static void subgraphs_refer_to_values_around_them(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model, tensor = {.size = 0};
    onnx_tensor_head(&tensor, "yes", HONE_BOOL, DIMS(1));
    pb_bytes(&tensor, 9, "\1", 1);
    pb_part(&graph, 5, &tensor);
    onnx_node_begin(&node, "If", "yes", "y");
    add_branch(&node, "then_branch", "Relu", "a");
    add_branch(&node, "else_branch", "Neg", "b");
    finish(&model, &graph, &node, 13);
    hone_graph *g = read_ok(&model);
    const hone_attr *attr = hone_node_attr(g->first_node, "then_branch");
    assert_int_equal(attr->kind, HONE_ATTR_GRAPH);
    assert_ptr_equal(attr->as.graph->parent, g);
    assert_int_equal(attr->as.graph->first_node->inputs[0]->kind, HONE_VALUE_OUTER);
    hone_graph_free(g);
}

static void graphs_nested_too_deep_are_refused(void **state) {
    (void)state;
    pb graph = {.size = 0}, model;
    for (int depth = 0; depth < 40; depth++) {
        pb node, outer = {.size = 0};
        onnx_node_begin(&node, "If", "x", "y");
        onnx_attr_part(&node, "then_branch", 6, 5, &graph);
        pb_part(&outer, 1, &node);
        graph = outer;
    }
    onnx_port(&graph, 11, "x", DIMS(1));
    onnx_model(&model, 13, &graph);
    assert_non_null(strstr(read_error(&model, HONE_LIMIT).message, "deep"));
}

static void sparse_tensors_and_types_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        unsigned field;
        int type;
        const char *what;
    } kinds[] = {{14, 13, "type"}, {22, 11, "sparse tensor"}, {10, 9, "list of tensors"}};
    for (size_t i = 0; i < 3; i++) {
        pb graph = {.size = 0}, node, model, empty = {.size = 0};
        onnx_node_begin(&node, "Relu", "x", "y");
        onnx_attr_part(&node, "odd", kinds[i].field, kinds[i].type, &empty);
        finish(&model, &graph, &node, 13);
        hone_error error = read_error(&model, HONE_UNSUPPORTED);
        assert_non_null(strstr(error.message, kinds[i].what));
        assert_non_null(strstr(error.message, "'Relu'"));
    }
}

static void limits_are_kept(void **state) {
    (void)state;
    pb graph = {.size = 0}, node, model;
    onnx_floats(&graph, "b", DIMS(3), (const float[]){1, 2, 3}, 3);
    onnx_node_begin(&node, "Neg", "x", "m");
    pb_part(&graph, 1, &node);
    onnx_node_begin(&node, "Add", "m b", "y");
    finish(&model, &graph, &node, 13);
    hone_load_options few_nodes = {.limits.max_nodes = 1}, small = {.limits.max_tensor_bytes = 11};
    hone_graph *g;
    assert_int_equal(onnx_read(model.data, model.size, NULL, &few_nodes, &g, NULL), HONE_LIMIT);
    assert_int_equal(onnx_read(model.data, model.size, NULL, &small, &g, NULL), HONE_LIMIT);
}

/* ---- external data ---- */

typedef struct folder {
    char path[64], outside[80];
} folder;

static void write_bytes(const char *path, const void *data, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static int make_folder(void **state) {
    static folder f;
    char path[128];
    snprintf(f.path, sizeof f.path, "/tmp/hone-external-XXXXXX");
    if (!mkdtemp(f.path)) return -1;
    const float values[] = {9, 1, 2, 3};
    snprintf(path, sizeof path, "%s/w.bin", f.path);
    write_bytes(path, values, sizeof values);
    snprintf(path, sizeof path, "%s/sub", f.path);
    if (mkdir(path, 0700)) return -1;
    snprintf(path, sizeof path, "%s/sub/w.bin", f.path);
    write_bytes(path, values, sizeof values);
    snprintf(path, sizeof path, "%s/link.bin", f.path);
    if (symlink("w.bin", path)) return -1;
    snprintf(path, sizeof path, "%s/linked", f.path);
    if (symlink("sub", path)) return -1;
    *state = &f;
    return 0;
}

static int remove_folder(void **state) {
    static const char *const names[] = {"w.bin", "sub/w.bin", "link.bin", "linked", "sub", "."};
    const folder *f = *state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", f->path, names[i]);
        if (unlink(path) && rmdir(i == 5 ? f->path : path)) return -1;
    }
    return 0;
}

static hone_status read_external(const folder *f, const char *location, const char *offset,
                                 const char *length, hone_graph **g, hone_error *error) {
    pb graph = {.size = 0}, node, tensor = {.size = 0};
    static pb model;
    const char *pairs[][2] = {{"location", location}, {"offset", offset}, {"length", length}};
    onnx_tensor_head(&tensor, "b", HONE_F32, DIMS(3));
    pb_int(&tensor, 14, 1);
    for (size_t i = 0; i < 3; i++) {
        pb entry = {.size = 0};
        pb_text(&entry, 1, pairs[i][0]);
        pb_text(&entry, 2, pairs[i][1]);
        pb_part(&tensor, 13, &entry);
    }
    pb_part(&graph, 5, &tensor);
    onnx_node_begin(&node, "Add", "x b", "y");
    finish(&model, &graph, &node, 13);
    return onnx_read(model.data, model.size, f ? f->path : NULL, NULL, g, error);
}

static void external_data_inside_the_folder_is_mapped(void **state) {
    static const char *const places[] = {"w.bin", "sub/w.bin"};
    for (size_t i = 0; i < 2; i++) {
        hone_graph *g;
        hone_error error = {0};
        assert_ok_or(read_external(*state, places[i], "4", "12", &g, &error), error);
        assert_memory_equal(hone_graph_find_value(g, "b")->data, ((const float[]){1, 2, 3}), 12);
        hone_graph_free(g);
    }
}

static void external_data_anywhere_else_is_refused(void **state) {
    const folder *f = *state;
    char up[128];
    snprintf(up, sizeof up, "../%s/w.bin", f->path + 5);
    const char *const places[] = {up, "/etc/passwd", "link.bin", "linked/w.bin", "none",  "sub",
                                  "", "sub//w.bin",  "..",       "sub\\w.bin",   "./../x"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        hone_graph *g;
        hone_error error = {0};
        assert_int_not_equal(read_external(f, places[i], "4", "12", &g, &error), HONE_OK);
        assert_non_null(strstr(error.message, "'b'"));
        assert_null(g);
    }
    hone_graph *g;
    assert_int_equal(read_external(NULL, "w.bin", "4", "12", &g, NULL), HONE_UNSUPPORTED);
}

static void external_data_past_the_end_is_refused(void **state) {
    static const char *const places[][2] = {
        {"8", "12"},  {"4", "16"}, {"999999999999999999", "12"},
        {"-4", "12"}, {"4", "x"},  {"99999999999999999999999", "12"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        hone_graph *g;
        assert_int_equal(read_external(*state, "w.bin", places[i][0], places[i][1], &g, NULL),
                         HONE_FORMAT);
    }
}

/* ---- tensors of their own ---- */

static void a_tensor_file_is_read(void **state) {
    (void)state;
    pb tensor = {.size = 0};
    hone_tensor t;
    hone_error error = {0};
    char path[] = "/tmp/hone-tensor-XXXXXX";
    close(mkstemp(path));
    onnx_tensor_head(&tensor, "t", HONE_S64, DIMS(2, 1));
    pb_int(&tensor, 7, 11), pb_int(&tensor, 7, -12);
    write_bytes(path, tensor.data, tensor.size);
    assert_ok_or(hone_tensor_read_pb(path, &t, &error), error);
    assert_int_equal(t.dtype, HONE_S64);
    assert_int_equal(t.shape.rank, 2);
    assert_memory_equal(t.data, ((const int64_t[]){11, -12}), 16);
    hone_tensor_free(&t);
    tensor.size = 0;
    onnx_tensor_head(&tensor, "t", HONE_STRING, DIMS(1));
    write_bytes(path, tensor.data, tensor.size);
    assert_int_equal(hone_tensor_read_pb(path, &t, &error), HONE_UNSUPPORTED);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_model_is_read_with_names_types_and_order),
        cmocka_unit_test(raw_weights_are_not_copied),
        cmocka_unit_test(typed_data_of_every_kind_is_converted),
        cmocka_unit_test(typed_data_may_be_unpacked_too),
        cmocka_unit_test(data_that_does_not_fit_its_shape_is_an_error_that_names_the_tensor),
        cmocka_unit_test(dimensions_whose_product_overflows_are_refused),
        cmocka_unit_test(a_wrong_wire_type_is_an_error_at_its_byte),
        cmocka_unit_test(fields_that_nobody_knows_are_skipped),
        cmocka_unit_test(an_input_with_an_initializer_is_a_constant),
        cmocka_unit_test(a_named_dimension_is_one_symbol_everywhere),
        cmocka_unit_test(constant_nodes_become_constants),
        cmocka_unit_test(an_opset_outside_the_range_is_refused_by_name),
        cmocka_unit_test(a_domain_without_a_version_is_an_error),
        cmocka_unit_test(foreign_operators_are_kept),
        cmocka_unit_test(a_function_that_makes_nothing_is_an_error_only_where_it_is_called),
        cmocka_unit_test(a_function_that_calls_itself_is_refused),
        cmocka_unit_test(an_input_that_nothing_makes_is_an_error_that_names_both),
        cmocka_unit_test(nodes_in_the_wrong_order_are_sorted),
        cmocka_unit_test(subgraphs_refer_to_values_around_them),
        cmocka_unit_test(graphs_nested_too_deep_are_refused),
        cmocka_unit_test(sparse_tensors_and_types_are_refused_by_name),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test_setup_teardown(external_data_inside_the_folder_is_mapped, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(external_data_anywhere_else_is_refused, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(external_data_past_the_end_is_refused, make_folder,
                                        remove_folder),
        cmocka_unit_test(a_tensor_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
