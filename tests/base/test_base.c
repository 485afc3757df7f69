/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, memory, files, sums and random numbers. */
#include "testing.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"

#include <dirent.h>
#include <unistd.h>

static void an_error_is_one_line_whatever_a_hostile_name_holds(void **state) {
    (void)state;
    hone_error error;
    assert_int_equal(hone_fail(&error, HONE_FORMAT, 7, "node '%s'", "a\nb\033[2J"), HONE_FORMAT);
    assert_string_equal(error.message, "node 'a b [2J'");
    assert_int_equal(error.offset, 7);
    hone_error_prefix(&error, "%s", "m.onnx");
    assert_string_equal(error.message, "m.onnx: node 'a b [2J'");
}

static void a_long_error_is_cut_not_overrun(void **state) {
    (void)state;
    hone_error error;
    char name[2000];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = 0;
    hone_fail(&error, HONE_FORMAT, 0, "%s", name);
    hone_error_prefix(&error, "%s", name);
    assert_int_equal(strlen(error.message), HONE_ERROR_TEXT - 1);
}

static void every_status_has_a_name_and_a_text(void **state) {
    (void)state;
#define ROW(name, number, text) assert_string_equal(hone_status_name((hone_status)(number)), #name);
    HONE_STATUS_MAP(ROW)
#undef ROW
    assert_string_equal(hone_status_name((hone_status)9999), "UNKNOWN");
}

static void sizes_that_overflow_are_refused(void **state) {
    (void)state;
    size_t out;
    assert_false(hone__mul_size(SIZE_MAX / 2, 3, &out));
    assert_false(hone__add_size(SIZE_MAX, 1, &out));
    assert_int_equal(hone__round_up(SIZE_MAX - 3, 64), SIZE_MAX);
    assert_null(hone__alloc(NULL, SIZE_MAX / 2, 3));
    assert_null(hone__alloc_aligned(NULL, SIZE_MAX - 8));
}

static void aligned_memory_is_aligned_and_given_back_whole(void **state) {
    (void)state;
    failing_allocator f;
    failing_allocator_init(&f, 0);
    for (size_t bytes = 0; bytes < 300; bytes += 7) {
        void *p = hone__alloc_aligned(&f.allocator, bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % HONE_ALIGN, 0);
        memset(p, 1, bytes);
        hone__free_aligned(&f.allocator, p, bytes);
    }
    assert_int_equal(f.live_bytes, 0);
}

static void an_arena_gives_cleared_memory_and_takes_all_back(void **state) {
    (void)state;
    failing_allocator f;
    hone_arena arena;
    failing_allocator_init(&f, 0);
    hone__arena_init(&arena, &f.allocator);
    for (size_t i = 1; i < 400; i++) {
        uint8_t *p = hone__arena_alloc(&arena, i, 37);
        assert_non_null(p);
        for (size_t b = 0; b < i * 37; b++) assert_int_equal(p[b], 0);
        memset(p, 0xff, i * 37);
    }
    hone__arena_release(&arena);
    assert_int_equal(f.live_bytes, 0);
}

static void crc32c_gives_the_values_of_rfc_3720(void **state) {
    (void)state;
    uint8_t data[32] = {0};
    assert_int_equal(hone__crc32c(0, data, 32), 0x8a9136aa);
    memset(data, 0xff, 32);
    assert_int_equal(hone__crc32c(0, data, 32), 0x62a8ab43);
    for (uint8_t i = 0; i < 32; i++) data[i] = i;
    assert_int_equal(hone__crc32c(0, data, 32), 0x46dd794e);
    assert_int_equal(hone__crc32c(hone__crc32c(0, data, 5), data + 5, 27), 0x46dd794e);
    assert_int_equal(hone__crc32c(0, "123456789", 9), 0xe3069283);
}

static void random_numbers_depend_on_seed_and_stream_only(void **state) {
    (void)state;
    hone_rng a, b, c;
    hone__rng_seed(&a, 1, 2);
    hone__rng_seed(&b, 1, 2);
    hone__rng_seed(&c, 1, 3);
    uint64_t first = hone__rng_next(&a);
    assert_int_equal(first, hone__rng_next(&b));
    assert_int_not_equal(first, hone__rng_next(&c));
}

static void random_numbers_below_a_bound_are_even(void **state) {
    (void)state;
    hone_rng rng;
    unsigned counts[7] = {0};
    hone__rng_seed(&rng, 42, 0);
    for (int i = 0; i < 70000; i++) counts[hone__rng_below(&rng, 7)]++;
    for (int i = 0; i < 7; i++) assert_in_range(counts[i], 9600, 10400);
    for (int i = 0; i < 1000; i++) assert_true(hone__rng_float(&rng) < 1.0f);
}

static void text_grows_and_remembers_a_failed_allocation(void **state) {
    (void)state;
    hone_text text;
    failing_allocator f;
    failing_allocator_init(&f, 2);
    hone__text_init(&text, &f.allocator);
    for (int i = 0; i < 500; i++) hone__text_format(&text, "%d,", i);
    assert_true(text.failed);
    hone__text_release(&text);
    assert_int_equal(f.live_bytes, 0);
    hone__text_init(&text, NULL);
    for (int i = 0; i < 500; i++) hone__text_format(&text, "%d,", i % 10);
    assert_false(text.failed);
    assert_int_equal(text.length, 1000);
    hone__text_release(&text);
}

typedef struct {
    char folder[64], path[96];
} scratch;

static scratch scratch_new(void) {
    scratch s = {.folder = "/tmp/hone-test-XXXXXX"};
    assert_non_null(mkdtemp(s.folder));
    snprintf(s.path, sizeof s.path, "%s/file", s.folder);
    return s;
}

static int files_in(const char *folder) {
    int count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void a_file_appears_whole_or_not_at_all(void **state) {
    (void)state;
    scratch s = scratch_new();
    hone_writer writer;
    hone_mapping map;
    assert_ok(hone__writer_open(&writer, s.path, NULL));
    assert_ok(hone__writer_put(&writer, "half", 4, NULL));
    assert_int_not_equal(access(s.path, F_OK), 0);
    hone__writer_abandon(&writer);
    assert_int_equal(files_in(s.folder), 0);
    assert_ok(hone__writer_open(&writer, s.path, NULL));
    assert_ok(hone__writer_put(&writer, "whole", 5, NULL));
    assert_ok(hone__writer_patch(&writer, 0, "W", 1, NULL));
    assert_ok(hone__writer_commit(&writer, NULL));
    hone__writer_abandon(&writer);
    assert_ok(hone__file_map(s.path, &map, NULL));
    assert_int_equal(map.size, 5);
    assert_memory_equal(map.data, "Whole", 5);
    hone__file_unmap(&map);
    assert_int_equal(files_in(s.folder), 1);
    unlink(s.path);
    rmdir(s.folder);
}

static void reading_says_what_is_wrong_with_a_path(void **state) {
    (void)state;
    hone_mapping map;
    hone_error error;
    char *data;
    size_t size;
    assert_int_equal(hone__file_map("/nowhere/at/all", &map, &error), HONE_NOT_FOUND);
    assert_non_null(strstr(error.message, "/nowhere/at/all"));
    assert_int_equal(hone__file_map("/tmp", &map, &error), HONE_IO);
    assert_int_equal(hone__file_read(NULL, "/bin/sh", 10, &data, &size, &error), HONE_LIMIT);
    assert_string_equal(hone__path_ending("a.b/c"), "");
    assert_string_equal(hone__path_ending("a.b/c.onnx"), ".onnx");
}

static void cpu_tiers_are_capped_and_named(void **state) {
    (void)state;
    hone_cpu_tier tier;
    hone_error error;
    assert_ok(hone_cpu_tier_parse("avx2", &tier, NULL));
    assert_int_equal(tier, HONE_CPU_AVX2);
    assert_int_equal(hone_cpu_tier_parse("avx9", &tier, &error), HONE_USAGE);
    assert_int_equal(hone_cpu_detect(HONE_CPU_SCALAR), HONE_CPU_SCALAR);
    assert_string_equal(hone_cpu_tier_name(HONE_CPU_VNNI), "vnni");
}

static void every_cpu_tier_is_found_by_its_name(void **state) {
    (void)state;
    for (hone_cpu_tier tier = HONE_CPU_BEST; tier <= HONE_CPU_NEONDOT; tier++) {
        hone_cpu_tier parsed;
        assert_ok(hone_cpu_tier_parse(hone_cpu_tier_name(tier), &parsed, NULL));
        assert_int_equal(parsed, tier);
    }
}

/* A CPU of 2023 has all, one of 2021 AVX-VNNI alone, one of 2017 AVX-512 alone. */
static void a_capped_cpu_tier_is_the_best_that_both_sides_contain(void **state) {
    (void)state;
    uint32_t avx2 = HONE_TIER_BIT(HONE_CPU_AVX2);
    uint32_t small = avx2 | HONE_TIER_BIT(HONE_CPU_AVXVNNI);
    uint32_t old = avx2 | HONE_TIER_BIT(HONE_CPU_AVX512);
    uint32_t all = small | old | HONE_TIER_BIT(HONE_CPU_VNNI);
    assert_int_equal(hone__cpu_best_of(all, HONE_CPU_BEST), HONE_CPU_VNNI);
    assert_int_equal(hone__cpu_best_of(all, HONE_CPU_AVX512), HONE_CPU_AVX512);
    assert_int_equal(hone__cpu_best_of(all, HONE_CPU_AVXVNNI), HONE_CPU_AVXVNNI);
    assert_int_equal(hone__cpu_best_of(small, HONE_CPU_BEST), HONE_CPU_AVXVNNI);
    assert_int_equal(hone__cpu_best_of(small, HONE_CPU_VNNI), HONE_CPU_AVX2);
    assert_int_equal(hone__cpu_best_of(old, HONE_CPU_AVXVNNI), HONE_CPU_AVX2);
    assert_int_equal(hone__cpu_best_of(old, HONE_CPU_VNNI), HONE_CPU_AVX512);
    assert_int_equal(hone__cpu_best_of(all, HONE_CPU_NEONDOT), HONE_CPU_SCALAR);
    assert_int_equal(hone__cpu_best_of(0, HONE_CPU_BEST), HONE_CPU_SCALAR);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_one_line_whatever_a_hostile_name_holds),
        cmocka_unit_test(a_long_error_is_cut_not_overrun),
        cmocka_unit_test(every_status_has_a_name_and_a_text),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(aligned_memory_is_aligned_and_given_back_whole),
        cmocka_unit_test(an_arena_gives_cleared_memory_and_takes_all_back),
        cmocka_unit_test(crc32c_gives_the_values_of_rfc_3720),
        cmocka_unit_test(random_numbers_depend_on_seed_and_stream_only),
        cmocka_unit_test(random_numbers_below_a_bound_are_even),
        cmocka_unit_test(text_grows_and_remembers_a_failed_allocation),
        cmocka_unit_test(a_file_appears_whole_or_not_at_all),
        cmocka_unit_test(reading_says_what_is_wrong_with_a_path),
        cmocka_unit_test(cpu_tiers_are_capped_and_named),
        cmocka_unit_test(every_cpu_tier_is_found_by_its_name),
        cmocka_unit_test(a_capped_cpu_tier_is_the_best_that_both_sides_contain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
