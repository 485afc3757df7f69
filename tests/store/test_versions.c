/* SPDX-License-Identifier: Apache-2.0 */
/* Versions that are made from each other: what changed little costs little, in the store and on the
 * way to another store; older stores stay readable. */
#include "fixture.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 500, WEIGHTS = 900000, SIZE = HEAD + WEIGHTS + 40 };

static const hone_border borders[] = {{"fc.weight", HEAD, WEIGHTS, HONE_S8, 300}};
static char delta[80], other[80];

/* Generation `k`: each one changes one weight in a hundred by one. */
static uint8_t *generation(int k) {
    uint8_t *bytes = noise(SIZE, 1);
    for (int g = 1; g <= k; g++)
        for (size_t i = (size_t)g; i < WEIGHTS; i += 100) bytes[HEAD + i]++;
    return bytes;
}

static void add_generation(hone_store *store, int k, hone_store_list *list) {
    uint8_t *bytes = generation(k);
    char parent[16];
    snprintf(parent, sizeof parent, "%d", k);
    hone_store_entry entry = {.name = "net",
                              .parent = k ? parent : NULL,
                              .metadata = "{\"by\":\"me\"}",
                              .card = "{\"task\":\"raw\"}",
                              .card_size = 14,
                              .borders = borders,
                              .border_count = 1};
    MUST(hone_store_add_memory(store, bytes, SIZE, &entry, list, WHY));
    free(bytes);
}

static void expect_generation(hone_store *store, const char *model, int k) {
    hone_store_bytes read;
    uint8_t *bytes = generation(k);
    MUST(hone_store_read(store, model, &read, WHY));
    assert_int_equal(read.size, SIZE);
    assert_memory_equal(read.data, bytes, SIZE);
    hone_store_bytes_free(&read);
    free(bytes);
}

static int names(void **state) {
    if (fixture_make(state)) return 1;
    snprintf(delta, sizeof delta, "%s.delta", db);
    snprintf(other, sizeof other, "%s.other.db", db);
    return 0;
}

static int forget(void **state) {
    (void)state;
    unlink(delta);
    unlink(other);
    return 0;
}

/* ---- in the store ---- */

static void a_version_that_changed_little_is_stored_as_its_difference(void **state) {
    hone_store *store = fresh();
    hone_store_list list;
    (void)state;
    add_generation(store, 0, NULL);
    add_generation(store, 1, &list);
    assert_true(list.records[0].stored_bytes < SIZE / 20);
    hone_store_list_free(&list);
    expect_generation(store, "net@1", 0);
    expect_generation(store, "net@2", 1);
    assert_sound(store);
    hone_store_close(store);
}

static void chains_of_differences_end_and_all_generations_come_back(void **state) {
    hone_store *store = fresh();
    hone_store_list list;
    char model[16];
    int wholes = 0;
    (void)state;
    for (int k = 0; k < 12; k++) {
        add_generation(store, k, &list);
        wholes += list.records[0].stored_bytes > SIZE / 2;
        hone_store_list_free(&list);
    }
    assert_int_equal(wholes, 2); /* the first, and the one behind the longest chain */
    for (int k = 0; k < 12; k++) {
        snprintf(model, sizeof model, "net@%d", k + 1);
        expect_generation(store, model, k);
    }
    assert_sound(store);
    hone_store_close(store);
}

static void borders_outside_the_file_are_refused(void **state) {
    hone_store *store = fresh();
    const hone_border wrong[] = {{"a", 3, 9, HONE_S8, 0}, {"b", 11, 2, HONE_S8, 0}};
    hone_store_entry entry = {.name = "net", .borders = wrong, .border_count = 1};
    hone_error error = {0};
    (void)state;
    assert_int_equal(hone_store_add_memory(store, "0123456789", 10, &entry, NULL, &error),
                     HONE_USAGE);
    entry.border_count = 2;
    assert_int_equal(hone_store_add_memory(store, "01234567890123", 14, &entry, NULL, &error),
                     HONE_USAGE);
    hone_store_close(store);
}

/* ---- from store to store ---- */

/* A store with the first two generations, their delta in `delta`, and another with the first. */
static hone_store *two_stores(hone_store **second) {
    hone_store *store = fresh();
    hone_store_delta_report report;
    add_generation(store, 0, NULL);
    add_generation(store, 1, NULL);
    MUST(hone_store_delta(store, "net@1", "net@2", delta, NULL, NULL, &report, WHY));
    assert_int_equal(report.full_bytes, SIZE);
    assert_true(report.delta_bytes < SIZE / 20);
    MUST(hone_store_create(other, NULL, second, WHY));
    return store;
}

static void a_delta_brings_a_version_to_another_store(void **state) {
    hone_store *second, *store = two_stores(&second);
    hone_store_list list;
    (void)state;
    add_generation(second, 0, NULL);
    MUST(hone_store_apply(second, delta, NULL, NULL, &list, WHY));
    assert_string_equal(list.records[0].version, "2");
    assert_string_equal(list.records[0].parent, "1");
    assert_string_equal(list.records[0].metadata, "{\"by\":\"me\"}");
    assert_int_equal(list.records[0].card_bytes, 14);
    assert_true(list.records[0].stored_bytes < SIZE / 20); /* its tensors are known there, too */
    hone_store_list_free(&list);
    expect_generation(second, "net@2", 1);
    assert_sound(second);
    hone_store_close(second);
    hone_store_close(store);
}

static void a_delta_is_applied_once(void **state) {
    hone_store *second, *store = two_stores(&second);
    hone_error error = {0};
    (void)state;
    add_generation(second, 0, NULL);
    MUST(hone_store_apply(second, delta, NULL, NULL, NULL, WHY));
    assert_int_equal(hone_store_apply(second, delta, NULL, NULL, NULL, &error), HONE_EXISTS);
    hone_store_close(second);
    hone_store_close(store);
}

static void a_delta_without_what_it_starts_from_is_refused(void **state) {
    hone_store *second, *store = two_stores(&second);
    hone_error error = {0};
    (void)state;
    assert_int_equal(hone_store_apply(second, delta, NULL, NULL, NULL, &error), HONE_NOT_FOUND);
    assert_non_null(strstr(error.message, "starts from a version"));
    hone_store_close(second);
    hone_store_close(store);
}

static bool stop_at_once(void *user, const char *what, uint64_t done, uint64_t total) {
    (void)user, (void)what, (void)done, (void)total;
    return false;
}

static void a_stopped_application_goes_on_where_it_was(void **state) {
    hone_store *second, *store = two_stores(&second);
    hone_error error = {0};
    (void)state;
    add_generation(second, 0, NULL);
    assert_int_equal(hone_store_apply(second, delta, stop_at_once, NULL, NULL, &error),
                     HONE_CANCELLED);
    MUST(hone_store_apply(second, delta, NULL, NULL, NULL, WHY));
    expect_generation(second, "net@2", 1);
    hone_store_close(second);
    hone_store_close(store);
}

static void what_is_no_delta_is_refused(void **state) {
    hone_store *second, *store = two_stores(&second);
    hone_error error = {0};
    (void)state;
    add_generation(second, 0, NULL);
    write_bytes(delta, "something else", 14);
    assert_int_equal(hone_store_apply(second, delta, NULL, NULL, NULL, &error), HONE_FORMAT);
    hone_store_close(second);
    hone_store_close(store);
}

/* ---- older stores ---- */

static void copy_golden(void) {
    static uint8_t bytes[1 << 20];
    FILE *golden = fopen(HONE_SOURCE_DIR "/tests/store/golden/store_v1.db", "rb");
    assert_non_null(golden);
    size_t size = fread(bytes, 1, sizeof bytes, golden);
    fclose(golden);
    write_bytes(db, bytes, size);
}

static void expect_golden(hone_store *store) {
    hone_store_list list;
    MUST(hone_store_show(store, "net@2", &list, WHY));
    assert_string_equal(list.records[0].sha256,
                        "b85bb0ee0af1266451dd12d61d0779bbfb07b6c95594a83d8ef8694cd5a44a24");
    assert_string_equal(list.records[0].parent, "1");
    hone_store_list_free(&list);
    assert_sound(store);
}

static void a_store_of_the_first_version_is_read_as_it_is(void **state) {
    (void)state;
    copy_golden();
    hone_store *store = reopen(true);
    assert_int_equal(store->version, 1);
    expect_golden(store);
    hone_store_close(store);
}

static void a_store_of_the_first_version_is_raised_by_who_writes(void **state) {
    (void)state;
    copy_golden();
    hone_store *store = reopen(false);
    assert_int_equal(store->version, HONE_STORE_VERSION);
    expect_golden(store);
    add_generation(store, 2, NULL);
    assert_sound(store);
    hone_store_close(store);
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_version_that_changed_little_is_stored_as_its_difference),
        TEST(chains_of_differences_end_and_all_generations_come_back),
        TEST(borders_outside_the_file_are_refused),
        TEST(a_delta_brings_a_version_to_another_store),
        TEST(a_delta_is_applied_once),
        TEST(a_delta_without_what_it_starts_from_is_refused),
        TEST(a_stopped_application_goes_on_where_it_was),
        TEST(what_is_no_delta_is_refused),
        TEST(a_store_of_the_first_version_is_read_as_it_is),
        TEST(a_store_of_the_first_version_is_raised_by_who_writes),
    };
    return cmocka_run_group_tests(tests, names, fixture_remove);
}
