/* SPDX-License-Identifier: Apache-2.0 */
/* Packed weights: shared by the sessions of a model, kept in a cache folder, and never believed
 * where a file is not exactly what it should be. */
#include "base/bytes.h"
#include "packed/packed.h"
#include "runtime/oracle.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIXELS = 2 * 12 * 12, OUTPUTS = 7, MOST_FILES = 64 };

/* ---- a folder of one's own, with a model and its cache in it ---- */

typedef struct place {
    char folder[64], model[96], cache[96];
    hone_cpu_tier cpu;
} place;

static hone_graph *small_graph(uint64_t seed) {
    hone_graph *g = new_graph();
    hone_value *x = input(g, "x", HONE_F32, LIST(1, 2, 12, 12));
    hone_value *a = apply(
        g, HONE_OP_Conv,
        INPUTS(x, weights(g, 0.5f, seed, LIST(16, 2, 3, 3)), weights(g, 1, seed + 1, LIST(16))));
    hone_value *b =
        apply(g, HONE_OP_Conv, INPUTS(a, weights(g, 0.3f, seed + 2, LIST(24, 16, 3, 3))));
    hone_value *flat = apply(g, HONE_OP_Flatten, INPUTS(b));
    output(g, apply(g, HONE_OP_Gemm,
                    INPUTS(flat, weights(g, 0.1f, seed + 3, LIST(24 * 64, OUTPUTS)),
                           weights(g, 1, seed + 4, LIST(OUTPUTS)))));
    return g;
}

static void save(const place *p, uint64_t seed) {
    hone_model *model = model_of(small_graph(seed));
    hone_error error = {0};
    assert_ok_or(hone__container_write(model->graph, NULL, 0, p->model, &error), error);
    hone_model_free(model);
}

static place make_place(void) {
    place p = {.folder = "/tmp/hone-packed-XXXXXX"};
    assert_non_null(mkdtemp(p.folder));
    snprintf(p.model, sizeof p.model, "%s/m.hone", p.folder);
    snprintf(p.cache, sizeof p.cache, "%s/deep/cache", p.folder);
    save(&p, 1);
    return p;
}

static void remove_place(const place *p) {
    char command[160];
    snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", p->folder, p->folder);
    assert_int_equal(system(command), 0);
}

/* Names of the cache's files, sorted by nothing; returns how many. */
static size_t list(const place *p, char names[MOST_FILES][400]) {
    size_t count = 0;
    DIR *folder = opendir(p->cache);
    if (!folder) return 0;
    for (const struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && count < MOST_FILES)
            snprintf(names[count++], 400, "%s/%s", p->cache, entry->d_name);
    closedir(folder);
    return count;
}

static char *only_file(const place *p) {
    static char names[MOST_FILES][400];
    assert_int_equal(list(p, names), 1);
    return names[0];
}

/* ---- sessions ---- */

typedef struct answer {
    float y[OUTPUTS];
    hone_packed_counts counts;
} answer;

static void run_once(hone_session *session, float *y) {
    float x[PIXELS];
    hone_tensor in = {.dtype = HONE_F32, .data = x, .bytes = sizeof x}, out = {0};
    hone_port port;
    assert_ok(hone_session_input(session, 0, &port));
    in.shape = port.shape;
    fill_random(&in, 5);
    assert_ok(hone_session_run(session, &in, &out, NULL));
    assert_int_equal(out.bytes, OUTPUTS * sizeof(float));
    memcpy(y, out.data, out.bytes);
}

static hone_model *load(const place *p) {
    hone_model *model = NULL;
    hone_error error = {0};
    assert_ok_or(hone_model_open(p->model, NULL, &model, &error), error);
    return model;
}

static hone_session *open_session(const place *p, const hone_model *model, const char *cache,
                                  uint64_t limit) {
    hone_session_options options = {
        .threads = 1, .cpu = p->cpu, .cache_folder = cache, .cache_limit = limit};
    hone_session *session = NULL;
    hone_error error = {0};
    assert_ok_or(hone_session_create(model, &options, &session, &error), error);
    return session;
}

static answer start(const place *p, const char *cache, uint64_t limit) {
    answer a;
    hone_model *model = load(p);
    hone_session *session = open_session(p, model, cache, limit);
    run_once(session, a.y);
    a.counts = hone__packed_counts(model->packed);
    hone_session_free(session);
    hone_model_free(model);
    return a;
}

static void assert_same(const answer *a, const answer *b) {
    assert_memory_equal(a->y, b->y, sizeof a->y);
}

/* ---- tests ---- */

static void a_second_start_packs_nothing_and_answers_the_same(void **state) {
    (void)state;
    place p = make_place();
    answer off = start(&p, NULL, 0), first = start(&p, p.cache, 0), again = start(&p, p.cache, 0);
    assert_true(off.counts.made >= 3);
    assert_int_equal(first.counts.made, off.counts.made);
    assert_int_equal(again.counts.made, 0);
    assert_int_equal(again.counts.mapped, off.counts.made);
    assert_same(&off, &first);
    assert_same(&off, &again);
    remove_place(&p);
}

static void without_a_folder_nothing_is_written(void **state) {
    (void)state;
    char names[MOST_FILES][400];
    place p = make_place();
    (void)start(&p, NULL, 0);
    assert_int_equal(list(&p, names), 0);
    assert_true(access(p.cache, F_OK) != 0);
    remove_place(&p);
}

static void another_tier_has_files_of_its_own(void **state) {
    (void)state;
    char names[MOST_FILES][400];
    place p = make_place();
    if (hone_cpu_detect(HONE_CPU_BEST) == HONE_CPU_SCALAR) skip();
    (void)start(&p, p.cache, 0);
    p.cpu = HONE_CPU_SCALAR;
    answer scalar = start(&p, p.cache, 0);
    assert_true(scalar.counts.made > 0);
    assert_int_equal(list(&p, names), 2);
    remove_place(&p);
}

static void another_model_of_the_same_shape_gets_its_own_weights(void **state) {
    (void)state;
    place p = make_place();
    answer one = start(&p, p.cache, 0);
    save(&p, 100);
    answer two = start(&p, p.cache, 0);
    assert_true(two.counts.made > 0);
    assert_true(memcmp(one.y, two.y, sizeof one.y) != 0);
    save(&p, 1);
    answer back = start(&p, p.cache, 0);
    assert_int_equal(back.counts.made, 0);
    assert_same(&one, &back);
    remove_place(&p);
}

/* A file that claims another's digest must not put its weights under that name. */
static void a_forged_digest_reaches_no_other_model(void **state) {
    (void)state;
    uint8_t digest[32], header[64];
    place p = make_place(), q = make_place();
    char names[MOST_FILES][400];
    answer honest = start(&p, NULL, 0);
    save(&q, 100);
    FILE *f = fopen(p.model, "rb");
    assert_non_null(f);
    assert_int_equal(fread(header, 1, 64, f), 64);
    memcpy(digest, header + 32, 32);
    fclose(f);
    f = fopen(q.model, "rb+");
    assert_non_null(f);
    static uint8_t table[64 + 64 * 32];
    size_t size = fread(table, 1, sizeof table, f);
    size_t end = 64 + 32 * (size_t)hone__load32(table + 12);
    assert_true(end <= size);
    memcpy(table + 32, digest, 32);
    hone__store32(table + 28, 0);
    hone__store32(table + 28, hone__crc32c(0, table, end));
    assert_int_equal(fseek(f, 0, SEEK_SET), 0);
    assert_int_equal(fwrite(table, 1, 64, f), 64);
    fclose(f);
    snprintf(q.cache, sizeof q.cache, "%s", p.cache);
    answer forged = start(&q, q.cache, 0);
    assert_true(forged.counts.made > 0);
    assert_int_equal(list(&p, names), 0);
    answer after = start(&p, p.cache, 0);
    assert_same(&honest, &after);
    remove_place(&p);
    remove_place(&q);
}

static void write_at(const char *path, long at, const void *data, size_t size) {
    FILE *f = fopen(path, "rb+");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, SEEK_SET), 0);
    assert_int_equal(fwrite(data, 1, size, f), size);
    fclose(f);
}

static void a_damaged_header_or_table_is_packed_again(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, p.cache, 0);
    long end = 64 + 48 * (long)good.counts.made;
    for (long at = 0; at < end; at += 5) {
        uint8_t byte = 0;
        FILE *f = fopen(only_file(&p), "rb");
        assert_non_null(f);
        assert_int_equal(fseek(f, at, SEEK_SET), 0);
        assert_int_equal(fread(&byte, 1, 1, f), 1);
        fclose(f);
        byte ^= 0x10;
        write_at(only_file(&p), at, &byte, 1);
        answer again = start(&p, p.cache, 0);
        assert_int_equal(again.counts.made, good.counts.made);
        assert_same(&good, &again);
    }
    answer mended = start(&p, p.cache, 0);
    assert_int_equal(mended.counts.made, 0);
    remove_place(&p);
}

static void a_truncated_or_grown_file_is_packed_again(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, p.cache, 0);
    struct stat facts;
    assert_int_equal(stat(only_file(&p), &facts), 0);
    const long sizes[] = {0, 1, 63, 64, 200, (long)facts.st_size - 1, (long)facts.st_size + 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_int_equal(truncate(only_file(&p), sizes[i]), 0);
        answer again = start(&p, p.cache, 0);
        assert_int_equal(again.counts.made, good.counts.made);
        assert_same(&good, &again);
    }
    remove_place(&p);
}

static void a_file_that_others_may_write_is_not_believed(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, p.cache, 0);
    assert_int_equal(chmod(only_file(&p), 0666), 0);
    answer again = start(&p, p.cache, 0);
    assert_int_equal(again.counts.made, good.counts.made);
    char target[128];
    snprintf(target, sizeof target, "%s/elsewhere", p.folder);
    assert_int_equal(rename(only_file(&p), target), 0);
    (void)start(&p, p.cache, 0);
    char *name = only_file(&p);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(symlink(target, name), 0);
    again = start(&p, p.cache, 0);
    assert_int_equal(again.counts.made, good.counts.made);
    remove_place(&p);
}

static void two_sessions_of_a_model_share_their_weights(void **state) {
    (void)state;
    place p = make_place();
    hone_model *model = load(&p);
    hone_session *a = open_session(&p, model, NULL, 0);
    uint64_t made = hone__packed_counts(model->packed).made;
    hone_session *b = open_session(&p, model, NULL, 0);
    assert_int_equal(hone__packed_counts(model->packed).made, made);
    float y[OUTPUTS], z[OUTPUTS];
    run_once(a, y);
    hone_session_free(a); /* what b uses stays */
    run_once(b, z);
    assert_memory_equal(y, z, sizeof y);
    hone_session_free(b);
    hone_session *c = open_session(&p, model, NULL, 0); /* nobody kept them */
    assert_int_equal(hone__packed_counts(model->packed).made, 2 * made);
    hone_session_free(c);
    hone_model_free(model);
    remove_place(&p);
}

typedef struct contender {
    const place *p;
    const hone_model *model;
    float y[OUTPUTS];
} contender;

static void *contend(void *given) {
    contender *c = (contender *)given;
    for (int round = 0; round < 5; round++) {
        hone_session *session = open_session(c->p, c->model, c->p->cache, 0);
        run_once(session, c->y);
        hone_session_free(session);
    }
    return NULL;
}

static void threads_may_open_sessions_of_one_model_at_once(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, NULL, 0);
    hone_model *model = load(&p);
    contender c[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        c[i] = (contender){.p = &p, .model = model};
        assert_int_equal(pthread_create(&threads[i], NULL, contend, &c[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_memory_equal(c[i].y, good.y, sizeof good.y);
    }
    hone_model_free(model);
    remove_place(&p);
}

static void processes_may_fill_one_folder_at_once(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, NULL, 0);
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            answer mine = start(&p, p.cache, 0);
            _exit(memcmp(mine.y, good.y, sizeof good.y) ? 1 : 0);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    answer after = start(&p, p.cache, 0);
    assert_int_equal(after.counts.made, 0);
    (void)only_file(&p); /* and nothing half-written beside it */
    remove_place(&p);
}

static void a_folder_that_cannot_be_written_is_no_error(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, NULL, 0);
    answer nowhere = start(&p, "/proc/nowhere/at/all", 0);
    assert_same(&good, &nowhere);
    answer in_a_file = start(&p, p.model, 0);
    assert_same(&good, &in_a_file);
    (void)start(&p, p.cache, 0);
    assert_int_equal(chmod(p.cache, 0500), 0);
    answer mapped = start(&p, p.cache, 0); /* what is there can be read */
    assert_int_equal(mapped.counts.made, 0);
    save(&p, 9);
    answer other = start(&p, p.cache, 0);
    assert_true(other.counts.made > 0);
    remove_place(&p);
}

static uint64_t cached_bytes(const place *p, size_t *count) {
    char names[MOST_FILES][400];
    struct stat facts;
    uint64_t bytes = 0;
    *count = list(p, names);
    for (size_t i = 0; i < *count; i++)
        if (!stat(names[i], &facts)) bytes += (uint64_t)facts.st_size;
    return bytes;
}

static void the_folder_stays_within_its_limit(void **state) {
    (void)state;
    place p = make_place();
    size_t count = 0;
    (void)start(&p, p.cache, 0);
    uint64_t one = cached_bytes(&p, &count), limit = 3 * one + one / 2;
    for (uint64_t seed = 10; seed < 16; seed++) {
        save(&p, seed);
        (void)start(&p, p.cache, limit);
        assert_true(cached_bytes(&p, &count) <= limit);
    }
    assert_int_equal(count, 3);
    answer newest = start(&p, p.cache, limit);
    assert_int_equal(newest.counts.made, 0);
    save(&p, 1);
    answer oldest = start(&p, p.cache, limit); /* it had to go */
    assert_true(oldest.counts.made > 0);
    save(&p, 50);
    answer large = start(&p, p.cache, 100); /* larger than all there may be */
    assert_true(large.counts.made > 0);
    remove_place(&p);
}

static void the_least_recently_used_file_goes_first(void **state) {
    (void)state;
    place p = make_place();
    size_t count = 0;
    (void)start(&p, p.cache, 0);
    uint64_t limit = 2 * cached_bytes(&p, &count) + 100;
    char *first = only_file(&p);
    struct timespec old[2] = {{1000, 0}, {1000, 0}}, older[2] = {{500, 0}, {500, 0}};
    assert_int_equal(utimensat(AT_FDCWD, first, old, 0), 0);
    save(&p, 2);
    (void)start(&p, p.cache, limit);
    char names[MOST_FILES][400];
    assert_int_equal(list(&p, names), 2);
    for (size_t i = 0; i < 2; i++) assert_int_equal(utimensat(AT_FDCWD, names[i], older, 0), 0);
    answer used = start(&p, p.cache, limit); /* of the two, the second is used again */
    assert_int_equal(used.counts.made, 0);
    save(&p, 3);
    (void)start(&p, p.cache, limit);
    save(&p, 2);
    used = start(&p, p.cache, limit);
    assert_int_equal(used.counts.made, 0);
    remove_place(&p);
}

static void files_of_others_are_left_alone(void **state) {
    (void)state;
    place p = make_place();
    char other[160];
    (void)start(&p, p.cache, 0);
    snprintf(other, sizeof other, "%s/notes.txt", p.cache);
    FILE *f = fopen(other, "w");
    assert_non_null(f);
    for (int i = 0; i < 100000; i++) fputc('x', f);
    fclose(f);
    struct stat facts;
    for (uint64_t seed = 20; seed < 23; seed++) {
        save(&p, seed);
        (void)start(&p, p.cache, 100 * 1024);
    }
    assert_int_equal(stat(other, &facts), 0);
    remove_place(&p);
}

static void a_session_to_look_at_packs_nothing_and_does_not_run(void **state) {
    (void)state;
    place p = make_place();
    hone_model *model = load(&p);
    hone_session *session = NULL;
    hone_session_options options = {.plan_only = true};
    hone_session_memory memory;
    float x[PIXELS] = {0};
    hone_tensor in = {.dtype = HONE_F32, .data = x, .bytes = sizeof x}, out = {0};
    hone_port port;
    assert_ok(hone_session_create(model, &options, &session, NULL));
    hone_session_get_memory(session, &memory);
    assert_true(memory.arena_bytes > 0 && memory.weight_bytes > 0);
    assert_int_equal(hone__packed_counts(model->packed).made, 0);
    assert_ok(hone_session_input(session, 0, &port));
    in.shape = port.shape;
    assert_int_equal(hone_session_run(session, &in, &out, NULL), HONE_USAGE);
    hone_session_free(session);
    hone_model_free(model);
    remove_place(&p);
}

/* Every allocation of model and session fails in turn, with a cache that is empty and one that is
 * full. */
static void memory_may_end_anywhere(void **state) {
    (void)state;
    place p = make_place();
    answer good = start(&p, NULL, 0);
    for (int full = 0; full < 2; full++) {
        bool made = false;
        for (size_t n = 1; !made && n < 4000; n++) {
            failing_allocator f;
            hone_model *model = NULL;
            hone_session *session = NULL;
            failing_allocator_init(&f, n);
            if (!full) {
                char names[MOST_FILES][400];
                for (size_t i = list(&p, names); i-- > 0;) unlink(names[i]);
            }
            hone_load_options loading = {.allocator = &f.allocator};
            hone_session_options options = {
                .allocator = &f.allocator, .threads = 1, .cache_folder = p.cache};
            hone_status status = hone_model_open(p.model, &loading, &model, NULL);
            if (status == HONE_OK) status = hone_session_create(model, &options, &session, NULL);
            made = status == HONE_OK && f.requests < n;
            if (status == HONE_OK) {
                float y[OUTPUTS];
                run_once(session, y);
                assert_memory_equal(y, good.y, sizeof y);
            } else {
                assert_int_equal(status, HONE_MEMORY);
            }
            hone_session_free(session);
            hone_model_free(model);
            assert_int_equal(f.live_bytes, 0);
        }
        assert_true(made);
        (void)start(&p, p.cache, 0);
    }
    remove_place(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_start_packs_nothing_and_answers_the_same),
        cmocka_unit_test(without_a_folder_nothing_is_written),
        cmocka_unit_test(another_tier_has_files_of_its_own),
        cmocka_unit_test(another_model_of_the_same_shape_gets_its_own_weights),
        cmocka_unit_test(a_forged_digest_reaches_no_other_model),
        cmocka_unit_test(a_damaged_header_or_table_is_packed_again),
        cmocka_unit_test(a_truncated_or_grown_file_is_packed_again),
        cmocka_unit_test(a_file_that_others_may_write_is_not_believed),
        cmocka_unit_test(two_sessions_of_a_model_share_their_weights),
        cmocka_unit_test(threads_may_open_sessions_of_one_model_at_once),
        cmocka_unit_test(processes_may_fill_one_folder_at_once),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_no_error),
        cmocka_unit_test(the_folder_stays_within_its_limit),
        cmocka_unit_test(the_least_recently_used_file_goes_first),
        cmocka_unit_test(files_of_others_are_left_alone),
        cmocka_unit_test(a_session_to_look_at_packs_nothing_and_does_not_run),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
