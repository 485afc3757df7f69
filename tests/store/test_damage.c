/* SPDX-License-Identifier: Apache-2.0 */
/* Files that are no store, and stores that are damaged. */
#include "fixture.h"

#include "base/error.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_no_store(hone_status status, const char *says) {
    hone_store *store;
    hone_error error = {0};
    assert_int_equal(hone_store_open(db, NULL, &store, &error), status);
    assert_null(store);
    if (!strstr(error.message, says)) fail_msg("'%s' does not say '%s'", error.message, says);
    assert_null(strchr(error.message, '\n'));
}

static void change(const char *sql) {
    sqlite3 *raw;
    assert_int_equal(sqlite3_open(db, &raw), SQLITE_OK);
    char *text = NULL;
    if (sqlite3_exec(raw, sql, NULL, NULL, &text) != SQLITE_OK) fail_msg("%s", text);
    sqlite3_close(raw);
}

static void what_is_no_store_is_told_in_one_line(void **state) {
    remove_store();
    expect_no_store(HONE_NOT_FOUND, "hone store init");
    write_bytes(db, "", 0);
    expect_no_store(HONE_FORMAT, "not a SQLite database");
    char text[5000];
    memset(text, 'x', sizeof text);
    write_bytes(db, text, sizeof text);
    expect_no_store(HONE_FORMAT, "not a SQLite database");
    unlink(db);
    change("CREATE TABLE t(x)");
    expect_no_store(HONE_FORMAT, "not a Hone store");
    hone_store_close(fresh());
    change("PRAGMA user_version = 9");
    expect_no_store(HONE_UNSUPPORTED, "version 9");
    hone_store_close(fresh());
    change("DROP TABLE model_chunks");
    expect_no_store(HONE_FORMAT, "model_chunks");
    hone_store_close(fresh());
    change("DROP TABLE optimized_models; CREATE VIEW optimized_models AS SELECT * FROM ai_models");
    expect_no_store(HONE_FORMAT, "optimized_models");
}

static void creating_never_replaces_a_file(void **state) {
    hone_store *store;
    hone_error error = {0};
    remove_store();
    write_bytes(db, "precious", 8);
    assert_int_equal(hone_store_create(db, NULL, &store, &error), HONE_EXISTS);
    assert_file_holds(db, "precious", 8);
}

static void a_truncated_store_is_found_on_opening(void **state) {
    struct stat facts;
    hone_store *store = fresh();
    uint8_t *bytes = noise(1 << 20, 9);
    hone_store_entry entry = {.name = "m"};
    MUST(hone_store_add_memory(store, bytes, 1 << 20, &entry, NULL, WHY));
    free(bytes);
    hone_store_close(store);
    assert_int_equal(stat(db, &facts), 0);
    for (off_t size = facts.st_size - 1; size >= 100; size = size * 9 / 10) {
        assert_int_equal(truncate(db, size), 0);
        expect_no_store(HONE_CORRUPT, "truncated");
    }
    assert_int_equal(truncate(db, 99), 0);
    expect_no_store(HONE_FORMAT, "not a SQLite database");
}

/* ---- damage ---- */

static void expect_problem(const char *says) {
    hone_store *store = reopen(true);
    hone_store_report report;
    MUST(hone_store_verify(store, NULL, NULL, &report, WHY));
    assert_false(report.ok);
    bool said = false;
    for (uint32_t i = 0; i < report.problem_count; i++)
        said |= strstr(report.problems[i], says) != NULL;
    if (!said) fail_msg("no problem says '%s', the first is '%s'", says, report.problems[0]);
    hone_store_report_free(&report);
    hone_store_close(store);
}

/* A store with a parent of two chunks, and a child with a card. */
static void damaged(const char *sql) {
    hone_store *store = fresh();
    uint8_t *bytes = noise(1000000, 4);
    hone_store_entry parent = {.name = "m"};
    hone_store_entry child = {.name = "m", .parent = "1", .card = "{}", .card_size = 2};
    MUST(hone_store_add_memory(store, bytes, 1000000, &parent, NULL, WHY));
    MUST(hone_store_add_memory(store, "small", 5, &child, NULL, WHY));
    free(bytes);
    hone_store_close(store);
    change("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON");
    change(sql);
}

static void verify_finds_every_kind_of_damage(void **state) {
    static const struct {
        const char *sql, *says;
    } cases[] = {
        {"UPDATE chunks SET data = zeroblob(length(data)) WHERE chunk_id = 2",
         "model 'm@1': chunk 1: its bytes do not match its checksum"},
        {"UPDATE chunks SET encoding = 2 WHERE chunk_id = 1", "chunk 0: its bytes cannot be"},
        {"UPDATE chunks SET encoding = 5, base = 2 WHERE chunk_id = 1", "chunk 0: its bytes"},
        {"UPDATE chunks SET encoding = 5, base = 1 WHERE chunk_id = 1", "told by too many others"},
        {"UPDATE chunks SET stored_size = 7 WHERE chunk_id = 1", "contradicts itself"},
        {"DELETE FROM chunks WHERE chunk_id = 1", "refers to a row of chunks"},
        {"DELETE FROM model_chunks WHERE position = 0 AND model_id = 1", "chunk 0 is missing"},
        {"DELETE FROM model_chunks WHERE position = 1", "do not match its size and checksum"},
        {"UPDATE ai_models SET checksum = printf('%064d', 1) WHERE model_id = 2",
         "model 'm@2': its bytes do not match its size and checksum"},
        {"UPDATE ai_models SET file_size = 4 WHERE model_id = 2", "size and checksum"},
        {"UPDATE ai_models SET parent = 77 WHERE model_id = 2", "refers to a row of ai_models"},
        {"UPDATE ai_models SET parent = 2 WHERE model_id = 1", "parent is not older"},
        {"UPDATE ai_models SET metadata = '[1]' WHERE model_id = 2", "metadata is not a JSON"},
        {"DELETE FROM model_files WHERE model_id = 1", "no row in model_files"},
        {"UPDATE model_files SET card = x'7b20207d' WHERE model_id = 2", "card does not match"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        damaged(cases[i].sql);
        expect_problem(cases[i].says);
    }
}

static void damaged_bytes_are_never_given_back(void **state) {
    hone_error error = {0};
    hone_store_bytes read;
    damaged("UPDATE chunks SET data = zeroblob(length(data)) WHERE chunk_id = 2");
    hone_store *store = reopen(false);
    unlink(out);
    assert_int_equal(hone_store_get_file(store, "m@1", out, NULL, &error), HONE_CORRUPT);
    assert_non_null(strstr(error.message, "model 'm@1'"));
    assert_int_equal(access(out, F_OK), -1);
    assert_int_equal(hone_store_read(store, "m@1", &read, &error), HONE_CORRUPT);
    assert_null(read.data);
    MUST(hone_store_get_file(store, "m@2", out, NULL, WHY));
    hone_store_close(store);
}

/* Every page of the file scrambled in turn: an error or a problem, never a crash or a wrong byte.
 */
static void a_scrambled_page_does_no_harm(void **state) {
    hone_mapping file;
    size_t found_out = 0, pages;
    damaged("SELECT 1");
    MUST(hone__file_map(db, &file, WHY));
    uint8_t *copy = malloc(file.size);
    assert_non_null(copy);
    pages = file.size / 16384;
    for (size_t page = 0; page < pages; page++) {
        hone_store *store;
        hone_store_report report;
        memcpy(copy, file.data, file.size);
        for (size_t i = page * 16384 + (page ? 0 : 100); i < (page + 1) * 16384; i += 7)
            copy[i] ^= 0x5a;
        remove_store();
        write_bytes(db, copy, file.size);
        if (hone_store_open(db, NULL, &store, NULL) != HONE_OK) {
            found_out++;
            continue;
        }
        if (hone_store_verify(store, NULL, NULL, &report, NULL) == HONE_OK) {
            found_out += !report.ok;
            hone_store_report_free(&report);
        }
        hone_store_close(store);
    }
    hone__file_unmap(&file);
    free(copy);
    assert_int_equal(found_out, pages);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_store_is_told_in_one_line),
        cmocka_unit_test(creating_never_replaces_a_file),
        cmocka_unit_test(a_truncated_store_is_found_on_opening),
        cmocka_unit_test(verify_finds_every_kind_of_damage),
        cmocka_unit_test(damaged_bytes_are_never_given_back),
        cmocka_unit_test(a_scrambled_page_does_no_harm),
    };
    return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
