/* SPDX-License-Identifier: Apache-2.0 */
/* The native container: what goes in comes out, the same graph gives the same bytes, released
 * versions stay readable, and no damage passes. */
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/sha256.h"
#include "formats/hone/layout.h"
#include "sample.h"
#include "testing.h"

#include <unistd.h>

#define GOLDEN HONE_SOURCE_DIR "/tests/golden/v1/sample.hone"

static char folder[] = "/tmp/hone-container-XXXXXX";
static char path_a[64], path_b[64];

typedef struct bytes {
    uint8_t *data;
    size_t size;
} bytes;

static bytes slurp(const char *path) {
    char *data = NULL;
    bytes file = {0};
    hone_error error = {0};
    if (hone__file_read(NULL, path, 1 << 20, &data, &file.size, &error) != HONE_OK)
        fail_msg("%s", error.message);
    file.data = (uint8_t *)data;
    return file;
}

static void write_sample(const char *path) {
    hone_graph *graph = sample_graph();
    hone_error error = {0};
    if (hone__container_write(graph, SAMPLE_CARD, strlen(SAMPLE_CARD), path, &error) != HONE_OK)
        fail_msg("%s", error.message);
    hone_graph_free(graph);
}

/* Reads the bytes as a container; the graph is freed at once. */
static hone_status try_bytes(const uint8_t *data, size_t size, bool verify, hone_error *error) {
    hone_blob *blob;
    hone_graph *graph = NULL;
    const char *card;
    size_t card_size;
    hone_load_options options = {.verify = verify};
    assert_int_equal(hone_blob_borrow(NULL, data, size, &blob, error), HONE_OK);
    hone_status status = hone__container_read(blob, &options, &graph, &card, &card_size, error);
    hone_blob_release(blob);
    if (status != HONE_OK) assert_null(graph);
    hone_graph_free(graph);
    return status;
}

static hone_graph *read_file(const char *path, const char **card, size_t *card_size) {
    hone_blob *blob;
    hone_graph *graph;
    hone_error error = {0};
    hone_load_options options = {.verify = true};
    assert_int_equal(hone_blob_map(NULL, path, &blob, &error), HONE_OK);
    if (hone__container_read(blob, &options, &graph, card, card_size, &error) != HONE_OK)
        fail_msg("%s", error.message);
    hone_blob_release(blob);
    return graph;
}

static void assert_same_text(const hone_graph *a, const hone_graph *b) {
    hone_text x, y;
    hone__text_init(&x, NULL);
    hone__text_init(&y, NULL);
    hone_graph_print(a, &x);
    hone_graph_print(b, &y);
    assert_string_equal(x.data, y.data);
    hone__text_release(&x);
    hone__text_release(&y);
}

static void assert_sample(const hone_graph *graph, const char *card, size_t card_size) {
    hone_graph *wanted = sample_graph();
    assert_int_equal(card_size, strlen(SAMPLE_CARD));
    assert_memory_equal(card, SAMPLE_CARD, card_size);
    assert_string_equal(graph->name, "sample");
    assert_int_equal(graph->source_opset, 13);
    assert_same_text(graph, wanted);
    const hone_value *mine = hone_graph_find_value(graph, "conv.w");
    const hone_value *theirs = hone_graph_find_value(wanted, "conv.w");
    assert_int_equal(mine->bytes, theirs->bytes);
    assert_memory_equal(mine->data, theirs->data, mine->bytes);
    assert_string_equal(hone_graph_symbol_name(graph, graph->inputs[0]->shape.dim[0]), "batch");
    assert_null(hone_graph_find_value(graph, "nobody uses this"));
    hone_graph_free(wanted);
}

static void what_is_written_is_read_again(void **state) {
    const char *card;
    size_t card_size;
    write_sample(path_a);
    hone_graph *graph = read_file(path_a, &card, &card_size);
    assert_sample(graph, card, card_size);
    hone_graph_free(graph);
}

static void every_kind_of_attribute_survives(void **state) {
    const char *card;
    size_t card_size;
    write_sample(path_a);
    hone_graph *graph = read_file(path_a, &card, &card_size);
    const hone_node *node = graph->last_node;
    assert_string_equal(node->foreign, "com.example:Odd");
    assert_null(node->outputs[0]);
    assert_true(hone_node_int(node, "i", 0) == INT64_MIN);
    assert_true(hone_node_float(node, "f", 0) == -0.75f);
    assert_string_equal(hone_node_string(node, "s", ""), "text");
    assert_int_equal(hone_node_attr(node, "floats")->count, 3);
    assert_true(hone_node_attr(node, "floats")->as.floats[1] == -2.0f);
    assert_int_equal(hone_node_attr(node, "strings")->as.strings[1].length, 3);
    assert_memory_equal(hone_node_attr(node, "strings")->as.strings[1].data, "t\0o", 4);
    assert_int_equal(hone_node_attr(node, "none")->count, 0);
    const hone_tensor *tensor = hone_node_attr(node, "tensor")->as.tensor;
    assert_int_equal(tensor->dtype, HONE_S8);
    assert_int_equal(((const int8_t *)tensor->data)[2], 127);
    const hone_graph *sub = hone_node_attr(node, "graph")->as.graph;
    assert_ptr_equal(sub->parent, graph);
    assert_int_equal(sub->first_node->op, HONE_OP_Identity);
    assert_int_equal(sub->first_node->inputs[0]->kind, HONE_VALUE_OUTER);
    hone_graph_free(graph);
}

static void tensors_are_used_from_the_mapping_64_byte_aligned(void **state) {
    hone_blob *blob;
    hone_graph *graph;
    const char *card;
    size_t card_size, tensors = 0;
    write_sample(path_a);
    assert_int_equal(hone_blob_map(NULL, path_a, &blob, NULL), HONE_OK);
    assert_int_equal(hone__container_read(blob, NULL, &graph, &card, &card_size, NULL), HONE_OK);
    const uint8_t *from = hone_blob_data(blob), *to = from + hone_blob_size(blob);
    for (const hone_value *v = graph->first_value; v; v = v->next) {
        if (v->kind != HONE_VALUE_CONSTANT) continue;
        const uint8_t *data = v->data;
        assert_true(data >= from && data + v->bytes <= to);
        assert_int_equal((uintptr_t)data % 64, 0);
        tensors++;
    }
    assert_int_equal(tensors, 5);
    hone_graph_free(graph);
    hone_blob_release(blob);
}

static void the_same_graph_gives_the_same_bytes(void **state) {
    const char *card;
    size_t card_size;
    write_sample(path_a);
    bytes first = slurp(path_a);
    hone_graph *graph = read_file(path_a, &card, &card_size);
    assert_int_equal(hone__container_write(graph, card, card_size, path_b, NULL), HONE_OK);
    hone_graph_free(graph);
    bytes second = slurp(path_b);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.data, second.data, first.size);
    free(first.data);
    free(second.data);
}

static void the_golden_file_of_version_1_stays_readable(void **state) {
    const char *card;
    size_t card_size;
    hone_graph *graph = read_file(GOLDEN, &card, &card_size);
    assert_sample(graph, card, card_size);
    hone_graph_free(graph);
}

static void version_1_is_still_written_as_it_was_released(void **state) {
    write_sample(path_a);
    bytes now = slurp(path_a), then = slurp(GOLDEN);
    assert_int_equal(now.size, then.size);
    assert_memory_equal(now.data, then.data, now.size);
    free(now.data);
    free(then.data);
}

static void a_file_cut_at_any_byte_is_refused(void **state) {
    hone_error error;
    write_sample(path_a);
    bytes file = slurp(path_a);
    for (size_t size = 0; size < file.size; size++) {
        uint8_t *cut = malloc(size + 1); /* of its own, so that the sanitizer sees its end */
        assert_non_null(cut);
        memcpy(cut, file.data, size);
        error = (hone_error){0};
        assert_int_equal(try_bytes(cut, size, false, &error), HONE_FORMAT);
        assert_true(strlen(error.message) > 10);
        free(cut);
    }
    free(file.data);
}

static size_t weights_offset(const uint8_t *data) {
    const uint8_t *last =
        data + HONE_HEADER_BYTES + (HONE_SECTION_WEIGHTS - 1) * HONE_SECTION_BYTES;
    return (size_t)hone__load64(last + 8);
}

static void a_flipped_bit_in_the_metadata_is_found_on_opening(void **state) {
    hone_error error;
    write_sample(path_a);
    bytes file = slurp(path_a);
    size_t end = weights_offset(file.data);
    for (size_t at = 0; at < end; at++) {
        file.data[at] ^= (uint8_t)(1 << at % 8);
        error = (hone_error){0};
        assert_int_not_equal(try_bytes(file.data, file.size, false, &error), HONE_OK);
        assert_true(strlen(error.message) > 10);
        file.data[at] ^= (uint8_t)(1 << at % 8);
    }
    assert_int_equal(try_bytes(file.data, file.size, true, &error), HONE_OK);
    free(file.data);
}

static void a_flipped_bit_in_the_weights_is_found_by_verify(void **state) {
    hone_error error;
    write_sample(path_a);
    bytes file = slurp(path_a);
    for (size_t at = weights_offset(file.data); at < file.size; at++) {
        file.data[at] ^= 0x10;
        assert_int_equal(try_bytes(file.data, file.size, false, &error), HONE_OK);
        assert_int_equal(try_bytes(file.data, file.size, true, &error), HONE_CORRUPT);
        file.data[at] ^= 0x10;
    }
    free(file.data);
}

static size_t table_end(const uint8_t *data) {
    return HONE_HEADER_BYTES + hone__load32(data + HONE_HEADER_SECTIONS_AT) * HONE_SECTION_BYTES;
}

/* Makes the header's sum right again, so that what lies behind it is reached. */
static void reseal_header(uint8_t *data) {
    hone__store32(data + HONE_HEADER_CRC_AT, 0);
    hone__store32(data + HONE_HEADER_CRC_AT, hone__crc32c(0, data, table_end(data)));
}

static void reseal(uint8_t *data) {
    for (size_t at = HONE_HEADER_BYTES; at < table_end(data); at += HONE_SECTION_BYTES)
        hone__store32(data + at + 24, hone__crc32c(0, data + hone__load64(data + at + 8),
                                                   (size_t)hone__load64(data + at + 16)));
    reseal_header(data);
}

/* With matching sums every byte of the tables may say anything: nothing may crash, and what is
 * refused is refused with a reason. (Some changes make another sound file: another name, say.) */
static void lying_tables_with_matching_sums_do_no_harm(void **state) {
    static const uint8_t lies[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    hone_error error;
    size_t refused = 0;
    write_sample(path_a);
    bytes file = slurp(path_a);
    uint8_t *copy = malloc(file.size);
    assert_non_null(copy);
    for (size_t at = 0; at < weights_offset(file.data); at++)
        for (size_t i = 0; i < sizeof lies; i++) {
            memcpy(copy, file.data, file.size);
            copy[at] = lies[i];
            if (at >= table_end(file.data))
                reseal(copy);
            else if (at >= HONE_HEADER_BYTES)
                reseal_header(copy);
            error = (hone_error){0};
            hone_status status = try_bytes(copy, file.size, false, &error);
            if (status != HONE_OK) assert_true(strlen(error.message) > 10);
            refused += status != HONE_OK;
        }
    assert_true(refused > 1000);
    free(copy);
    free(file.data);
}

static void a_newer_format_version_is_named(void **state) {
    hone_error error;
    write_sample(path_a);
    bytes file = slurp(path_a);
    file.data[HONE_HEADER_VERSION_AT] = 2;
    reseal(file.data);
    assert_int_equal(try_bytes(file.data, file.size, false, &error), HONE_UNSUPPORTED);
    assert_non_null(strstr(error.message, "version 2"));
    free(file.data);
}

static void limits_of_the_caller_are_kept(void **state) {
    hone_blob *blob;
    hone_graph *graph;
    const char *card;
    size_t card_size;
    hone_error error;
    static const hone_limits limits[] = {{.max_nodes = 3}, {.max_tensor_bytes = 16}};
    write_sample(path_a);
    assert_int_equal(hone_blob_map(NULL, path_a, &blob, &error), HONE_OK);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        hone_load_options options = {.limits = limits[i]};
        assert_int_equal(hone__container_read(blob, &options, &graph, &card, &card_size, &error),
                         HONE_LIMIT);
        assert_null(graph);
    }
    hone_blob_release(blob);
}

/* Opening and saving with the n-th allocation failing, for every n there is. */
static void running_out_of_memory_anywhere_is_an_error_without_leaks(void **state) {
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        failing_allocator memory;
        failing_allocator_init(&memory, n);
        hone_load_options options = {.allocator = &memory.allocator, .verify = true};
        hone_model *model = NULL;
        hone_error error = {0};
        hone_status status = hone_model_open(GOLDEN, &options, &model, &error);
        if (status == HONE_OK)
            status =
                hone__container_write(model->graph, model->card, model->card_size, path_a, &error);
        hone_model_free(model);
        assert_int_equal(memory.live_bytes, 0);
        if (status == HONE_OK) break;
        assert_int_equal(status, HONE_MEMORY);
        failures++;
    }
    assert_true(failures > 20);
}

static void sha256_gives_the_answers_of_fips_180(void **state) {
    static const uint8_t abc[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea,
                                    0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                                    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c,
                                    0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    static const uint8_t million[4] = {0xcd, 0xc7, 0x6e, 0x5c};
    uint8_t digest[32];
    hone_sha256 sha;
    hone__sha256_init(&sha);
    hone__sha256_update(&sha, "abc", 3);
    hone__sha256_final(&sha, digest);
    assert_memory_equal(digest, abc, sizeof abc);
    hone__sha256_init(&sha);
    for (int i = 0; i < 1000000; i++) hone__sha256_update(&sha, "a", 1);
    hone__sha256_final(&sha, digest);
    assert_memory_equal(digest, million, sizeof million);
}

static int make_folder(void **state) {
    if (!mkdtemp(folder)) return -1;
    snprintf(path_a, sizeof path_a, "%s/a.hone", folder);
    snprintf(path_b, sizeof path_b, "%s/b.hone", folder);
    return 0;
}

static int remove_folder(void **state) {
    unlink(path_a);
    unlink(path_b);
    return rmdir(folder); /* fails where a temporary file was left behind */
}

/* `test_container --write FILE` makes a golden file; once a version is released, its file stays. */
int main(int argc, char **argv) {
    if (argc == 3 && !strcmp(argv[1], "--write")) {
        write_sample(argv[2]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_kind_of_attribute_survives),
        cmocka_unit_test(tensors_are_used_from_the_mapping_64_byte_aligned),
        cmocka_unit_test(the_same_graph_gives_the_same_bytes),
        cmocka_unit_test(the_golden_file_of_version_1_stays_readable),
        cmocka_unit_test(version_1_is_still_written_as_it_was_released),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_flipped_bit_in_the_metadata_is_found_on_opening),
        cmocka_unit_test(a_flipped_bit_in_the_weights_is_found_by_verify),
        cmocka_unit_test(lying_tables_with_matching_sums_do_no_harm),
        cmocka_unit_test(a_newer_format_version_is_named),
        cmocka_unit_test(limits_of_the_caller_are_kept),
        cmocka_unit_test(running_out_of_memory_anywhere_is_an_error_without_leaks),
        cmocka_unit_test(sha256_gives_the_answers_of_fips_180),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
