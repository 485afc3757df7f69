/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"

#include <unistd.h>

hone_error why;
char folder[] = "/tmp/hone-store-XXXXXX";
char db[64], out[64], in[64], card[64];

void remove_store(void) {
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s%s", db, endings[i]);
        unlink(path);
    }
    unlink(out);
    unlink(in);
    unlink(card);
}

hone_store *fresh(void) {
    hone_store *store;
    remove_store();
    MUST(hone_store_create(db, NULL, &store, WHY));
    return store;
}

hone_store *reopen(bool read_only) {
    hone_store *store;
    hone_store_options options = {.read_only = read_only};
    MUST(hone_store_open(db, &options, &store, WHY));
    return store;
}

/* Bytes that no compressor makes smaller. */
uint8_t *noise(size_t size, uint64_t seed) {
    hone_rng rng;
    uint8_t *bytes = malloc(size + 8);
    assert_non_null(bytes);
    hone__rng_seed(&rng, seed, 0);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t next = hone__rng_next(&rng);
        memcpy(bytes + i, &next, 8);
    }
    return bytes;
}

void add(hone_store *store, const char *name, const char *version, const char *text) {
    hone_store_entry entry = {.name = name, .version = version};
    MUST(hone_store_add_memory(store, text, strlen(text), &entry, NULL, WHY));
}

void refuse_add(hone_store *store, hone_store_entry entry, hone_status status, const char *says) {
    hone_error error = {0};
    hone_store_list list = {0};
    assert_int_equal(hone_store_add_memory(store, "x", 1, &entry, &list, &error), status);
    if (!strstr(error.message, says)) fail_msg("'%s' does not say '%s'", error.message, says);
    assert_null(list.memory);
}

void write_bytes(const char *path, const void *data, size_t size) {
    hone_writer writer;
    MUST(hone__writer_open(&writer, path, WHY));
    MUST(hone__writer_put(&writer, data, size, WHY));
    MUST(hone__writer_commit(&writer, WHY));
}

void assert_file_holds(const char *path, const void *data, size_t size) {
    hone_mapping file;
    MUST(hone__file_map(path, &file, WHY));
    assert_int_equal(file.size, size);
    if (size) assert_memory_equal(file.data, data, size);
    hone__file_unmap(&file);
}

void assert_sound(hone_store *store) {
    hone_store_report report;
    MUST(hone_store_verify(store, NULL, NULL, &report, WHY));
    if (!report.ok) fail_msg("%s", report.problems[0]);
    hone_store_report_free(&report);
}

int fixture_make(void **state) {
    if (!mkdtemp(folder)) return -1;
    snprintf(db, sizeof db, "%s/s#1 %%.db", folder); /* characters that URIs must escape */
    snprintf(out, sizeof out, "%s/out", folder);
    snprintf(in, sizeof in, "%s/in.onnx", folder);
    snprintf(card, sizeof card, "%s/in.card.json", folder);
    return 0;
}

int fixture_remove(void **state) {
    remove_store();
    return rmdir(folder); /* fails where something was left behind */
}
