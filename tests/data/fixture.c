/* SPDX-License-Identifier: Apache-2.0 */
#include "data/fixture.h"

#include "formats/model.h"

#include <ftw.h>
#include <unistd.h>

static const char *join(const char *folder, const char *name) {
    static char path[4][1024];
    static unsigned turn;
    char *out = path[turn++ % 4];
    snprintf(out, sizeof path[0], "%s/%s", folder, name);
    return out;
}

const char *stored(const char *name) {
    return join(HONE_SOURCE_DIR "/tests/data/files", name);
}

const char *in_folder(const char *folder, const char *name) {
    return join(folder, name);
}

hone_tensor stored_array(const char *name) {
    hone_tensor tensor;
    hone_error error = {0};
    assert_ok_or(hone_npy_read(stored(name), &tensor, &error), error);
    return tensor;
}

uint8_t *slurp(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long length = 0;
    if (!file) fail_msg("%s cannot be opened", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    length = ftell(file);
    rewind(file);
    bytes = malloc((size_t)length + 1);
    assert_non_null(bytes);
    *size = fread(bytes, 1, (size_t)length, file);
    assert_int_equal(*size, length);
    fclose(file);
    return bytes;
}

const char *folder_make(void) {
    static char path[64];
    snprintf(path, sizeof path, "/tmp/hone-test-data-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static int remove_one(const char *path, const struct stat *facts, int kind, struct FTW *at) {
    (void)facts;
    (void)kind;
    (void)at;
    return remove(path);
}

void folder_remove(const char *folder) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void make_folder(const char *folder, const char *name) {
    assert_int_equal(mkdir(join(folder, name), 0777), 0);
}

void put_file(const char *folder, const char *name, const void *bytes, size_t size) {
    FILE *file = fopen(join(folder, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

void put_text(const char *folder, const char *name, const char *text) {
    put_file(folder, name, text, strlen(text));
}

void copy_stored(const char *folder, const char *name, const char *from) {
    size_t size = 0;
    uint8_t *bytes = slurp(stored(from), &size);
    put_file(folder, name, bytes, size);
    free(bytes);
}

void put_array(const char *folder, const char *name, hone_dtype dtype, int32_t rank,
               const int64_t *dims, const void *data) {
    hone_tensor tensor = {.dtype = dtype, .shape = hone__shape(rank, dims)};
    hone_error error = {0};
    memcpy(&tensor.data, &data, sizeof data);
    assert_ok(hone_tensor_bytes(dtype, &tensor.shape, &tensor.bytes, NULL));
    assert_ok_or(hone_npy_write(&tensor, join(folder, name), &error), error);
}

hone_model *identity_model(hone_dtype dtype, int32_t rank, const int64_t *dims, const char *card) {
    hone_graph *graph = NULL;
    hone_value *in = NULL, *out = NULL;
    hone_node *node = NULL;
    hone_model *model = NULL;
    hone_error error = {0};
    assert_ok(hone_graph_new(NULL, &graph, NULL));
    assert_ok(hone_graph_add_value(graph, "in", &in, NULL));
    assert_ok(hone_graph_add_value(graph, "out", &out, NULL));
    in->dtype = dtype;
    in->shape = hone__shape(rank, dims);
    if (dims[0] < 0) assert_ok(hone_graph_symbol(graph, "batch", &in->shape.dim[0], NULL));
    assert_ok(hone_graph_add_input(graph, in, NULL));
    assert_ok(
        hone_graph_add_node(graph, HONE_OP_Identity, "node", &in, 1, &out, 1, NULL, &node, NULL));
    assert_ok(hone_graph_add_output(graph, out, NULL));
    assert_ok_or(hone_graph_infer(graph, &error), error);
    assert_ok(hone__model_new(NULL, graph, &model, NULL));
    if (card) assert_ok(hone_model_set_card(model, card, strlen(card), NULL));
    return model;
}
