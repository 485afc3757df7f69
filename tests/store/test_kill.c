/* SPDX-License-Identifier: Apache-2.0 */
/* Killing an add: the store is as it was before, or has the whole model.
 *
 * The child asks for leave before each chunk, so the parent knows which one is being written when
 * it strikes: a child that was given leave for fewer chunks than there are cannot have finished.
 * What is left to chance is where inside a chunk, or inside the commit, the kill arrives. */
#include <hone/store.h>

#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHUNKS = 32, CHUNK = 524288, TRIALS = 16 };

static char folder[] = "/tmp/hone-kill-XXXXXX";
static char db[64], log_file[64], model[64], out[64];
static int tell[2], leave[2]; /* pipes: child to parent, parent to child */
static hone_rng rng;

static void must(hone_status status, const hone_error *error) {
    if (status != HONE_OK) fail_msg("%s", error->message);
}

static bool ask_leave(void *user, const char *what, uint64_t done, uint64_t total) {
    char token;
    return write(tell[1], &done, sizeof done) == sizeof done && read(leave[0], &token, 1) == 1;
}

static void child_adds(const char *name) {
    hone_store *store;
    hone_store_entry entry = {.name = name, .progress = ask_leave};
    close(tell[0]);
    close(leave[1]);
    hone_status status = hone_store_open(db, NULL, &store, NULL);
    if (status == HONE_OK) status = hone_store_add_file(store, model, &entry, NULL, NULL);
    _exit(status == HONE_OK ? 0 : 1);
}

static off_t size_of(const char *path) {
    struct stat facts;
    return stat(path, &facts) ? 0 : facts.st_size;
}

static void wait_a_little(uint64_t most_us) {
    struct timespec pause = {0, (long)hone__rng_below(&rng, most_us + 1) * 1000};
    nanosleep(&pause, NULL);
}

/* Lets the child write `chunks` chunks and begin the next, or the commit after the last; then kills
 * it. Returns what it told last. */
static uint64_t strike(pid_t child, int chunks, uint64_t most_us) {
    uint64_t done = 0;
    for (int i = 0; i < chunks; i++) {
        assert_int_equal(read(tell[0], &done, sizeof done), sizeof done);
        assert_int_equal(write(leave[1], "", 1), 1);
    }
    wait_a_little(most_us);
    kill(child, SIGKILL);
    return done;
}

/* How the child ended: true when the kill ended it. */
static bool was_killed(pid_t child) {
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(tell[0]);
    close(leave[1]);
    if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static pid_t start(const char *name) {
    assert_int_equal(pipe(tell), 0);
    assert_int_equal(pipe(leave), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) child_adds(name);
    close(tell[1]);
    close(leave[0]);
    return child;
}

static void assert_same_file(const char *a, const char *b) {
    hone_mapping x, y;
    hone_error error = {0};
    must(hone__file_map(a, &x, &error), &error);
    must(hone__file_map(b, &y, &error), &error);
    assert_int_equal(x.size, y.size);
    assert_memory_equal(x.data, y.data, x.size);
    hone__file_unmap(&x);
    hone__file_unmap(&y);
}

/* The store is sound; returns whether it has `name`, and then all of it. */
static bool look_into(const char *name) {
    hone_store *store;
    hone_store_report report;
    hone_error error = {0};
    must(hone_store_open(db, NULL, &store, &error), &error);
    must(hone_store_verify(store, NULL, NULL, &report, &error), &error);
    if (!report.ok) fail_msg("%s", report.problems[0]);
    bool spare = report.chunks > 1 && report.models == 1;
    hone_store_report_free(&report);
    hone_status status = hone_store_get_file(store, name, out, NULL, &error);
    if (status == HONE_OK)
        assert_same_file(model, out);
    else
        assert_int_equal(status, HONE_NOT_FOUND);
    if (status != HONE_OK) assert_false(spare); /* no chunk of the dead add is left behind */
    hone_store_close(store);
    return status == HONE_OK;
}

static void fresh_store(void) {
    hone_store *store;
    hone_error error = {0};
    hone_store_entry entry = {.name = "before"};
    unlink(db);
    unlink(log_file);
    must(hone_store_create(db, NULL, &store, &error), &error);
    must(hone_store_add_memory(store, "before", 6, &entry, NULL, &error), &error);
    hone_store_close(store);
}

static void an_add_killed_while_bytes_are_written_leaves_the_store_as_it_was(void **state) {
    int struck = 0, with_bytes_on_disk = 0;
    fresh_store();
    for (int trial = 0; trial < TRIALS; trial++) {
        int chunks = 1 + (int)hone__rng_below(&rng, CHUNKS - 2);
        pid_t child = start("victim");
        uint64_t done = strike(child, chunks, 3000);
        off_t on_disk = size_of(log_file);
        assert_true(was_killed(child));
        assert_true(done >= CHUNK && done < (uint64_t)CHUNKS * CHUNK);
        struck++;
        with_bytes_on_disk += on_disk > CHUNK;
        assert_false(look_into("victim"));
    }
    print_message("%d kills struck while bytes were being written, %d of them with more than a "
                  "chunk of the dead add on disk\n",
                  struck, with_bytes_on_disk);
    assert_int_equal(struck, TRIALS);
    assert_true(with_bytes_on_disk >= TRIALS / 6);
}

static void an_add_killed_around_its_commit_is_there_whole_or_not_at_all(void **state) {
    int killed = 0, whole = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        fresh_store();
        pid_t child = start("victim");
        strike(child, CHUNKS, (uint64_t)trial * 2000);
        killed += was_killed(child);
        whole += look_into("victim");
    }
    print_message("%d of %d adds were killed around their commit, %d are there\n", killed, TRIALS,
                  whole);
    assert_true(killed > 0);
}

static void the_next_add_goes_on_as_if_nothing_had_happened(void **state) {
    fresh_store();
    pid_t child = start("victim");
    strike(child, CHUNKS / 2, 0);
    assert_true(was_killed(child));
    child = start("victim");
    for (int i = 0; i < CHUNKS; i++) assert_int_equal(write(leave[1], "", 1), 1);
    assert_false(was_killed(child));
    assert_true(look_into("victim"));
}

static int prepare(void **state) {
    static uint64_t bytes[CHUNKS * CHUNK / 8];
    hone_writer writer;
    if (!mkdtemp(folder)) return -1;
    snprintf(db, sizeof db, "%s/s.db", folder);
    snprintf(log_file, sizeof log_file, "%s/s.db-wal", folder);
    snprintf(model, sizeof model, "%s/model.hone", folder);
    snprintf(out, sizeof out, "%s/out.hone", folder);
    hone__rng_seed(&rng, 20, 0);
    for (size_t i = 0; i < CHUNKS * CHUNK / 8; i++) bytes[i] = hone__rng_next(&rng);
    if (hone__writer_open(&writer, model, NULL) != HONE_OK) return -1;
    if (hone__writer_put(&writer, bytes, sizeof bytes, NULL) != HONE_OK) return -1;
    signal(SIGPIPE, SIG_IGN);
    return hone__writer_commit(&writer, NULL) == HONE_OK ? 0 : -1;
}

static int clean(void **state) {
    char shm[80];
    snprintf(shm, sizeof shm, "%s-shm", db);
    unlink(db);
    unlink(log_file);
    unlink(shm);
    unlink(model);
    unlink(out);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_add_killed_while_bytes_are_written_leaves_the_store_as_it_was),
        cmocka_unit_test(an_add_killed_around_its_commit_is_there_whole_or_not_at_all),
        cmocka_unit_test(the_next_add_goes_on_as_if_nothing_had_happened),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}
