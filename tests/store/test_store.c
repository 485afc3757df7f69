/* SPDX-License-Identifier: Apache-2.0 */
/* The store as its callers see it. */
#include "fixture.h"

#include "base/error.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- bytes ---- */

static void get_returns_the_very_bytes_that_add_took(void **state) {
    static const size_t sizes[] = {0, 1, 524287, 524288, 524289, 3000001};
    hone_store *store = fresh();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *bytes = noise(sizes[i], i);
        hone_store_entry entry = {.name = "m"};
        hone_store_list list;
        hone_store_bytes read;
        write_bytes(in, bytes, sizes[i]);
        MUST(hone_store_add_file(store, in, &entry, &list, WHY));
        assert_int_equal(list.records[0].bytes, sizes[i]);
        hone_store_list_free(&list);
        MUST(hone_store_get_file(store, "m", out, NULL, WHY));
        assert_file_holds(out, bytes, sizes[i]);
        MUST(hone_store_read(store, "m", &read, WHY));
        assert_int_equal(read.size, sizes[i]);
        if (sizes[i]) assert_memory_equal(read.data, bytes, sizes[i]);
        assert_int_equal((uintptr_t)read.data % 64, 0);
        hone_store_bytes_free(&read);
        free(bytes);
    }
    assert_sound(store);
    hone_store_close(store);
}

static void what_two_versions_share_is_stored_once(void **state) {
    hone_store *store = fresh();
    size_t size = 4 << 20;
    uint8_t *bytes = noise(size, 1);
    hone_store_entry entry = {.name = "m"};
    MUST(hone_store_add_memory(store, bytes, size, &entry, NULL, WHY));
    bytes[size - 1] ^= 1; /* in the last chunk */
    MUST(hone_store_add_memory(store, bytes, size, &entry, NULL, WHY));
    hone_store_report report;
    MUST(hone_store_verify(store, NULL, NULL, &report, WHY));
    assert_true(report.ok);
    assert_int_equal(report.models, 2);
    assert_int_equal(report.chunks, 9);
    hone_store_report_free(&report);
    hone_store_close(store);
    free(bytes);
}

static void what_can_be_packed_is_packed(void **state) {
    hone_store *store = fresh();
    size_t size = 1 << 20;
    uint8_t *bytes = calloc(1, size);
    hone_store_entry entry = {.name = "zeros"};
    hone_store_list list;
    assert_non_null(bytes);
    MUST(hone_store_add_memory(store, bytes, size, &entry, &list, WHY));
    assert_true(list.records[0].stored_bytes < 4096);
    hone_store_list_free(&list);
    MUST(hone_store_get_file(store, "zeros", out, NULL, WHY));
    assert_file_holds(out, bytes, size);
    hone_store_close(store);
    free(bytes);
}

static void a_card_and_a_format_come_back_with_the_model(void **state) {
    hone_store *store = fresh();
    hone_store_bytes read;
    hone_store_entry entry = {.name = "m", .card = "{\"task\":1}", .card_size = 10};
    write_bytes(in, "onnx bytes", 10); /* in ends in .onnx */
    MUST(hone_store_add_file(store, in, &entry, NULL, WHY));
    MUST(hone_store_read(store, "m", &read, WHY));
    assert_int_equal(read.format, HONE_FORMAT_ONNX);
    assert_string_equal(read.card, "{\"task\":1}");
    assert_int_equal(read.card_size, 10);
    hone_store_bytes_free(&read);
    MUST(hone_store_get_file(store, "m", in, NULL, WHY)); /* its name ends in .onnx */
    assert_file_holds(card, "{\"task\":1}", 10);
    hone_store_close(store);
}

static void get_leaves_an_older_file_alone_when_it_fails(void **state) {
    hone_store *store = fresh();
    hone_error error = {0};
    write_bytes(out, "old", 3);
    assert_int_equal(hone_store_get_file(store, "none", out, NULL, &error), HONE_NOT_FOUND);
    assert_file_holds(out, "old", 3);
    hone_store_close(store);
}

/* ---- names and versions ---- */

static void versions_count_up_by_themselves(void **state) {
    hone_store *store = fresh();
    hone_store_list list;
    add(store, "m", NULL, "a");
    add(store, "m", "7", "b");
    add(store, "m", "1.2.3-rc.1+build-5", "c");
    add(store, "m", NULL, "d");
    add(store, "other", NULL, "e");
    MUST(hone_store_log(store, "m", &list, WHY));
    assert_int_equal(list.count, 4);
    static const char *const newest_first[] = {"8", "1.2.3-rc.1+build-5", "7", "1"};
    for (uint32_t i = 0; i < 4; i++) assert_string_equal(list.records[i].version, newest_first[i]);
    hone_store_list_free(&list);
    MUST(hone_store_log(store, NULL, &list, WHY));
    assert_int_equal(list.count, 5);
    assert_string_equal(list.records[4].name, "other");
    assert_string_equal(list.records[4].version, "1");
    hone_store_list_free(&list);
    hone_store_close(store);
}

static void bad_names_and_versions_are_refused(void **state) {
    static const char *const names[] = {"",    "a/b",  "..",   "-o",       "a:b",
                                        "a@1", "a\nb", "a\\b", "\xff\xfe", "\xc0\xaf"};
    static const char *const versions[] = {"",
                                           "0",
                                           "01",
                                           "1.2",
                                           "v1",
                                           "1.2.3-",
                                           "1.2.3.4",
                                           "1 ",
                                           "-1",
                                           "01.2.3",
                                           "1234567890123456789"};
    char longest[HONE_STORE_MAX_NAME + 2];
    hone_store *store = fresh();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        refuse_add(store, (hone_store_entry){.name = names[i]}, HONE_USAGE, "no name of a model");
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
        refuse_add(store, (hone_store_entry){.name = "m", .version = versions[i]}, HONE_USAGE,
                   "is no version");
    memset(longest, 'a', sizeof longest);
    longest[HONE_STORE_MAX_NAME + 1] = 0;
    refuse_add(store, (hone_store_entry){.name = longest}, HONE_USAGE, "no name of a model");
    longest[HONE_STORE_MAX_NAME] = 0;
    add(store, longest, NULL, "x");
    add(store, "modèle ünïcode", NULL, "x");
    hone_store_close(store);
}

static void a_version_is_added_once(void **state) {
    hone_store *store = fresh();
    add(store, "m", "1.0.0", "a");
    refuse_add(store, (hone_store_entry){.name = "m", .version = "1.0.0"}, HONE_EXISTS,
               "has a version 1.0.0 already");
    assert_sound(store);
    hone_store_close(store);
}

static void parents_and_metadata_are_kept(void **state) {
    hone_store *store = fresh();
    hone_store_list list;
    hone_store_optimized optimized = {
        .original_size = 100, .quantization_type = "int8", .accuracy = 0.925, .inference_time = -1};
    add(store, "float", NULL, "original");
    hone_store_entry entry = {.name = "small",
                              .parent = "float@1",
                              .metadata = "{\"who\": \"me; DROP TABLE ai_models\"}",
                              .optimized = &optimized};
    MUST(hone_store_add_memory(store, "tiny", 4, &entry, &list, WHY));
    hone_store_list_free(&list);
    MUST(hone_store_show(store, "small@1", &list, WHY));
    const hone_store_record *r = list.records;
    assert_string_equal(r->parent, "float@1");
    assert_string_equal(r->metadata, "{\"who\": \"me; DROP TABLE ai_models\"}");
    assert_true(r->is_optimized);
    assert_int_equal(r->optimized.original_size, 100);
    assert_int_equal(r->optimized.quantized_size, 4);
    assert_string_equal(r->optimized.quantization_type, "int8");
    assert_true(r->optimized.accuracy == 0.925);
    assert_true(r->optimized.inference_time < 0);
    assert_int_equal(strlen(r->created_at), 20);
    assert_int_equal(strlen(r->sha256), 64);
    hone_store_list_free(&list);
    refuse_add(store, (hone_store_entry){.name = "small", .parent = "9"}, HONE_NOT_FOUND,
               "of version 9");
    refuse_add(store, (hone_store_entry){.name = "small", .metadata = "[1]"}, HONE_USAGE,
               "not a JSON object");
    hone_store_close(store);
}

static void a_model_argument_names_store_model_and_version(void **state) {
    size_t length;
    const char *model;
    hone_store_bytes read;
    char text[128];
    assert_true(hone_store_is_model("a:b/s.db:m@1.0.0", &length, &model));
    assert_int_equal(length, 8);
    assert_string_equal(model, "m@1.0.0");
    static const char *const others[] = {"m.onnx",   "s.db",  "c:/m.onnx",
                                         "s.db:a/b", ".db:x", "s.db/x:y"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(hone_store_is_model(others[i], &length, &model));
    hone_store *store = fresh();
    add(store, "m", NULL, "one");
    add(store, "m", NULL, "two");
    hone_store_close(store);
    snprintf(text, sizeof text, "%s:m", db);
    MUST(hone_store_read_model(text, NULL, &read, WHY));
    assert_memory_equal(read.data, "two", 3);
    hone_store_bytes_free(&read);
    snprintf(text, sizeof text, "%s:m@1", db);
    MUST(hone_store_read_model(text, NULL, &read, WHY));
    assert_memory_equal(read.data, "one", 3);
    hone_store_bytes_free(&read);
}

/* ---- list --where ---- */

static uint32_t found(hone_store *store, const char *where) {
    hone_store_list list;
    MUST(hone_store_find(store, where, &list, WHY));
    uint32_t count = list.count;
    hone_store_list_free(&list);
    return count;
}

static void where_finds_what_it_says(void **state) {
    hone_store *store = fresh();
    uint8_t *bytes = noise(2000000, 3);
    hone_store_optimized good = {
        .quantization_type = "int8", .accuracy = 0.95, .inference_time = 3};
    hone_store_optimized poor = {
        .quantization_type = "int8", .accuracy = 0.5, .inference_time = -1};
    hone_store_entry entries[] = {{.name = "a", .format = HONE_FORMAT_ONNX},
                                  {.name = "a", .optimized = &good},
                                  {.name = "b", .optimized = &poor}};
    MUST(hone_store_add_memory(store, bytes, 2000000, &entries[0], NULL, WHY));
    MUST(hone_store_add_memory(store, bytes, 500000, &entries[1], NULL, WHY));
    MUST(hone_store_add_memory(store, bytes, 400000, &entries[2], NULL, WHY));
    free(bytes);
    assert_int_equal(found(store, NULL), 3);
    assert_int_equal(found(store, "  "), 3);
    assert_int_equal(found(store, "accuracy>0.9 and size<4MB"), 1);
    assert_int_equal(found(store, "accuracy >= 50% AND type=int8"), 2);
    assert_int_equal(found(store, "not accuracy>0"), 1);
    assert_int_equal(found(store, "latency<0.5s"), 1);
    assert_int_equal(found(store, "latency<2ms"), 0);
    assert_int_equal(found(store, "size > 488KiB"), 2);
    assert_int_equal(found(store, "name=b or format=onnx"), 2);
    assert_int_equal(found(store, "(name=b or name=a) and not (size<1MB)"), 1);
    assert_int_equal(found(store, "name=\"x' OR 1=1 --\""), 0);
    hone_store_close(store);
}

static void where_tells_the_place_of_an_error(void **state) {
    static const struct {
        const char *where, *says;
    } cases[] = {{"colour=red", "a field is wanted"},
                 {"size<", "a number is wanted (at character 6)"},
                 {"size<4parsec", "this unit is not known here"},
                 {"size 4", "= != <"},
                 {"size<4 name=a", "'and' or 'or'"},
                 {"(size<4", "a ) is missing"},
                 {"name='a", "quote"},
                 {"size<nan", "a number is wanted"},
                 {"name=a; DROP TABLE ai_models", "'and' or 'or'"}};
    hone_store *store = fresh();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hone_error error = {0};
        hone_store_list list;
        if (hone_store_find(store, cases[i].where, &list, &error) != HONE_USAGE)
            fail_msg("'%s' was taken", cases[i].where);
        if (!strstr(error.message, cases[i].says)) fail_msg("%s", error.message);
    }
    char deep[200];
    hone_store_list list;
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = 0;
    assert_int_equal(hone_store_find(store, deep, &list, NULL), HONE_USAGE);
    hone_store_close(store);
}

/* ---- several at once, and readers ---- */

static bool stop_at_once(void *user, const char *what, uint64_t done, uint64_t total) {
    *(uint64_t *)user = done;
    return false;
}

static void a_cancelled_add_leaves_the_store_as_it_was(void **state) {
    hone_store *store = fresh();
    uint64_t done = 0;
    uint8_t *bytes = noise(2000000, 5);
    hone_store_entry entry = {.name = "m", .progress = stop_at_once, .progress_user = &done};
    assert_int_equal(hone_store_add_memory(store, bytes, 2000000, &entry, NULL, NULL),
                     HONE_CANCELLED);
    assert_int_equal(done, 524288);
    assert_int_equal(found(store, NULL), 0);
    entry.progress = NULL;
    MUST(hone_store_add_memory(store, bytes, 2000000, &entry, NULL, WHY));
    assert_sound(store);
    hone_store_close(store);
    free(bytes);
}

typedef struct second_writer {
    hone_store *other;
    hone_status writing, reading;
    uint32_t seen;
} second_writer;

static bool try_second_writer(void *user, const char *what, uint64_t done, uint64_t total) {
    second_writer *w = user;
    hone_store_list list;
    hone_store_entry entry = {.name = "second"};
    w->writing = hone_store_add_memory(w->other, "x", 1, &entry, NULL, NULL);
    w->reading = hone_store_log(w->other, NULL, &list, NULL);
    w->seen = list.count;
    hone_store_list_free(&list);
    return true;
}

static void while_one_adds_others_read_the_old_state_and_cannot_add(void **state) {
    hone_store *store = fresh();
    hone_store_options impatient = {.wait_ms = 1};
    second_writer w = {0};
    add(store, "first", NULL, "x");
    MUST(hone_store_open(db, &impatient, &w.other, WHY));
    hone_store_entry entry = {.name = "m", .progress = try_second_writer, .progress_user = &w};
    MUST(hone_store_add_memory(store, "bytes", 5, &entry, NULL, WHY));
    assert_int_equal(w.writing, HONE_BUSY);
    assert_int_equal(w.reading, HONE_OK);
    assert_int_equal(w.seen, 1);
    add(w.other, "second", NULL, "x");
    hone_store_close(w.other);
    assert_int_equal(found(store, NULL), 3);
    hone_store_close(store);
}

static void a_reader_cannot_write(void **state) {
    hone_store *store = fresh();
    add(store, "m", NULL, "x");
    hone_store_close(store);
    store = reopen(true);
    assert_int_equal(found(store, NULL), 1);
    hone_store_entry entry = {.name = "m"};
    assert_int_not_equal(hone_store_add_memory(store, "x", 1, &entry, NULL, NULL), HONE_OK);
    hone_store_close(store);
    char log_file[80];
    snprintf(log_file, sizeof log_file, "%s-wal", db);
    assert_int_equal(access(log_file, F_OK), -1); /* one file is one file again */
}

/* Runs as somebody who may write neither the file nor its folder, as on read-only media. */
static int read_as_nobody(void) {
    hone_store *store;
    hone_store_bytes read;
    hone_store_options options = {.read_only = true};
    hone_store_entry entry = {.name = "m"};
    if (geteuid() == 0 && setuid(65534) != 0) return 2;
    if (hone_store_open(db, &options, &store, NULL) != HONE_OK) return 3;
    if (hone_store_read(store, "m", &read, NULL) != HONE_OK) return 4;
    int result = read.size == 5 && !memcmp(read.data, "bytes", 5) ? 0 : 5;
    hone_store_bytes_free(&read);
    if (hone_store_add_memory(store, "x", 1, &entry, NULL, NULL) == HONE_OK) result = 6;
    hone_store_close(store);
    return result;
}

static void a_store_on_read_only_media_can_be_read(void **state) {
    int status;
    hone_store *store = fresh();
    add(store, "m", NULL, "bytes");
    hone_store_close(store);
    assert_int_equal(chmod(db, 0444) | chmod(folder, 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(read_as_nobody());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static hone_status use_store(const hone_allocator *allocator) {
    hone_store *store = NULL;
    hone_store_bytes read = {0};
    hone_store_list list = {0};
    hone_store_report report = {0};
    const hone_store_options options = {.allocator = allocator};
    const hone_store_entry entry = {.name = "m", .card = "{}", .card_size = 2};
    remove_store();
    hone_status status = hone_store_create(db, &options, &store, NULL);
    if (status == HONE_OK) status = hone_store_add_memory(store, "x", 1, &entry, &list, NULL);
    hone_store_list_free(&list);
    if (status == HONE_OK) status = hone_store_find(store, "name=m", &list, NULL);
    hone_store_list_free(&list);
    if (status == HONE_OK) status = hone_store_read(store, "m", &read, NULL);
    hone_store_bytes_free(&read);
    if (status == HONE_OK) status = hone_store_get_file(store, "m", in, NULL, NULL);
    if (status == HONE_OK) status = hone_store_verify(store, NULL, NULL, &report, NULL);
    hone_store_report_free(&report);
    hone_store_close(store);
    return status;
}

static void running_out_of_memory_anywhere_is_an_error_without_leaks(void **state) {
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        failing_allocator memory;
        failing_allocator_init(&memory, n);
        hone_status status = use_store(&memory.allocator);
        assert_int_equal(memory.live_bytes, 0);
        if (status == HONE_OK) break;
        assert_int_equal(status, HONE_MEMORY);
        failures++;
    }
    assert_true(failures > 10);
}

static void the_sqlite_shell_reads_the_tables(void **state) {
    sqlite3 *raw;
    sqlite3_stmt *row;
    hone_store *store = fresh();
    add(store, "m", "2.0.0", "12345");
    hone_store_close(store);
    assert_int_equal(sqlite3_open_v2(db, &raw, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(raw,
                           "SELECT model_id, model_name, version, metadata, file_size, checksum, "
                           "created_at, parent FROM ai_models",
                           -1, &row, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(row, 1), "m");
    assert_int_equal(sqlite3_column_int(row, 4), 5);
    assert_string_equal((const char *)sqlite3_column_text(row, 5),
                        "5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5");
    sqlite3_finalize(row);
    sqlite3_close(raw);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_returns_the_very_bytes_that_add_took),
        cmocka_unit_test(what_two_versions_share_is_stored_once),
        cmocka_unit_test(what_can_be_packed_is_packed),
        cmocka_unit_test(a_card_and_a_format_come_back_with_the_model),
        cmocka_unit_test(get_leaves_an_older_file_alone_when_it_fails),
        cmocka_unit_test(versions_count_up_by_themselves),
        cmocka_unit_test(bad_names_and_versions_are_refused),
        cmocka_unit_test(a_version_is_added_once),
        cmocka_unit_test(parents_and_metadata_are_kept),
        cmocka_unit_test(a_model_argument_names_store_model_and_version),
        cmocka_unit_test(where_finds_what_it_says),
        cmocka_unit_test(where_tells_the_place_of_an_error),
        cmocka_unit_test(a_cancelled_add_leaves_the_store_as_it_was),
        cmocka_unit_test(while_one_adds_others_read_the_old_state_and_cannot_add),
        cmocka_unit_test(a_reader_cannot_write),
        cmocka_unit_test(a_store_on_read_only_media_can_be_read),
        cmocka_unit_test(running_out_of_memory_anywhere_is_an_error_without_leaks),
        cmocka_unit_test(the_sqlite_shell_reads_the_tables),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
